# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 4: 200 connections announce 16 MB and send nothing: memory is taken for bytes that came, not for announced ones."""

from lib import hostile, media, rtmp
from lib.expect import check, main
from lib.node import Node
from lib.publisher import Publisher


def scenario():
    with Node() as node:
        innocent = hostile.Innocent(node)
        announce_and_stop(node, 0xffffff)
        announce_and_stop(node, 65536)
        publishers_announce(node)
        many_chunk_streams(node)
        innocent.finish()


def announce_and_stop(node, announced):
    """Connections that may not publish yet."""
    growth = hostile.Growth(node)
    held = [hostile.connected(node) for _ in range(200)]
    for connection in held:
        try:
            connection.send(rtmp.chunks(rtmp.COMMAND, b"\x02", announced=announced)[0])
        except OSError:
            pass
    hostile.outcome(held[-1], 0.3)
    growth.check_below(200 * 65536, f"200 connections that announce {announced} bytes")
    for connection in held:
        connection.close()


def publishers_announce(node):
    """Publishers may send large messages; their memory comes with the bytes."""
    publishers = [Publisher(node.rtmp, f"announce/p{i}").open() for i in range(40)]
    growth = hostile.Growth(node)
    for publisher in publishers:
        publisher.connection.send(rtmp.chunks(media.VIDEO, b"\x17", csid=6, announced=8 << 20, size=4096)[0])
    hostile.outcome(publishers[-1].connection, 0.3)
    growth.check_below(40 * 65536, "40 publishers that announce 8 MiB")
    for publisher in publishers:
        publisher.connection.close()


def many_chunk_streams(node):
    """One connection begins a message on as many chunk streams as there are."""
    growth = hostile.Growth(node)
    connection = hostile.connected(node)
    try:
        for csid in range(3, 3000):
            connection.send(rtmp.chunks(rtmp.COMMAND, b"\x02", csid=csid, announced=60_000)[0])
    except OSError:
        pass
    check(connection.is_closed(), "3000 unfinished messages on one connection were taken")
    growth.check_below(8 << 20, "unfinished messages on 3000 chunk streams")


main(scenario)
