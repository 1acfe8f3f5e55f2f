# SPDX-License-Identifier: Apache-2.0
"""A viewer that pauses jumps at a frame boundary to a newer key frame, plays on, and its session says how often."""

import time

from lib import flv, media
from lib.expect import check, main, wait_until
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
stream:
  tape_window: 8MiB
deliver:
  skip_after: 1s
  close_after: 30s
"""


def scenario():
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, "skip/gate", media.Feed(gop=10, size=30_000)).open().run()
        node.wait_stream("skip/gate")
        viewers = [Viewer(node.http, "/skip/gate.flv", transport, receive_buffer=16384).wait_frames(20)
                   for transport in ("http", "ws")]
        for viewer in viewers:
            viewer.pause()
        wait_until(lambda: all(session["lag_ms"] > 2500 for session in node.sessions(kind="viewer")),
                   lambda: f"lag of viewers that paused: {[s['lag_ms'] for s in node.sessions(kind='viewer')]}", 15)
        for viewer in viewers:
            viewer.resume()
            viewer.wait_more(40).check_ok()
            check_jump(viewer, publisher)
        wait_until(lambda: all(s["skips"] >= 1 for s in node.sessions(kind="viewer")), "skips are not counted per session")
        wait_until(lambda: all(s["lag_ms"] < 1000 for s in node.sessions(kind="viewer")),
                   lambda: f"viewers stay behind: {node.sessions(kind='viewer')}")
        check(node.metric("stream_skips_total", stream="skip/gate") >= 2, "skips are not counted per stream")
        publisher.stop()


def check_jump(viewer, publisher):
    """Whole tags, a growing time line, each gap ends at a key frame, and the picture is live again."""
    flv.check_growing(viewer.tags)
    pictures = viewer.frames(media.VIDEO)
    gaps = [(before, after) for before, after in zip(pictures, pictures[1:]) if after.number != before.number + 1]
    check(gaps, "the viewer has not skipped anything")
    check(len(gaps) <= 3, f"{len(gaps)} gaps for one pause")
    for before, after in gaps:
        check(after.is_key, f"after the gap, {before} is followed by {after}")
    started = time.monotonic()
    wait_until(lambda: viewer.frames(media.VIDEO)[-1].number > publisher.feed.video_frames - 10,
               lambda: f"viewer is at {viewer.frames(media.VIDEO)[-1]}, the camera at {publisher.feed.video_frames}")
    check(time.monotonic() - started < 3, "the viewer did not catch up")


main(scenario)
