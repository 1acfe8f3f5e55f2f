#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the http2 fuzz target into corpus/http2/seed-*; other files there are left alone. The first byte
of a seed says how its bytes are cut; the preface is the target's own. Run it from anywhere; it writes the same bytes
each time."""
import pathlib

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus" / "http2"
DATA, HEADERS, PRIORITY, RESET, SETTINGS, PING, GOAWAY, WINDOW, CONTINUATION = 0, 1, 2, 3, 4, 6, 7, 8, 9
END_STREAM, END_HEADERS, PADDED, WITH_PRIORITY = 1, 4, 8, 32


def frame(kind, payload=b"", flags=0, stream=0):
    return len(payload).to_bytes(3, "big") + bytes([kind, flags]) + stream.to_bytes(4, "big") + payload


def literal(name, value, indexed=False):
    """A field by its letters (RFC 7541 section 6.2)."""
    return bytes([0x40 if indexed else 0, len(name)]) + name + bytes([len(value)]) + value


def head(path=b"/cams/gate/index.m3u8", method=b"\x82", more=b""):
    """GET unless said otherwise, https, of h."""
    return method + b"\x87" + b"\x41\x01h" + literal(b":path", path) + more


def get(stream, **how):
    return frame(HEADERS, head(**how), END_HEADERS | END_STREAM, stream)


POST = b"\x83"
BEGIN = frame(SETTINGS, b"\x00\x03\x00\x00\x00\x64\x00\x04\x00\x10\x00\x00") + frame(WINDOW, b"\x00\x0f\x00\x01")
# What curl 7.88 and nghttp 1.52 say: fields in Huffman's code and for the dynamic table, priorities of the old kind.
SEEDS = {
    "curl": bytes.fromhex(
        "00001204000000000000030000006400040200000000020000000000000408000000000001ff000100005501050000000182"
        "04a26083a50c4c34958355217caf4b36bdfe458f3ee8a945503bf1163cfba2ac7626017f87418b089d5c0b8170dc6db085df"
        "7a8825b650c3abbcf2e153032a2f2a408cf2b10f6585a06931ea58d27f841c64583f000000040100000000"),
    "nghttp": bytes.fromhex(
        "00000c04000000000000030000006400040000ffff00000502000000000300000000c8000005020000000005000000006400"
        "00050200000000070000000000000005020000000009000000070000000502000000000b000000030000004a01250000000d"
        "0000000b0f8204a26083a50c4c34958355217caf4b36bdfe458f3ee8a945503bf1163cfba2ac7626017f87418b089d5c0b81"
        "70dc6d97de6f53032a2f2a907a8aaa69d29ac4c0576c4b83000000040100000000"),
    "get": BEGIN + get(1),
    "two": BEGIN + get(1) + get(3, path=b"/play/cams/gate") + frame(SETTINGS, b"", 1),
    "indexed": get(1, more=literal(b"x", b"y" * 100, True)) + get(3, more=b"\xbe\xbe\xbe"),
    "post": frame(HEADERS, head(b"/echo", POST, literal(b"content-length", b"3")), END_HEADERS, 1)
            + frame(DATA, b"abc", END_STREAM, 1),
    "long-body": frame(HEADERS, head(b"/echo", POST), END_HEADERS, 1) + frame(DATA, b"x" * 70, END_STREAM, 1),
    "padded": frame(HEADERS, b"\x03" + head() + b"\0\0\0", END_HEADERS | END_STREAM | PADDED, 1),
    "priority": frame(HEADERS, b"\x80\0\0\0\x0f" + head(), END_HEADERS | END_STREAM | WITH_PRIORITY, 1)
                + frame(PRIORITY, b"\0\0\0\x01\x10", 0, 3),
    "continuation": frame(HEADERS, head()[:4], END_STREAM, 1) + frame(CONTINUATION, head()[4:9], 0, 1)
                    + frame(CONTINUATION, head()[9:], END_HEADERS, 1),
    "trailers": frame(HEADERS, head(b"/echo", POST), END_HEADERS, 1) + frame(DATA, b"a", 0, 1)
                + frame(HEADERS, literal(b"x", b"y"), END_HEADERS | END_STREAM, 1),
    "reset": get(1) + frame(RESET, b"\0\0\0\x08", 0, 1) + get(3) + frame(RESET, b"\0\0\0\x08", 0, 3),
    "window": get(1) + frame(WINDOW, b"\x00\x01\x00\x00", 0, 1) + frame(WINDOW, b"\x7f\xff\xff\xff"),
    "window-shut": frame(SETTINGS, b"\x00\x04\x00\x00\x00\x00") + get(1) + frame(SETTINGS, b"\x00\x04\x7f\xff\xff\xff"),
    "ping": frame(PING, b"12345678") * 3 + get(1),
    "unknown": frame(0xFA, b"anything") + get(1) + frame(0x10, b"\0\0\0\x01u=3,i"),
    "goaway": get(1) + frame(GOAWAY, b"\0\0\0\0\0\0\0\0"),
    "host": get(1, more=literal(b"host", b"h")) + get(3, more=literal(b"host", b"i")),
    "connection": get(1, more=literal(b"connection", b"close")) + get(3, more=literal(b"te", b"trailers")),
    "upper-case": get(1, more=literal(b"X", b"y")) + get(3, more=literal(b"x", b"a\r\nb")),
    "dots": get(1, path=b"/a/%2e%2e/b") + get(3, path=b"*") + get(5, path=b"http://h/a"),
    "options": get(1, path=b"*", method=literal(b":method", b"OPTIONS")),
    "connect": frame(HEADERS, literal(b":method", b"CONNECT") + b"\x41\x01h", END_HEADERS | END_STREAM, 1),
    "expect": frame(HEADERS, head(b"/echo", POST, literal(b"expect", b"100-continue")), END_HEADERS, 1)
              + frame(DATA, b"a", END_STREAM, 1),
    "many-fields": get(1, more=literal(b"x", b"y") * 20),
    "large-head": get(1, more=literal(b"x", b"y" * 120, True) + b"\xbe" * 200),
    "table-size": frame(HEADERS, b"\x3f\xe1\x1f\x20" + head(), END_HEADERS | END_STREAM, 1),
    "http1": b"GET / HTTP/1.1\r\nHost: h\r\n\r\n",
}

CORPUS.mkdir(parents=True, exist_ok=True)
for number, (name, text) in enumerate(SEEDS.items()):
    (CORPUS / f"seed-{name}").write_bytes(bytes([number]) + text)
