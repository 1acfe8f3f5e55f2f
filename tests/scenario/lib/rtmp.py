# SPDX-License-Identifier: Apache-2.0
"""An RTMP client that does what it is told: any chunk size, any header form, any bytes. For publishers see publisher.py."""

import socket
import struct
import time

from . import amf, handshake, tls

SET_CHUNK_SIZE, ABORT, ACK, USER_CONTROL, WINDOW_ACK, PEER_BANDWIDTH = 1, 2, 3, 4, 5, 6
AUDIO, VIDEO, DATA_AMF3, COMMAND_AMF3, DATA, COMMAND, AGGREGATE = 8, 9, 15, 17, 18, 20, 22


class RtmpError(Exception):
    """The server closed, or answered what it must not."""


class Message:
    """One message of the server."""

    def __init__(self, kind, stream_id, timestamp, body):
        self.type, self.stream_id, self.timestamp, self.body = kind, stream_id, timestamp, body

    def values(self):
        """The AMF0 values of a command."""
        return amf.decode_all(self.body)

    def __repr__(self):
        return f"<type {self.type} stream {self.stream_id} {bytes(self.body[:60])!r}>"


def basic_header(fmt, csid):
    """The one to three bytes before a chunk's message header."""
    if csid < 64:
        return bytes([fmt << 6 | csid])
    if csid < 320:
        return bytes([fmt << 6, csid - 64])
    return bytes([fmt << 6 | 1]) + struct.pack("<H", csid - 64)


def chunks(kind, body, timestamp=0, stream_id=0, csid=3, size=128, fmt=0, extended_on_type3=True, announced=None):
    """One message as a list of chunks. `announced` lies about the message's length."""
    field = min(timestamp, 0xffffff)
    extended = struct.pack(">I", timestamp) if timestamp >= 0xffffff else b""
    length = len(body) if announced is None else announced
    head = basic_header(fmt, csid)
    if fmt < 3:
        head += struct.pack(">I", field)[1:]
    if fmt < 2:
        head += struct.pack(">I", length)[1:] + bytes([kind])
    if fmt == 0:
        head += struct.pack("<I", stream_id)
    result = [head + extended + body[:size]]
    again = basic_header(3, csid) + (extended if extended_on_type3 else b"")
    result += [again + body[at:at + size] for at in range(size, len(body), size)]
    return result


class _ChunkReader:
    """Reads a server's chunks, in any pieces."""

    def __init__(self):
        self.size = 128
        self._headers = {}   # csid -> (time stamp, length, type, stream id, has an extended time stamp)
        self._partial = {}   # csid -> the bytes so far of a message that is not whole
        self._input = bytearray()

    def feed(self, data):
        """Takes bytes."""
        self._input += data

    def next(self):
        """The next whole message, or None."""
        while (taken := self._take_chunk()) is not None:
            if taken:
                return taken
        return None

    def _take_chunk(self):
        """A message when the chunk completed one, False when not, None when the chunk is not whole yet."""
        data = self._input
        if len(data) < 3:
            return None
        fmt, csid, at = data[0] >> 6, data[0] & 0x3f, 1
        if csid == 0:
            csid, at = data[1] + 64, 2
        elif csid == 1:
            csid, at = data[1] + data[2] * 256 + 64, 3
        header, at = self._parse_header(fmt, csid, at)
        partial = self._partial.setdefault(csid, bytearray())
        end = at + min(self.size, header[1] - len(partial)) if header else 0
        if not header or len(data) < end:
            return None
        self._headers[csid] = header
        partial += data[at:end]
        del data[:end]
        if len(partial) < header[1]:
            return False
        return self._whole(header, self._partial.pop(csid))

    def _parse_header(self, fmt, csid, at):
        """The chunk's header and where its payload begins; no header when bytes are missing."""
        data, need = self._input, (11, 7, 3, 0)[fmt]
        if len(data) < at + need:
            return None, at
        timestamp, length, kind, stream_id, extended = self._headers.get(csid, (0, 0, 0, 0, False))
        if fmt < 3:
            timestamp = int.from_bytes(data[at:at + 3], "big")
            extended = timestamp == 0xffffff
        if fmt < 2:
            length, kind = int.from_bytes(data[at + 3:at + 6], "big"), data[at + 6]
        if fmt == 0:
            stream_id = struct.unpack_from("<I", data, at + 7)[0]
        at += need
        if extended:
            if len(data) < at + 4:
                return None, at
            timestamp = int.from_bytes(data[at:at + 4], "big")
            at += 4
        return (timestamp, length, kind, stream_id, extended), at

    def _whole(self, header, body):
        timestamp, _, kind, stream_id, _ = header
        message = Message(kind, stream_id, timestamp, bytes(body))
        if kind == SET_CHUNK_SIZE:
            self.size = struct.unpack(">I", message.body)[0]
        return message


class Connection:
    """A TCP connection to an RTMP server, before or after the handshake. Usable as a context manager."""

    def __init__(self, address, timeout=5.0, source=None):
        self.socket = tls.connect(address, timeout, source)
        self.socket.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        self.timeout = timeout
        self.chunk_size = 128          # of what we send
        self.extended_on_type3 = True
        self.received = 0              # bytes after the handshake
        self.messages = []             # everything the server said
        self._reader = _ChunkReader()
        self._transaction = 0

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.close()

    def close(self):
        """Closes the connection."""
        self.socket.close()

    def reset(self):
        """Closes it by a reset, as a killed peer's kernel may."""
        self.socket.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
        self.socket.close()

    def send(self, data):
        """Sends bytes as they are."""
        self.socket.settimeout(self.timeout)
        self.socket.sendall(data)

    # Handshake.

    def handshake(self, c1=None, piece=None):
        """C0 to C2; returns (c1, s1, s2). `piece` sends in pieces of so many bytes."""
        c1 = c1 or handshake.simple_c1()
        self._send_pieces(b"\x03" + c1, piece)
        answer = self.exactly(1 + 2 * handshake.SIZE)
        if answer[0] != 3:
            raise RtmpError(f"S0 is {answer[0]}")
        s1, s2 = answer[1:1 + handshake.SIZE], answer[1 + handshake.SIZE:]
        self._send_pieces(s1, piece)
        return c1, s1, s2

    def _send_pieces(self, data, piece):
        for at in range(0, len(data), piece or len(data)):
            self.send(data[at:at + (piece or len(data))])

    def exactly(self, count):
        """Reads so many bytes, before messages begin."""
        data = bytearray()
        self.socket.settimeout(self.timeout)
        while len(data) < count:
            more = self.socket.recv(count - len(data))
            if not more:
                raise RtmpError("closed in the handshake")
            data += more
        return bytes(data)

    # Messages.

    def message(self, kind, body, timestamp=0, stream_id=0, csid=3, fmt=0):
        """Sends one message."""
        self.send(b"".join(chunks(kind, body, timestamp, stream_id, csid, self.chunk_size, fmt,
                                  self.extended_on_type3)))

    def set_chunk_size(self, size):
        """Tells the server our chunk size, and uses it from now on."""
        self.message(SET_CHUNK_SIZE, struct.pack(">I", size), csid=2)
        self.chunk_size = size

    def command(self, name, *arguments, transaction=None, stream_id=0, csid=3):
        """Sends an AMF0 command; returns its transaction id. The command object is the first argument."""
        if transaction is None:
            self._transaction += 1
            transaction = self._transaction
        self.message(COMMAND, amf.encode_all(name, transaction, *arguments), stream_id=stream_id, csid=csid)
        return transaction

    def read(self, timeout=None):
        """The server's next message; raises TimeoutError or RtmpError."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while (message := self._reader.next()) is None:
            left = deadline - time.monotonic()
            if left <= 0:
                raise TimeoutError("no message from the server")
            self.socket.settimeout(left)
            try:
                data = self.socket.recv(65536)
            except ConnectionError as error:
                raise RtmpError(f"connection: {error}") from None
            if not data:
                raise RtmpError("the server closed the connection")
            self.received += len(data)
            self._reader.feed(data)
        self.messages.append(message)
        return message

    def wait_for(self, predicate, timeout=None):
        """Reads until a message fits, and returns it."""
        deadline = time.monotonic() + (self.timeout if timeout is None else timeout)
        while True:
            message = self.read(max(0.001, deadline - time.monotonic()))
            if predicate(message):
                return message

    def wait_command(self, *names, timeout=None):
        """The values of the next command with one of these names."""
        fits = lambda m: m.type == COMMAND and m.values()[0] in names
        return self.wait_for(fits, timeout).values()

    def is_closed(self, timeout=3.0):
        """True when the server closes within the time; its messages are read and kept."""
        deadline = time.monotonic() + timeout
        try:
            while True:
                self.read(max(0.001, deadline - time.monotonic()))
        except TimeoutError:
            return False
        except (RtmpError, OSError):
            return True

    # The usual conversation.

    def connect(self, app, **properties):
        """connect; returns the values of the answer."""
        known = {"app": app, "type": "nonprivate", "flashVer": "FMLE/3.0 (compatible; scenario)",
                 "tcUrl": f"rtmp://127.0.0.1/{app}"}
        known.update(properties)
        self.command("connect", known)
        return self.wait_command("_result", "_error")

    def create_stream(self):
        """createStream; returns the stream's id."""
        transaction = self.command("createStream", None)
        answer = self.wait_command("_result", "_error")
        if answer[0] != "_result" or answer[1] != transaction:
            raise RtmpError(f"createStream: {answer}")
        return int(answer[3])

    def publish(self, stream_id, name, kind="live"):
        """publish; returns the code of the answer, "NetStream.Publish.Start" when all is well."""
        self.command("publish", None, name, kind, stream_id=stream_id, csid=8)
        return self.wait_command("onStatus", "_error")[3]["code"]
