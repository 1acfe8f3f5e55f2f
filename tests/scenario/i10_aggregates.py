# SPDX-License-Identifier: Apache-2.0
"""Aggregate messages are taken apart: their frames come out one by one with their own time stamps."""

import struct

from lib import flv, media, rtmp
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import attend


def aggregate(frames, base=None):
    """Frames as the body of an aggregate message. Inner time stamps may count from anything: `base` is added."""
    body = b""
    for kind, stamp, payload in frames:
        stamp = (stamp + (base or 0)) & 0xffffffff
        body += bytes([kind]) + struct.pack(">I", len(payload))[1:]
        body += struct.pack(">I", stamp)[1:] + bytes([stamp >> 24]) + b"\0\0\0"
        body += payload + struct.pack(">I", 11 + len(payload))
    return body


def scenario():
    with Node() as node:
        for name, base in (("same", 0), ("other", 5_000_000), ("wrap", 0xfffffff0)):
            publish(node, name, base)
        hostile(node)


def publish(node, name, base):
    """The message's time stamp is the first frame's; inner ones count on from theirs (Adobe, section 7.1.6)."""
    publisher = Publisher(node.rtmp, f"aggregate/{name}").open()
    viewer = attend(node, publisher)
    for _ in range(6):
        frames = publisher.feed.take(200)
        publisher.connection.message(rtmp.AGGREGATE, aggregate(frames, base), frames[0][1], publisher.stream_id, 6)
    viewer.wait_frames(28, kind=media.VIDEO).check_ok()
    flv.check_stream(viewer.tags)
    stamps = [tag.timestamp for tag in viewer.frames(media.VIDEO)]
    equal({b - a for a, b in zip(stamps, stamps[1:])}, {40}, f"steps of aggregated pictures, {name}")
    publisher.stop()


def hostile(node):
    """Aggregates that are cut, or whose parts lie about their size: the connection ends or the message is dropped."""
    good = aggregate(media.Feed().take(100))
    cases = [good[:n] for n in range(0, 40)] + [good[:-1], b"\x09\xff\xff\xff" + bytes(20), b"\x16" + good[1:], bytes(100)]
    for index, body in enumerate(cases):
        publisher = Publisher(node.rtmp, f"aggregate/bad-{index}").open()
        try:
            publisher.connection.message(rtmp.AGGREGATE, body, 0, publisher.stream_id, 6)
            publisher.push(100)
        except OSError:
            pass
        publisher.connection.close()
    node.check_alive()
    check(not node.logged("session ended", kind="publisher", reason="stalled"), "a bad aggregate stalled a session")


main(scenario)
