# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 3: chunks of 1 byte are refused; the smallest allowed ones do not multiply the CPU time."""

import struct

from lib import hostile, media, rtmp
from lib.expect import check, main, skip
from lib.node import Node, sanitizer
from lib.publisher import Publisher

BYTES = 24 << 20


def scenario():
    if sanitizer():
        skip("CPU time is not judged in sanitizer builds")
    with Node() as node:
        tiny_is_refused(node)
        small = cpu_of(node, "small", 128)
        usual = cpu_of(node, "usual", 4096)
        check(small < max(5 * usual, 0.3), f"{small:.2f} s for chunks of 128 bytes, {usual:.2f} s for 4096")


def tiny_is_refused(node):
    """10 MB in 1-byte chunks: the connection ends long before they are through."""
    connection = hostile.connected(node)
    connection.message(rtmp.SET_CHUNK_SIZE, struct.pack(">I", 1), csid=2)
    before = node.cpu()
    try:
        for _ in range(100):
            connection.send(b"\xc6\x00" * 50_000)
    except OSError:
        pass
    check(connection.is_closed(), "1-byte chunks were taken")
    check(node.cpu() - before < 0.5, f"{node.cpu() - before:.2f} s for a refused connection")


def cpu_of(node, name, size):
    """CPU seconds for the same bytes of media in chunks of the given size."""
    publisher = Publisher(node.rtmp, f"tiny/{name}", chunk_size=size).open()
    body = media.avc_frame(0, True, 60_000)
    data = b"".join(rtmp.chunks(media.VIDEO, body, 0, publisher.stream_id, 6, size))
    before = node.cpu()
    for _ in range(BYTES // len(body)):
        publisher.connection.send(data)
    node.wait_metric("stream_frames_total", lambda value: value >= BYTES // len(body), stream=f"tiny/{name}")
    used = node.cpu() - before
    publisher.stop()
    return used


main(scenario)
