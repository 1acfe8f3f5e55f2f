# SPDX-License-Identifier: Apache-2.0
"""Access units to RTP payloads: RFC 6184, 7798, 3640, 6416, 2250, 2435, and the plain ones."""

import struct

from . import source


class Packet:
    """One RTP packet before it is written; faults change it."""

    __slots__ = ("payload", "marker", "timestamp", "payload_type", "sequence", "ssrc", "csrc", "extension", "padding",
                 "unit", "raw")

    def __init__(self, payload, marker=False):
        self.payload, self.marker = payload, marker
        self.timestamp = self.payload_type = self.sequence = self.ssrc = 0
        self.csrc, self.extension, self.padding = [], None, 0
        self.unit = None   # the access unit that it is of
        self.raw = None    # bytes to send in its place

    def bytes(self):
        """The packet as it goes on the wire."""
        if self.raw is not None:
            return self.raw
        first = 0x80 | (0x20 if self.padding else 0) | (0x10 if self.extension is not None else 0) | len(self.csrc)
        head = struct.pack(">BBHII", first, (0x80 if self.marker else 0) | self.payload_type, self.sequence & 0xffff,
                           self.timestamp & 0xffffffff, self.ssrc)
        head += b"".join(struct.pack(">I", one) for one in self.csrc)
        if self.extension is not None:
            profile, body = self.extension
            head += struct.pack(">HH", profile, len(body) // 4) + body
        tail = bytes(self.padding - 1) + bytes([self.padding]) if self.padding else b""
        return head + self.payload + tail


def video(track, unit):
    """H.264 and H.265 by the track's options: mode (auto, single, aggregate), mtu, donl."""
    h265 = track.source.encoding == "H265"
    mode, mtu = track.option("mode", "auto"), track.option("mtu", 1200)
    found, nals = [], list(unit.nals)
    while nals:
        nal = nals.pop(0)
        if mode == "aggregate" and nals and len(nal) + len(nals[0]) + 16 <= mtu:
            group = [nal, nals.pop(0)]
            while nals and sum(map(len, group)) + 4 * len(group) + len(nals[0]) + 8 <= mtu:
                group.append(nals.pop(0))
            found.append(_aggregate(group, h265, track.option("donl")))
        elif len(nal) > mtu and mode != "single":
            found += _fragments(nal, mtu, h265, track.option("donl"))
        else:
            found.append(nal[:2] + b"\0\0" + nal[2:] if h265 and track.option("donl") else nal)
    packets = [Packet(payload) for payload in found]
    if packets:
        packets[-1].marker = True
    return packets


def _aggregate(group, h265, donl):
    if not h265:
        head = bytes([max(nal[0] & 0x60 for nal in group) | 24])
    else:
        head = bytes([48 << 1, 1])
    body = b""
    for at, nal in enumerate(group):
        order = b"" if not donl else b"\0\0" if at == 0 else b"\0"
        body += order + struct.pack(">H", len(nal)) + nal
    return head + body


def _fragments(nal, mtu, h265, donl):
    header = 2 if h265 else 1
    body, pieces = nal[header:], []
    for at in range(0, len(body), mtu - 3):
        piece = body[at:at + mtu - 3]
        edge = (0x80 if at == 0 else 0) | (0x40 if at + len(piece) == len(body) else 0)
        if h265:
            head = bytes([nal[0] & 0x81 | 49 << 1, nal[1], edge | nal[0] >> 1 & 63]) + (b"\0\0" if donl and at == 0 else b"")
        else:
            head = bytes([nal[0] & 0xe0 | 28, edge | nal[0] & 31])
        pieces.append(head + piece)
    return pieces


def aac(track, unit):
    """AAC-hbr, one frame in a packet; in pieces when it is larger than the mtu."""
    body, mtu = unit.payload, track.option("mtu", 1200)
    head = struct.pack(">HH", 16, len(body) << 3)
    packets = [Packet(head + body[at:at + mtu]) for at in range(0, len(body), mtu)]
    packets[-1].marker = True
    return packets


def latm(_, unit):
    """One AudioMuxElement without configuration."""
    size = len(unit.payload)
    return [Packet(b"\xff" * (size // 255) + bytes([size % 255]) + unit.payload, True)]


def mpeg_audio(_, unit):
    """RFC 2250: four bytes in front."""
    return [Packet(b"\0\0\0\0" + unit.payload, True)]


def jpeg(track, unit):
    """RFC 2435 with the tables in band (Q 255)."""
    tables, scan, width, height = source.jpeg_parts(unit.payload)
    mtu, packets, at = track.option("mtu", 1200), [], 0
    wide, high = (min(value // 8, 255) for value in (track.option("width", width), track.option("height", height)))
    while at < len(scan):
        head = struct.pack(">BBHBBBB", 0, at >> 16, at & 0xffff, 1, 255, wide, high)
        if at == 0:
            head += struct.pack(">BBH", 0, 0, len(tables)) + tables
        packets.append(Packet(head + scan[at:at + mtu]))
        at += mtu
    packets[-1].marker = True
    return packets


def plain(track, unit):
    """The payload as it is; the marker says that talk begins."""
    return [Packet(unit.payload, unit.index == 0 or track.source.name == "opus")]


def packetize(track, unit):
    """RTP packets of an access unit, time stamps and numbers not yet in them."""
    makers = {"H264": video, "H265": video, "MPEG4-GENERIC": aac, "MP4A-LATM": latm, "MPA": mpeg_audio, "JPEG": jpeg}
    packets = makers.get(track.source.encoding, plain)(track, unit)
    for packet in packets:
        packet.unit = unit
    return packets
