# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 42: the node starts no program, whatever it is asked: strace sees no execve after the start, and no fork."""

import os
import re
import signal

from lib import ffmpeg, http
from lib.expect import check, equal, main, skip
from lib.node import Node, sanitizer
from lib.publisher import Publisher, Refused
from lib.viewer import Viewer

NAMES = ["$(id)", "`id`", ";id", "|id", "&&id", "x y", "'; id #", "exec:id", "file:///etc/passwd", "ffmpeg", "concat:a"]


def scenario():
    ffmpeg.need("strace")
    if sanitizer():
        skip("strace and sanitizers do not go together")
    with Node(prefix=["strace", "-f", "-qq", "-e", "trace=execve,execveat,fork,vfork,clone,clone3", "-o", "exec.log"]) as node:
        publisher = Publisher(node.rtmp, "cams/gate").open().run()
        node.wait_stream("cams/gate")
        viewer = Viewer(node.http, "/cams/gate.flv").wait_frames(5)
        for name in NAMES:
            for address in (node.http, node.admin):
                target = f"/{name}/{name}.flv?x={name}"
                http.exchange(address, f"GET {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode(), 1)
            try:
                Publisher(node.rtmp, f"{name.replace('/', '')}/x{name}").open()
            except Refused:
                pass
        node.configure("node: {id: \"$(id)\"}\nstreams: {\"cams/x\": {publish: always}}\n")
        node.signal(signal.SIGHUP)
        node.wait_metric("config_reloads_total", lambda value: value == 1)
        node.api("/api/v1/streams")
        viewer.wait_more(5)
        publisher.stop()
        node.signal(signal.SIGTERM)
        node.wait_exit()
        started_programs(os.path.join(node.folder, "exec.log"))


def started_programs(path):
    """One execve, the node's own; every clone is a thread."""
    with open(path, encoding="utf-8", errors="replace") as file:
        lines = file.readlines()
    executed = [line for line in lines if "execve" in line and "resumed" not in line]
    equal(len(executed), 1, f"programs that were started: {executed}")
    # A line is the thread's number and the call; the executable's own path may have any word in it.
    processes = [line for line in lines if re.match(r"\d+\s+(v?fork|clone3?)\(", line) and "CLONE_THREAD" not in line]
    check(not processes, f"processes that were started: {processes}")


main(scenario)
