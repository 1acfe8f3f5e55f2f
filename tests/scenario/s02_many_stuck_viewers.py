# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 29: 200 viewers that never read cost next to nothing each, are cut off in time, and delay nobody."""

import time

from lib import hostile, media
from lib.expect import check, main, wait_until, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
stream:
  tape_window: 4MiB
deliver:
  skip_after: 1s
  close_after: 4s
"""
VIEWERS = 200
PER_VIEWER = 16 * 1024


def scenario():
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, "stuck/gate", media.Feed(gop=25, size=20_000)).open().run()
        node.wait_stream("stuck/gate")
        steady = Viewer(node.http, "/stuck/gate.flv").wait_frames(50)
        growth = hostile.Growth(node)
        stuck = [Viewer(node.http, "/stuck/gate.flv", ("http", "ws")[i % 2], receive_buffer=4096, reading=False)
                 for i in range(VIEWERS)]
        wait_until(lambda: len(node.sessions(kind="viewer")) == VIEWERS + 1, "stuck viewers are not all there")
        stuck_since = time.monotonic()
        innocent = hostile.Innocent(node)
        while node.metric("viewers_closed_slow_total") < VIEWERS:
            innocent.look()
            growth.check_below(VIEWERS * PER_VIEWER + (6 << 20), f"{VIEWERS} viewers that never read")
            check(time.monotonic() - stuck_since < 20, f"{node.metric('viewers_closed_slow_total'):.0f} were cut off in 20 s")
        within(time.monotonic() - stuck_since, 2, 15, "seconds until the stuck viewers were cut off")
        pictures = [tag.number for tag in steady.check_ok().frames(media.VIDEO)]
        check(all(b == a + 1 for a, b in zip(pictures, pictures[1:])), "the steady viewer lost pictures")
        innocent.finish()
        for viewer in stuck:
            viewer.close()
        publisher.stop()


main(scenario)
