# SPDX-License-Identifier: Apache-2.0
"""RTMP connections are limited in all and per address; what is over the limit is closed at once, and counted."""

from lib import hostile, rtmp
from lib.expect import check, equal, main, wait_until
from lib.node import Node
from lib.publisher import Publisher

CONFIG = """
rtmp:
  max_connections: 30
  max_connections_per_address: 10
stream:
  max_streams: 3
"""


def scenario():
    with Node(CONFIG) as node:
        held = [connect(node, "127.0.0.1") for _ in range(10)]
        check(all(held), "connections below the limit were refused")
        equal(connect(node, "127.0.0.1"), None, "connection 11 of one address")
        others = [connect(node, f"127.0.0.{2 + i // 10}") for i in range(20)]
        check(all(others), "connections of other addresses were refused")
        equal(connect(node, "127.0.0.9"), None, "connection 31")
        check(node.metric("refused_total", listener="rtmp") >= 2, "refusals were not counted")
        for connection in held + others:
            connection.close()
        node.wait_metric("rtmp_connections", lambda value: value == 0)
        wait_until(lambda: close_quietly(connect(node, "127.0.0.1")), "no connection after the others have gone")
        streams(node)


def close_quietly(connection):
    """True when there was a connection; it is closed."""
    if connection:
        connection.close()
    return connection is not None


def connect(node, source):
    """A connection after its connect, or None when the node closes it."""
    connection = rtmp.Connection(node.rtmp, source=(source, 0))
    try:
        connection.handshake()
        connection.connect("limits")
        return connection
    except (rtmp.RtmpError, OSError):
        connection.close()
        return None


def streams(node):
    """More streams than the limit: the publish is refused, and is possible again when a name is free."""
    publishers = [Publisher(node.rtmp, f"limits/cam-{i}").open() for i in range(3)]
    connection = hostile.connected(node, "limits")
    stream_id = connection.create_stream()
    check(connection.publish(stream_id, "cam-4") != "NetStream.Publish.Start", "a stream over the limit was granted")
    connection.close()
    publishers[0].stop()
    node.wait_no_stream("limits/cam-0")
    Publisher(node.rtmp, "limits/cam-4").open().stop()
    for publisher in publishers[1:]:
        publisher.stop()


main(scenario)
