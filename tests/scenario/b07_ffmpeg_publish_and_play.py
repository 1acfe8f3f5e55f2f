# SPDX-License-Identifier: Apache-2.0
"""ffmpeg publishes; ffprobe sees the tracks and ffmpeg plays without one warning. 12 seconds, 60 in full size."""

from lib import ffmpeg
from lib.expect import check, equal, main, sized
from lib.node import Node


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    seconds = sized(8, 55)
    with Node() as node:
        target = "http://%s:%d/cams/gate.flv" % node.http
        source = ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp, seconds=seconds + 5)
        with source:
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            streams, warnings = ffmpeg.probe(target)
            equal(warnings, "", "what ffprobe had to say")
            kinds = {stream["codec_type"]: stream for stream in streams}
            equal(sorted(kinds), ["audio", "video"], "tracks that ffprobe sees")
            equal((kinds["video"]["codec_name"], kinds["video"]["width"], kinds["video"]["height"]),
                  ("h264", 320, 180), "video that ffprobe sees")
            equal((kinds["audio"]["codec_name"], kinds["audio"]["sample_rate"]), ("aac", "44100"), "audio")
            equal(ffmpeg.play(target, seconds, timeout=seconds + 30), "", "what ffmpeg had to say while playing")
            equal(source.wait(seconds + 30), 0, "exit code of the publisher")
        check(not node.logged("session ended", kind="publisher", reason="protocol_error"), "protocol error")
        node.wait_logged("session ended", kind="publisher", reason="client_closed")


main(scenario)
