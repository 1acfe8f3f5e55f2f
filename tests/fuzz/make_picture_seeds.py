#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of picture into corpus/picture/seed-*: codec, width, length of the configuration, configuration and
a key frame, as FFmpeg's encoders make them. Run it from anywhere; it needs ffmpeg."""
import pathlib
import subprocess
import tempfile

FOLDER = pathlib.Path(__file__).resolve().parent / "corpus" / "picture"
SOURCE = ["ffmpeg", "-nostdin", "-v", "error", "-y", "-f", "lavfi", "-i", "testsrc2=s=64x48:r=1:d=1", "-frames:v", "1"]

# Name: the codec's number in picture_fuzz.cc, the box of its configuration, the encoder's options.
SEEDS = {
    "h264": (0, b"avcC", ["-c:v", "libx264", "-pix_fmt", "yuv420p"]),
    "h264_10_bits": (0, b"avcC", ["-c:v", "libx264", "-pix_fmt", "yuv422p10le"]),
    "h264_baseline": (0, b"avcC", ["-c:v", "libx264", "-pix_fmt", "yuv420p", "-profile:v", "baseline"]),
    "h265": (1, b"hvcC", ["-c:v", "libx265", "-pix_fmt", "yuv420p", "-tag:v", "hvc1", "-x265-params", "log-level=none"]),
    "av1": (2, b"av1C", ["-c:v", "libaom-av1", "-pix_fmt", "yuv420p", "-cpu-used", "8"]),
    "mjpeg": (3, None, ["-c:v", "mjpeg", "-pix_fmt", "yuvj422p"]),
}


def boxes(data):
    """(type, body) of the boxes in data."""
    at = 0
    while at + 8 <= len(data):
        size = int.from_bytes(data[at:at + 4], "big")
        yield data[at + 4:at + 8], data[at + 8:at + size]
        at += size


def encode(box, options):
    """(configuration, key frame)."""
    with tempfile.NamedTemporaryFile(suffix=".jpg" if box is None else ".mp4") as file:
        container = ["-f", "mjpeg"] if box is None else ["-f", "mp4"]
        subprocess.run([*SOURCE, *options, *container, file.name], check=True)
        data = pathlib.Path(file.name).read_bytes()
    if box is None:
        return b"", data
    at = data.rindex(box)
    size = int.from_bytes(data[at - 4:at], "big")
    return data[at + 4:at - 4 + size], dict(boxes(data))[b"mdat"]


FOLDER.mkdir(parents=True, exist_ok=True)
for name, (codec, box, options) in SEEDS.items():
    config, frame = encode(box, options)
    head = bytes([codec, 4, len(config) >> 8, len(config) & 255])
    (FOLDER / f"seed-{name}").write_bytes(head + config + frame)
