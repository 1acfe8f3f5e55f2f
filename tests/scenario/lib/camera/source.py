# SPDX-License-Identifier: Apache-2.0
"""The media of a camera: real access units from tests/fixtures/camera, endless, each with its running number in it.

Video carries the number in an SEI message, AAC in a data stream element, PCM and its kin at the beginning of each packet:
decoders pass over it, and a viewer's frames can be counted. Opus, MP3 and JPEG are known by their bytes.
"""

import base64
import functools
import os
import struct

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "..", "fixtures", "camera")
MARK = b"slcN"
UUID = b"sluice test cam#"


def number_text(number):
    """Twelve bytes that carry a number, free of anything that a NAL unit would have to escape."""
    return MARK + b"%08x" % number


def _read(name):
    with open(os.path.join(FOLDER, name), "rb") as file:
        return file.read()


def split_annexb(data):
    """The NAL units between start codes."""
    units, at = [], data.find(b"\0\0\1")
    while at >= 0:
        after = data.find(b"\0\0\1", at + 3)
        unit = data[at + 3:after if after >= 0 else len(data)].rstrip(b"\0")
        if unit:
            units.append(unit)
        at = after
    return units


class Unit:
    """An access unit: NAL units, or one payload. Times are in seconds since the first one."""

    __slots__ = ("index", "key", "nals", "payload", "at_s", "pts_s", "duration_s")

    def __init__(self, index, at_s, duration_s, payload=b""):
        self.index, self.at_s, self.pts_s, self.duration_s = index, at_s, at_s, duration_s
        self.key, self.nals, self.payload = True, [], payload


class Video:
    """H.264 or H.265 from an Annex B file with access unit delimiters."""

    kind, clock_rate, channels, step_s = "video", 90000, 0, 0.04
    parameter_types = {"H264": (7, 8), "H265": (32, 33, 34)}

    def __init__(self, name):
        self.name = name
        self.encoding = "H265" if name.startswith("h265") else "H264"
        self._pictures, self._sets = _pictures(name, self.encoding)
        self._order = _order(name, len(self._pictures))

    def nal_type(self, unit):
        """The type of a NAL unit."""
        return unit[0] >> 1 & 63 if self.encoding == "H265" else unit[0] & 31

    @property
    def sets(self):
        """The parameter sets, in order."""
        return list(self._sets)

    def unit(self, index):
        """The access unit with this running number."""
        place = index % len(self._pictures)
        found = Unit(index, index * self.step_s, self.step_s)
        found.key = self._pictures[place][0]
        found.pts_s = (index - place + self._order[place]) * self.step_s
        found.nals = (self.sets if found.key else []) + self.numbered(place, index)
        return found

    def numbered(self, place, number):
        """The picture at a place of the file, as NAL units without parameter sets, with that number in front."""
        body = b"\x05" + bytes([28]) + UUID + number_text(number) + b"\x80"
        return [(b"\x4e\x01" if self.encoding == "H265" else b"\x06") + body] + list(self._pictures[place][1])

    def format_parameters(self):
        """What an honest a=fmtp says."""
        text = [base64.b64encode(unit).decode() for unit in self._sets]
        if self.encoding == "H265":
            return "sprop-vps=%s;sprop-sps=%s;sprop-pps=%s" % tuple(text[:3])
        return "packetization-mode=1;profile-level-id=%s;sprop-parameter-sets=%s" % (
            self._sets[0][1:4].hex().upper(), ",".join(text))


@functools.lru_cache(None)
def _pictures(name, encoding):
    h265 = encoding == "H265"
    delimiter = 35 if h265 else 9
    wanted = Video.parameter_types[encoding]
    pictures, sets = [], {}
    for unit in split_annexb(_read(name + (".h265" if h265 else ".h264"))):
        kind = unit[0] >> 1 & 63 if h265 else unit[0] & 31
        if kind == delimiter:
            pictures.append([False, []])
        elif kind in wanted:
            sets.setdefault(kind, unit)
        elif h265 and kind < 32 or not h265 and kind in (1, 5):
            pictures[-1][0] = pictures[-1][0] or (16 <= kind <= 21 if h265 else kind == 5)
            pictures[-1][1].append(unit)
    return pictures, [sets[kind] for kind in wanted]


def _order(name, count):
    try:
        return [int(word) for word in _read(name + ".order").split()]
    except FileNotFoundError:
        return list(range(count))


class Frames:
    """Audio whose frames are taken from a file."""

    kind, channels = "audio", 1

    def __init__(self, frames, step_s):
        self._frames, self.step_s = frames, step_s

    def unit(self, index):
        """The frame with this running number."""
        return Unit(index, index * self.step_s, self.step_s, self.body(index))

    def body(self, index):
        """Its payload."""
        return self._frames[index % len(self._frames)]

    def index_of(self, payload):
        """Where in the file a payload stands, or None."""
        try:
            return self._frames.index(bytes(payload))
        except ValueError:
            return None

    def __len__(self):
        return len(self._frames)


class Aac(Frames):
    """AAC LC, mono, 44.1 kHz; the number stands in a data stream element in front of the frame."""

    name, encoding, clock_rate, config = "aac", "MPEG4-GENERIC", 44100, bytes.fromhex("1208")

    def __init__(self):
        super().__init__(_adts_frames(), 1024 / 44100)

    def body(self, index):
        return b"\x81\x0c" + number_text(index) + super().body(index)

    def format_parameters(self):
        """RFC 3640, AAC-hbr."""
        return ("profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3;config=" +
                self.config.hex().upper())


class Latm(Aac):
    """The same as MP4A-LATM, its configuration in the SDP."""

    name, encoding = "latm", "MP4A-LATM"

    def format_parameters(self):
        """RFC 6416: StreamMuxConfig of one program, one layer, frame length type 0."""
        bits = "0" + "1" + "000000" + "0000" + "000" + format(int.from_bytes(self.config, "big"), "016b")
        bits += "000" + "11111111" + "0" + "0"
        bits += "0" * (-len(bits) % 8)
        return "profile-level-id=15;object=2;cpresent=0;config=" + int(bits, 2).to_bytes(len(bits) // 8, "big").hex().upper()


@functools.lru_cache(None)
def _adts_frames():
    data, frames, at = _read("aac.adts"), [], 0
    while at + 7 <= len(data):
        size = (data[at + 3] & 3) << 11 | data[at + 4] << 3 | data[at + 5] >> 5
        frames.append(data[at + (7 if data[at + 1] & 1 else 9):at + size])
        at += size
    return frames


def adts_header(size):
    """The ADTS header of a frame of so many bytes: LC, 44.1 kHz, mono."""
    size += 7
    return bytes([0xff, 0xf1, 0x50, 0x40 | size >> 11, size >> 3 & 255, (size & 7) << 5 | 0x1f, 0xfc])


class Opus(Frames):
    """Opus in 20 ms frames."""

    name, encoding, clock_rate, channels = "opus", "opus", 48000, 2

    def __init__(self):
        super().__init__(_ogg_packets("opus.ogg")[2:], 0.02)

    def format_parameters(self):
        """RFC 7587."""
        return "sprop-stereo=1;stereo=1"


@functools.lru_cache(None)
def _ogg_packets(name):
    data, packets, open_packet, at = _read(name), [], b"", 0
    while data[at:at + 4] == b"OggS":
        lacing = data[at + 27:at + 27 + data[at + 26]]
        at += 27 + len(lacing)
        for size in lacing:
            open_packet += data[at:at + size]
            at += size
            if size < 255:
                packets.append(open_packet)
                open_packet = b""
    return packets


class Mp3(Frames):
    """MPEG audio layer III, mono, 44.1 kHz, one frame in a packet."""

    name, encoding, clock_rate, channels = "mp3", "MPA", 90000, 0

    def __init__(self):
        super().__init__(_mp3_frames(), 1152 / 44100)

    def format_parameters(self):
        """RFC 2250 has none."""
        return ""


@functools.lru_cache(None)
def _mp3_frames():
    rates = (0, 32, 40, 48, 56, 64, 80, 96, 112, 128, 160, 192, 224, 256, 320)
    data, frames, at = _read("mp3.mp3"), [], 0
    while at + 4 <= len(data) and data[at] == 0xff and data[at + 1] & 0xe0 == 0xe0:
        size = 144 * rates[data[at + 2] >> 4] * 1000 // 44100 + (data[at + 2] >> 1 & 1)
        frames.append(data[at:at + size])
        at += size
    return frames


class Samples:
    """Audio whose packets are made here: each begins with its number, the rest is one tone's worth of bytes."""

    kind = "audio"
    known = {"pcma": ("PCMA", 8000, 1, 8), "pcmu": ("PCMU", 8000, 1, 8), "l16": ("L16", 44100, 2, 32),
             "l16_8k": ("L16", 8000, 1, 16), "g726": ("G726-32", 8000, 1, 4), "g722": ("G722", 8000, 1, 8)}

    def __init__(self, name, step_s=0.02):
        self.name, self.step_s = name, step_s
        self.encoding, self.clock_rate, self.channels, bits = self.known[name]
        self._size = round(self.clock_rate * step_s) * bits // 8

    def unit(self, index):
        """The packet with this running number."""
        body = number_text(index)
        body += bytes([0x55 + index % 8]) * (self._size - len(body))
        return Unit(index, index * self.step_s, self.step_s, body)

    def format_parameters(self):
        """None needed."""
        return ""


class Jpeg:
    """Motion JPEG: the scan of each picture and its tables, as RFC 2435 wants them apart."""

    name, kind, encoding, clock_rate, channels, step_s = "jpeg", "video", "JPEG", 90000, 0, 0.2

    def __init__(self):
        self._pictures = _jpegs()

    def unit(self, index):
        """The picture with this running number."""
        return Unit(index, index * self.step_s, self.step_s, self._pictures[index % len(self._pictures)])

    def format_parameters(self):
        """RFC 2435 has none."""
        return ""


@functools.lru_cache(None)
def _jpegs():
    return [b"\xff\xd8\xff" + part for part in _read("jpeg.mjpeg").split(b"\xff\xd8\xff")[1:]]


def jpeg_parts(image):
    """(quantisation tables of 64 bytes each, scan bytes without the end marker, width, height)."""
    tables, at, width, height = b"", 2, 0, 0
    while True:
        marker, size = image[at + 1], struct.unpack_from(">H", image, at + 2)[0]
        body = image[at + 4:at + 2 + size]
        at += 2 + size
        if marker == 0xdb:
            while body:
                tables, body = tables + body[1:65], body[65:]
        elif marker == 0xc0:
            height, width = struct.unpack_from(">HH", body, 1)
        elif marker == 0xda:
            end = image.rfind(b"\xff\xd9")
            tables = tables * 2 if len(tables) == 64 else tables  # one for brightness, one for colour
            return tables, image[at:end if end > 0 else len(image)], width, height


def make(name, step_s=None):
    """The source of a name in a data file."""
    whole = {"aac": Aac, "latm": Latm, "opus": Opus, "mp3": Mp3, "jpeg": Jpeg}
    if name in whole:
        return whole[name]()
    if name in Samples.known:
        return Samples(name, step_s or 0.02)
    return Video(name)
