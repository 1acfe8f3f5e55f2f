# SPDX-License-Identifier: Apache-2.0
"""A source on demand: nothing is asked of the camera before a viewer comes, and it is left alone after the last one went.

A camera that is not there costs the viewer the time that is set, and then 503; another viewer is answered while it waits.
"""

import time

from lib import flv
from lib.camera import House, Plan
from lib.camera.family import config_of
from lib.expect import check, equal, holds_for, main, wait_until, within
from lib.node import Node
from lib.viewer import Viewer

TWO = [{"media": "h264"}, {"media": "aac"}]


def scenario():
    with House([Plan({"tracks": TWO}, "cam"), Plan({}, "dead")]) as house:
        cam, dead = house.cameras["cam"], house.cameras["dead"]
        settings = {"on_demand": "true", "stop_after": "1s", "start_timeout": "2s"}
        with Node(config_of([("q/cam", cam, {**settings, "start_timeout": "8s"}), ("q/dead", dead, settings)])) as node:
            holds_for(lambda: cam.accepted == 0, "the camera was asked before anybody watched", 0.5)
            watched(node, cam)
            watched(node, cam)
            dead.stop()
            refused(node)


def watched(node, cam):
    """Two viewers come, one leaves, the other leaves: one session, which ends after the time that is set."""
    before = cam.plays
    first, second = Viewer(node.http, "/q/cam.flv"), Viewer(node.http, "/q/cam.flv", "ws")
    first.wait_frames(40, timeout=15)
    second.wait_frames(40, timeout=15)
    first.close()
    second.wait_more(50)
    second.check_ok()
    flv.check_growing(second.tags)
    equal(cam.plays, before + 1, "sessions for two viewers")
    second.close()
    left = time.monotonic()
    wait_until(lambda: not cam.sessions, "the camera is still being pulled", 6)
    within(time.monotonic() - left, 0.5, 6, "seconds until the camera was left alone")
    equal(cam.ended[-1], "teardown", "how the session ended")


def refused(node):
    """Nobody answers there."""
    started = time.monotonic()
    viewer = Viewer(node.http, "/q/dead.flv")
    viewer.wait_status(503, timeout=6)
    within(time.monotonic() - started, 0.0, 4, "seconds until the viewer was refused")
    check(viewer.response.header("Retry-After"), "no Retry-After")


main(scenario)
