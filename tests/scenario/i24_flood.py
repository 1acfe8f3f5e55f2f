# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 8, as far as there is no recorder: a publisher at 100 times real time with a stalled viewer leaves memory bounded."""

from lib import hostile, media
from lib.expect import main, wait_until
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
stream:
  tape_window: 4MiB
  gop_max_bytes: 2MiB
"""


def scenario():
    with Node(CONFIG) as node:
        innocent = hostile.Innocent(node)
        publisher = Publisher(node.rtmp, "flood/gate", media.Feed(gop=50, size=20_000)).open()
        publisher.push(2000)
        reader = Viewer(node.http, "/flood/gate.flv").wait_frames(5)
        stalled = Viewer(node.http, "/flood/gate.flv", receive_buffer=4096, reading=False)
        publisher.push(8000)
        growth = hostile.Growth(node)
        for _ in range(12):  # 1200 pictures of 20 kB each: 24 MB
            publisher.push(4000)
            innocent.look()
            growth.check_below(12 << 20, "a flood with a tape window of 4 MiB")
        node.wait_metric("stream_frames_total", lambda value: value == publisher.sent_frames, stream="flood/gate")
        newest = publisher.feed.video_frames - 1
        # The whole window passes in some milliseconds: a reader keeps up, or is told by its end that it did not.
        wait_until(lambda: reader.closed or reader.frames(media.VIDEO)[-1].number == newest,
                   "the reading viewer is neither at the live edge nor closed")
        stalled.close()
        publisher.stop()
        innocent.finish(longest=2.0)


main(scenario)
