#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of sound into corpus/sound/seed-*: track, configuration and a few frames, as sound_fuzz.cc takes
them, made by FFmpeg's encoders. Run it from anywhere; it needs ffmpeg."""
import pathlib
import subprocess

FOLDER = pathlib.Path(__file__).resolve().parent / "corpus" / "sound"
FRAMES = 5
OPUS_HEAD = b"OpusHead\x01\x01\x38\x01\x80\xbb\x00\x00\x00\x00\x00"

# Name: codec's number in sound_fuzz.cc, its number of the rate, channels, byte of G.726, configuration, encoder's
# options, bytes of a frame (0: as the framing says).
SEEDS = {
    "aac": (0, 3, 2, 0, b"\x12\x10", ["-ar", "44100", "-ac", "2", "-c:a", "aac", "-f", "adts"], "adts"),
    "mp3": (1, 3, 1, 0, b"", ["-ar", "44100", "-c:a", "libmp3lame", "-write_xing", "0", "-id3v2_version", "0",
                              "-f", "mp3"], 417),
    "mp2": (2, 4, 1, 0, b"", ["-ar", "48000", "-c:a", "mp2", "-b:a", "64k", "-f", "mp2"], 192),
    "pcma": (3, 1, 1, 0, b"", ["-ar", "8000", "-c:a", "pcm_alaw", "-f", "alaw"], 160),
    "pcmu": (4, 1, 1, 0, b"", ["-ar", "8000", "-c:a", "pcm_mulaw", "-f", "mulaw"], 160),
    "opus": (5, 4, 1, 0, OPUS_HEAD, ["-ar", "48000", "-c:a", "libopus", "-b:a", "32k", "-f", "opus"], "ogg"),
    "ac3": (7, 4, 1, 0, b"", ["-ar", "48000", "-c:a", "ac3", "-b:a", "64k", "-f", "ac3"], 256),
    "g726": (9, 1, 1, 4, b"", ["-ar", "8000", "-c:a", "g726le", "-b:a", "32k", "-f", "g726le"], 80),
    "g726_aal2": (9, 1, 1, 10, b"", ["-ar", "8000", "-c:a", "g726", "-b:a", "16k", "-f", "g726"], 40),
    "l16": (10, 2, 1, 0, b"", ["-ar", "16000", "-c:a", "pcm_s16be", "-f", "s16be"], 320),
}


def adts(data):
    """Raw frames out of ADTS."""
    while data:
        size = int.from_bytes(data[3:6], "big") >> 5 & 0x1fff
        yield data[7:size]
        data = data[size:]


def ogg(data):
    """Packets out of Ogg, without the two headers; none is longer than a page."""
    packets = []
    while data:
        count = data[26]
        at = 27 + count
        size = 0
        for lace in data[27:27 + count]:
            size += lace
            if lace < 255:
                packets.append(data[at:at + size])
                at += size
                size = 0
        data = data[at:]
    return packets[2:]


def frames_of(options, framing):
    """The first frames that the encoder makes."""
    done = subprocess.run(["ffmpeg", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "sine=440:d=0.3", "-ac", "1",
                           *options, "-"], check=True, capture_output=True)
    if framing in ("adts", "ogg"):
        return list((adts if framing == "adts" else ogg)(done.stdout))[:FRAMES]
    return [done.stdout[i * framing:(i + 1) * framing] for i in range(FRAMES)]


FOLDER.mkdir(parents=True, exist_ok=True)
for name, (codec, rate, channels, words, config, options, framing) in SEEDS.items():
    seed = bytes([codec, rate | channels << 3, words, len(config)]) + config
    for frame in frames_of(options, framing):
        seed += bytes([19, len(frame) >> 8, len(frame) & 255]) + frame
    (FOLDER / f"seed-{name}").write_bytes(seed)
