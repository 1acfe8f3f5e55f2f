# SPDX-License-Identifier: Apache-2.0
# SPDX-License-Identifier: Apache-2.0
"""The table of requests whose end two parsers could see at different places (docs/torture.md 33 and 34).

Every row is a request to which a second one (`FOLLOWER`) is appended. A server must not answer the follower of a bad
row: its bytes belong to a message that it has refused.
"""

FOLLOWER = b"GET /smuggled HTTP/1.1\r\nHost: localhost\r\n\r\n"

_GET = b"GET /table/row HTTP/1.1\r\n"
_POST = b"POST /table/row HTTP/1.1\r\n"
_HOST = b"Host: localhost\r\n"
_END = b"\r\n"


def _get(*lines):
    return _GET + _HOST + b"".join(line + b"\r\n" for line in lines) + _END


def _post(*lines, body=b""):
    return _POST + _HOST + b"".join(line + b"\r\n" for line in lines) + _END + body


def _chunked(body):
    return _post(b"Transfer-Encoding: chunked", body=body)


# Rows that no server may take: one answer at most, then the connection is closed.
BAD = [
    ("length and chunked", _post(b"Content-Length: 5", b"Transfer-Encoding: chunked", body=b"0\r\n\r\n")),
    ("chunked and length", _post(b"Transfer-Encoding: chunked", b"Content-Length: 5", body=b"0\r\n\r\n")),
    ("two lengths", _post(b"Content-Length: 5", b"Content-Length: 6", body=b"hello")),
    ("a list of lengths", _post(b"Content-Length: 5, 6", body=b"hello")),
    ("length +5", _post(b"Content-Length: +5", body=b"hello")),
    ("length -1", _post(b"Content-Length: -1", body=b"hello")),
    ("length 0x5", _post(b"Content-Length: 0x5", body=b"hello")),
    ("length 5 5", _post(b"Content-Length: 5 5", body=b"hello")),
    ("length 1e1", _post(b"Content-Length: 1e1", body=b"hello")),
    ("empty length", _post(b"Content-Length: ", body=b"hello")),
    ("length 2^63", _post(b"Content-Length: 9223372036854775808", body=b"hello")),
    ("length 2^64", _post(b"Content-Length: 18446744073709551616", body=b"hello")),
    ("length 2^64+5", _post(b"Content-Length: 18446744073709551621", body=b"hello")),
    ("length 2^32", _post(b"Content-Length: 4294967296", body=b"hello")),
    ("length 2^31", _post(b"Content-Length: 2147483648", body=b"hello")),
    ("length 1e9", _post(b"Content-Length: 1000000000", body=b"hello")),
    ("chunked twice", _post(b"Transfer-Encoding: chunked, chunked", body=b"0\r\n\r\n")),
    ("two encodings", _post(b"Transfer-Encoding: chunked", b"Transfer-Encoding: identity", body=b"0\r\n\r\n")),
    ("identity", _post(b"Transfer-Encoding: identity", body=b"0\r\n\r\n")),
    ("gzip, chunked", _post(b"Transfer-Encoding: gzip, chunked", body=b"0\r\n\r\n")),
    ("chunked, gzip", _post(b"Transfer-Encoding: chunked, gzip", body=b"0\r\n\r\n")),
    ("xchunked", _post(b"Transfer-Encoding: xchunked", body=b"0\r\n\r\n")),
    ("quoted chunked", _post(b'Transfer-Encoding: "chunked"', body=b"0\r\n\r\n")),
    ("chunked with a vertical tab", _post(b"Transfer-Encoding: \x0bchunked", body=b"0\r\n\r\n")),
    ("chunked with a parameter", _post(b"Transfer-Encoding: chunked;q=1", body=b"0\r\n\r\n")),
    ("space before the colon", _post(b"Transfer-Encoding : chunked", body=b"0\r\n\r\n")),
    ("length, space before the colon", _post(b"Content-Length : 5", body=b"hello")),
    ("chunked in HTTP/1.0", b"POST /table/row HTTP/1.0\r\n" + _HOST + b"Transfer-Encoding: chunked\r\n\r\n0\r\n\r\n"),
    ("folded header", _get(b"X-A: b", b" c")),
    ("folded length", _post(b"Content-Length:", b" 5", body=b"hello")),
    ("folded encoding", _post(b"Transfer-Encoding:", b"\tchunked", body=b"0\r\n\r\n")),
    ("space before the first header", _GET + b" " + _HOST + _END),
    ("no host", _GET + _END),
    ("two hosts", _GET + _HOST + b"Host: b\r\n" + _END),
    ("two equal hosts", _GET + _HOST + _HOST + _END),
    ("host with a path", _GET + b"Host: a/b\r\n" + _END),
    ("host with a space", _GET + b"Host: a b\r\n" + _END),
    ("empty header name", _get(b": x")),
    ("space in a header name", _get(b"X Y: z")),
    ("header without a colon", _get(b"X-Y")),
    ("NUL in a header name", _get(b"X\0Y: z")),
    ("NUL in a header value", _get(b"X-Y: a\0b")),
    ("CR in a header value", _get(b"X-Y: a\rb")),
    ("CR before the line end", _get(b"X-Y: a\r")),
    ("control byte in a header value", _get(b"X-Y: a\x01b")),
    ("lines that end in LF", _get().replace(b"\r\n", b"\n")),
    ("one line that ends in LF", _GET + b"Host: a\n" + _END),
    ("HTTP/0.9", b"GET /table/row\r\n"),
    ("HTTP/2.0", b"GET /table/row HTTP/2.0\r\n" + _HOST + _END),
    ("HTTP/1.10", b"GET /table/row HTTP/1.10\r\n" + _HOST + _END),
    ("http/1.1 in lower case", b"GET /table/row http/1.1\r\n" + _HOST + _END),
    ("ICE/1.1", b"GET /table/row ICE/1.1\r\n" + _HOST + _END),
    ("two spaces after the target", b"GET /table/row  HTTP/1.1\r\n" + _HOST + _END),
    ("tab after the method", b"GET\t/table/row HTTP/1.1\r\n" + _HOST + _END),
    ("space before the method", b" GET /table/row HTTP/1.1\r\n" + _HOST + _END),
    ("method in lower case", b"get /table/row HTTP/1.1\r\n" + _HOST + _END),
    ("no method at all", b"/table/row HTTP/1.1\r\n" + _HOST + _END),
    ("NUL in the target", b"GET /table/r\0w HTTP/1.1\r\n" + _HOST + _END),
    ("space in the target", b"GET /table/r w HTTP/1.1\r\n" + _HOST + _END),
    ("target without a slash", b"GET table/row HTTP/1.1\r\n" + _HOST + _END),
    ("chunk size 0x5", _chunked(b"0x5\r\nhello\r\n0\r\n\r\n")),
    ("chunk size -5", _chunked(b"-5\r\nhello\r\n0\r\n\r\n")),
    ("chunk size with spaces", _chunked(b" 5\r\nhello\r\n0\r\n\r\n")),
    ("chunk size 2^64+5", _chunked(b"10000000000000005\r\nhello\r\n0\r\n\r\n")),
    ("empty chunk size", _chunked(b"\r\nhello\r\n0\r\n\r\n")),
    ("chunk size line ends in LF", _chunked(b"5\nhello\r\n0\r\n\r\n")),
    ("LF in a chunk extension", _chunked(b"5;a\nb\r\nhello\r\n0\r\n\r\n")),
    ("CR in a chunk extension", _chunked(b"5;a\rb\r\nhello\r\n0\r\n\r\n")),
    ("no line end after a chunk", _chunked(b"5\r\nhelloX\r\n0\r\n\r\n")),
    ("LF after a chunk", _chunked(b"5\r\nhello\n0\r\n\r\n")),
    ("a trailer, which nobody needs", _chunked(b"5\r\nhello\r\n0\r\nX-Y: z\r\n\r\n")),
    ("a trailer that is a length", _chunked(b"0\r\nContent-Length: 50\r\nX Y: z\r\n\r\n")),
]

# Rows that are right, with the number of answers that a server gives when it takes each of the messages. It may
# also close after the first one.
GOOD = [
    ("plain", _get(), 2),
    ("length 0", _get(b"Content-Length: 0"), 2),
    ("a body with a length", _post(b"Content-Length: 5", body=b"hello"), 2),
    ("a body in chunks", _chunked(b"5\r\nhello\r\n0\r\n\r\n"), 2),
    ("chunk sizes with zeros", _chunked(b"0005\r\nhello\r\n000\r\n\r\n"), 2),
    ("an empty line first", b"\r\n" + _get(), 2),
    ("absolute form", b"GET http://localhost/table/row HTTP/1.1\r\n" + _HOST + _END, 2),
    ("a tab in a value", _get(b"X-Y: a\tb"), 2),
    ("white space around a value", _get(b"X-Y:  \t a \t "), 2),
    ("bytes over 127 in a value", _get(b"X-Y: \xe4\xf6\xfc"), 2),
    ("close", _get(b"Connection: close"), 1),
    ("HTTP/1.0", b"GET /table/row HTTP/1.0\r\n\r\n", 1),
    ("a body that looks like a request", _post(b"Content-Length: %d" % len(FOLLOWER), body=FOLLOWER), 2),
]
