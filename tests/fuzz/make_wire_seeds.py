#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the wire fuzz targets into corpus/<target>/seed-*. Beside them lie, under other names and left
alone, inputs that once broke something, and real-*: the beginnings of sessions recorded from FFmpeg, librtmp and
GStreamer. Run it from anywhere; it writes the same bytes each time."""
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def seed(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(data)


# AMF0 in a few words.
def text(value):
    return b"\x02" + struct.pack(">H", len(value)) + value


def number(value):
    return b"\x00" + struct.pack(">d", value)


def members(pairs):
    return b"".join(struct.pack(">H", len(k)) + k + v for k, v in pairs) + b"\x00\x00\x09"


def amf_object(pairs):
    return b"\x03" + members(pairs)


def ecma_array(pairs):
    return b"\x08" + struct.pack(">I", len(pairs)) + members(pairs)


NULL = b"\x05"
CONNECT = text(b"connect") + number(1) + amf_object([
    (b"app", text(b"live")), (b"type", text(b"nonprivate")), (b"flashVer", text(b"FMLE/3.0")),
    (b"tcUrl", text(b"rtmp://127.0.0.1:1935/live")), (b"fpad", b"\x01\x00"), (b"capabilities", number(15))])
PUBLISH = text(b"publish") + number(5) + NULL + text(b"cam") + text(b"live")
METADATA = text(b"@setDataFrame") + text(b"onMetaData") + ecma_array([
    (b"width", number(1280)), (b"height", number(720)), (b"stereo", b"\x01\x01"), (b"nothing", b"\x06"),
    (b"keyframes", b"\x0a\x00\x00\x00\x02" + number(0) + number(2))])
ODD_AMF0 = (b"\x0b" + bytes(10) + b"\x0f\x00\x00\x00\x04<a/>" + b"\x10\x00\x01C" + members([(b"k", NULL)]) +
            b"\x07\x00\x01" + b"\x0d" + b"\x0c\x00\x00\x00\x03abc")
AMF3_OBJECT = bytes.fromhex("0a0b0103") + b"a" + bytes.fromhex("040103") + b"b" + bytes.fromhex("060001")
AMF3_CLASS = bytes.fromhex("0905010a1303") + b"C" + bytes.fromhex("03") + b"s" + bytes.fromhex(
    "04010a010402")
AMF3_MANY = bytes.fromhex("090f01" "00" "01" "02" "04ffffffff" "053ff8000000000000" "08014270000000000000" "0c050102")


def amf_seeds():
    for name, mode, data in [
            ("connect", 2, CONNECT), ("publish", 2, PUBLISH), ("metadata", 0, METADATA), ("odd", 0, ODD_AMF0),
            ("amf3-object", 1, AMF3_OBJECT), ("amf3-class", 1, AMF3_CLASS), ("amf3-many", 1, AMF3_MANY),
            ("amf3-command", 3, b"\x00" + text(b"connect") + number(1) + b"\x11" + AMF3_OBJECT),
            ("amf3-data", 4, b"\x00" + METADATA), ("timecode", 0, b"\x00\x00\x00\x12"),
            ("uniview", 0, text(b"onMetaData") + number(1) + amf_object([(b"a", NULL)])),
            ("no-end", 0, b"\x03\x00\x01a" + NULL),
            ("deep", 0, b"\x0a\x00\x00\x00\x01" * 40), ("deep-objects", 0, b"\x03\x00\x01a" * 40),
            ("many", 0, b"\x0a\xff\xff\xff\xff\x05"), ("amf3-deep", 1, b"\x09\x03\x01" * 40)]:
        seed("amf", name, bytes([mode]) + data)


# Chunks.
def full(csid, time, kind, body, stream=1, chunk=128):
    field = min(time, 0xffffff)
    extended = struct.pack(">I", time) if field == 0xffffff else b""
    out = bytes([csid]) + field.to_bytes(3, "big") + len(body).to_bytes(3, "big") + bytes([kind])
    out += struct.pack("<I", stream) + extended + body[:chunk]
    for at in range(chunk, len(body), chunk):
        out += bytes([0xc0 | csid]) + extended + body[at:at + chunk]
    return out


def control(kind, value):
    return full(2, 0, kind, struct.pack(">I", value), 0)


def aggregate():
    def sub(kind, time, body):
        head = bytes([kind]) + len(body).to_bytes(3, "big") + (time & 0xffffff).to_bytes(3, "big") + bytes(4)
        return head + body + struct.pack(">I", 11 + len(body))
    return sub(8, 10, b"\xaf\x01abc") + sub(9, 20, b"\x27\x01\0\0\0vvv")


def chunk_seeds():
    video = bytes(range(256)) + b"v" * 100
    streams = {
        "connect": control(1, 4096) + full(3, 0, 20, CONNECT, 0, 4096),
        "media": full(4, 0, 8, b"\xaf\x00\x12\x10") + full(6, 0, 9, video) + b"\x44\x00\x00\x15\x00\x00\x03\x08aaa" +
                 b"\x84\x00\x00\x15bbb\xc4ccc",
        "extended": full(6, 0x01234567, 9, video),
        "extended-absent": full(6, 0x01234567, 9, video).replace(b"\xc6\x01\x23\x45\x67", b"\xc6"),
        "extended-delta": full(6, 16, 9, b"x") + b"\x46\xff\xff\xff\x00\x00\x82\x09\x01\x00\x00\x00" + b"a" * 128 +
                          b"\xc6\x01\x00\x00\x00bb",
        "first-is-type-1": b"\x42\x00\x00\x00\x00\x00\x06\x04\x00\x06\x00\x00\x00\x01",
        "abort": full(4, 0, 9, b"a" * 300)[:140] + control(2, 4) + full(4, 1, 8, b"ok"),
        "replaced": full(4, 0, 9, b"a" * 300)[:140] + full(4, 1, 8, b"ok"),
        "aggregate": full(6, 1000, 22, aggregate()),
        "large-ids": b"\x00\x06\x00\x00\x10\x00\x00\x01\x08\x01\x00\x00\x00a" +
                     b"\x01\x10\x01\x00\x00\x10\x00\x00\x01\x08\x01\x00\x00\x00b",
        "empty": full(4, 16, 8, b"") + b"\xc4\xc4",
        "user-control": full(2, 0, 4, b"\x00\x03\x00\x00\x00\x01\x00\x00\x0b\xb8", 0),
    }
    for size in (0, 1, 127, 128, 0x7fffffff, 0x80000000, 0xffffffff):
        streams[f"chunk-size-{size:x}"] = control(1, size) + full(6, 0, 9, video)
    for size in range(0, 9):
        streams[f"control-{size}"] = b"".join(full(2, 0, kind, bytes(size), 0) for kind in (2, 3, 4, 5, 6, 1))
    for name, data in streams.items():
        seed("rtmp_chunk", name, b"\x05" + data)
        if len(data) < 200:
            seed("rtmp_chunk", name + "-bytewise", b"\x00" + data)


def handshake_seeds():
    seed("rtmp_handshake", "simple", b"\x00\x05\x03" + bytes(1536) + bytes(1536) + b"chunks")
    seed("rtmp_handshake", "client", b"\x01\x05\x03" + bytes(1536) + bytes(1536))
    seed("rtmp_handshake", "client-digest", b"\x02\x05\x03" + bytes(1536) + bytes(1536))
    seed("rtmp_handshake", "digest-0", b"\x0b\x05")
    seed("rtmp_handshake", "digest-1", b"\x03\x05")
    seed("rtmp_handshake", "digest-changed", b"\x03\x05\x00\x09\xff\x02\x00\x01")
    seed("rtmp_handshake", "encrypted", b"\x00\x05\x06")
    seed("rtmp_handshake", "http", b"\x00\x05GET / HTTP/1.1\r\n")


def frame(opcode, body, final=True, mask=b"\x37\xfa\x21\x3d"):
    masked = 0x80 if mask else 0
    head = bytes([(0x80 if final else 0) | opcode])
    if len(body) < 126:
        head += bytes([masked | len(body)])
    else:
        head += bytes([masked | 126]) + struct.pack(">H", len(body))
    if not mask:
        return head + body
    return head + mask + bytes(b ^ mask[i % 4] for i, b in enumerate(body))


def websocket_seeds():
    for role, mask in ((0, b"\x37\xfa\x21\x3d"), (1, b"")):
        streams = {
            "text": frame(1, b"Hello", mask=mask),
            "fragments": frame(1, b"Hel", False, mask) + frame(9, b"p", mask=mask) + frame(0, b"lo", True, mask),
            "binary": frame(2, bytes(300), mask=mask),
            "close": frame(8, struct.pack(">H", 1000) + b"bye", mask=mask) + b"garbage",
            "close-empty": frame(8, b"", mask=mask),
            "utf8": frame(1, b"\xc3", False, mask) + frame(0, b"\xa4", True, mask),
            "many": frame(2, b"", False, mask) + frame(0, b"", False, mask) * 12,
        }
        for name, data in streams.items():
            seed("websocket", f"{name}-{role}", bytes([role, 5]) + data)
    for length in (125, 126, 65535, 65536, 1 << 31, 1 << 32, 1 << 63, (1 << 64) - 1):
        seed("websocket", f"length-{length:x}", b"\x00\x05\x82\xff" + struct.pack(">Q", length) + bytes(4))


def url_seeds():
    for name, mode, data in [
            ("decode", 0, "a%20b%2Fc+d"), ("decode-form", 4, "a%20b+c"), ("nul", 0, "a%00"), ("cut", 0, "a%4"),
            ("flv", 1, "/uin1/gate.flv?access_token=abc&x=%20"), ("encoded", 1, "/uin%31/g%61te.flv"),
            ("traversal", 1, "/..%2f..%2fetc/passwd.flv"), ("query", 1, "/flv?server=uin1&camera=gate&&a"),
            ("rtmp", 2, "uin1\ngate"), ("rtmp-query", 2, "uin1?vhost=v\nmp4:gate?access_token=t"),
            ("rtmp-app-only", 2, "uin1/gate\n"), ("rtmp-key-only", 2, "\nuin1/gate"),
            ("rtmp-instance", 2, "uin1/_definst_\ngate"), ("rtmp-vhost", 2, "uin1...vhost...example.org\nlive:gate"),
            ("name", 3, "uin1/gate-1._~@:+="), ("name-long", 3, "a" * 64 + "/" + "b" * 63)]:
        seed("url", name, bytes([mode]) + data.encode())


amf_seeds()
chunk_seeds()
handshake_seeds()
websocket_seeds()
url_seeds()
