# SPDX-License-Identifier: Apache-2.0
"""AMF0, both ways, and the little AMF3 that publishers wrap commands in.

Python values stand for AMF values: float/int, bool, str, None, dict (object), list (strict array). The classes below
stand for what Python has no word for. `Raw` lets a hostile peer put any bytes in the place of a value.
"""

import struct


class EcmaArray(dict):
    """An ECMA array; `announced` overrides the count that is written."""

    announced = None


class Undefined:
    """The undefined marker."""


class Date(float):
    """Milliseconds since 1970, with time zone 0."""


class LongString(str):
    """A string that is written as a long string however short it is."""


class Raw(bytes):
    """Bytes that are written as they are."""


def _key(text):
    data = text.encode()
    return struct.pack(">H", len(data)) + data


def _pairs(mapping):
    return b"".join(_key(k) + encode(v) for k, v in mapping.items()) + b"\0\0\x09"


def encode(value):
    """One value as AMF0."""
    if isinstance(value, Raw):
        return bytes(value)
    if isinstance(value, bool):
        return b"\x01" + bytes([value])
    if isinstance(value, Date):
        return b"\x0b" + struct.pack(">dh", float(value), 0)
    if isinstance(value, (int, float)):
        return b"\0" + struct.pack(">d", value)
    if isinstance(value, str):
        data = value.encode()
        if isinstance(value, LongString) or len(data) > 0xffff:
            return b"\x0c" + struct.pack(">I", len(data)) + data
        return b"\x02" + struct.pack(">H", len(data)) + data
    if value is None:
        return b"\x05"
    if isinstance(value, Undefined) or value is Undefined:
        return b"\x06"
    if isinstance(value, EcmaArray):
        count = len(value) if value.announced is None else value.announced
        return b"\x08" + struct.pack(">I", count) + _pairs(value)
    if isinstance(value, dict):
        return b"\x03" + _pairs(value)
    if isinstance(value, list):
        return b"\x0a" + struct.pack(">I", len(value)) + b"".join(encode(v) for v in value)
    raise TypeError(f"no AMF0 for {type(value)}")


def encode_all(*values):
    """Values one after the other."""
    return b"".join(encode(v) for v in values)


class _Reader:
    """Reads AMF0 that a friendly server sends; raises on anything else."""

    def __init__(self, data):
        self.data, self.at = data, 0

    def take(self, count):
        if self.at + count > len(self.data):
            raise ValueError("AMF0 ends early")
        self.at += count
        return self.data[self.at - count:self.at]

    def number(self, shape):
        return struct.unpack(shape, self.take(struct.calcsize(shape)))[0]

    def text(self, shape):
        return self.take(self.number(shape)).decode("utf-8", "replace")

    def pairs(self):
        result = {}
        while True:
            key = self.text(">H")
            if not key and self.data[self.at:self.at + 1] == b"\x09":
                self.at += 1
                return result
            result[key] = self.value()

    def value(self):
        marker = self.number(">B")
        if marker == 0x00:
            return self.number(">d")
        if marker == 0x01:
            return bool(self.number(">B"))
        if marker == 0x02:
            return self.text(">H")
        if marker == 0x03:
            return self.pairs()
        if marker in (0x05, 0x06):
            return None
        if marker == 0x08:
            self.take(4)
            return EcmaArray(self.pairs())
        if marker == 0x0a:
            return [self.value() for _ in range(self.number(">I"))]
        if marker == 0x0b:
            value = self.number(">d")
            self.take(2)
            return value
        if marker == 0x0c:
            return self.text(">I")
        raise ValueError(f"AMF0 marker {marker:#x}")


def decode_all(data):
    """All values in a byte string."""
    reader, values = _Reader(bytes(data)), []
    while reader.at < len(reader.data):
        values.append(reader.value())
    return values


def nested_objects(depth):
    """An object in an object in an object…, as raw AMF0 and well-formed to the end."""
    return Raw(b"\x03\0\x01a" * depth + b"\x05" + b"\0\0\x09" * depth)


def nested_arrays(depth):
    """Strict arrays of one item, each inside the one before."""
    return Raw(b"\x0a\0\0\0\x01" * depth + b"\x05")


def announced_array(marker, count):
    """A strict (0x0a) or ECMA (0x08) array that announces more items than there are bytes."""
    return Raw(bytes([marker]) + struct.pack(">I", count))


def amf3_string(text):
    """A string as AMF3, behind AMF0's switch marker."""
    data = text.encode()
    return Raw(b"\x11\x06" + _u29(len(data) << 1 | 1) + data)


def amf3_integer(value):
    """A small integer as AMF3, behind AMF0's switch marker."""
    return Raw(b"\x11\x04" + _u29(value))


def amf3_object(mapping):
    """A dynamic object of strings and integers as AMF3, behind AMF0's switch marker."""
    body = b"\x0a\x0b\x01"
    for key, value in mapping.items():
        data = key.encode()
        inner = amf3_string(value) if isinstance(value, str) else amf3_integer(value)
        body += _u29(len(data) << 1 | 1) + data + inner[1:]
    return Raw(b"\x11" + body + b"\x01")


def _u29(value):
    if value < 0x80:
        return bytes([value])
    if value < 0x4000:
        return bytes([value >> 7 | 0x80, value & 0x7f])
    if value < 0x200000:
        return bytes([value >> 14 | 0x80, value >> 7 & 0x7f | 0x80, value & 0x7f])
    return bytes([value >> 22 | 0x80, value >> 15 & 0x7f | 0x80, value >> 8 & 0x7f | 0x80, value & 0xff])
