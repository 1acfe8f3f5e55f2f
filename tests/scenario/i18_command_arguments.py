# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 6: every command with arguments cut, left out, swapped in type and repeated: an answer or a close, never a crash."""

from lib import amf, hostile, rtmp
from lib.expect import check, main
from lib.node import Node

CONNECT = {"app": "hostile", "tcUrl": "rtmp://x/hostile", "flashVer": "x", "objectEncoding": 0.0}
COMMANDS = {
    "connect": [1, CONNECT],
    "releaseStream": [2, None, "cam"],
    "FCPublish": [3, None, "cam"],
    "createStream": [4, None],
    "publish": [5, None, "cam", "live"],
    "FCUnpublish": [6, None, "cam"],
    "deleteStream": [7, None, 1.0],
    "closeStream": [0, None],
    "play": [8, None, "cam"],
    "_checkbw": [9, None],
    "getStreamLength": [10, None, "cam"],
    "call": [11, None, 1.0],
    "": [12, None],
    "_result": [1, None, {}],
    "onStatus": [0, None, {"code": "x"}],
}
OTHER_TYPES = [0.0, -1.0, float("nan"), float("inf"), 1e308, True, "text", "", "x" * 5000, None, amf.Undefined(), {}, {"a": {}},
               amf.EcmaArray(), [], [1.0, "a"], amf.Date(0), amf.LongString("cam"), amf.Raw(b"\x0d"), amf.Raw(b"\x07\0\0"),
               amf.amf3_string("cam"), amf.amf3_integer(1), amf.amf3_object({"app": "x"})]


def cases():
    """(what, body of the command message)."""
    for name, arguments in COMMANDS.items():
        whole = [name, *arguments]
        for count in range(len(whole)):
            yield f"{name} with {count} values", amf.encode_all(*whole[:count])
        for position in range(len(whole)):
            for value in OTHER_TYPES:
                changed = whole[:position] + [value] + whole[position + 1:]
                yield f"{name}, value {position} is {type(value).__name__} {str(value)[:20]}", amf.encode_all(*changed)
        yield f"{name}, everything 20 times", amf.encode_all(*(whole * 20))
        yield f"{name} with a tail of garbage", amf.encode_all(*whole) + b"\xff" * 30
    for name in ("connect", "publish"):
        body = amf.encode_all(name, *COMMANDS[name])
        for length in range(len(body)):
            yield f"{name} cut after {length} bytes", body[:length]


def scenario():
    with Node() as node:
        innocent = hostile.Innocent(node)
        count = 0
        for what, body in cases():
            one(node, what, body, count)
            innocent.look()
            count += 1
        check(count >= 60, f"only {count} cases")
        innocent.finish()


def one(node, what, body, count):
    """One command on a connection of its own: before connect, after it, or wrapped as AMF3."""
    connection = rtmp.Connection(node.rtmp)
    connection.handshake()
    if count % 3:
        connection.connect("hostile")
    try:
        if count % 3 == 2:
            connection.message(rtmp.COMMAND_AMF3, b"\0" + body, stream_id=1)
        else:
            connection.message(rtmp.COMMAND, body, stream_id=1)
    except OSError:
        pass
    hostile.check_outcome(connection, what)


main(scenario)
