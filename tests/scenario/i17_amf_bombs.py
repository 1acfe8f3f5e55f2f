# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 5: deep nesting and announced giant arrays in connect, publish and onMetaData are refused at once."""

import time

from lib import amf, hostile, media, rtmp
from lib.expect import check, leave_unjudged, main
from lib.node import Node, sanitizer
from lib.publisher import Publisher

BOMBS = [
    ("objects-70000", amf.nested_objects(70000)),
    ("arrays-70000", amf.nested_arrays(70000)),
    ("objects-9000", amf.nested_objects(9000)),
    ("arrays-9000", amf.nested_arrays(9000)),
    ("objects-100", amf.nested_objects(100)),
    ("strict-4294967295", amf.announced_array(0x0a, 0xffffffff)),
    ("ecma-4294967295", amf.announced_array(0x08, 0xffffffff)),
    ("strict-of-nulls", amf.Raw(b"\x0a\0\x01\0\0" + b"\x05" * 65536)),
    ("object-of-many-keys", amf.Raw(b"\x03" + b"".join(b"\0\x02%02x\x05" % (i % 256) for i in range(9000)) + b"\0\0\x09")),
    ("long-string-4294967295", amf.Raw(b"\x0c\xff\xff\xff\xffabc")),
    ("string-65535", amf.Raw(b"\x02\xff\xffabc")),
    ("references", amf.Raw(b"\x07\0\0" * 1000)),
    ("typed-objects", amf.Raw(b"\x10\0\x01a\0\x01b" * 9000)),
    ("amf3-arrays", amf.Raw(b"\x11" + b"\x09\x03\x01" * 9000)),
    ("amf3-objects", amf.Raw(b"\x11" + b"\x0a\x0b\x01\x03a" * 9000)),
    ("amf3-vector", amf.Raw(b"\x11\x0d\xff\xff\xff\xff\0")),
    ("amf3-string", amf.Raw(b"\x11\x06\xff\xff\xff\xff")),
    ("unknown-markers", amf.Raw(bytes([0x0d, 0x0e, 0x12, 0x7f]) * 100)),
]


def scenario():
    with Node() as node:
        innocent = hostile.Innocent(node)
        for name, bomb in BOMBS:
            for place in (in_connect, in_publish, in_metadata, in_amf3_command):
                timed(node, place, name, bomb)
                innocent.look()
        innocent.finish()


def timed(node, place, name, bomb):
    """The node closes or answers, and has spent less than 100 ms of CPU time."""
    before, started = node.cpu(), time.monotonic()
    connection = place(node, bomb)
    hostile.check_outcome(connection, f"{name} {place.__name__}")
    if sanitizer():
        leave_unjudged("CPU time")
    else:
        spent = node.cpu() - before
        check(spent <= 0.1, f"{name} {place.__name__}: {spent:.2f} s of CPU time")
        check(time.monotonic() - started < 2, f"{name} {place.__name__}: {time.monotonic() - started:.2f} s")


def send(connection, kind, body, stream_id=0):
    """Sends as far as the node takes it."""
    try:
        connection.message(kind, body, stream_id=stream_id)
    except OSError:
        pass
    return connection


def in_connect(node, bomb):
    """As the command object of connect."""
    connection = rtmp.Connection(node.rtmp)
    connection.handshake()
    return send(connection, rtmp.COMMAND, amf.encode_all("connect", 1, bomb))


def in_publish(node, bomb):
    """As the stream's name."""
    connection = hostile.connected(node)
    connection.create_stream()
    return send(connection, rtmp.COMMAND, amf.encode_all("publish", 3, None, bomb, "live"), 1)


def in_metadata(node, bomb):
    """As the metadata of a running stream."""
    publisher = Publisher(node.rtmp, "bombs/stream").open()
    connection = send(publisher.connection, media.SCRIPT, amf.encode_all("@setDataFrame", "onMetaData", bomb), 1)
    if hostile.outcome(connection) == "answers":
        publisher.push(100)
        publisher.stop()
    node.wait_stream("bombs/stream", lambda entry: entry["state"] == "waiting")
    return hostile.connected(node)


def in_amf3_command(node, bomb):
    """Inside a command of type 17."""
    connection = hostile.connected(node)
    return send(connection, rtmp.COMMAND_AMF3, b"\0" + amf.encode_all("call", 3, bomb))


main(scenario)
