# SPDX-License-Identifier: Apache-2.0
"""A crowd of viewers while the publisher comes and goes (docs/torture.md 28): nothing crashes, everybody is told, nothing stays."""

from lib.expect import check, equal, main, sized, wait_until
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
stream:
  viewer_grace: 0s
  unknown_wait: 2s
"""


def scenario():
    viewers_per_turn, turns = sized(60, 500), sized(20, 200)
    with Node(CONFIG, workers=3) as node:
        descriptors = node.descriptors()
        leftovers = []
        for turn in range(turns):
            publisher = Publisher(node.rtmp, "cams/gate").open()
            publisher.push(400)
            fresh = [Viewer(node.http, "/cams/gate.flv", "ws" if i % 2 else "http") for i in range(viewers_per_turn)]
            # The publisher leaves while some viewers play, some have just asked, and some wait for a stream.
            wait_until(lambda: fresh[0].frames(), lambda: f"turn {turn}: {fresh[0].describe()}", 10)
            publisher.run(4)
            wait_until(lambda: fresh[-1].frames() or fresh[-1].closed, "last viewer", 10)
            (publisher.kill if turn % 2 else publisher.stop)()
            for viewer in leftovers:
                wait_told(viewer)
                viewer.close()
            leftovers = fresh
            node.wait_no_stream("cams/gate")
        for viewer in leftovers:
            wait_told(viewer)
            check(not viewer.error or "connection" in viewer.error, f"viewer: {viewer.describe()}")
            viewer.close()
        wait_until(lambda: not node.sessions(), lambda: f"sessions that stay: {node.sessions()[:3]}", 10)
        wait_until(lambda: node.descriptors() <= descriptors + 2, lambda: f"descriptors: {node.descriptors()}", 10)
        node.wait_metric("tape_bytes", lambda value: value == 0, timeout=15)
        equal(len(node.logged("session ended", kind="publisher")), turns, "ended publishers in the log")
        node.check_alive()


def wait_told(viewer):
    """Its connection ends with the stream; whose request came too late for that is told that there is none."""
    wait_until(lambda: viewer.closed or viewer.status == 404, lambda: f"viewer was not told: {viewer.describe()}", 10)


main(scenario)
