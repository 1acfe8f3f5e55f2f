# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 2: every control message with each body length from 0 to 8, before and after connect: no crash, no hang."""

import struct

from lib import hostile, rtmp
from lib.expect import check, equal, main
from lib.node import Node

TYPES = (1, 2, 3, 4, 5, 6, 0, 7, 10, 11, 12, 13, 14, 16, 19, 21, 23, 255)
BODIES = (bytes(8), b"\xff" * 8, bytes(range(8)))


def scenario():
    with Node() as node:
        cases = 0
        for kind in TYPES:
            for length in range(9):
                for body in BODIES:
                    one(node, kind, body[:length], cases % 2 == 0)
                    cases += 1
        equal(cases, len(TYPES) * 27, "cases")
        for kind in (1, 2, 3, 5):
            for length in range(4):
                check(refused(node, kind, bytes(length)), f"type {kind} with {length} bytes was taken")
        every_user_event(node)
        node.check_alive()


def one(node, kind, body, before_connect):
    """One message on a connection of its own."""
    connection = rtmp.Connection(node.rtmp)
    connection.handshake()
    if not before_connect:
        connection.connect("hostile")
    send(connection, kind, body)
    hostile.check_outcome(connection, f"type {kind} with {body!r}")


def send(connection, kind, body):
    """A peer that is closed while it sends is as good as one that is closed after."""
    try:
        connection.message(kind, body, csid=2)
    except OSError:
        pass


def refused(node, kind, body):
    """True when a control message that is too short ends the connection."""
    connection = hostile.connected(node)
    send(connection, kind, body)
    return hostile.outcome(connection) == "closed"


def every_user_event(node):
    """User control events 0 to 40, with and without their data."""
    for event in range(41):
        for tail in (b"", b"\0\0\0\1", b"\0\0\0\1\0\0\0\2"):
            connection = hostile.connected(node)
            send(connection, rtmp.USER_CONTROL, struct.pack(">H", event) + tail)
            hostile.check_outcome(connection, f"user control event {event} with {len(tail)} bytes")


main(scenario)
