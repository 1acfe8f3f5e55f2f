# SPDX-License-Identifier: Apache-2.0
"""ffmpeg publishes; ffprobe sees the tracks of /S/C.mp4 and /S/C.ts, and ffmpeg plays both without one warning."""

from lib import ffmpeg, http, ws
from lib.expect import check, equal, main, sized
from lib.node import Node

PROTOCOLS = {"mp4": ("http-fmp4", "video/mp4"), "ts": ("http-ts", "video/mp2t")}


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    with Node("stream: {unknown_wait: 200ms}") as node:
        with ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            for extension, (protocol, content_type) in PROTOCOLS.items():
                plays(node, extension, protocol)
                answers(node, extension, content_type)
            upgrade_of_ts(node)


def plays(node, extension, protocol):
    """Tracks and pictures, and the session's name."""
    target = "http://%s:%d/cams/gate.%s" % (*node.http, extension)
    streams, warnings = ffmpeg.probe(target)
    equal(warnings, "", f"what ffprobe had to say to {extension}")
    kinds = {stream["codec_type"]: stream for stream in streams}
    equal(sorted(kinds), ["audio", "video"], f"tracks in {extension}")
    equal((kinds["video"]["codec_name"], kinds["video"]["width"], kinds["video"]["height"]), ("h264", 320, 180),
          f"video in {extension}")
    equal((kinds["audio"]["codec_name"], kinds["audio"]["sample_rate"]), ("aac", "44100"), f"audio in {extension}")
    equal(ffmpeg.play(target, sized(4, 55), timeout=120), "", f"what ffmpeg had to say to {extension}")
    node.wait_logged("session ended", kind="viewer", protocol=protocol)
    node.wait_metric("egress_bytes_total", lambda sent: sent > 10_000, protocol=protocol)


def answers(node, extension, content_type):
    """HEAD tells the type; a name that is not there is 404 in every format."""
    response = http.request(node.http, "HEAD", f"/cams/gate.{extension}")
    equal((response.status, response.header("Content-Type")), (200, content_type), f"HEAD of {extension}")
    equal(http.get(node.http, f"/cams/other.{extension}").status, 404, f"unknown name in {extension}")


def upgrade_of_ts(node):
    """MPEG-TS has no WebSocket, and says what has."""
    response = http.get(node.http, "/cams/gate.ts", ws.upgrade_headers())
    equal(response.status, 400, "upgrade of .ts")
    check("fMP4" in response.json()["message"], f"the answer to an upgrade of .ts: {response}")


main(scenario)
