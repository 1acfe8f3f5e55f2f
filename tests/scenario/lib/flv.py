# SPDX-License-Identifier: Apache-2.0
"""An incremental, strict FLV reader, and the checks that every viewer's stream must pass."""

import struct

from . import amf, media
from .expect import check, equal


class FlvError(Exception):
    """The bytes are no FLV."""


class Tag:
    """One FLV tag, with what a relay can know of it without decoding."""

    __slots__ = ("type", "timestamp", "body", "offset")

    def __init__(self, kind, timestamp, body, offset):
        self.type, self.timestamp, self.body, self.offset = kind, timestamp, body, offset

    @property
    def enhanced(self):
        """True for the enhanced RTMP header."""
        if self.type == media.VIDEO:
            return bool(self.body[0] & 0x80)
        return self.type == media.AUDIO and self.body[0] >> 4 == 9

    @property
    def codec(self):
        """A codec id, or a FourCC as bytes."""
        if self.enhanced:
            return bytes(self.body[1:5])
        return self.body[0] & 0x0f if self.type == media.VIDEO else self.body[0] >> 4

    @property
    def is_config(self):
        """True for sequence headers."""
        if self.type == media.SCRIPT or not self.body:
            return False
        if self.enhanced:
            return self.body[0] & 0x0f == 0
        if self.type == media.VIDEO:
            return self.body[0] & 0x0f in (7, 12) and self.body[1] == 0
        return self.body[0] >> 4 == 10 and self.body[1] == 0

    @property
    def is_frame(self):
        """True for media that is neither script data, nor configuration, nor an end marker."""
        if self.type == media.SCRIPT or not self.body or self.is_config:
            return False
        if self.enhanced:
            return self.body[0] & 0x0f in (1, 3)
        if self.type == media.VIDEO and self.body[0] & 0x0f in (7, 12):
            return self.body[1] == 1
        return True

    @property
    def is_key(self):
        """True for a video frame at which decoding can start."""
        return self.type == media.VIDEO and self.is_frame and self.body[0] >> 4 & 7 == 1

    @property
    def number(self):
        """The running number of a synthetic frame, or None."""
        return media.number_in(self.body)

    @property
    def composition_ms(self):
        """The composition offset of a video frame."""
        if self.enhanced:
            if self.body[0] & 0x0f != 1 or self.codec not in (b"hvc1", b"avc1"):
                return 0
            return int.from_bytes(self.body[5:8], "big", signed=True)
        return int.from_bytes(self.body[2:5], "big", signed=True)

    def script(self):
        """The AMF values of a script tag."""
        return amf.decode_all(self.body)

    def __repr__(self):
        kind = {8: "audio", 9: "video", 18: "script"}.get(self.type, self.type)
        mark = " config" if self.is_config else " key" if self.is_key else ""
        return f"<{kind}{mark} {self.timestamp} ms #{self.number} {len(self.body)} B>"


class FlvReader:
    """Takes bytes in any pieces; `tags` grows. Raises FlvError at the first byte that is wrong."""

    def __init__(self, keep_bodies=True):
        self.header = None
        self.tags = []
        self.offset = 0        # of the next byte that is not yet part of a tag
        self._input = bytearray()
        self._keep = keep_bodies

    def feed(self, data):
        """Takes more bytes."""
        self._input += data
        if self.header is None and not self._take_header():
            return
        while self._take_tag():
            pass

    def incomplete(self):
        """Bytes of a tag that has not come whole."""
        return len(self._input)

    def _take_header(self):
        if len(self._input) < 13:
            return False
        head = bytes(self._input[:13])
        if head[:4] != b"FLV\x01" or head[5:9] != b"\0\0\0\x09" or head[9:] != b"\0\0\0\0":
            raise FlvError(f"not an FLV header: {head!r}")
        if head[4] & ~5:
            raise FlvError(f"reserved flags are set: {head[4]:#x}")
        self.header = head
        self._advance(13)
        return True

    def _advance(self, count):
        del self._input[:count]
        self.offset += count

    def _take_tag(self):
        if len(self._input) < 11:
            return False
        kind = self._input[0]
        size = int.from_bytes(self._input[1:4], "big")
        if kind not in (8, 9, 18):
            raise FlvError(f"tag type {kind} at offset {self.offset}")
        if self._input[8:11] != b"\0\0\0":
            raise FlvError(f"stream id is not 0 at offset {self.offset}")
        if len(self._input) < 11 + size + 4:
            return False
        timestamp = int.from_bytes(self._input[4:7], "big") | self._input[7] << 24
        body = bytes(self._input[11:11 + size])
        previous = struct.unpack_from(">I", self._input, 11 + size)[0]
        if previous != 11 + size:
            raise FlvError(f"previous tag size {previous} after a tag of {11 + size} at {self.offset}")
        self.tags.append(Tag(kind, timestamp, body if self._keep else body[:64], self.offset))
        self._advance(11 + size + 4)
        return True


def frames(tags, kind=None):
    """The media frames among the tags, of one kind or of both."""
    return [tag for tag in tags if tag.is_frame and kind in (None, tag.type)]


def numbers(tags, kind):
    """The running numbers of one kind's frames."""
    return [tag.number for tag in frames(tags, kind)]


def check_growing(tags, what="time line"):
    """Each track's time stamps grow strictly (modulo 2^32)."""
    last = {}
    for tag in frames(tags):
        before = last.get(tag.type)
        if before is not None:
            step = (tag.timestamp - before.timestamp) & 0xffffffff
            check(0 < step < 0x80000000, f"{what}: {before} is followed by {tag}")
        last[tag.type] = tag


def check_no_gap(tags, kind, what="frames"):
    """No frame twice, none missing: the running numbers of one kind count up by one."""
    seen = numbers(tags, kind)
    for before, after in zip(seen, seen[1:]):
        check(after == before + 1, f"{what}: frame {before} is followed by {after}")


def check_start(tags, video=True, audio=True):
    """A viewer gets metadata, sequence headers, and then a key frame, before any other frame."""
    check(tags, "no tag came")
    equal(tags[0].type, media.SCRIPT, "type of the first tag")
    equal(tags[0].script()[0], "onMetaData", "name in the first script tag")
    first = next((i for i, tag in enumerate(tags) if tag.is_frame), len(tags))
    configured = {tag.type for tag in tags[:first] if tag.is_config}
    if video:
        check(media.VIDEO in configured, f"no video sequence header before the first frame: {tags[:6]}")
    if audio:
        check(media.AUDIO in configured, f"no audio sequence header before the first frame: {tags[:6]}")
    pictures = frames(tags, media.VIDEO)
    if video and pictures:
        check(pictures[0].is_key, f"the first video frame is not a key frame: {pictures[0]}")


def check_stream(tags, video=True, audio=True):
    """Everything that holds for an on-time viewer of a Feed."""
    check_start(tags, video, audio)
    check_growing(tags)
    for kind in (media.VIDEO, media.AUDIO):
        check_no_gap(tags, kind, {8: "audio", 9: "video"}[kind] + " frames")
