# SPDX-License-Identifier: Apache-2.0
"""A track that a container cannot carry, and that is not transcoded, is left out and the others play; without any it is 406."""

from lib import ffmpeg, http, mse
from lib.expect import check, equal, main
from lib.node import Node


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    with Node("sound: {transcode: never}") as node:
        arguments = ffmpeg.test_source(size="160x120") + ["-c:a", "pcm_alaw", "-ar", "8000", "-ac", "1"]
        with ffmpeg.Running(arguments + ["-f", "flv", "rtmp://%s:%d/cams/alaw" % node.rtmp]):
            node.wait_stream("cams/alaw", lambda entry: len(entry["tracks"]) == 2)
            video_alone(node)
        sound_alone(node)


def video_alone(node):
    """G.711 has its place in FLV only."""
    for extension, count in (("mp4", 1), ("ts", 1), ("flv", 2)):
        url = "http://%s:%d/cams/alaw.%s" % (*node.http, extension)
        streams, _ = ffmpeg.probe(url)
        equal(len(streams), count, f"tracks in {extension}")
        if count == 1:
            equal(ffmpeg.play(url, 2), "", f"what ffmpeg had to say to {extension}")
    client = mse.Client(node.http, "/cams/alaw.mp4")
    check(client.read_until(lambda c: c.fragments() >= 3), "no media")
    codecs = client.texts()[0]["value"].split('"')[1]
    check(codecs.startswith("avc1.") and "," not in codecs, f"codecs: {codecs}")
    client.close()
    video, audio = node.stream("cams/alaw")["tracks"]
    equal((video["containers"], audio["containers"]), (["flv", "fmp4", "ts"], ["flv"]), "containers in the API")


def sound_alone(node):
    """G.711 and nothing else."""
    source = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", "-re", "-f", "lavfi", "-i", "sine=500:r=8000",
              "-c:a", "pcm_alaw", "-f", "flv", "rtmp://%s:%d/cams/sound" % node.rtmp]
    with ffmpeg.Running(source):
        node.wait_stream("cams/sound", lambda entry: entry["tracks"])
        for extension in ("mp4", "ts"):
            response = http.get(node.http, f"/cams/sound.{extension}", timeout=20)
            equal((response.status, response.json()["code"]), (406, "no_track"), extension)
            equal(http.request(node.http, "HEAD", f"/cams/sound.{extension}").status, 406, f"HEAD of {extension}")


main(scenario)
