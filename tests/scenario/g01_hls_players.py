# SPDX-License-Identifier: Apache-2.0
"""ffmpeg publishes; ffprobe sees the tracks of HLS, and ffmpeg plays it without one warning: fragmented MP4 and MPEG-TS."""

from lib import ffmpeg, http
from lib.expect import check, equal, main, sized
from lib.node import Node

SECONDS = sized(6, 40)


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    with Node() as node:
        with ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            redirect(node)
            for query in ("", "?container=ts"):
                plays(node, query)
        check(not node.logged("session ended", kind="viewer", reason="protocol_error"), "protocol error")


def redirect(node):
    """The query form leads to the path."""
    for query, path in (("", "/cams/gate/index.m3u8"), ("&container=ts", "/cams/gate/index.m3u8?container=ts")):
        response = http.get(node.http, "/hls?server=cams&camera=gate" + query)
        equal((response.status, response.header("Location")), (302, path), "where /hls leads")
    equal(http.get(node.http, "/hls?server=cams").status, 400, "/hls without a camera")


def plays(node, query):
    """What real players make of it."""
    url = "http://%s:%d/cams/gate/index.m3u8%s" % (*node.http, query)
    streams, said = ffmpeg.probe(url, 30)
    equal(said, "", f"what ffprobe had to say about {url}")
    kinds = {stream["codec_type"]: stream for stream in streams}
    equal(sorted(kinds), ["audio", "video"], f"tracks of {url}")
    equal((kinds["video"]["codec_name"], kinds["video"]["width"]), ("h264", 320), "video")
    equal((kinds["audio"]["codec_name"], kinds["audio"]["sample_rate"]), ("aac", "44100"), "audio")
    said = without_known(ffmpeg.play(url, SECONDS, timeout=SECONDS + 60))
    equal(said, "", f"what ffmpeg had to say about {url}")
    check(node.sessions(kind="viewer", protocol="hls"), "ffmpeg's session is not listed")


def without_known(text):
    """ffmpeg reads the init segment again with each list, and wonders at that itself, whoever made it (docs/hls.md)."""
    return "\n".join(line for line in text.splitlines()
                     if "Found duplicated MOOV Atom" not in line and "Last message repeated" not in line)


main(scenario)
