# SPDX-License-Identifier: Apache-2.0
"""A client of WS-fMP4: keeps what comes as messages in their order, and takes the boxes of media apart."""

import json
import struct

from . import ws
from .expect import check, equal


def boxes(data):
    """[(type, body)] of bytes that whole boxes fill exactly."""
    found, at = [], 0
    while at < len(data):
        check(len(data) - at >= 8, f"{len(data) - at} bytes behind the last box")
        size = struct.unpack_from(">I", data, at)[0]
        check(8 <= size <= len(data) - at, f"a box of {size} bytes where {len(data) - at} are left")
        found.append((data[at + 4:at + 8].decode("latin-1"), data[at + 8:at + size]))
        at += size
    return found


def layout(data):
    """"ftyp moov", "moof mdat moof mdat"."""
    return " ".join(kind for kind, _ in boxes(data))


class _Reader(ws.FrameReader):
    """Keeps all messages in one list."""

    def __init__(self):
        super().__init__()
        self.messages = []

    def feed(self, data):
        self._input += data
        while (item := self._next()) is not None:
            self.messages.append(item)
            if item[0] != ws.BINARY:
                self.events.append(item)
        return b""


class Client(ws.WebSocket):
    """Connects at once. `say` sends a command; everything that came is in `messages`: (opcode, payload)."""

    def __init__(self, address, target, timeout=5.0):
        super().__init__(address, target, timeout, reader=_Reader())
        equal(self.response.status, 101, f"upgrade of {target}")

    @property
    def messages(self):
        """All of them."""
        return self.reader.messages

    def say(self, command):
        """A command as an object, or any text."""
        text = command if isinstance(command, str) else json.dumps(command)
        self.send(ws.frame(ws.TEXT, text.encode()))

    def texts(self):
        """The node's words, as objects."""
        return [json.loads(payload) for opcode, payload in self.messages if opcode == ws.TEXT]

    def binaries(self):
        """The binary messages."""
        return [payload for opcode, payload in self.messages if opcode == ws.BINARY]

    def fragments(self):
        """How many came."""
        return sum(layout(message).count("moof") for message in self.binaries())

    def runs(self):
        """The media, cut before each init segment: what a page gives to MediaSource in turn."""
        found = []
        for message in self.binaries():
            if layout(message) == "ftyp moov":
                found.append(bytearray())
            found[-1] += message
        return found
