# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 35 with slowhttptest: slow headers, slow bodies and slow readers, while a normal viewer starts in a second."""

import time

from lib import ffmpeg
from lib.expect import check, equal, main, sized, wait_until, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
http:
  header_timeout: 3s
  idle_timeout: 3s
  send_timeout: 3s
deliver:
  skip_after: 1s
  close_after: 3s
stream:
  unknown_wait: 50ms
"""
MODES = [
    ("slow headers", ["-H", "-i", "1"]),
    ("slow bodies", ["-B", "-i", "1"]),
    ("slow reading", ["-X", "-w", "512", "-y", "1024", "-n", "2", "-z", "32", "-k", "3"]),
]


def scenario():
    ffmpeg.need("slowhttptest")
    connections, seconds = sized(300, 2000), sized(4, 60)
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, "slow/gate").open().run()
        node.wait_stream("slow/gate")
        innocent = Viewer(node.http, "/slow/gate.flv").wait_frames(5)
        for what, options in MODES:
            url = "http://%s:%d/slow/gate.flv" % node.http
            command = ["slowhttptest", "-c", str(connections), "-r", str(connections), "-l", str(seconds), "-u", url,
                       "-p", "5", *options]
            with ffmpeg.Running(command) as attack:
                wait_until(lambda: clients(node) > connections / 3, f"{what}: the attack does not begin", 10)
                starts_in_time(node, what)
                code = attack.wait(seconds + 60)
                check(code >= 0, f"slowhttptest: {attack.output()[-500:]}")
            wait_until(lambda: clients(node) <= 3, lambda: f"{clients(node)} clients after {what}", 15)
            innocent.wait_more(5).check_ok()
        equal(len({tag.number for tag in innocent.frames(9)}), len(innocent.frames(9)), "frames of the innocent viewer")
        publisher.stop()


def clients(node):
    """Connections that ask or wait, and viewers that are served."""
    metrics = node.metrics()
    return metrics.value("http_connections") + metrics.value("viewers")


def starts_in_time(node, what):
    """A new viewer beside the attack."""
    asked = time.monotonic()
    viewer = Viewer(node.http, "/slow/gate.flv").wait_frames(1)
    within(viewer.first_frame_at - asked, 0, 1.0, f"seconds until a viewer started during {what}")
    viewer.close()


main(scenario)
