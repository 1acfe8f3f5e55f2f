# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 1: huge, zero and negative chunk sizes are clamped or refused, and cost no memory."""

import struct

from lib import hostile, media, rtmp
from lib.expect import check, main
from lib.node import Node

SIZES = (0x7fffffff, 0, 0x80000000, 16777216, 0xffffffff, 0x01000001, 1, 127)


def scenario():
    with Node() as node:
        innocent = hostile.Innocent(node)
        warm = [hostile.connected(node) for _ in range(40)]  # pools and sockets of a normal load
        for connection in warm:
            connection.close()
        for size in SIZES:
            growth = hostile.Growth(node)
            held = [lie(node, size) for _ in range(10)]
            growth.check_below(1 << 20, f"10 connections with chunk size {size:#x}")
            for connection in held:
                connection.close()
            innocent.look()
        for size in (0, 1, 127):
            connection = hostile.connected(node)
            connection.message(rtmp.SET_CHUNK_SIZE, struct.pack(">I", size), csid=2)
            check(connection.is_closed(), f"chunk size {size} was taken")
        innocent.finish()


def lie(node, size):
    """Tells the chunk size, then begins a message as large as the header can say, and sends a few bytes of it."""
    connection = hostile.connected(node)
    try:
        connection.message(rtmp.SET_CHUNK_SIZE, struct.pack(">I", size), csid=2)
        connection.send(rtmp.chunks(media.VIDEO, b"\x17", csid=6, announced=0xffffff)[0])
        check(hostile.outcome(connection, 0.2) in ("closed", "silent", "answers"), "unexpected outcome")
    except OSError:
        pass
    return connection


main(scenario)
