# SPDX-License-Identifier: Apache-2.0
"""RFC 6455, the client's side, with every lie that a hostile client can tell."""

import base64
import hashlib
import os
import struct
import time

from . import http

CONTINUATION, TEXT, BINARY, CLOSE, PING, PONG = 0, 1, 2, 8, 9, 10
_GUID = b"258EAFA5-E914-47DA-95CA-C5AB0DC85B11"


class WsError(Exception):
    """The server broke the protocol."""


def accept_key(key):
    """What a server must answer to Sec-WebSocket-Key."""
    return base64.b64encode(hashlib.sha1(key.encode() + _GUID).digest()).decode()


def upgrade_headers(**changes):
    """The headers of a good upgrade request; None removes one, `_` in a name stands for `-`."""
    headers = {"Host": "localhost", "Upgrade": "websocket", "Connection": "Upgrade",
               "Sec-WebSocket-Version": "13", "Sec-WebSocket-Key": base64.b64encode(os.urandom(16)).decode()}
    headers.update({name.replace("_", "-"): value for name, value in changes.items()})
    return {name: value for name, value in headers.items() if value is not None}


def frame(opcode, payload=b"", final=True, masked=True, rsv=0, length=None, form=None):
    """One frame. `length` lies about the size; `form` (7, 16, 64) forces an encoding of it."""
    size = len(payload) if length is None else length
    if form is None:
        form = 7 if size < 126 else 16 if size < 65536 else 64
    out = bytes([(0x80 if final else 0) | rsv << 4 | opcode])
    mask_bit = 0x80 if masked else 0
    if form == 7:
        out += bytes([mask_bit | size])
    elif form == 16:
        out += bytes([mask_bit | 126]) + struct.pack(">H", size)
    else:
        out += bytes([mask_bit | 127]) + struct.pack(">Q", size)
    if not masked:
        return out + payload
    key = os.urandom(4)
    return out + key + mask(payload, key)


def mask(payload, key):
    """Applies a masking key."""
    if not payload:
        return b""
    stretched = key * (len(payload) // 4 + 1)
    number = int.from_bytes(payload, "big") ^ int.from_bytes(stretched[:len(payload)], "big")
    return number.to_bytes(len(payload), "big")


def close_payload(code, reason=b""):
    """The body of a close frame."""
    return struct.pack(">H", code) + reason


class FrameReader:
    """Reads a server's frames strictly, in any pieces. Items of `events`: (opcode, payload)."""

    def __init__(self):
        self._input = bytearray()
        self.events = []
        self.frames = 0

    def feed(self, data):
        """Takes bytes; returns the binary payload that they completed, in order."""
        self._input += data
        media_bytes = bytearray()
        while (item := self._next()) is not None:
            opcode, payload = item
            self.frames += 1
            if opcode == BINARY:
                media_bytes += payload
            else:
                self.events.append(item)
        return bytes(media_bytes)

    def close_code(self):
        """The code of the server's close frame; None before it, 1005 when it has no code."""
        for opcode, payload in self.events:
            if opcode == CLOSE:
                return struct.unpack(">H", payload[:2])[0] if len(payload) >= 2 else 1005
        return None

    def _next(self):
        if len(self._input) < 2:
            return None
        first, second = self._input[0], self._input[1]
        if second & 0x80:
            raise WsError("a server must not mask")
        if first & 0x70 or not first & 0x80:
            raise WsError(f"reserved bits or a fragment: {first:#x}")
        size, head = second & 0x7f, 2
        if size == 126:
            size, head = int.from_bytes(self._input[2:4], "big"), 4
        elif size == 127:
            size, head = int.from_bytes(self._input[2:10], "big"), 10
        if len(self._input) < head or len(self._input) < head + size:
            return None
        if (head == 4 and size < 126) or (head == 10 and size < 65536):
            raise WsError("a length that is not the shortest form")
        payload = bytes(self._input[head:head + size])
        del self._input[:head + size]
        return first & 0x0f, payload


class WebSocket:
    """A connection after its upgrade. Raises http.HttpError when the server did not upgrade."""

    def __init__(self, address, target, timeout=5.0, headers=None, reader=None):
        self.http = http.Connection(address, timeout)
        fields = upgrade_headers(**(headers or {}))
        self.http.request("GET", target, fields)
        self.response = self.http.read_response(head_only=True)
        self.reader = reader or FrameReader()
        if self.response.status == 101:
            wanted = accept_key(fields["Sec-WebSocket-Key"])
            if self.response.header("Sec-WebSocket-Accept") != wanted:
                raise WsError("wrong Sec-WebSocket-Accept")
            self.media = bytearray(self.reader.feed(self.http.pending()))

    def send(self, data):
        """Sends bytes as they are; a connection that the server has closed already is no error."""
        try:
            self.http.socket.settimeout(self.http.timeout)
            self.http.send(data)
            return True
        except OSError:
            return False

    def read_until(self, predicate, timeout=5.0):
        """Reads until predicate(self) holds or the server closes; True when it holds."""
        deadline = time.monotonic() + timeout
        while not predicate(self):
            left = deadline - time.monotonic()
            if left <= 0:
                return False
            self.http.socket.settimeout(left)
            try:
                data = self.http.socket.recv(65536)
            except OSError:
                return predicate(self)
            if not data:
                return predicate(self)
            self.media += self.reader.feed(data)
        return True

    def wait_close_code(self, timeout=5.0):
        """The code of the server's close frame, or None when there was none in time."""
        self.read_until(lambda ws: ws.reader.close_code() is not None, timeout)
        return self.reader.close_code()

    def close(self):
        """Drops the connection."""
        self.http.close()
