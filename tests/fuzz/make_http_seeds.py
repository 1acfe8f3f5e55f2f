#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the http fuzz target into corpus/http/seed-*; other files there are left alone. The first byte
of a seed says how its bytes are cut. Run it from anywhere; it writes the same bytes each time."""
import pathlib

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus" / "http"
HOST = "Host: h\r\n"
CHUNKED = "POST /echo HTTP/1.1\r\n" + HOST + "Transfer-Encoding: chunked\r\n\r\n"

SEEDS = {
    "get": "GET /cams/gate.flv?access_token=s%20t&x=1 HTTP/1.1\r\n" + HOST + "User-Agent: a b\r\nAccept: */*\r\n\r\n",
    "flv": "GET /flv?server=cams&camera=gate HTTP/1.0\r\nConnection: keep-alive\r\n\r\n",
    "pipeline": ("GET /a HTTP/1.1\r\n" + HOST + "\r\n") * 3,
    "head": "HEAD / HTTP/1.1\r\n" + HOST + "X-Correlation-ID: abc-1\r\n\r\n",
    "options": "OPTIONS * HTTP/1.1\r\n" + HOST + "Origin: https://a.example\r\n\r\n",
    "delete": "DELETE /api/v1/sessions/2-1f HTTP/1.1\r\n" + HOST + "Authorization: Bearer abcdef\r\n\r\n",
    "absolute": "GET http://h/a?b HTTP/1.1\r\n" + HOST + "\r\n",
    "length": "POST /echo HTTP/1.1\r\n" + HOST + "Content-Length: 3\r\n\r\nabc\r\nGET / HTTP/1.1\r\n" + HOST + "\r\n",
    "expect": "POST /echo HTTP/1.1\r\n" + HOST + "Expect: 100-continue\r\nContent-Length: 2\r\n\r\nxy",
    "chunked": CHUNKED + "3;a=b\r\nabc\r\n1\r\nd\r\n0\r\n\r\nGET / HTTP/1.1\r\n" + HOST + "\r\n",
    "trailer": CHUNKED + "0\r\nX: y\r\n\r\n",
    "bad-chunk-end": CHUNKED + "3\r\nabcdd0\r\n\r\n",
    "bad-chunk-size": CHUNKED + "fffffffffffffffff\r\n",
    "length-and-chunked": "POST / HTTP/1.1\r\n" + HOST + "Content-Length: 5\r\nTransfer-Encoding: chunked\r\n\r\n0\r\n\r\n",
    "websocket": "GET /cams/gate.flv HTTP/1.1\r\n" + HOST + "Upgrade: websocket\r\nConnection: keep-alive, Upgrade\r\n"
                 "Sec-WebSocket-Key: dGhlIHNhbXBsZSBub25jZQ==\r\nSec-WebSocket-Version: 13\r\n\r\n\x01\x02",
    "h2c": "GET / HTTP/1.1\r\n" + HOST + "Upgrade: h2c\r\nConnection: Upgrade\r\n\r\nGET /b HTTP/1.1\r\n" + HOST + "\r\n",
    "folded": "GET / HTTP/1.1\r\n" + HOST + "X: a\r\n b\r\n\r\n",
    "bare-lf": "GET / HTTP/1.1\nHost: h\n\n",
    "empty-name": "GET / HTTP/1.1\r\n" + HOST + ": y\r\n\r\n",
    "two-hosts": "GET / HTTP/1.1\r\n" + HOST * 2 + "\r\n",
    "http09": "GET /\r\n",
    "http2": "PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n",
    "dots": "GET /a/%2e%2e/b%2fc HTTP/1.1\r\n" + HOST + "\r\n",
    "long-target": "GET /" + "a" * 200 + " HTTP/1.1\r\n" + HOST + "\r\n",
    "many-headers": "GET / HTTP/1.1\r\n" + HOST + "X: y\r\n" * 14 + "\r\n",
    "large-header": "GET / HTTP/1.1\r\n" + HOST + "X: " + "y" * 600 + "\r\n\r\n",
}

CORPUS.mkdir(parents=True, exist_ok=True)
for number, (name, text) in enumerate(SEEDS.items()):
    (CORPUS / f"seed-{name}").write_bytes(bytes([number]) + text.encode("latin-1"))
