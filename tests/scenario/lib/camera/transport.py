# SPDX-License-Identifier: Apache-2.0
"""How a track's packets leave the camera: interleaved, by UDP, by multicast. Each sink also hears what the peer sends back.

A plan's "interleaved_faults" are names or [name, argument]: crlf_before, foreign_channel, text_between, torn_text,
torn_packet, large_foreign. Its "udp_faults": no_rtcp_port (the peer's reports are refused by the kernel), wait_for_punch
(nothing is sent before the peer sent something), foreign_source (media come from a port that was not announced).
"""

import asyncio
import socket
import struct

TOO_MUCH_WAITING = 4 << 20
TEXT = b"RTSP/1.0 200 OK\r\nCSeq: 4294967295\r\n\r\n"


def pairs(entries):
    """{name: argument} of a list in a plan."""
    return {entry if isinstance(entry, str) else entry[0]: None if isinstance(entry, str) else entry[1]
            for entry in entries}


class Interleaved:
    """Frames in the RTSP connection."""

    kind = "tcp"

    def __init__(self, connection, channels, faults):
        self.connection, self.channels = connection, channels
        self.faults = pairs(faults)
        self._count = 0

    def rtp(self, data):
        """Sends an RTP packet, and what shall go wrong around it."""
        self._count += 1
        for name, argument in self.faults.items():
            if self._count % (argument or 7) == 0:
                self._disturb(name, data)
        self._frame(self.channels[0], data)

    def rtcp(self, data):
        """Sends an RTCP packet."""
        self._frame(self.channels[1], data)

    def _frame(self, channel, data):
        if len(data) < 65536:
            self.connection.send(struct.pack(">cBH", b"$", channel, len(data)) + data)

    def _disturb(self, name, data):
        if name == "crlf_before":
            self.connection.send(b"\r\n")
        elif name == "foreign_channel":
            self._frame(9, data)
        elif name == "large_foreign":
            self._frame(200, bytes(40000))
        elif name == "text_between":
            self.connection.send(TEXT)
        elif name == "torn_text":
            self.connection.send(b"SP/1.0 200 OK\r\nCSeq: 7\r\nSession: 1\r\n\r\n")
        elif name == "torn_packet":  # the tail of a packet whose head was lost
            self.connection.send(data[len(data) // 2:].replace(b"$", b"#"))
        else:
            raise ValueError(f"no such fault: {name}")

    def close(self):
        """Nothing of its own to close."""


class Udp:
    """A pair of UDP sockets."""

    kind = "udp"

    def __init__(self, peer, faults, on_back):
        self.peer, self.faults, self._on_back = peer, pairs(faults), on_back  # peer: (host, RTP port, RTCP port)
        self.media, self.control = port_pair(":" in peer[0])
        self.ports = self.media.getsockname()[1], self.control.getsockname()[1]
        self._sender = self.media
        self._punched = False
        loop = asyncio.get_running_loop()
        loop.add_reader(self.media, self._readable, self.media)
        if "no_rtcp_port" in self.faults:
            self.control.close()
        else:
            loop.add_reader(self.control, self._readable, self.control)
        if "foreign_source" in self.faults:
            self._sender, spare = port_pair(":" in peer[0])
            spare.close()

    def _readable(self, where):
        try:
            data, address = where.recvfrom(65536)
        except OSError:
            return
        if where is self.media:
            self._punched = True
            if "follow" in self.faults:
                self.peer = (address[0], address[1], self.peer[2])
        self._on_back("rtcp" if where is self.control else "punch", data)

    def _send(self, where, data, port):
        if "wait_for_punch" in self.faults and not self._punched:
            return
        try:
            where.sendto(data, (self.peer[0], port))
        except OSError:  # a peer that is gone is refused by the kernel; a camera does not care
            pass

    def rtp(self, data):
        """Sends an RTP packet."""
        self._send(self._sender, data, self.peer[1])

    def rtcp(self, data):
        """Sends an RTCP packet."""
        self._send(self._sender if "no_rtcp_port" in self.faults else self.control, data, self.peer[2])

    def close(self):
        """Gives the ports back."""
        loop = asyncio.get_running_loop()
        for one in {self.media, self.control, self._sender}:
            if one.fileno() >= 0:
                loop.remove_reader(one)
                one.close()


class Multicast:
    """Packets to a group, with a time to live of 0: they never leave the machine."""

    kind = "multicast"

    def __init__(self, group, port):
        self.group, self.port = group, port
        self.media = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
        self.media.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_TTL, 0)
        self.media.setsockopt(socket.IPPROTO_IP, socket.IP_MULTICAST_LOOP, 1)
        self.media.setblocking(False)

    def _send(self, data, port):
        try:
            self.media.sendto(data, (self.group, port))
        except OSError:
            pass

    def rtp(self, data):
        """Sends an RTP packet."""
        self._send(data, self.port)

    def rtcp(self, data):
        """Sends an RTCP packet."""
        self._send(data, self.port + 1)

    def close(self):
        """Gives the socket back."""
        self.media.close()


def port_pair(six=False):
    """Two UDP sockets on neighbouring ports, the lower one even."""
    family, host = (socket.AF_INET6, "::1") if six else (socket.AF_INET, "127.0.0.1")
    for _ in range(200):
        first, second = socket.socket(family, socket.SOCK_DGRAM), socket.socket(family, socket.SOCK_DGRAM)
        first.setsockopt(socket.SOL_SOCKET, socket.SO_SNDBUF, 1 << 20)
        try:
            first.bind((host, 0))
            port = first.getsockname()[1]
            if port % 2 == 0:
                second.bind((host, port + 1))
                first.setblocking(False)
                second.setblocking(False)
                return first, second
        except OSError:
            pass
        first.close()
        second.close()
    raise OSError("no pair of UDP ports is free")
