# SPDX-License-Identifier: Apache-2.0
"""With 10 seconds between key frames a viewer still starts at once, at the last key frame, and misses nothing since."""

import time

from lib import flv, media
from lib.expect import check, equal, main, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
stream:
  gop_max_bytes: 1MiB
  gop_max_duration: 20s
"""


def scenario():
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, "cams/smart", media.Feed(gop=250, size=1000)).open()
        sent = publisher.push(9000)
        node.wait_metric("frames_in_total", lambda value: value == sent)
        asked = time.monotonic()
        viewer = Viewer(node.http, "/cams/smart.flv").wait_frames(sent)
        within(viewer.first_frame_at - asked, 0, 1.0, "seconds until the first frame")
        flv.check_stream(viewer.tags)
        equal(viewer.frames(media.VIDEO)[0].number, 0, "first picture")
        publisher.push(2000)
        viewer.wait_frames(sent + 60).check_ok()
        late = Viewer(node.http, "/cams/smart.flv").wait_frames(10)
        equal(late.frames(media.VIDEO)[0].number, 250, "first picture of a later viewer")
        publisher.stop()
        over_the_limit(node)


def over_the_limit(node):
    """A GOP that exceeds the cache's bytes is not kept: a viewer then starts at the next key frame."""
    publisher = Publisher(node.rtmp, "cams/fat", media.Feed(gop=100, size=30000)).open()
    publisher.push(3000)
    entry = node.wait_stream("cams/fat", lambda entry: entry["frames_in"] >= 75)
    check(entry["gop_bytes"] <= 1 << 20, f"the cache holds {entry['gop_bytes']} bytes")
    viewer = Viewer(node.http, "/cams/fat.flv")
    publisher.push(2000)
    viewer.wait_frames(10)
    equal(viewer.frames(media.VIDEO)[0].number, 100, "first picture after an overlong GOP")
    flv.check_start(viewer.tags)
    publisher.stop()


main(scenario)
