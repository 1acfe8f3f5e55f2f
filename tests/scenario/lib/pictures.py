# SPDX-License-Identifier: Apache-2.0
"""A Feed of the fake camera's media for RTMP publishers: pictures that decoders show, and that still carry their number."""

import re
import struct

from . import media
from .camera import source

MARK = re.compile(re.escape(source.UUID + source.MARK) + rb"([0-9a-f]{8})")  # of a picture, not of sound
MARK_BYTES = len(source.UUID) + 12
SIZES = {"h264": (320, 180), "h264_small": (160, 90), "h265": (320, 180)}


def mark(number):
    """What is found in every container that has this picture."""
    return source.UUID + source.number_text(number)


def _avcc(sps, pps):
    return (b"\x01" + sps[1:4] + b"\xff\xe1" + struct.pack(">H", len(sps)) + sps + b"\x01" + struct.pack(">H", len(pps)) + pps)


def _hvcc(sets):
    """ISO/IEC 14496-15, 8.3.3: profile, tier and level are those of the SPS, which stand in its first bytes."""
    plain = sets[1].replace(b"\0\0\3", b"\0\0")
    head = b"\x01" + plain[3:15] + bytes.fromhex("f000fcfdf8f800000f")
    return head + bytes([len(sets)]) + b"".join(
        bytes([0x80 | one[0] >> 1 & 63]) + struct.pack(">HH", 1, len(one)) + one for one in sets)


class PictureFeed(media.Feed):
    """video: a name of SIZES. sound: "aac", "g711" or None. Its GOP is the first `gop` pictures of the file, for ever."""

    def __init__(self, video, sound="aac", gop=25, **options):
        super().__init__(gop=gop, audio=sound is not None, **options)
        self.source, self.sound = source.make(video), sound
        self.width, self.height = SIZES[video]
        self._tone = source.make("pcma" if sound == "g711" else "aac")
        self.audio_ms = self._tone.step_s * 1000
        self._codec_id = 12 if self.source.encoding == "H265" else 7

    def config(self):
        """FLV's sequence headers; G.711 has none."""
        sets = self.source.sets
        record = _hvcc(sets) if self._codec_id == 12 else _avcc(*sets)
        video = bytes([0x10 | self._codec_id, 0, 0, 0, 0]) + record
        return [(media.VIDEO, video)] + ([(media.AUDIO, media.aac_config(self._tone.config))] if self.sound == "aac" else [])

    def video_body(self, number, key):
        """One access unit."""
        units = self.source.numbered((number - self.first) % self.gop, number)
        return bytes([(0x10 if key else 0x20) | self._codec_id, 1, 0, 0, 0]) + b"".join(media.nal(b"", unit) for unit in units)

    def audio_body(self, number):
        """One frame."""
        return (b"\x72" if self.sound == "g711" else b"\xaf\x01") + self._tone.unit(number).payload


def jpeg_size(data):
    """(width, height) by the frame's header."""
    at = 2
    while data[at + 1] not in (0xc0, 0xc2):
        at += 2 + int.from_bytes(data[at + 2:at + 4], "big")
    return int.from_bytes(data[at + 7:at + 9], "big"), int.from_bytes(data[at + 5:at + 7], "big")
