# SPDX-License-Identifier: Apache-2.0
"""Window acknowledgement both ways, ping and pong, and what is told before the answer to connect."""

import struct

from lib import rtmp
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher


def scenario():
    with Node() as node:
        before_connect_answer(node)
        acknowledges(node)
        tiny_windows(node)
        pings(node)


def before_connect_answer(node):
    """The larger chunk size, the window and the bandwidth come before the answer to connect, or OBS fails."""
    with rtmp.Connection(node.rtmp) as connection:
        connection.handshake()
        connection.connect("acks")
        kinds = [message.type for message in connection.messages]
        told = {message.type: message.body for message in connection.messages}
        equal(kinds[-1], rtmp.COMMAND, "last message")
        check({rtmp.SET_CHUNK_SIZE, rtmp.WINDOW_ACK, rtmp.PEER_BANDWIDTH} <= set(kinds[:-1]), f"told before: {kinds}")
        equal(told[rtmp.SET_CHUNK_SIZE], struct.pack(">I", 4096), "chunk size out")
        equal(told[rtmp.WINDOW_ACK], struct.pack(">I", 2500000), "window")


def acknowledges(node):
    """The node acknowledges each window of ours, with the number of bytes that it has received."""
    publisher = Publisher(node.rtmp, "acks/gate")
    publisher.open()
    publisher.connection.message(rtmp.WINDOW_ACK, struct.pack(">I", 20_000), csid=2)
    for _ in range(10):  # a window may be acknowledged together with the ones behind it that came in the same moment
        publisher.push(1000)
        node.wait_metric("stream_frames_total", lambda value: value == publisher.sent_frames, stream="acks/gate")
    counts = [struct.unpack(">I", m.body)[0] for m in publisher.drain() if m.type == rtmp.ACK]
    check(len(counts) >= 3, f"acknowledgements for 300 kB with a window of 20 kB: {counts}")
    equal(counts, sorted(counts), "acknowledged bytes")
    check(200_000 < counts[-1] < 500_000, f"last acknowledged count: {counts[-1]}")
    # Ours are taken, right or wrong.
    for count in (0, counts[-1], 0xffffffff):
        publisher.connection.message(rtmp.ACK, struct.pack(">I", count), csid=2)
    publisher.push(200)
    node.wait_metric("stream_frames_total", lambda value: value == publisher.sent_frames, stream="acks/gate")
    publisher.stop()


def tiny_windows(node):
    """A window of 0 or 1 byte neither loops nor floods."""
    for window in (0, 1, 2, 100, 0xffffffff):
        publisher = Publisher(node.rtmp, f"acks/window-{window}").open()
        publisher.connection.message(rtmp.WINDOW_ACK, struct.pack(">I", window), csid=2)
        publisher.push(1000)
        node.wait_metric("stream_frames_total", lambda value: value == publisher.sent_frames,
                         stream=f"acks/window-{window}")
        acks = [m for m in publisher.drain() if m.type == rtmp.ACK]
        check(len(acks) <= 2000, f"{len(acks)} acknowledgements for a window of {window}")
        publisher.stop()


def pings(node):
    """A ping is answered with its time stamp, in every state after the handshake."""
    connection = rtmp.Connection(node.rtmp)
    connection.handshake()
    for stage in ("handshake", "connect", "createStream", "publish"):
        if stage == "connect":
            connection.connect("acks")
        elif stage == "createStream":
            connection.create_stream()
        elif stage == "publish":
            connection.publish(1, "pings")
        connection.message(rtmp.USER_CONTROL, struct.pack(">HI", 6, 123456), csid=2)
        pong = connection.wait_for(lambda m: m.type == rtmp.USER_CONTROL and m.body[:2] == b"\0\x07")
        equal(pong.body, struct.pack(">HI", 7, 123456), f"pong after {stage}")
    connection.close()


main(scenario)
