#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of rtsp_push_url into corpus/rtsp_push_url/seed-*: the URL of a request, then the control
attributes of the description's media, a line each. Run it from anywhere; it writes the same bytes each time."""
import pathlib

FOLDER = pathlib.Path(__file__).resolve().parent / "corpus" / "rtsp_push_url"

SEEDS = {
    "ffmpeg": ["rtsp://127.0.0.1:8554/S/C?token=x/streamid=1", "streamid=0", "streamid=1"],
    "gstreamer": ["rtsp://127.0.0.1:8554/S/C/stream=1?token=x", "stream=0", "stream=1"],
    "announce": ["rtsp://user:pass@[::1]:8554/S%41/C//?a=b/c"],
    "absolute": ["rtsp://h/S/C/track/1", "rtsp://other/S/C/track/1", "/track/1", "1", "*", ""],
    "alone": ["rtsp://h/S/C", "*"],
    "odd": ["*", "", "/", "://", "rtsp://"],
    "escapes": ["rtsp://h/..%2f..%2fetc/%252e%00"],
}

FOLDER.mkdir(parents=True, exist_ok=True)
for name, lines in SEEDS.items():
    (FOLDER / f"seed-{name}").write_bytes("\n".join(lines).encode())
