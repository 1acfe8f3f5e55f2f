# SPDX-License-Identifier: Apache-2.0
"""Publishing in the orders of commands that ffmpeg, OBS, GStreamer, cameras and others use; stopping and starting again."""

import struct

from lib import amf, media, rtmp
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher, Refused
from lib.viewer import Viewer

CONFIG = """
stream:
  viewer_grace: 0s
"""


def scenario():
    with Node(CONFIG) as node:
        for order in (ffmpeg, obs, gstreamer, librtmp, haivision, minimal, odd_transactions, publish_type_missing,
                      publish_on_stream_0, publish_record):
            publish(node, order)
        impatient(node)
        again_on_one_connection(node)
        play_is_refused(node)
        before_connect(node)


def publish(node, order):
    """Connects, talks in the given order until the publish is granted, and shows that media then flows."""
    name = order.__name__.replace("_", "-")
    publisher = Publisher(node.rtmp, f"orders/{name}")
    publisher.connection = rtmp.Connection(node.rtmp)
    publisher.connection.handshake()
    publisher.stream_id = order(publisher.connection, name)
    plays(node, publisher)
    publisher.stop()
    node.wait_no_stream(publisher.stream)


def plays(node, publisher):
    """Media flows from a publisher that has been granted its name."""
    publisher.connection.set_chunk_size(4096)
    publisher.send_metadata()
    publisher.send_config()
    viewer = Viewer(node.http, f"/{publisher.stream}.flv")
    publisher.push(400)
    viewer.wait_frames(10, timeout=5)
    viewer.close()


def started(connection):
    """Waits for the node's consent."""
    status = connection.wait_command("onStatus", "_error")
    equal(status[3]["code"], "NetStream.Publish.Start", "answer to publish")


def ffmpeg(c, name):
    """connect, releaseStream, FCPublish, createStream, _checkbw; then publish on the stream."""
    equal(c.connect("orders", flashVer="FMLE/3.0 (compatible; Lavf59.27.100)")[0], "_result", "connect")
    c.command("releaseStream", None, name)
    c.command("FCPublish", None, name)
    stream = c.command("createStream", None)
    c.command("_checkbw", None)
    check(c.wait_for(lambda m: m.type == rtmp.COMMAND and m.values()[:2] == ["_result", stream]), "createStream")
    c.command("publish", None, name, "live", stream_id=1, csid=8)
    started(c)
    return 1


def obs(c, name):
    """Chunk size first, then the same with fmle properties and an extended connect object."""
    c.set_chunk_size(4096)
    equal(c.connect("orders", swfUrl="rtmp://x/orders", capsEx=15.0, videoFunction=1.0,
                    fourCcList=["av01", "hvc1"])[0], "_result", "connect")
    return ffmpeg_tail(c, name)


def ffmpeg_tail(c, name):
    """releaseStream, FCPublish, createStream, publish without waiting in between."""
    for command in ("releaseStream", "FCPublish"):
        c.command(command, None, name)
    c.command("createStream", None)
    c.command("publish", None, name, "live", stream_id=1, csid=4)
    started(c)
    return 1


def gstreamer(c, name):
    """rtmp2sink: window size and releaseStream before createStream, publish with a stop command's type."""
    c.message(rtmp.WINDOW_ACK, struct.pack(">I", 2500000), csid=2)
    equal(c.connect("orders", objectEncoding=0.0)[0], "_result", "connect")
    return ffmpeg_tail(c, name)


def librtmp(c, name):
    """connect, a ping with fmt 1, buffer length, then the usual."""
    equal(c.connect("orders", fpad=False, capabilities=15.0, audioCodecs=3191.0, videoCodecs=252.0)[0], "_result", "connect")
    c.message(rtmp.USER_CONTROL, struct.pack(">HII", 3, 0, 300), csid=2)
    return ffmpeg_tail(c, name)


def haivision(c, name):
    """releaseStream after createStream, FCPublish twice, _checkbw in between, odd transaction ids."""
    c.command("connect", {"app": "orders", "tcUrl": "rtmp://x/orders"}, transaction=7)
    c.wait_command("_result")
    c.command("createStream", None, transaction=9.5)
    equal(c.wait_command("_result")[1], 9.5, "transaction of the answer to createStream")
    for command in ("_checkbw", "FCPublish", "releaseStream", "FCPublish"):
        c.command(command, None, name)
    c.command("publish", None, name, "live", stream_id=1)
    started(c)
    return 1


def minimal(c, name):
    """Only connect, createStream, publish."""
    c.connect("orders")
    stream_id = c.create_stream()
    equal(c.publish(stream_id, name), "NetStream.Publish.Start", "publish")
    return stream_id


def odd_transactions(c, name):
    """Every transaction id is 0."""
    c.command("connect", {"app": "orders"}, transaction=0)
    c.wait_command("_result")
    c.command("createStream", None, transaction=0)
    c.wait_command("_result")
    c.command("publish", None, name, "live", transaction=0, stream_id=1)
    started(c)
    return 1


def publish_type_missing(c, name):
    """publish without its type."""
    c.connect("orders")
    stream_id = c.create_stream()
    c.command("publish", None, name, stream_id=stream_id)
    started(c)
    return stream_id


def publish_on_stream_0(c, name):
    """publish on message stream 0, as some cameras send it."""
    c.connect("orders")
    c.create_stream()
    c.command("publish", None, name, "live", stream_id=0)
    started(c)
    return 0


def publish_record(c, name):
    """The type asks for a recording; the stream is live all the same."""
    c.connect("orders")
    stream_id = c.create_stream()
    equal(c.publish(stream_id, name, "record"), "NetStream.Publish.Start", "publish with type record")
    return stream_id


def impatient(node):
    """An encoder that sends its media behind publish, without waiting for the answer: nothing of it is lost."""
    publisher = Publisher(node.rtmp, "orders/impatient")
    c = publisher.connection = rtmp.Connection(node.rtmp)
    c.handshake()
    c.set_chunk_size(4096)
    c.connect("orders")
    publisher.stream_id = c.create_stream()
    frames = publisher.feed.take(400)
    publish_command = amf.encode_all("publish", 5, None, "impatient", "live")
    sent = rtmp.chunks(rtmp.COMMAND, publish_command, stream_id=publisher.stream_id, size=4096)
    for kind, stamp, body in [(kind, 0, body) for kind, body in publisher.feed.config()] + frames:
        sent += rtmp.chunks(kind, body, stamp, publisher.stream_id, 6, 4096)
    c.send(b"".join(sent))
    viewer = Viewer(node.http, "/orders/impatient.flv").wait_frames(10, timeout=5)
    equal(viewer.frames(media.VIDEO)[0].number, 0, "first picture of an impatient encoder")
    publisher.stop()
    node.wait_no_stream("orders/impatient")


def again_on_one_connection(node):
    """FCUnpublish, deleteStream or closeStream end the stream and not the connection; another publish is welcome."""
    publisher = Publisher(node.rtmp, "orders/again").open()
    for turn, end in enumerate(("FCUnpublish", "deleteStream", "closeStream")):
        plays(node, publisher)
        if end == "closeStream":
            publisher.connection.command(end, None, stream_id=publisher.stream_id)
        else:
            publisher.connection.command(end, None, publisher.stream_id if end == "deleteStream" else "again")
        node.wait_no_stream("orders/again")
        check(not publisher.connection.is_closed(0.1), f"closed after {end}")
        publisher.stream_id = publisher.connection.create_stream()
        equal(publisher.connection.publish(publisher.stream_id, "again"), "NetStream.Publish.Start",
              f"publish after {end} (turn {turn})")
        publisher.feed = media.Feed()
    plays(node, publisher)
    publisher.stop()
    node.wait_no_stream("orders/again")


def play_is_refused(node):
    """RTMP is for publishers: play is answered by an error status, not by silence."""
    with rtmp.Connection(node.rtmp) as connection:
        connection.handshake()
        connection.connect("orders")
        stream_id = connection.create_stream()
        connection.command("play", None, "minimal", stream_id=stream_id)
        equal(connection.wait_command("onStatus")[3]["level"], "error", "level of the answer to play")


def before_connect(node):
    """Commands before connect get no stream."""
    with rtmp.Connection(node.rtmp) as connection:
        connection.handshake()
        connection.command("createStream", None)
        connection.command("publish", None, "x", "live", stream_id=1)
        check(connection.is_closed(), "commands before connect were taken")
    try:
        Publisher(node.rtmp, "orders/").open()
        check(False, "an empty stream name was taken")
    except Refused:
        pass
    equal(node.api("/api/v1/streams")["streams"], [], "streams")


main(scenario)
