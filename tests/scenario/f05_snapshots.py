# SPDX-License-Identifier: Apache-2.0
"""/S/C.jpg is the newest key frame of what ffmpeg publishes, in the width that is asked for; many who ask at once cost few pictures."""

import tempfile
import threading

from lib import ffmpeg, http
from lib.expect import check, equal, main, within
from lib.node import Node


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    with Node("stream: {unknown_wait: 200ms}\nsnapshot: {max_age: 10s}") as node:
        with ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            for query, size in (("", (320, 180)), ("?w=160", (160, 90)), ("?w=5000", (320, 180))):
                shows(node, query, size)
            crowd(node)
            equal(http.get(node.http, "/cams/gate.jpg?w=wide").status, 400, "a width that is none")
        equal(http.get(node.http, "/cams/other.jpg").status, 404, "an unknown stream")


def shows(node, query, size):
    """The size, and that it is a picture and not a grey field."""
    response = http.get(node.http, "/cams/gate.jpg" + query, timeout=20)
    equal((response.status, response.header("Content-Type")), (200, "image/jpeg"), f"answer to {query!r}")
    check(response.header("ETag") and response.header("Cache-Control"), f"no caching fields in {response}")
    with tempfile.NamedTemporaryFile(suffix=".jpg") as file:
        file.write(response.body)
        file.flush()
        streams, said = ffmpeg.probe(file.name)
        equal(said, "", f"what ffprobe had to say to {query!r}")
        equal([(s["codec_name"], s["width"], s["height"]) for s in streams], [("mjpeg", *size)], f"size for {query!r}")
        code, pixels, said = ffmpeg.run(["ffmpeg", "-nostdin", "-v", "error", "-i", file.name, "-vf", "scale=32:18",
                                         "-f", "rawvideo", "-pix_fmt", "rgb24", "-"])
    equal((code, said), (0, ""), "ffmpeg on the picture")
    # testsrc2 has clear colours on black: of grey all three parts are the same everywhere.
    colours = [max(pixels[i:i + 3]) - min(pixels[i:i + 3]) for i in range(0, len(pixels), 3)]
    check(sum(colour > 100 for colour in colours) > len(colours) // 8, f"the picture for {query!r} has no colours")
    within(sum(pixels) / len(pixels), 40, 215, f"mean of the picture for {query!r}")


def crowd(node):
    """50 at once want a width that nobody has asked for yet: each loop makes one picture."""
    before = node.metric("snapshots_total", result="made")
    answers = []

    def ask():
        answers.append(http.get(node.http, "/cams/gate.jpg?w=96", timeout=20).status)

    threads = [threading.Thread(target=ask) for _ in range(50)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join(30)
    equal(answers, [200] * 50, "answers to 50 at once")
    within(node.metric("snapshots_total", result="made") - before, 1, 2, "pictures made for 50 requests on two loops")


main(scenario)
