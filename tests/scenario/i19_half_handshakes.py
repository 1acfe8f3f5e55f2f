# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 7: connections that stop half way are closed within the configured time, and everything comes back."""

import time

from lib import handshake, hostile, rtmp
from lib.expect import check, main, sized, wait_until, within
from lib.node import Node

CONFIG = """
rtmp:
  handshake_timeout: 1s
  publish_timeout: 1s
  max_connections_per_address: 6000
"""
PARTS = [
    ("nothing", b""),
    ("C0", b"\x03"),
    ("half of C1", b"\x03" + bytes(700)),
    ("no C2", b"\x03" + bytes(handshake.SIZE)),
    ("half of C2", b"\x03" + bytes(handshake.SIZE + 700)),
    ("no connect", b"\x03" + bytes(2 * handshake.SIZE)),
    ("half of a chunk header", b"\x03" + bytes(2 * handshake.SIZE) + b"\x03\0\0"),
]


def scenario():
    count = sized(700, 5000)
    with Node(CONFIG) as node:
        innocent = hostile.Innocent(node)
        crowd(node, innocent, count)  # the first crowd fills pools that stay
        descriptors, growth = node.descriptors(), hostile.Growth(node)
        crowd(node, innocent, count)
        wait_until(lambda: node.descriptors() <= descriptors, lambda: f"descriptors: {node.descriptors()}")
        growth.wait_below(2 << 20, f"{count} half handshakes")
        dripping(node)
        idle_after_connect(node)
        innocent.finish()
        check(node.metric("sessions_total", kind="publisher", reason="handshake_timeout") >= count / 2,
              "handshake time-outs were not counted")


def crowd(node, innocent, count):
    """So many connections, each stopped somewhere; all are closed in time."""
    started = time.monotonic()
    held = []
    for index in range(count):
        connection = rtmp.Connection(node.rtmp)
        connection.send(PARTS[index % len(PARTS)][1])
        held.append(connection)
        innocent.look()
    for connection in held:
        try:
            while connection.socket.recv(65536):
                pass
        except ConnectionError:
            pass
        connection.close()
        innocent.look()
    within(time.monotonic() - started, 0.9, sized(6, 30), f"seconds until {count} half handshakes were closed")


def dripping(node):
    """A byte every tenth of a second does not extend the deadline."""
    with rtmp.Connection(node.rtmp) as connection:
        started = time.monotonic()
        connection.send(b"\x03")
        try:
            while time.monotonic() - started < 5:
                connection.send(b"\0")
                connection.socket.settimeout(0.1)
                try:
                    if not connection.socket.recv(10):
                        break
                except TimeoutError:
                    pass
        except OSError:
            pass
        within(time.monotonic() - started, 0.9, 2.5, "seconds until a dripping handshake was closed")


def idle_after_connect(node):
    """After the handshake, commands without a publish do not keep a connection."""
    for _ in range(3):
        connection = hostile.connected(node)
        started = time.monotonic()
        while time.monotonic() - started < 5:
            try:
                connection.command("_checkbw", None)
                connection.read(0.1)
            except TimeoutError:
                pass
            except (rtmp.RtmpError, OSError):
                break
        within(time.monotonic() - started, 0.5, 2.5, "seconds until a connection without a publish was closed")


main(scenario)
