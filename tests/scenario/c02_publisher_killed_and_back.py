# SPDX-License-Identifier: Apache-2.0
"""kill -9 of ffmpeg and its return are survived by the viewers: one connection, one growing time line, no silence after."""

from lib import ffmpeg, flv, media
from lib.expect import check, equal, main, wait_until
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
stream:
  viewer_grace: 10s
"""


def scenario():
    ffmpeg.need("ffmpeg")
    with Node(CONFIG) as node:
        killed_ffmpeg(node)
        killed_many_times(node)


def killed_ffmpeg(node):
    """A real encoder dies by SIGKILL and is started anew; its clock begins at 0 again."""
    url = "rtmp://%s:%d/cams/real" % node.rtmp
    with ffmpeg.publish(url, size="160x120", rate=15, gop=15) as first:
        node.wait_stream("cams/real")
        viewers = [Viewer(node.http, "/cams/real.flv"), Viewer(node.http, "/cams/real.flv", "ws")]
        for viewer in viewers:
            viewer.wait_frames(40)
        first.kill()
    entry = node.wait_stream("cams/real", lambda entry: entry["state"] == "waiting")
    check(0 < entry["grace_left_s"] <= 10, f"grace left: {entry}")
    equal(entry["publisher"], None, "publisher of a waiting stream")
    before = [len(viewer.frames()) for viewer in viewers]
    with ffmpeg.publish(url, size="160x120", rate=15, gop=15):
        node.wait_stream("cams/real")
        for viewer, count in zip(viewers, before):
            viewer.wait_frames(count + 40).check_ok()
            flv.check_start(viewer.tags)
            flv.check_growing(viewer.tags)
    for viewer in viewers:
        viewer.close()


def killed_many_times(node):
    """Ten resets with a returning publisher: the viewer never notices more than a pause."""
    publisher = Publisher(node.rtmp, "cams/gate").open().run(2)
    viewer = Viewer(node.http, "/cams/gate.flv").wait_frames(20)
    for turn in range(10):
        publisher.kill()
        node.wait_stream("cams/gate", lambda entry: entry["state"] == "waiting")
        seen = len(viewer.frames())
        publisher = Publisher(node.rtmp, "cams/gate", media.Feed(first=1000 * (turn + 1))).open().run(2)
        viewer.wait_frames(seen + 20).check_ok()
        wait_until(lambda: any(tag.number >= 1000 * (turn + 1) for tag in viewer.frames(media.VIDEO)),
                   lambda: f"no picture of the returned publisher: {viewer.describe()}")
    flv.check_growing(viewer.tags)
    check_restarts_with_key(viewer.frames(media.VIDEO))
    publisher.stop()


def check_restarts_with_key(pictures):
    """After each return the first picture is a key frame."""
    for before, after in zip(pictures, pictures[1:]):
        if after.number // 1000 != before.number // 1000:
            check(after.is_key, f"{before} is followed by {after}")


main(scenario)
