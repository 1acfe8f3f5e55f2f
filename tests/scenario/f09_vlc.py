# SPDX-License-Identifier: Apache-2.0
"""VLC takes every output apart without a complaint: what it puts into a file of its own has pictures and sound."""

import os
import re
import tempfile

from lib import ffmpeg, vlc
from lib.expect import check, equal, main, sized
from lib.node import Node

SECONDS = sized(2, 20)
COMPLAINT = re.compile(r".*(?:access|stream|demux|packetizer|input|mux) error:.*")  # not of its missing windows and loudspeakers
PATHS = ("gate.flv", "gate.mp4", "gate.ts", "gate/index.m3u8", "gate/index.m3u8?container=ts")


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder, Node("hls: {segment: 500ms, part: 200ms}") as node:
        os.chmod(folder, 0o777)
        with ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp, gop=10):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            files = {path: os.path.join(folder, f"{number}.ts") for number, path in enumerate(PATHS)}
            players = {path: ffmpeg.Running(vlc.command(folder, "--run-time", str(SECONDS), "http://%s:%d/cams/%s" % (*node.http, path),
                                                        "--sout", f"#std{{access=file,mux=ts,dst={file}}}", "vlc://quit"))
                       for path, file in files.items()}
            try:
                for path, player in players.items():
                    equal(player.wait(SECONDS + 30), 0, f"VLC's exit code for {path}")
                    equal(COMPLAINT.findall(player.output()), [], f"what VLC had to say to {path}")
            finally:
                for player in players.values():
                    player.kill()
        for path, file in files.items():
            judge(path, file)


def judge(path, file):
    """As many pictures and as much sound as it has played."""
    code, out, err = ffmpeg.run(["ffprobe", "-v", "error", "-count_packets", "-show_entries", "stream=codec_name,nb_read_packets",
                                 "-of", "csv=p=0", file])
    equal((code, err), (0, ""), f"what ffprobe had to say about VLC's file of {path}")
    counts = dict(line.split(",") for line in set(out.decode().split()))
    for codec, rate in (("h264", 25), ("aac", 43)):
        check(int(counts.get(codec, 0)) >= SECONDS * rate * 0.6, f"VLC's file of {path}: {counts}")


main(scenario)
