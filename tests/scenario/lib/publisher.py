# SPDX-License-Identifier: Apache-2.0
"""Publishers: an RTMP connection with a Feed of synthetic media."""

import threading
import time

from . import amf, handshake, media, rtmp
from .expect import Failure, check, wait_until


class Refused(Exception):
    """The node did not accept the publish."""


class Publisher:
    """Publishes one stream. After `open`, frames go out by `push` (at once) or `run` (paced, in a thread).

    stream: "server/camera". query is appended to the stream key, as encoders do with tokens.
    """

    def __init__(self, address, stream, feed=None, chunk_size=4096, query="", digest=None, source=None):
        self.address, self.stream, self.query = address, stream, query
        self.feed = feed or media.Feed()
        self.chunk_size, self.digest, self.source = chunk_size, digest, source
        self.connection = None
        self.stream_id = None
        self.sent_frames = 0
        self.error = None          # why the thread ended, when not by stop()
        self._thread = None
        self._stopping = threading.Event()

    def open(self, metadata=True, config=True):
        """Connects and publishes; raises Refused when the node says no."""
        connection = self.connection = rtmp.Connection(self.address, source=self.source)
        try:
            connection.handshake(None if self.digest is None else handshake.digest_c1(self.digest))
            server, camera = self.stream.rsplit("/", 1)
            connection.set_chunk_size(self.chunk_size)
            answer = connection.connect(server)
            if answer[0] != "_result":
                raise Refused(f"connect: {answer}")
            connection.command("releaseStream", None, camera + self.query)
            connection.command("FCPublish", None, camera + self.query)
            self.stream_id = self._create_stream()
            code = connection.publish(self.stream_id, camera + self.query)
        except (rtmp.RtmpError, OSError) as error:
            connection.close()
            raise Refused(str(error)) from None
        if code != "NetStream.Publish.Start":
            connection.close()
            raise Refused(code)
        if metadata:
            self.send_metadata()
        if config:
            self.send_config()
        return self

    def _create_stream(self):
        transaction = self.connection.command("createStream", None)
        while True:
            answer = self.connection.wait_command("_result", "_error")
            if answer[1] != transaction:
                continue  # an answer to releaseStream or FCPublish
            if answer[0] != "_result":
                raise Refused(f"createStream: {answer}")
            return int(answer[3])

    # Sending.

    def send(self, kind, timestamp, body):
        """One media message."""
        csid = {media.VIDEO: 6, media.AUDIO: 4}.get(kind, 5)
        self.connection.message(kind, body, timestamp & 0xffffffff, self.stream_id, csid)

    def send_metadata(self, values=None, marker="@setDataFrame"):
        """onMetaData, as most encoders send it."""
        body = amf.encode(marker) if marker else b""
        body += amf.encode_all("onMetaData", amf.EcmaArray(values or media.metadata()))
        self.send(media.SCRIPT, self.feed.start_ms, body)

    def send_config(self):
        """The feed's sequence headers."""
        for kind, body in self.feed.config():
            self.send(kind, self.feed.start_ms, body)

    def push(self, milliseconds):
        """Sends so much media as fast as the node takes it; returns the number of frames."""
        frames = self.feed.take(milliseconds)
        for kind, timestamp, body in frames:
            self.send(kind, timestamp, body)
        self.sent_frames += len(frames)
        return len(frames)

    def run(self, speed=1.0):
        """Sends at so many times real time in a thread, until stop() or kill()."""
        self._stopping.clear()
        self._thread = threading.Thread(target=self._paced, args=(speed,), daemon=True)
        self._thread.start()
        return self

    def _paced(self, speed):
        started, origin = time.monotonic(), self.feed.position_ms()
        try:
            while not self._stopping.is_set():
                kind, timestamp, body = self.feed.next()
                due = started + (self.feed.position_ms() - origin) / 1000 / speed
                self._stopping.wait(max(0.0, due - time.monotonic()))
                self.send(kind, timestamp, body)
                self.sent_frames += 1
        except (OSError, ValueError) as error:
            if not self._stopping.is_set():
                self.error = f"{type(error).__name__}: {error}"

    def wait_cut(self, timeout=10.0):
        """Waits until the node ends the connection."""
        if self._thread:
            wait_until(lambda: self.error or self.connection.is_closed(0.05), "publisher was not cut", timeout)
        else:
            check(self.connection.is_closed(timeout), "publisher was not cut")

    def drain(self):
        """Reads what the node has said meanwhile, without waiting."""
        try:
            while True:
                self.connection.read(0.001)
        except (TimeoutError, rtmp.RtmpError):
            pass
        return self.connection.messages

    # Ending.

    def _join(self):
        self._stopping.set()
        if self._thread:
            self._thread.join(5)
            if self._thread.is_alive():
                raise Failure("the publisher's thread hangs in a send")
            self._thread = None

    def pause(self):
        """Goes silent and keeps the connection."""
        self._join()

    def stop(self):
        """Ends as encoders do: FCUnpublish, deleteStream, close."""
        self._join()
        camera = self.stream.rsplit("/", 1)[1]
        try:
            self.connection.command("FCUnpublish", None, camera)
            self.connection.command("deleteStream", None, self.stream_id)
        except OSError:
            pass
        self.connection.close()

    def kill(self):
        """Ends by a reset, as after kill -9 of an encoder with unread data."""
        self._stopping.set()
        self.connection.reset()
        self._join()
