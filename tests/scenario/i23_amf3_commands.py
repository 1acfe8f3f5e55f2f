# SPDX-License-Identifier: Apache-2.0
"""Commands wrapped as AMF3 (type 17), with and without AMF3 values inside, publish like any other."""

from lib import amf, media, rtmp
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer


def scenario():
    with Node() as node:
        publish(node, "wrapped", lambda *values: b"\0" + amf.encode_all(*values))
        publish(node, "switched", lambda *values: b"\0" + amf.encode_all(*[in_amf3(value) for value in values]))


def in_amf3(value):
    """Strings other than the command's name, and objects, behind the switch to AMF3."""
    if isinstance(value, dict):
        return amf.amf3_object(value)
    if isinstance(value, str) and value not in ("connect", "createStream", "publish"):
        return amf.amf3_string(value)
    return value


def publish(node, name, wrap):
    """connect with objectEncoding 3, createStream, publish, all as type 17."""
    publisher = Publisher(node.rtmp, f"amf3/{name}")
    connection = publisher.connection = rtmp.Connection(node.rtmp)
    connection.handshake()
    connection.set_chunk_size(4096)
    send = lambda *values, stream_id=0: connection.message(rtmp.COMMAND_AMF3, wrap(*values), stream_id=stream_id)
    send("connect", 1, {"app": "amf3", "objectEncoding": 3, "flashVer": "WIN 32,0,0,0"})
    answered(connection, "_result")
    send("createStream", 2, None)
    answered(connection, "_result")
    publisher.stream_id = 1
    send("publish", 3, None, name, "live", stream_id=1)
    code = answered(connection, "onStatus")[3]["code"]
    equal(code, "NetStream.Publish.Start", f"publish, {name}")
    publisher.send_config()
    publisher.push(400)
    viewer = Viewer(node.http, f"/amf3/{name}.flv").wait_frames(10)
    check(viewer.frames(media.VIDEO)[0].is_key, "no key frame first")
    publisher.stop()


def answered(connection, name):
    """The values of the next command with that name, of type 20 or 17."""
    def fits(message):
        body = message.body[1:] if message.type == rtmp.COMMAND_AMF3 else message.body
        return message.type in (rtmp.COMMAND, rtmp.COMMAND_AMF3) and amf.decode_all(body)[0] == name
    message = connection.wait_for(fits)
    return amf.decode_all(message.body[1:] if message.type == rtmp.COMMAND_AMF3 else message.body)


main(scenario)
