# SPDX-License-Identifier: Apache-2.0
"""A name server that answers as it is told: not at all, with an error, with far too much. UDP and TCP on one port
(RFC 1035). Runs in threads of its own; addresses are IPv4.
"""

import socket
import struct
import threading

SERVFAIL, NXDOMAIN = 2, 3
TYPE_A = 1
LARGEST_DATAGRAM = 512


class NameServer:
    """zone: name -> a list of addresses, an error's number, or None for silence. Names that are not there are silent."""

    def __init__(self, zone):
        self.zone, self.asked = zone, {}
        self._udp = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self._udp.bind(("127.0.0.1", 0))
        self.port = self._udp.getsockname()[1]
        self._tcp = socket.create_server(("127.0.0.1", self.port))
        for serve in (self._serve_udp, self._serve_tcp):
            threading.Thread(target=serve, daemon=True).start()

    @property
    def address(self):
        """As node.resolvers wants it."""
        return f"127.0.0.1:{self.port}"

    def close(self):
        """No answers from now on."""
        self._udp.close()
        self._tcp.close()

    def _serve_udp(self):
        while True:
            try:
                query, peer = self._udp.recvfrom(4096)
            except OSError:
                return
            answer = self._answer(query, LARGEST_DATAGRAM)
            if answer:
                self._udp.sendto(answer, peer)

    def _serve_tcp(self):
        while True:
            try:
                connection, _ = self._tcp.accept()
            except OSError:
                return
            threading.Thread(target=self._serve_connection, args=(connection,), daemon=True).start()

    def _serve_connection(self, connection):
        with connection, connection.makefile("rb") as stream:
            while True:
                head = stream.read(2)
                if len(head) < 2:
                    return
                answer = self._answer(stream.read(struct.unpack(">H", head)[0]), 65535)
                if answer:
                    connection.sendall(struct.pack(">H", len(answer)) + answer)

    def _answer(self, query, limit):
        name, kind, end = _question(query)
        self.asked[name] = self.asked.get(name, 0) + 1
        found = self.zone.get(name)
        if found is None:
            return None
        question = query[12:end]
        if isinstance(found, int):
            return query[:2] + struct.pack(">HHHHH", 0x8180 | found, 1, 0, 0, 0) + question
        records = [] if kind != TYPE_A else [
            b"\xc0\x0c" + struct.pack(">HHIH", TYPE_A, 1, 0, 4) + socket.inet_aton(address) for address in found]
        body = b"".join(records)
        if 12 + len(question) + len(body) > limit:  # truncated: ask again by TCP
            return query[:2] + struct.pack(">HHHHH", 0x8380, 1, 0, 0, 0) + question
        return query[:2] + struct.pack(">HHHHH", 0x8180, 1, len(records), 0, 0) + question + body


def _question(query):
    """Name, type, and where the question ends."""
    labels, at = [], 12
    while query[at]:
        labels.append(query[at + 1:at + 1 + query[at]].decode("ascii", "replace"))
        at += 1 + query[at]
    return ".".join(labels).lower(), struct.unpack(">H", query[at + 1:at + 3])[0], at + 5
