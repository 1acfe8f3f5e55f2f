# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 30, 31, 32: frames whose lengths lie, endless fragments, unmasked and malformed frames, bad upgrades."""

import time

from lib import hostile, http, media, ws
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher

CONFIG = """
stream:
  unknown_wait: 100ms
"""
TARGET = "/abuse/gate.flv"

PROTOCOL = [  # what, bytes, close codes that are right
    ("unmasked text", ws.frame(ws.TEXT, b"hi", masked=False), {1002}),
    ("unmasked close", ws.frame(ws.CLOSE, ws.close_payload(1000), masked=False), {1002}),
    ("unmasked ping", ws.frame(ws.PING, b"x", masked=False), {1002}),
    *[(f"reserved bits {rsv}", ws.frame(ws.TEXT, b"hi", rsv=rsv), {1002}) for rsv in (1, 2, 4, 7)],
    *[(f"opcode {code}", ws.frame(code, b"hi"), {1002}) for code in (3, 4, 7, 11, 12, 15)],
    *[(f"control frame {code} of 126 bytes", ws.frame(code, b"x" * 126), {1002}) for code in (ws.PING, ws.PONG, ws.CLOSE)],
    *[(f"fragmented control frame {code}", ws.frame(code, b"x", final=False), {1002}) for code in (ws.PING, ws.PONG, ws.CLOSE)],
    ("continuation without a start", ws.frame(ws.CONTINUATION, b"x"), {1002}),
    ("text inside a fragmented text", ws.frame(ws.TEXT, b"a", final=False) + ws.frame(ws.TEXT, b"b"), {1002}),
    ("bad UTF-8 in text", ws.frame(ws.TEXT, b"\xff\xfe"), {1007}),
    ("surrogate in text", ws.frame(ws.TEXT, b"\xed\xa0\x80"), {1007}),
    ("overlong slash in text", ws.frame(ws.TEXT, b"\xc0\xaf"), {1007}),
    ("bad UTF-8 across fragments", ws.frame(ws.TEXT, b"\xe2", final=False) + ws.frame(ws.CONTINUATION, b"\x28\xa1"), {1007}),
    ("text that ends inside a character", ws.frame(ws.TEXT, b"\xe2\x82"), {1007}),
    ("bad UTF-8 in a close", ws.frame(ws.CLOSE, ws.close_payload(1000, b"\xff")), {1007, 1002}),
    ("close of one byte", ws.frame(ws.CLOSE, b"\x03"), {1002}),
    *[(f"close code {code}", ws.frame(ws.CLOSE, ws.close_payload(code)), {1002})
      for code in (0, 999, 1004, 1005, 1006, 1015, 1016, 2999, 5000, 65535)],
    *[(f"length {size} in 16 bits", ws.frame(ws.TEXT, b"x" * size, form=16), {1002}) for size in (0, 1, 125)],
    *[(f"length {size} in 64 bits", ws.frame(ws.TEXT, length=size, form=64), {1002, 1009}) for size in (0, 125, 126, 65535)],
    *[(f"length {size}", ws.frame(ws.BINARY, length=size, form=64), {1002, 1009})
      for size in (1 << 31, 1 << 32, (1 << 63) - 1, 1 << 63, (1 << 64) - 1)],
    ("length 2^20", ws.frame(ws.BINARY, length=1 << 20, form=64), {1009}),
]
TOLERATED = [
    ("length 125", ws.frame(ws.TEXT, b"x" * 125)),
    ("length 126", ws.frame(ws.TEXT, b"x" * 126)),
    ("fragments with a ping between", ws.frame(ws.TEXT, b"\xe2\x82", final=False) + ws.frame(ws.PING, b"p") +
     ws.frame(ws.CONTINUATION, b"\xac")),
    ("empty frames", ws.frame(ws.TEXT) + ws.frame(ws.BINARY) + ws.frame(ws.PONG)),
    ("a hundred pings", ws.frame(ws.PING, b"x") * 100),
]


def scenario():
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, "abuse/gate", media.Feed(size=200)).open().run()
        node.wait_stream("abuse/gate")
        innocent = hostile.Innocent(node)
        growth = hostile.Growth(node)
        for what, data, codes in PROTOCOL:
            closes(node, what, data, codes)
            innocent.look()
        for what, data in TOLERATED:
            goes_on(node, what, data)
        endless_fragments(node)
        ping_flood(node)
        growth.check_below(4 << 20, "abused WebSockets")
        upgrades(node)
        innocent.finish()
        publisher.stop()
    with Node(CONFIG + 'http: {cors_origin: "https://good.example"}\n') as node:
        origins(node)


def closes(node, what, data, codes):
    """The node says why, and closes, at once and without waiting for announced bytes."""
    socket = ws.WebSocket(node.http, TARGET)
    equal(socket.response.status, 101, "upgrade")
    started = time.monotonic()
    socket.send(data)
    code = socket.wait_close_code(3)
    check(code in codes, f"{what}: close code {code}, expected {sorted(codes)}")
    check(socket.http.is_closed(3), f"{what}: the connection stays open")
    check(time.monotonic() - started < 3, f"{what}: closed late")
    socket.close()


def goes_on(node, what, data):
    """The media goes on."""
    socket = ws.WebSocket(node.http, TARGET)
    socket.send(data)
    socket.read_until(lambda s: len(s.media) > 1000)
    seen = len(socket.media)
    check(socket.read_until(lambda s: len(s.media) > seen + 2000), f"{what}: no more media, closed {socket.reader.close_code()}")
    equal(socket.reader.close_code(), None, f"close after {what}")
    socket.close()


def endless_fragments(node):
    """200000 continuations of one byte, and of none: there is a cap on bytes and one on fragments."""
    for payload in (b"x", b""):
        socket = ws.WebSocket(node.http, TARGET)
        piece = ws.frame(ws.CONTINUATION, payload, final=False)
        sent = socket.send(ws.frame(ws.TEXT, payload, final=False))
        for _ in range(200):
            sent = sent and socket.send(piece * 1000)
        code = socket.wait_close_code(5)
        check(code in (1002, 1008, 1009, None) and socket.http.is_closed(5), f"endless fragments: {code}")
        socket.close()


def ping_flood(node):
    """Pings from a peer that never reads are bounded: the connection ends or the kernel pushes back."""
    socket = ws.WebSocket(node.http, TARGET)
    socket.http.timeout = 0.2
    growth = hostile.Growth(node)
    for _ in range(300):
        if not socket.send(ws.frame(ws.PING, b"x" * 125) * 500):
            break
    growth.check_below(2 << 20, "a flood of pings")
    socket.close()


def origins(node):
    """With a configured origin, pages of others may not open a WebSocket; the node's own may, and players that are no browser."""
    publisher = Publisher(node.rtmp, "abuse/gate").open().run()
    node.wait_stream("abuse/gate")
    own = "http://" + ws.upgrade_headers()["Host"]  # of the node's own page
    for origin, allowed in ((None, {101}), ("https://good.example", {101}), (own, {101}), ("https://evil.example", {403, 400}),
                            ("https://good.example.evil.example", {403, 400}), ("null", {403, 400})):
        socket = ws.WebSocket(node.http, TARGET, headers={"Origin": origin})
        check(socket.response.status in allowed, f"upgrade with origin {origin}: {socket.response}")
        socket.close()
    publisher.stop()


def upgrades(node):
    """Requests that are no right upgrade."""
    good = ws.upgrade_headers()
    rows = [
        ("no key", {**good, "Sec-WebSocket-Key": None}, {400}),
        ("short key", {**good, "Sec-WebSocket-Key": "AAAA"}, {400}),
        ("key that is no base64", {**good, "Sec-WebSocket-Key": "!" * 24}, {400}),
        ("no version", {**good, "Sec-WebSocket-Version": None}, {400, 426}),
        ("version 8", {**good, "Sec-WebSocket-Version": "8"}, {426, 400}),
        ("version 99", {**good, "Sec-WebSocket-Version": "99"}, {426, 400}),
        ("a body", {**good, "Content-Length": "3"}, {101, 400}),
    ]
    for what, headers, allowed in rows:
        headers = {name: value for name, value in headers.items() if value is not None}
        with http.Connection(node.http) as connection:
            connection.request("GET", TARGET, headers)
            connection.send(b"abc" if "Content-Length" in headers else b"")
            response = connection.read_response(head_only=True)
            check(response.status in allowed, f"upgrade with {what}: {response}")
            if response.status == 426:
                equal(response.header("Sec-WebSocket-Version"), "13", f"version that is offered to {what}")
    for head in (b"POST %s HTTP/1.1", b"GET %s HTTP/1.0"):
        fields = "".join(f"{name}: {value}\r\n" for name, value in good.items()).encode()
        answer, _ = http.exchange(node.http, head % TARGET.encode() + b"\r\n" + fields + b"\r\n", 1)
        check(not answer.startswith(b"HTTP/1.1 101"), f"{head!r} was upgraded")
    refused = ws.WebSocket(node.http, "/abuse/nobody.flv")
    equal(refused.response.status, 404, "upgrade to an unknown stream")


main(scenario)
