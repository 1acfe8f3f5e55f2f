# SPDX-License-Identifier: Apache-2.0
"""Chunk sizes from 128 bytes to 16 MiB, interleaved chunk streams, every header form: each frame arrives whole, once."""

import struct

from lib import flv, media, rtmp
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer, attend

SIZES = (128, 129, 1000, 4096, 65536, 1 << 20, 16 << 20)


def scenario():
    with Node() as node:
        for size in SIZES:
            publish_with(node, size)
        interleaved(node)
        header_forms(node)
        first_chunk_without_header(node)


def publish_with(node, size):
    """One stream whose frames are larger and smaller than a chunk."""
    name = f"chunks/of-{size}"
    publisher = Publisher(node.rtmp, name, media.Feed(gop=5, size=70_000), chunk_size=size).open()
    publisher.push(400)
    viewer = Viewer(node.http, f"/{name}.flv").wait_frames(5)
    publisher.push(800)
    node.wait_metric("stream_frames_total", lambda value: value == publisher.sent_frames, stream=name)
    viewer.wait_frames(25, kind=media.VIDEO)
    flv.check_stream(viewer.tags)
    for tag in viewer.frames(media.VIDEO):
        equal(tag.body, media.avc_frame(tag.number, tag.is_key, 70_000), f"frame {tag.number} in chunks of {size}")
    publisher.stop()


def open_raw(node, name):
    """A publisher whose frames are sent chunk by chunk, with its sequence headers sent, and a viewer."""
    publisher = Publisher(node.rtmp, name, chunk_size=128).open()
    return publisher, publisher.connection, publisher.stream_id


def interleaved(node):
    """A video message whose chunks have audio messages, control messages and other chunk streams' chunks between them."""
    publisher, connection, stream_id = open_raw(node, "chunks/mixed")
    viewer = attend(node, publisher)
    for number in range(1, 11):
        video = rtmp.chunks(media.VIDEO, media.avc_frame(number, False, 2000), number * 40, stream_id, 6, 128)
        audio = rtmp.chunks(media.AUDIO, media.aac_frame(number, 300), number * 40, stream_id, 64 + number, 128)
        other = rtmp.chunks(media.AUDIO, media.aac_frame(1000 + number, 300), number * 40 + 20, stream_id, 400, 128)
        ping = rtmp.chunks(rtmp.USER_CONTROL, struct.pack(">HI", 6, number), csid=2, size=128)
        connection.send(b"".join(video[:3] + audio[:1] + other[:2] + video[3:9] + ping + audio[1:] + other[2:] + video[9:]))
    viewer.wait_frames(31).check_ok()
    pictures = viewer.frames(media.VIDEO)
    equal([tag.number for tag in pictures], list(range(11)), "pictures")
    equal(sorted(flv.numbers(viewer.tags, media.AUDIO)), list(range(1, 11)) + list(range(1001, 1011)), "sounds")
    for tag in pictures[1:]:
        equal(tag.body, media.avc_frame(tag.number, False, 2000), f"interleaved frame {tag.number}")
    pongs = [m for m in publisher.drain() if m.type == rtmp.USER_CONTROL and m.body[:2] == b"\0\x07"]
    equal(len(pongs), 10, "answers to pings between chunks")
    publisher.stop()


def header_forms(node):
    """fmt 0, then 1 and 2 with deltas, then 3 that repeats the delta; the same time line comes out."""
    publisher, connection, stream_id = open_raw(node, "chunks/forms")
    viewer = attend(node, publisher)
    send = lambda number, stamp, fmt: connection.send(b"".join(
        rtmp.chunks(media.VIDEO, media.avc_frame(number, False, 500), stamp, stream_id, 6, 128, fmt)))
    send(1, 40, 0)
    send(2, 40, 1)
    send(3, 40, 2)
    for number in range(4, 10):
        send(number, 0, 3)
    viewer.wait_frames(10).check_ok()
    stamps = [tag.timestamp for tag in viewer.frames(media.VIDEO)]
    equal([b - a for a, b in zip(stamps, stamps[1:])], [40] * 9, "steps of time stamps sent as deltas")
    publisher.stop()


def first_chunk_without_header(node):
    """librtmp's ping begins a chunk stream with fmt 1; that is taken. A fmt 3 out of nothing is no message."""
    publisher, connection, _ = open_raw(node, "chunks/first")
    connection.send(rtmp.chunks(rtmp.USER_CONTROL, struct.pack(">HI", 6, 77), csid=30, fmt=1)[0])
    reply = connection.wait_for(lambda m: m.type == rtmp.USER_CONTROL and m.body[:2] == b"\0\x07")
    equal(reply.body[2:], struct.pack(">I", 77), "pong to a ping with fmt 1")
    connection.send(rtmp.basic_header(3, 31) + bytes(200))
    connection.is_closed(0.5)
    node.check_alive()
    check(node.stream("chunks/first") is not None, "the stream is gone")
    connection.close()


main(scenario)
