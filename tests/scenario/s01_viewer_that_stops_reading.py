# SPDX-License-Identifier: Apache-2.0
"""A viewer that stops reading does not grow the node's memory, is skipped and then closed; others do not notice."""

import time

from lib import flv, hostile, media
from lib.expect import check, equal, main, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
stream:
  tape_window: 4MiB
deliver:
  skip_after: 1s
  close_after: 3s
"""


def scenario():
    with Node(CONFIG) as node:
        # 25 pictures of 40 kB a second are 8 Mbit/s.
        publisher = Publisher(node.rtmp, "slow/gate", media.Feed(gop=25, size=40_000)).open().run()
        node.wait_stream("slow/gate")
        steady = Viewer(node.http, "/slow/gate.flv").wait_frames(50)
        growth = hostile.Growth(node)
        for transport in ("http", "ws"):
            stops_reading(node, transport, growth)
        steady.check_ok()
        flv.check_stream(steady.tags)
        publisher.stop()


def stops_reading(node, transport, growth):
    """The viewer takes its first frames and then nothing more."""
    closed_before = node.metric("viewers_closed_slow_total")
    viewer = Viewer(node.http, "/slow/gate.flv", transport, receive_buffer=16384).wait_frames(3)
    viewer.pause()
    stopped = time.monotonic()
    (session,) = [s for s in node.sessions(kind="viewer") if s["peer"].endswith(":%d" % viewer.socket.getsockname()[1])]
    ended = node.wait_logged("session ended", timeout=10, session=session["id"])
    within(time.monotonic() - stopped, 2, 8, "seconds until a viewer that does not read was closed")
    equal(ended["reason"], "slow", "reason in the log")
    equal(node.metric("viewers_closed_slow_total") - closed_before, 1, "slow viewers that were closed")
    growth.check_below(6 << 20, f"one {transport} viewer that does not read")
    check(int(ended["bytes_out"]) > 0 and int(ended["duration_ms"]) > 2000, f"log line: {ended}")
    viewer.close()


main(scenario)
