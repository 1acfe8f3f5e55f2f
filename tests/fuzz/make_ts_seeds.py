#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of corpus/ts_writer: configurations and frames as ts_writer_fuzz.cc reads them."""
import pathlib
import struct

corpus = pathlib.Path(__file__).resolve().parent / "corpus" / "ts_writer"
HEVC = bytes.fromhex(
    "01016000000090000000000078f000fcfdf8f800000f03a00001001840010c01ffff016000000300900000030000030078959809a1"
    "0001002a420101016000000300900000030000030078a003c08010e596566924caf0168080000003008000000c84a2000100074401"
    "c172b46240")
H264, H265, NO_VIDEO = 0, 1, 3
AAC, MP3, OPUS, NO_AUDIO = 0, 1, 2, 4
PICTURE, SOUND, FLUSH, DROP, CONFIGURE, KEY = 0, 3, 6, 134, 7, 128


def tracks(video, audio, video_config=b"", audio_config=b""):
    out = bytes([video | audio << 2])
    for absent, config in ((video == NO_VIDEO, video_config), (audio == NO_AUDIO, audio_config)):
        out += b"" if absent else struct.pack(">H", len(config)) + config
    return out


def frame(what, step, payload, composition=0):
    return struct.pack(">BHiH", what, step, composition, len(payload)) + payload


def nal(*units, size=4):
    return b"".join(len(unit).to_bytes(size, "big") + unit for unit in units)


def gop(pictures, sound):
    out = b""
    for number, picture in enumerate(pictures):
        out += frame(SOUND, 1800, sound) + frame(PICTURE | (KEY if number == 0 else 0), 1800, picture)
    return out


def main():
    corpus.mkdir(parents=True, exist_ok=True)
    time = struct.pack(">Q", 90000 << 4)
    wrap = struct.pack(">Q", ((1 << 33) - 130000) << 4)
    pictures = [nal(b"\x09\xf0", b"\x65" + bytes(range(250)), b"\x65" * 90)] + [nal(b"\x41" + b"p" * n) for n in (1, 160, 161, 300)]
    hevc = [nal(b"\x26\x01" + b"i" * 700)] + [nal(b"\x02\x01" + b"p" * n) for n in (150, 151, 152)]
    seeds = {
        "h264_aac": tracks(H264, AAC) + time + gop(pictures, b"s" * 100),
        "h265_opus": tracks(H265, OPUS, HEVC) + wrap + gop(hevc, b"o" * 255),
        "mp3": tracks(NO_VIDEO, MP3) + time + b"".join(
            frame(SOUND, 2351, b"m" * n) + bytes([FLUSH]) for n in (168, 169, 170, 171, 400)),
        "reconfigured": tracks(H264, MP3) + wrap + gop(pictures[:2], b"m") + bytes([CONFIGURE]) +
        tracks(H264, AAC, b"", bytes.fromhex("2b8a08")) + gop(pictures[:2], b"a") + bytes([DROP]),
        "broken": tracks(H264, NO_AUDIO) + time + frame(PICTURE | KEY, 0, nal(b"\x65ab") + b"\xff\xff\xff\xffcd") +
        frame(PICTURE, 3600, b"\0\0\0\0\0\0") + frame(PICTURE, 3600, nal(b"\x41x"), -3600) + frame(PICTURE, 3600, b""),
    }
    for name, seed in seeds.items():
        (corpus / ("seed-" + name)).write_bytes(seed)


main()
