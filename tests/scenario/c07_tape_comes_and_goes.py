# SPDX-License-Identifier: Apache-2.0
"""A tape exists only while somebody reads it, plus a grace; the next viewer starts from the last GOP all the same."""

from lib import flv, media
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
stream:
  tape_grace: 500ms
"""


def scenario():
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, "cams/gate").open()
        publisher.push(1000)
        entry = node.wait_stream("cams/gate", lambda entry: entry["gop_frames"] > 0)
        equal(entry["tape_bytes"], 0, "tape memory before the first viewer")
        stamps = []
        for turn in range(3):
            viewer = Viewer(node.http, "/cams/gate.flv").wait_frames(10)
            publisher.push(1000)
            newest = publisher.feed.video_frames - 1
            node.wait_metric("frames_in_total", lambda value: value == publisher.sent_frames)
            viewer.wait_frames(25, kind=media.VIDEO)
            flv.check_stream(viewer.tags)
            first = viewer.frames(media.VIDEO)[0]
            check(first.number > newest - 25 - publisher.feed.gop, f"turn {turn} begins with {first}")
            stamps += [(tag.number, tag.timestamp) for tag in viewer.frames(media.VIDEO)]
            check(node.stream("cams/gate")["tape_bytes"] > 0, "no tape while a viewer reads")
            viewer.close()
            node.wait_metric("tape_bytes", lambda value: value == 0, timeout=5)
        # One time line: a frame that was on two tapes had one time stamp.
        equal(len(dict(stamps)), len(set(stamps)), "time stamps per frame over all tapes")
        publisher.stop()


main(scenario)
