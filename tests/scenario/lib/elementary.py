# SPDX-License-Identifier: Apache-2.0
"""FLV tags to files that any decoder takes: H.264 and H.265 as Annex B, Opus as Ogg. Decoders that do not know enhanced FLV,
or H.265 in FLV at all, judge the media by them."""

import struct

from . import media
from .camera.judge import nal_units


def _hvcc_sets(record):
    """The parameter sets of an hvcC record."""
    at, found = 23, []
    for _ in range(record[22]):
        count = struct.unpack_from(">H", record, at + 1)[0]
        at += 3
        for _ in range(count):
            size = struct.unpack_from(">H", record, at)[0]
            found.append(record[at + 2:at + 2 + size])
            at += 2 + size
    return found


def _avcc_sets(record):
    """The parameter sets of an avcC record with one SPS and one PPS."""
    size = struct.unpack_from(">H", record, 6)[0]
    return [record[8:8 + size], record[11 + size:]]


def h264(tags):
    """Annex B of all H.264 tags."""
    return _annexb(tags, _avcc_sets)


def h265(tags):
    """Annex B of all H.265 tags, whose header may be the enhanced one or the old one."""
    return _annexb(tags, _hvcc_sets)


def _annexb(tags, sets_of):
    out = bytearray()
    for tag in tags:
        if tag.type != media.VIDEO:
            continue
        if tag.is_config:
            out += b"".join(b"\0\0\0\1" + one for one in sets_of(tag.body[5:]))
        elif tag.is_frame:
            out += b"".join(b"\0\0\0\1" + one for one in nal_units(tag))
    return bytes(out)


def _ogg_crc(data):
    value = 0
    for byte in data:
        value ^= byte << 24
        for _ in range(8):
            value = (value << 1 ^ 0x04c11db7) & 0xffffffff if value & 0x80000000 else value << 1
    return value


def _ogg_page(packet, number, flags, position):
    lacing = b"\xff" * (len(packet) // 255) + bytes([len(packet) % 255])
    head = struct.pack("<4sBBqIIIB", b"OggS", 0, flags, position, 1, number, 0, len(lacing)) + lacing
    crc = _ogg_crc(head + packet)
    return head[:22] + struct.pack("<I", crc) + head[26:] + packet


def opus(tags, step=960):
    """An Ogg file of all Opus tags, each of them `step` samples long."""
    config = next((tag.body[5:] for tag in tags if tag.type == media.AUDIO and tag.is_config), b"")
    frames = [tag.body[5:] for tag in tags if tag.type == media.AUDIO and tag.is_frame]
    head = config if config[:8] == b"OpusHead" else b"OpusHead\x01\x02\0\0\x80\xbb\0\0\0\0\0"
    pages = [_ogg_page(head, 0, 2, 0), _ogg_page(b"OpusTags" + struct.pack("<II", 0, 0), 1, 0, 0)]
    for at, frame in enumerate(frames):
        pages.append(_ogg_page(bytes(frame), at + 2, 4 if at + 1 == len(frames) else 0, (at + 1) * step))
    return b"".join(pages)
