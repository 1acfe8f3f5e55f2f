# SPDX-License-Identifier: Apache-2.0
"""GStreamer plays every output that it knows, by the demuxers by name: decoded pictures and sound come out, and it has nothing to say."""

from lib import ffmpeg
from lib.expect import equal, main, sized, wait_until
from lib.node import Node

SECONDS = sized(2, 20)
FLV, MP4, TS = ("flvdemux", "video", "audio"), ("qtdemux", "video_0", "audio_0"), ("tsdemux", "video_0_0100", "audio_0_0101")
LINES = {  # URL's path: what stands between the source and the demuxer's pads
    "/cams/gate.flv": ([], *FLV),
    "/cams/gate.mp4": ([], *MP4),
    "/cams/gate.ts": ([], *TS),
    "/cams/gate/index.m3u8": (["hlsdemux", "!"], *MP4),
    "/cams/gate/index.m3u8?container=ts": (["hlsdemux", "!"], *TS),
}
ADAPTIVE = ("/cams/gate/index.m3u8", "/cams/gate/index.m3u8?container=ts")  # by hlsdemux2, which playbin3 takes


def scenario():
    ffmpeg.need("ffmpeg", "gst-launch-1.0")
    ffmpeg.need_elements("souphttpsrc", "flvdemux", "qtdemux", "tsdemux", "hlsdemux", "hlsdemux2", "h264parse", "avdec_h264", "avdec_aac")
    with Node("hls: {segment: 500ms, part: 200ms}") as node:
        with ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp, gop=10):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            base = "http://%s:%d" % node.http
            players = {f"{path} by {line[1]}": ffmpeg.Running(["gst-launch-1.0", "-v", *chain(base + path, *line)])
                       for path, line in LINES.items()}
            players.update({f"{path} by playbin3": ffmpeg.Running(["gst-launch-1.0", "-v", *playbin(base + path)]) for path in ADAPTIVE})
            try:
                for name, player in players.items():
                    plays(name, player)
            finally:
                for player in players.values():
                    player.kill()


def sink(name):
    """Prints a line for each buffer."""
    return ["fakesink", f"name={name}", "silent=false", "sync=false"]


def chain(url, before, demuxer, video, audio):
    """A pipeline of named parts."""
    return ["souphttpsrc", f"location={url}", "is-live=true", "!", *before, demuxer, "name=d",
            f"d.{video}", "!", "queue", "!", "h264parse", "!", "avdec_h264", "!", *sink("pictures"),
            f"d.{audio}", "!", "queue", "!", "aacparse", "!", "avdec_aac", "!", *sink("sound")]


def playbin(url):
    """What applications use; its demuxer is hlsdemux2."""
    return ["playbin3", f"uri={url}", f"video-sink={' '.join(sink('pictures'))}", f"audio-sink={' '.join(sink('sound'))}"]


def plays(name, player):
    """Pictures, sound, no complaint."""
    for kind, count in (("pictures", SECONDS * 25), ("sound", SECONDS * 40)):
        wait_until(lambda: player.output().count(f"{kind}: last-message = chain") >= count,
                   lambda: f"GStreamer plays no {kind} of {name}:\n{player.output()[-2000:]}", SECONDS + 30)
    equal([line for line in player.output().splitlines() if line.startswith(("ERROR", "WARNING"))], [], f"what GStreamer had to say to {name}")


main(scenario)
