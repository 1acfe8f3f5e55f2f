# SPDX-License-Identifier: Apache-2.0
"""A viewer that reads an endless answer into memory and takes nothing apart: what decoders are given afterwards."""

from . import http
from .expect import equal


class Recorder:
    """Reads an endless answer into memory."""

    def __init__(self, address, target):
        self.http = http.Connection(address)
        self.http.request("GET", target, {"Host": "localhost"})
        self.response = self.http.read_response(head_only=True)
        equal(self.response.status, 200, f"GET {target}")
        self.chunked = http.Chunked()
        self.body = bytearray(self.chunked.feed(self.http.pending()))
        self.http.socket.setblocking(False)

    def poll(self):
        """What has come by now."""
        try:
            while data := self.http.socket.recv(65536):
                self.body += self.chunked.feed(data)
        except BlockingIOError:
            pass
        return len(self.body)

    def poll_end(self):
        """Whether the last chunk has come."""
        self.poll()
        return self.chunked.done
