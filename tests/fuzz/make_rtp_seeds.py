#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of corpus/rtp_depacketizer from what FFmpeg's RTP muxer sends to a socket."""
import pathlib
import socket
import struct
import subprocess

corpus = pathlib.Path(__file__).resolve().parent / "corpus" / "rtp_depacketizer"
VIDEO = ["-f", "lavfi", "-i", "testsrc=size=64x48:rate=5:duration=1.2"]
AUDIO = ["-f", "lavfi", "-i", "sine=sample_rate=44100:duration=0.2"]
# Name, number of the format in rtp_depacketizer_fuzz.cc, and how FFmpeg makes it.
SEEDS = [
    ("h264", 0, VIDEO + ["-c:v", "libx264", "-bf", "2", "-bsf:v", "dump_extra"]),
    ("h265", 2, VIDEO + ["-c:v", "libx265", "-x265-params", "log-level=none", "-bsf:v", "dump_extra"]),
    ("aac", 4, AUDIO + ["-c:a", "aac", "-b:a", "32k"]),
    ("latm", 7, AUDIO + ["-c:a", "aac", "-b:a", "32k", "-rtpflags", "latm"]),
    ("mp3", 9, AUDIO + ["-c:a", "libmp3lame", "-b:a", "32k"]),
    ("jpeg", 10, VIDEO + ["-c:v", "mjpeg", "-huffman", "default", "-pix_fmt", "yuvj420p", "-q:v", "20"]),
    ("opus", 12, AUDIO + ["-c:a", "libopus", "-b:a", "16k"]),
]


def packets(arguments):
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as receiver:
        receiver.bind(("127.0.0.1", 0))
        receiver.settimeout(1)
        url = "rtp://127.0.0.1:%d?pkt_size=600" % receiver.getsockname()[1]
        sender = subprocess.Popen(["ffmpeg", "-loglevel", "error", *arguments, "-f", "rtp", url],
                                  stdout=subprocess.DEVNULL)
        try:
            while True:
                yield receiver.recv(2048)
        except TimeoutError:
            if sender.wait() != 0:
                raise SystemExit("ffmpeg failed")


def main():
    corpus.mkdir(parents=True, exist_ok=True)
    for name, number, arguments in SEEDS:
        out, before = bytes([number, 0]), None
        for packet in packets(arguments):
            stamp, payload = struct.unpack(">I", packet[4:8])[0], packet[12:]
            step = 1 if before not in (None, stamp) else 0
            before = stamp
            out += struct.pack(">BH", packet[1] >> 7 | step << 2, len(payload)) + payload
            if len(out) > 6000:
                break
        (corpus / ("seed-" + name)).write_bytes(out)


main()
