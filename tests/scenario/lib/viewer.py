# SPDX-License-Identifier: Apache-2.0
"""Viewers of HTTP-FLV and WS-FLV. One background thread reads for all of them, so a crowd costs no thread each."""

import selectors
import socket
import ssl
import struct
import threading
import time

from . import flv, http, tls, ws
from .expect import check, wait_until


class _Pump:
    """The thread that reads. Started on first use, one per process."""

    _instance = None
    _guard = threading.Lock()  # contended by tests that make viewers from several threads

    def __init__(self):
        self._selector = selectors.DefaultSelector()
        self._lock = threading.Lock()  # the selector, shared by the pump and by the threads that add viewers
        self._wake, wake_reader = socket.socketpair()
        wake_reader.setblocking(False)
        self._selector.register(wake_reader, selectors.EVENT_READ, None)
        threading.Thread(target=self._run, args=(wake_reader,), daemon=True).start()

    @classmethod
    def get(cls):
        with cls._guard:
            if cls._instance is None:
                cls._instance = cls()
            return cls._instance

    def add(self, viewer):
        with self._lock:
            self._selector.register(viewer.socket, selectors.EVENT_READ, viewer)
        self._wake.send(b"x")

    def remove(self, viewer):
        with self._lock:
            try:
                self._selector.unregister(viewer.socket)
            except (KeyError, ValueError):
                pass

    def _run(self, wake_reader):
        while True:
            for key, _ in self._selector.select(0.2):
                if key.data is None:
                    wake_reader.recv(4096)
                elif not key.data.on_readable():
                    self.remove(key.data)


class Viewer:
    """One viewer. Everything read is parsed as it comes; a test looks at `status`, `tags`, `closed`, `error`.

    transport: "http" or "ws". receive_buffer: a small SO_RCVBUF for viewers that shall be slow. reading=False makes
    a viewer that asks and then never reads.
    """

    def __init__(self, address, target, transport="http", receive_buffer=None, reading=True, headers=None):
        self.transport = transport
        self.socket = self._open(address, receive_buffer)
        self.response = None
        self.reader = flv.FlvReader()
        self.raw = bytearray()      # decoded FLV bytes, as the player gets them
        self.received = 0           # bytes off the socket
        self.closed = False
        self.ended_cleanly = False  # last chunk or close frame was seen
        self.error = None
        self.first_byte_at = None
        self.first_frame_at = None
        self._head = bytearray()
        self._decoder = ws.FrameReader() if transport == "ws" else None
        self.started_at = time.monotonic()
        self._send_request(target, headers or {})
        if reading:
            self.resume()

    @staticmethod
    def _open(address, receive_buffer):
        family = socket.AF_INET6 if ":" in address[0] else socket.AF_INET
        connection = socket.socket(family, socket.SOCK_STREAM)
        if receive_buffer:
            connection.setsockopt(socket.SOL_SOCKET, socket.SO_RCVBUF, receive_buffer)
        connection.settimeout(5)
        connection.connect(address)
        connection.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
        return tls.wrap(connection, address)

    def _send_request(self, target, headers):
        fields = ws.upgrade_headers() if self.transport == "ws" else {"Host": "localhost"}
        fields.update(headers)
        head = f"GET {target} HTTP/1.1\r\n" + "".join(f"{k}: {v}\r\n" for k, v in fields.items())
        self.socket.sendall(head.encode() + b"\r\n")
        self.socket.setblocking(False)

    # Called by the pump's thread.

    def on_readable(self):
        """Reads what there is; False when there is nothing more to come."""
        while True:
            if not self._read_once():
                return False
            # What TLS has decrypted already makes nothing readable.
            if not isinstance(self.socket, ssl.SSLSocket) or self.socket.pending() == 0:
                return True

    def _read_once(self):
        try:
            data = self.socket.recv(262144)
        except (BlockingIOError, InterruptedError, ssl.SSLWantReadError):
            return True
        except OSError as error:
            self.error = self.error or f"connection: {error}"
            self.closed = True
            return False
        if not data:
            self.closed = True
            return False
        if self.first_byte_at is None:
            self.first_byte_at = time.monotonic()
        self.received += len(data)
        try:
            self._take(data)
        except (flv.FlvError, http.HttpError, ws.WsError, ValueError, IndexError, struct.error) as error:
            self.error = f"{type(error).__name__}: {error}"
            self.closed = True
            return False
        return True

    def _take(self, data):
        if self.response is None:
            self._head += data
            end = self._head.find(b"\r\n\r\n")
            if end < 0:
                return
            data = bytes(self._head[end + 4:])
            response = http.parse_head(bytes(self._head[:end + 2]))
            self._begin(response)
            self.response = response
        if self.status not in (200, 101):
            self.response.body += data
            return
        payload = self._decoder.feed(data) if self._decoder else data
        self._note_end()
        if payload:
            self.raw += payload
            self.reader.feed(payload)
            if self.first_frame_at is None and any(tag.is_frame for tag in self.reader.tags):
                self.first_frame_at = time.monotonic()

    def _begin(self, response):
        if response.status == 200 and (response.header("Transfer-Encoding") or "").lower() == "chunked":
            self._decoder = http.Chunked()

    def _note_end(self):
        if isinstance(self._decoder, http.Chunked):
            self.ended_cleanly = self._decoder.done
        elif isinstance(self._decoder, ws.FrameReader):
            self.ended_cleanly = self._decoder.close_code() is not None

    # For the tests.

    @property
    def status(self):
        """The answer's status code, None before it came."""
        return self.response.status if self.response else None

    @property
    def tags(self):
        """The FLV tags so far; a copy, so that it does not grow while it is looked at."""
        return list(self.reader.tags)

    def frames(self, kind=None):
        """The media frames so far."""
        return flv.frames(self.tags, kind)

    def pause(self):
        """Stops reading; the kernel's buffers fill up and then the node's sends are refused."""
        _Pump.get().remove(self)

    def resume(self):
        """Reads (again)."""
        _Pump.get().add(self)

    def close(self):
        """Goes away without a word."""
        _Pump.get().remove(self)
        self.socket.close()
        self.closed = True

    def close_reason(self):
        """The close code of a WebSocket, None otherwise."""
        return self._decoder.close_code() if isinstance(self._decoder, ws.FrameReader) else None

    def wait_status(self, status=None, timeout=5.0):
        """Waits for the answer's head, and checks the status."""
        wait_until(lambda: self.response or self.closed, "no answer to the viewer", timeout)
        if status is None:
            status = 101 if self.transport == "ws" else 200
        check(self.status == status, f"viewer's status: expected {status}, got {self.status} ({self.error})")
        return self

    def wait_status_any(self, timeout=5.0):
        """Waits for the answer's head and returns its status."""
        wait_until(lambda: self.response or self.closed, "no answer to the viewer", timeout)
        return self.status

    def wait_frames(self, count, timeout=10.0, kind=None):
        """Waits until so many media frames came."""
        wait_until(lambda: len(self.frames(kind)) >= count or self.error or self.closed,
                   lambda: f"{count} frames: {self.describe()}", timeout)
        check(len(self.frames(kind)) >= count, f"{count} frames: {self.describe()}")
        return self

    def wait_more(self, count, timeout=10.0, kind=None):
        """Waits for so many frames more than there are now."""
        return self.wait_frames(len(self.frames(kind)) + count, timeout, kind)

    def wait_closed(self, timeout=10.0):
        """Waits until the node ends the connection."""
        wait_until(lambda: self.closed, lambda: f"viewer was not closed: {self.describe()}", timeout)
        return self

    def check_ok(self):
        """No error so far and still connected."""
        check(not self.error, f"viewer: {self.error}")
        check(not self.closed, f"viewer was closed: {self.describe()}")
        return self

    def describe(self):
        """One line for messages."""
        return (f"status {self.status}, {len(self.reader.tags)} tags, {self.received} bytes, "
                f"closed {self.closed}, error {self.error}, last {self.reader.tags[-3:]}")


def crowd(count, address, target, transport="http", timeout=20.0):
    """So many viewers of one target, each of them past its first frame."""
    viewers = [Viewer(address, target, transport) for _ in range(count)]
    for viewer in viewers:
        viewer.wait_frames(1, timeout)
    return viewers


def attend(node, publisher, transport="http"):
    """A viewer that has the publisher's very first frame: the feed's next frame is sent, and the viewer waits for it."""
    publisher.push(1)
    return Viewer(node.http, f"/{publisher.stream}.flv", transport).wait_frames(1)
