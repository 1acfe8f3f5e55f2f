# SPDX-License-Identifier: Apache-2.0
"""A raw HTTP/1 client: sends the bytes it is told to send, however wrong, and reads answers strictly."""

import json
import socket
import time

from . import tls


class HttpError(Exception):
    """The peer's answer is no HTTP, or it ended too early."""


class Response:
    """One answer. Header names are kept as sent; `header` looks them up without case."""

    def __init__(self, version, status, reason, headers):
        self.version, self.status, self.reason = version, status, reason
        self.headers = headers
        self.body = b""

    def header(self, name, default=None):
        """The first value of a header, or the default."""
        for key, value in self.headers:
            if key.lower() == name.lower():
                return value
        return default

    def all(self, name):
        """All values of a header."""
        return [value for key, value in self.headers if key.lower() == name.lower()]

    def json(self):
        """The body as JSON."""
        return json.loads(self.body)

    def __repr__(self):
        return f"<{self.status} {self.headers} {self.body[:200]!r}>"


def parse_head(head):
    """A Response from the bytes up to and including the empty line."""
    lines = head.decode("latin-1").split("\r\n")
    parts = lines[0].split(" ", 2)
    if len(parts) < 2 or not parts[0].startswith("HTTP/1.") or not parts[1].isdigit():
        raise HttpError(f"not a status line: {lines[0]!r}")
    headers = []
    for line in lines[1:]:
        if not line:
            continue
        name, colon, value = line.partition(":")
        if not colon or not name or name != name.strip():
            raise HttpError(f"not a header: {line!r}")
        headers.append((name, value.strip()))
    return Response(parts[0], int(parts[1]), parts[2] if len(parts) > 2 else "", headers)


class Chunked:
    """Incremental decoder of the chunked transfer coding."""

    def __init__(self):
        self._input = bytearray()
        self._left = 0         # bytes of the current chunk still to come
        self._after_data = False
        self.done = False
        self.chunks = 0

    def feed(self, data):
        """Takes bytes and returns the payload that they completed."""
        self._input += data
        out = bytearray()
        while not self.done and self._step(out):
            pass
        return bytes(out)

    def leftover(self):
        """Bytes that came after the last chunk."""
        return bytes(self._input)

    def _step(self, out):
        if self._left:
            taken = self._input[:self._left]
            out += taken
            del self._input[:len(taken)]
            self._left -= len(taken)
            self._after_data = self._left == 0
            return bool(taken)
        end = self._input.find(b"\r\n")
        if end < 0:
            return False
        line = bytes(self._input[:end])
        del self._input[:end + 2]
        if self._after_data:
            if line:
                raise HttpError(f"no line end after a chunk: {line!r}")
            self._after_data = False
            return True
        self._start_chunk(line)
        return True

    def _start_chunk(self, line):
        size = int(line.split(b";")[0], 16)
        if size:
            self._left = size
            self.chunks += 1
            return
        end = self._input.find(b"\r\n")
        if end == 0:
            del self._input[:2]
        self.done = True


class Connection:
    """A TCP connection to an HTTP server. Usable as a context manager."""

    def __init__(self, address, timeout=5.0, source=None):
        self.socket = tls.connect(address, timeout, source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.host = f"[{address[0]}]:{address[1]}" if ":" in address[0] else f"{address[0]}:{address[1]}"
        self._input = bytearray()

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """Closes the connection."""
        self.socket.close()

    def send(self, data):
        """Sends bytes as they are."""
        self.socket.sendall(data)

    def request(self, method, target, headers=None, body=b""):
        """Sends a well-formed request; the Host header is added unless given."""
        fields = dict(headers or {})
        fields.setdefault("Host", self.host)
        if body:
            fields.setdefault("Content-Length", str(len(body)))
        head = f"{method} {target} HTTP/1.1\r\n"
        head += "".join(f"{name}: {value}\r\n" for name, value in fields.items())
        self.send(head.encode("latin-1") + b"\r\n" + body)

    def _fill(self, deadline):
        left = deadline - time.monotonic()
        if left <= 0:
            raise TimeoutError("no answer in time")
        self.socket.settimeout(left)
        data = self.socket.recv(65536)
        self._input += data
        return bool(data)

    def read_response(self, head_only=False, timeout=None):
        """Reads one whole answer; with head_only, the body stays unread (HEAD, upgrades, endless streams)."""
        deadline = time.monotonic() + (timeout or self.timeout)
        while b"\r\n\r\n" not in self._input:
            if not self._fill(deadline):
                raise HttpError(f"closed before a whole head: {bytes(self._input)!r}")
        end = self._input.index(b"\r\n\r\n") + 4
        response = parse_head(bytes(self._input[:end - 2]))
        del self._input[:end]
        if response.status == 100:
            return self.read_response(head_only, timeout)
        if not head_only and response.status not in (101, 204, 304):
            self._read_body(response, deadline)
        return response

    def _read_body(self, response, deadline):
        length = response.header("Content-Length")
        if (response.header("Transfer-Encoding") or "").lower() == "chunked":
            decoder = Chunked()
            response.body = decoder.feed(bytes(self._input))
            self._input.clear()
            while not decoder.done:
                if not self._fill(deadline):
                    raise HttpError("closed inside a chunked body")
                response.body += decoder.feed(bytes(self._input))
                self._input.clear()
            self._input += decoder.leftover()
            return
        if length is None:
            while self._fill(deadline):
                pass
            response.body = bytes(self._input)
            self._input.clear()
            return
        while len(self._input) < int(length):
            if not self._fill(deadline):
                raise HttpError("closed inside a body")
        response.body = bytes(self._input[:int(length)])
        del self._input[:int(length)]

    def pending(self):
        """Bytes read but not used."""
        return bytes(self._input)

    def is_closed(self, timeout=2.0):
        """True when the peer closes within the time; what it still sends is kept in pending()."""
        deadline = time.monotonic() + timeout
        try:
            while self._fill(deadline):
                pass
        except TimeoutError:
            return False
        except OSError:
            return True
        return True


def request(address, method, target, headers=None, body=b"", timeout=5.0):
    """One request on a connection of its own."""
    fields = {"Connection": "close", **(headers or {})}
    with Connection(address, timeout) as connection:
        connection.request(method, target, fields, body)
        return connection.read_response(head_only=method == "HEAD")


def get(address, target, headers=None, timeout=5.0):
    """GET on a connection of its own."""
    return request(address, "GET", target, headers, timeout=timeout)


def exchange(address, data, timeout=3.0):
    """Sends raw bytes, reads until the peer closes or is silent for the time; returns (bytes, closed)."""
    with Connection(address, timeout) as connection:
        try:
            connection.send(data)
        except OSError:
            pass  # refused while we were still talking: the answer tells
        closed = connection.is_closed(timeout)
        return connection.pending(), closed


def statuses(data):
    """Status codes of the answers in a byte string whose bodies all carry Content-Length."""
    codes, rest = [], data
    while rest:
        head, found, rest = rest.partition(b"\r\n\r\n")
        if not found:
            break
        response = parse_head(head + b"\r\n")
        codes.append(response.status)
        rest = rest[int(response.header("Content-Length") or 0):]
    return codes
