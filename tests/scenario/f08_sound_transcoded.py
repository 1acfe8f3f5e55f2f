# SPDX-License-Identifier: Apache-2.0
"""G.711 has picture and sound in fMP4, MPEG-TS and HLS: the tone that was sent, in step with the picture."""

import concurrent.futures
import math
import re
import struct

from lib import ffmpeg, mse
from lib.expect import check, equal, main
from lib.node import Node

TONE, RATE = 1000, 32000  # Hz; the rate is what the node makes of 8 kHz
# Every second is loud for its first half, and its picture is white: what is heard and seen begins together.
PICTURE = "color=black:s=160x120:r=25,drawbox=c=white:t=fill:enable='lt(mod(t,1),0.5)'"
SOUND = f"aevalsrc='0.5*sin(2*PI*{TONE}*t)*lt(mod(t,1),0.5)':s=8000"
PATHS = ("alaw.mp4", "alaw.ts", "alaw/index.m3u8")
# FFmpeg's own reader of HLS gives its reader of MP4 the init segment twice when it changes parts.
KNOWN = "Found duplicated MOOV Atom"


def camera(node):
    """An encoder with G.711."""
    return ffmpeg.Running(["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", "-re", "-f", "lavfi", "-i", PICTURE,
                           "-f", "lavfi", "-i", SOUND, "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
                           "-pix_fmt", "yuv420p", "-g", "25", "-c:a", "pcm_alaw", "-ac", "1",
                           "-f", "flv", "rtmp://%s:%d/cams/alaw" % node.rtmp])


def scenario():
    ffmpeg.need("ffmpeg")
    with Node("hls: {segment: 1s}") as node:
        with camera(node):
            node.wait_stream("cams/alaw", lambda entry: len(entry["tracks"]) == 2)
            with concurrent.futures.ThreadPoolExecutor(len(PATHS)) as pool:
                list(pool.map(plays, ["http://%s:%d/cams/%s" % (*node.http, path) for path in PATHS]))
            over_websocket(node)
            says_so(node)


def plays(url):
    """AAC is there, nothing is complained about, and tone and picture are what was sent."""
    code, samples, said = ffmpeg.run(
        ["ffmpeg", "-hide_banner", "-nostdin", "-v", "level+info", "-xerror", "-t", "4", "-i", url,
         "-map", "0:v", "-vf", "blackdetect=d=0.1:pix_th=0.5", "-f", "null", "-",
         "-map", "0:a", "-af", "silencedetect=n=-20dB:d=0.1", "-f", "f32le", "-ar", str(RATE), "-ac", "1", "pipe:1"], 60)
    check(code == 0, f"ffmpeg could not play {url}: {said}")
    complaints = [line for line in said.splitlines() if re.search(r"\[(warning|error|fatal)\]", line) and KNOWN not in line]
    equal(complaints, [], f"what ffmpeg had to say to {url}")
    check("Audio: aac (LC)" in said and "Video: h264" in said, f"tracks of {url}: {said}")
    in_step(url, said)
    tone(url, struct.unpack(f"<{len(samples) // 4}f", samples))


def in_step(url, said):
    """It gets dark and silent at the same time."""
    dark, silent = ([float(part.split()[0]) for part in said.split(word)[1:]] for word in ("black_start:", "silence_start: "))
    check(len(dark) >= 3 and len(silent) >= 3, f"no edges in {url}: {said}")
    worst = max(min(abs(a - b) for a in silent) for b in dark[:-1])
    print(f"{url}: sound and picture are {worst * 1000:.0f} ms apart", flush=True)
    check(worst < 0.08, f"sound and picture of {url} are {worst:.3f} s apart: {dark} {silent}")


def tone(url, samples):
    """The loudest tenth of a second is the tone and nothing else."""
    loud = max((samples[i:i + RATE // 10] for i in range(0, len(samples) - RATE // 10, 800)), key=lambda part: sum(x * x for x in part))
    turns = [2 * math.pi * TONE * i / RATE for i in range(len(loud))]
    power = sum(x * x for x in loud)
    of_tone = (sum(x * math.sin(a) for x, a in zip(loud, turns)) ** 2 +
               sum(x * math.cos(a) for x, a in zip(loud, turns)) ** 2) * 2 / len(loud)
    check(power / len(loud) > 0.05 and of_tone / power > 0.95, f"the tone of {url}: {of_tone / max(power, 1e-9):.2f}")


def over_websocket(node):
    """The page is told both codecs."""
    client = mse.Client(node.http, "/cams/alaw.mp4")
    check(client.read_until(lambda c: c.fragments() >= 3), "no media")
    check("mp4a.40.2" in client.texts()[0]["value"], f"codecs: {client.texts()[0]}")
    client.close()


def says_so(node):
    """API and metrics tell what is made, and that nothing was lost."""
    made = node.stream("cams/alaw")["made_sound"]
    equal((made["codec"], made["sample_rate"], made["channels"], made["from"], made["containers"]),
          ("aac", RATE, 1, "transcoder", ["fmp4", "ts"]), "what is made")
    node.wait_metric("sound_frames_total", lambda n: n > 100, direction="out")
    node.wait_metric("sound_transcoders", lambda n: n == 1)
    for reason in ("busy", "broken", "flood"):
        node.wait_metric("sound_frames_dropped_total", lambda n: n == 0, reason=reason)


main(scenario)
