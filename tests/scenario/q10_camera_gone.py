# SPDX-License-Identifier: Apache-2.0
"""A camera is switched off for a while and comes back, with another resolution, with another clock: its viewers stay.

Their time line grows, what comes after begins with a key frame and new sequence headers, memory is flat, and a stream of
another camera never notices.
full: 30 s without the camera.
"""

import time

from lib import flv, media
from lib.camera import House, Plan
from lib.camera.family import config_of
from lib.expect import check, equal, main, sized, wait_until, within
from lib.hostile import Growth
from lib.node import Node
from lib.viewer import Viewer

TWO = [{"media": "h264"}, {"media": "aac"}]
AWAY_S = sized(2, 30)


def scenario():
    with House([Plan({"tracks": TWO}, "cam"), Plan({"tracks": TWO}, "other")]) as house:
        cam, other = house.cameras["cam"], house.cameras["other"]
        with Node(config_of([("q/cam", cam, {}), ("q/other", other, {})])) as node:
            viewers = [Viewer(node.http, "/q/cam.flv"), Viewer(node.http, "/q/cam.flv", "ws")]
            witness = Viewer(node.http, "/q/other.flv").wait_frames(30, timeout=15)
            for viewer in viewers:
                viewer.wait_frames(60, timeout=15)
            growth = Growth(node)
            away(node, cam, viewers, {"tracks": [{"media": "h264_small"}, {"media": "aac"}]})
            away(node, cam, viewers, {"tracks": [{"media": "h264", "timestamp": 4000000000}, {"media": "aac", "timestamp": 5}]})
            away(node, cam, viewers, {"tracks": [{"media": "h265"}]})
            growth.check_below(6 << 20, "three returns of a camera")
            flv.check_stream(witness.check_ok().tags)
            equal(other.plays, 1, "sessions of the other camera")


def away(node, cam, viewers, then):
    """The camera goes, and comes back as something else."""
    cam.stop()
    node.wait_stream("q/cam", lambda entry: entry["state"] == "waiting", 10)
    counts = [len(viewer.frames(media.VIDEO)) for viewer in viewers]
    if AWAY_S > 5:
        time.sleep(AWAY_S)  # the time itself is what is tested
    returned = time.monotonic()
    cam.change(**then).start()
    for viewer, count in zip(viewers, counts):
        viewer.wait_frames(count + 30, kind=media.VIDEO, timeout=15).check_ok()
    print(f"back after {time.monotonic() - returned:.1f} s")
    for viewer, count in zip(viewers, counts):
        flv.check_growing(viewer.tags)
        first = viewer.frames(media.VIDEO)[count]
        check(first.is_key, f"the first picture of the returned camera: {first}")
        config = [tag for tag in viewer.tags if tag.type == media.VIDEO and tag.is_config and tag.offset < first.offset][-1]
        before = viewer.frames(media.VIDEO)[count - 1]
        check(config.offset > before.offset, "no sequence header came with the returned camera")
        within((first.timestamp - before.timestamp) / 1000, 0.001, AWAY_S + 10, "seconds that the time line jumped")
    wait_until(lambda: len(cam.playing()) == 1, lambda: f"{len(cam.playing())} sessions play")


main(scenario)
