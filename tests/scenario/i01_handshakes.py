# SPDX-License-Identifier: Apache-2.0
"""Simple and digest handshakes, in one piece or byte by byte; C2 is never judged; what is no RTMP is closed."""

import os

from lib import amf, handshake, rtmp
from lib.expect import check, equal, main
from lib.node import Node


def scenario():
    with Node() as node:
        for c1, schema in ((handshake.simple_c1(), None), (handshake.digest_c1(0), 0), (handshake.digest_c1(1), 1)):
            for piece in (None, 700, 1):
                shake(node, c1, schema, piece)
        wrong_c2(node)
        pipelined(node)
        foreign(node)
        node.check_alive()


def shake(node, c1, schema, piece):
    """A handshake, then a connect that is answered."""
    with rtmp.Connection(node.rtmp) as connection:
        _, s1, s2 = connection.handshake(c1, piece)
        if schema is None:
            equal(s2[8:], c1[8:], "S2 repeats C1 in a simple handshake")
        else:
            check(handshake.find_server_digest(s1), f"no digest in S1 for layout {schema}")
            check(handshake.s2_is_right(s2, c1, schema), f"S2 is not signed for layout {schema}")
        equal(connection.connect("cams")[0], "_result", f"connect after a handshake, layout {schema}, piece {piece}")


def wrong_c2(node):
    """Encoders send a C2 that repeats nothing."""
    with rtmp.Connection(node.rtmp) as connection:
        connection.send(b"\x03" + handshake.simple_c1())
        connection.exactly(1 + 2 * handshake.SIZE)
        connection.send(os.urandom(handshake.SIZE))
        equal(connection.connect("cams")[0], "_result", "connect after a random C2")


def pipelined(node):
    """C2, connect and createStream in one segment; and everything before the first answer."""
    connect = amf.encode_all("connect", 1, {"app": "cams", "tcUrl": "rtmp://x/cams"})
    create = amf.encode_all("createStream", 2, None)
    tail = b"".join(rtmp.chunks(rtmp.COMMAND, connect) + rtmp.chunks(rtmp.COMMAND, create))
    with rtmp.Connection(node.rtmp) as connection:
        connection.send(b"\x03" + handshake.simple_c1())
        connection.exactly(1 + 2 * handshake.SIZE)
        connection.send(bytes(handshake.SIZE) + tail)
        equal([connection.wait_command("_result")[1] for _ in range(2)], [1, 2], "answers to pipelined commands")
    with rtmp.Connection(node.rtmp) as connection:
        connection.send(b"\x03" + handshake.simple_c1() + bytes(handshake.SIZE) + tail)
        connection.exactly(1 + 2 * handshake.SIZE)
        equal(connection.wait_command("_result")[1], 1, "answer to a client that waits for nothing")


def foreign(node):
    """Other protocols and versions."""
    for first in (b"GET / HTTP/1.1\r\n\r\n" + bytes(1600), b"\x06" + bytes(1536), b"\xff" * 1600, b"\x16\x03\x01" + bytes(1600)):
        with rtmp.Connection(node.rtmp) as connection:
            connection.send(first)
            check(connection.is_closed(), f"{first[:4]!r} was not closed")


main(scenario)
