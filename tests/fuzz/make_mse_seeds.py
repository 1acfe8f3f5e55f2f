#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of mse into corpus/mse/seed-*: whether the session waits for codecs and its dialect, then a message a
line. Run it from anywhere; it writes the same bytes each time."""
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent / "corpus" / "mse"

CODECS = "avc1.640029,avc1.64002A,hvc1.1.6.L153.B0,mp4a.40.2,mp4a.40.5,flac,opus"
SEEDS = {
    "go2rtc": (1, ['{"type":"mse","value":"%s"}' % CODECS]),
    "bare": (1, [CODECS]),
    "mime": (0, ['video/mp4; codecs="avc1.64001f, mp4a.40.2"']),
    "refused": (0, ['{"type":"mse","value":"vp09.00.10.08"}']),
    "nothing": (0, ['{"type":"mse","value":""}']),
    "pause": (0, ['{"type":"pause"}', '{"type":"live"}', '{"type":"pause"}', '{"type":"pause"}', '{"type":"resume"}']),
    "flussonic": (2, ["resume", "pause", "resume", "live", "set_tracks=v1a1", "play_from=1700000000", "pause"]),
    "flussonic-waits": (3, ["set_tracks=v1", "resume", CODECS, "pause"]),
    "ivideon": (4, ["pause", "resume", "live", '{"type":"pause"}', "hvc1.1.6.L93.B0"]),
    "flood": (0, ['{"type":"live"}'] * 60),
    "odd": (0, ["", " ", "hello", "{", "[]", '{"type":1}', '{"type":"mse"}', '{"type":"mse","value":[]}',
                '{"type":"dance"}', "\xfc.1", "[" * 900]),
}

FOLDER.mkdir(parents=True, exist_ok=True)
for name, (mode, lines) in SEEDS.items():
    (FOLDER / f"seed-{name}").write_bytes(bytes([mode]) + "\n".join(lines).encode("latin-1"))
