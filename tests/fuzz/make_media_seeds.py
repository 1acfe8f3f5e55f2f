#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of corpus/flv and corpus/parameter_sets from the fixtures and from records of real encoders."""
import pathlib
import re
import struct

here = pathlib.Path(__file__).resolve().parent
fixtures = here.parent / "fixtures"
records_h = here.parent / "unit" / "support" / "records.h"


def put(corpus, name, data):
    folder = here / "corpus" / corpus
    folder.mkdir(parents=True, exist_ok=True)
    (folder / ("seed-" + name)).write_bytes(data)


def records():
    text = records_h.read_text()
    for match in re.finditer(r'k(\w+) =((?:\s*"[0-9a-f ]*")+);', text):
        yield match[1].lower(), bytes.fromhex("".join(re.findall(r'"([^"]*)"', match[2])))


def message(kind, stamp, body):
    return struct.pack(">BIH", kind, stamp, len(body)) + body


def enhanced_messages(hevc, av1):
    x = bytes.fromhex
    yield message(9, 0, x("90") + b"hvc1" + hevc)
    yield message(9, 0, x("91") + b"hvc1" + x("000028") + b"\0\0\0\x02\x26\x01")
    yield message(9, 40, x("a3") + b"hvc1" + b"\0\0\0\x02\x02\x01")
    yield message(9, 80, x("9702000123") + x("a1") + b"hvc1" + x("ffffd8") + b"\0\0\0\x02\x02\x01")
    yield message(9, 120, x("90") + b"av01" + av1)
    yield message(9, 120, x("9613") + b"avc1" + x("01000002111100000003222222"))
    yield message(8, 0, x("90") + b"OpusOpusHead" + x("0102380180bb0000000000"))
    yield message(8, 0, x("91") + b"Opus" + x("fc"))
    yield message(8, 20, x("9521") + b"Opus" + x("0100000111") + b"mp4a" + x("000000021210"))
    yield message(8, 40, x("90") + b"fLaC" + b"fLaC" + x("80000022") + bytes(34))
    yield message(8, 40, x("72d5d5")) + message(8, 60, x("2ffffb9064"))


def main():
    known = dict(records())
    for name, record in known.items():
        put("parameter_sets", name, record)
        if name.startswith("avc"):
            size = int.from_bytes(record[6:8], "big")
            put("parameter_sets", name + "_sps", record[8:8 + size])
    put("parameter_sets", "aac_lc", bytes.fromhex("1210"))
    put("parameter_sets", "aac_he", bytes.fromhex("2b8a0800"))
    for name in ("h264_aac", "mp3", "pcma"):
        put("flv", "file_" + name, b"\x05" + (fixtures / (name + ".flv")).read_bytes()[:6000])
    put("flv", "messages_enhanced", b"\xff" + b"".join(enhanced_messages(known["hevc1080"], known["av1"])))
    avc = known["avc1080"]
    jumps = message(9, 0, bytes.fromhex("1700000000") + avc) + message(8, 0, bytes.fromhex("af001210"))
    for stamp in (0, 40, 80, 20000, 20040, 18500, 0xffffffff, 10, 10, 10, 1 << 24, 0, 1 << 31, 5):
        jumps += message(9, stamp, bytes.fromhex("27010000000000000141")) + message(8, stamp, bytes.fromhex("af0121"))
    put("flv", "messages_jumps", b"\xfe" + jumps)


if __name__ == "__main__":
    main()
