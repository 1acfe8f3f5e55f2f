# SPDX-License-Identifier: Apache-2.0
"""Synthetic media: parameter sets that parse, and frames that carry their own number.

Nothing here can be decoded to a picture; it has the shape that a relay looks at. Every frame holds a magic word and a
running number, so that a viewer's frames can be told apart, counted and compared.
"""

import re
import struct

AUDIO, VIDEO, SCRIPT = 8, 9, 18
MAGIC = b"slcF"
_CAMERA_NUMBER = re.compile(rb"slcN([0-9a-f]{8})")  # of the fake camera's frames

# AAC LC, 44.1 kHz, stereo.
ASC = bytes.fromhex("1210")
AAC_FRAME_MS = 1024 * 1000 / 44100


class _Bits:
    """Bits, most significant first, with Exp-Golomb codes."""

    def __init__(self):
        self.text = ""

    def u(self, value, count):
        self.text += format(value, f"0{count}b")
        return self

    def ue(self, *values):
        for value in values:
            code = format(value + 1, "b")
            self.text += "0" * (len(code) - 1) + code
        return self

    def done(self):
        text = self.text + "1"
        text += "0" * (-len(text) % 8)
        return int(text, 2).to_bytes(len(text) // 8, "big")


def h264_sps(width=320, height=192):
    """A baseline sequence parameter set; both sizes are rounded up to 16 and cropped."""
    wide, high = (width + 15) // 16, (height + 15) // 16
    bits = _Bits().ue(0, 0, 2, 1).u(0, 1).ue(wide - 1, high - 1).u(0b11, 2)
    right, bottom = (wide * 16 - width) // 2, (high * 16 - height) // 2
    if right or bottom:
        bits.u(1, 1).ue(0, right, 0, bottom)
    else:
        bits.u(0, 1)
    return b"\x67\x42\xc0\x1e" + _escape(bits.u(0, 1).done())


def _escape(data):
    """Emulation prevention, as a NAL unit needs it."""
    out, zeros = bytearray(), 0
    for byte in data:
        if zeros >= 2 and byte <= 3:
            out.append(3)
            zeros = 0
        out.append(byte)
        zeros = zeros + 1 if byte == 0 else 0
    return bytes(out)


H264_PPS = bytes.fromhex("68ce3c80")


def avcc(width=320, height=192):
    """The decoder configuration record of an H.264 track."""
    sps = h264_sps(width, height)
    return (b"\x01" + sps[1:4] + b"\xff\xe1" + struct.pack(">H", len(sps)) + sps +
            b"\x01" + struct.pack(">H", len(H264_PPS)) + H264_PPS)


# hvcC of a 320x192 Main stream.
HVCC = bytes.fromhex(
    "0101600000009000000000003cf000fcfdf8f800000f03a00001001840010c01ffff0160000003009000000300000300"
    "3c959809a10001002a42010101600000030090000003000003003ca00a080c165959a4932bc05a020000030002000003"
    "003210a2000100074401c172b46240")


def numbered(number, size):
    """Payload bytes that carry their number; at least 8 bytes."""
    body = MAGIC + struct.pack(">I", number)
    return body + bytes([number & 0x7f | 0x80]) * max(0, size - len(body))


def number_in(body):
    """The number in a tag's body, or None where there is no numbered payload."""
    at = bytes(body[:40]).find(MAGIC)
    if at >= 0:
        return struct.unpack_from(">I", body, at + 4)[0]
    found = _CAMERA_NUMBER.search(bytes(body[:400]))
    return int(found[1], 16) if found else None


def nal(header, payload):
    """One NAL unit with its 4-byte length."""
    return struct.pack(">I", len(header) + len(payload)) + header + payload


def signed24(value):
    """A composition offset's three bytes."""
    return struct.pack(">i", value)[1:]


def avc_config(record=None):
    """Video message body: the AVC sequence header."""
    return b"\x17\x00\x00\x00\x00" + (avcc() if record is None else record)


def avc_frame(number, key, size=1000, offset=0):
    """Video message body: one AVC access unit."""
    unit = nal(b"\x65" if key else b"\x41", numbered(number, size))
    return (b"\x17" if key else b"\x27") + b"\x01" + signed24(offset) + unit


AVC_END = b"\x17\x02\x00\x00\x00"


def hevc_legacy_config(record=None):
    """Video message body: H.265 by codec id 12, sequence header."""
    return b"\x1c\x00\x00\x00\x00" + (HVCC if record is None else record)


def hevc_legacy_frame(number, key, size=1000, offset=0):
    """Video message body: H.265 by codec id 12, one access unit."""
    unit = nal(b"\x26\x01" if key else b"\x02\x01", numbered(number, size))
    return (b"\x1c" if key else b"\x2c") + b"\x01" + signed24(offset) + unit


def enhanced_video(packet_type, fourcc, body, key=True):
    """Video message body of enhanced RTMP."""
    return bytes([0x80 | (1 if key else 2) << 4 | packet_type]) + fourcc + body


def enhanced_audio(packet_type, fourcc, body):
    """Audio message body of enhanced RTMP, version 2."""
    return bytes([0x90 | packet_type]) + fourcc + body


def aac_config(record=ASC):
    """Audio message body: the AudioSpecificConfig."""
    return b"\xaf\x00" + record


def aac_frame(number, size=100):
    """Audio message body: one raw AAC frame."""
    return b"\xaf\x01" + numbered(number, size)


def metadata(**changes):
    """What a well-behaved encoder says in onMetaData; None removes a key."""
    values = {"width": 320.0, "height": 192.0, "framerate": 25.0, "videocodecid": 7.0, "audiocodecid": 10.0,
              "audiosamplerate": 44100.0, "audiosamplesize": 16.0, "stereo": True, "encoder": "scenario"}
    values.update(changes)
    return {key: value for key, value in values.items() if value is not None}


class Feed:
    """An endless source of (type, time stamp in ms, body), numbered per track and in time order."""

    def __init__(self, fps=25, gop=10, video=True, audio=True, size=1000, start_ms=0, first=0):
        self.fps, self.gop, self.video, self.audio, self.size = fps, gop, video, audio, size
        self.start_ms = start_ms
        self.first = first       # number of the first frame of each track
        self.video_frames = 0    # made so far
        self.audio_frames = 0
        self.audio_ms = AAC_FRAME_MS

    def config(self):
        """Bodies of the sequence headers that come before the first frame."""
        return ([(VIDEO, avc_config())] if self.video else []) + ([(AUDIO, aac_config())] if self.audio else [])

    def video_body(self, number, key):
        """The body of one video frame; other codecs override this."""
        return avc_frame(number, key, self.size)

    def audio_body(self, number):
        """The body of one audio frame; other codecs override this."""
        return aac_frame(number)

    def next(self):
        """The next frame in time order."""
        video_at = self.video_frames * 1000 / self.fps
        audio_at = self.audio_frames * self.audio_ms
        if self.video and (not self.audio or video_at <= audio_at):
            self.video_frames += 1
            index = self.video_frames - 1
            body = self.video_body(self.first + index, index % self.gop == 0)
            return VIDEO, self.start_ms + round(video_at), body
        self.audio_frames += 1
        return AUDIO, self.start_ms + round(audio_at), self.audio_body(self.first + self.audio_frames - 1)

    def take(self, milliseconds):
        """The frames of the next so many milliseconds of media."""
        begin, frames = self.position_ms(), []
        while self.position_ms() - begin < milliseconds:
            frames.append(self.next())
        return frames

    def position_ms(self):
        """How much media was made."""
        if self.video:
            return self.video_frames * 1000 / self.fps
        return self.audio_frames * self.audio_ms
