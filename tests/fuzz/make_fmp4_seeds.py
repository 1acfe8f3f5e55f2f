#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of corpus/fmp4_writer: a configuration of each codec, and frames of it; and of the dialects."""
import pathlib
import struct

from make_media_seeds import put, records

VIDEO = {"h264": 0, "h265": 1, "av1": 2}
AUDIO = {"aac": 0, "opus": 1, "mp3": 2}
ADD_VIDEO, ADD_KEY, ADD_AUDIO = 0x41, 0x45, 0x44
WILD_VIDEO, WILD_AUDIO = 0xf9, 0xf8
CLOSE, CONFIGURE, DROP = 20, 0, 8
OPUS_HEAD = b"OpusHead" + bytes.fromhex("0102380180bb0000000000")
OPUS_SURROUND = b"OpusHead" + bytes.fromhex("0106380180bb00000000010402000401020305")


def track(number, config, lies=b"\0"):
    return bytes([number, len(config)]) + config + lies


def tracks(video=None, audio=None, dialect=0):
    return bytes([(video is not None) | (audio is not None) << 1 | dialect << 2]) + (video or b"") + (audio or b"")


def frame(action, milliseconds, payload):
    return bytes([action, milliseconds, len(payload)]) + payload[:3]


def wild(action, dts, composition, units, payload=b""):
    return struct.pack(">BQQBH", action, dts, composition, 0, units) + payload[:3]


def unit(sound, key=False):
    return frame(ADD_AUDIO, 20, sound) * 2 + frame(ADD_KEY if key else ADD_VIDEO, 0, b"\0\0\0\x02ab") + bytes([CLOSE])


def main():
    known = dict(records())
    aac, mp3 = bytes.fromhex("1190"), bytes.fromhex("fffb9064")
    avc, hevc = track(VIDEO["h264"], known["avc1080"]), track(VIDEO["h265"], known["hevc1080"])
    mp3_track = track(AUDIO["mp3"], b"", struct.pack(">BII", 12, 44100, 2))
    put("fmp4_writer", "h264_aac",
        tracks(avc, track(AUDIO["aac"], aac)) + unit(b"!\x01\x02", True) + unit(b"!\x01\x02") * 4)
    for dialect, name in ((1, "flussonic"), (2, "ivideon")):
        put("fmp4_writer", name, tracks(avc, track(AUDIO["aac"], aac), dialect) + unit(b"!\x01\x02", True)
            + wild(WILD_VIDEO, 1 << 63, 9, 65535, b"abc") + unit(b"!\x01\x02")
            + bytes([CONFIGURE]) + tracks(hevc, mp3_track) + unit(mp3, True))
    put("fmp4_writer", "h265_opus",
        tracks(hevc, track(AUDIO["opus"], OPUS_HEAD)) + unit(b"\xfb\x83\x01", True) + unit(b"\x18\x01\x02") * 4)
    put("fmp4_writer", "av1_mp3",
        tracks(track(VIDEO["av1"], known["av1"], struct.pack(">BIId", 19, 1 << 20, 1 << 31, 29.97)), mp3_track)
        + unit(mp3, True) + bytes([DROP]) + unit(mp3))
    put("fmp4_writer", "opus_surround",
        tracks(audio=track(AUDIO["opus"], OPUS_SURROUND)) + frame(ADD_AUDIO, 2, b"\xf8\1\2") * 300)
    sbr = tracks(audio=track(AUDIO["aac"], bytes.fromhex("2b8a0800")))
    put("fmp4_writer", "changes", tracks(avc) + unit(b"") + bytes([CONFIGURE]) + sbr
        + frame(ADD_AUDIO, 255, b"!\1\2") * 9 + bytes([CONFIGURE]) + tracks(hevc, mp3_track) + unit(mp3, True))
    times = (0, 1 << 63, (1 << 64) - 1, 1 << 58, 1 << 40, (1 << 63) - 1, 90)
    put("fmp4_writer", "times", tracks(avc, track(AUDIO["aac"], aac)) + b"".join(
        wild(WILD_AUDIO, time, 0, 9) + wild(WILD_VIDEO, time, time, 65535, b"abc") for time in times))


main()
