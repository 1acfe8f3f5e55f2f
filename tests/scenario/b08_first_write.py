# SPDX-License-Identifier: Apache-2.0
"""A joining viewer gets head, prefix and its first key frame with one write: strace counts the node's writes."""

import os
import re

from lib import ffmpeg, media
from lib.expect import check, equal, main, skip, wait_until
from lib.node import Node, sanitizer
from lib.publisher import Publisher
from lib.viewer import Viewer

_CALL = re.compile(r"\b(write|writev|send|sendto|sendmsg)\(")


def scenario():
    ffmpeg.need("strace")
    if sanitizer():
        skip("strace and sanitizers do not go together")
    with Node(workers=1) as node:
        publisher = Publisher(node.rtmp, "cams/gate", media.Feed(gop=50, size=2000)).open()
        publisher.push(1000)
        node.wait_stream("cams/gate", lambda entry: entry["gop_frames"] >= 25)
        trace = os.path.join(node.folder, "strace.log")
        command = ["strace", "-f", "-s", "16", "-e", "trace=write,writev,send,sendto,sendmsg", "-o", trace,
                   "-p", str(node.pid)]
        with ffmpeg.Running(command) as tracer:
            wait_until(lambda: "attached" in tracer.output(), lambda: f"strace: {tracer.output()}", 10)
            for transport in ("http", "ws"):
                join_in_one_write(node, trace, transport)
        publisher.stop()


def join_in_one_write(node, trace, transport):
    """The publisher is silent, so every write to a socket is the joining viewer's."""
    before = lines(trace)
    viewer = Viewer(node.http, "/cams/gate.flv", transport).wait_status()
    viewer.wait_frames(50)
    check(viewer.frames(media.VIDEO)[0].is_key, "no key frame first")
    viewer.close()
    node.wait_logged("session ended", kind="viewer", protocol=f"{transport}-flv")
    calls = [line for line in lines(trace)[len(before):] if _CALL.search(line) and "HTTP/1.1" in line]
    equal(len(calls), 1, f"writes that begin with the head over {transport}: {calls}")
    written = int(calls[0].rsplit("= ", 1)[1].split()[0])
    check(written > 25 * 2000, f"the first write carries only {written} bytes")


def lines(path):
    """The trace so far."""
    with open(path, encoding="utf-8", errors="replace") as file:
        return file.readlines()


main(scenario)
