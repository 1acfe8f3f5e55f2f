# SPDX-License-Identifier: Apache-2.0
"""A publisher that stops sending media is closed after the configured time, although it still pings; viewers get the grace."""

import struct
import time

from lib import rtmp
from lib.expect import check, equal, main, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
rtmp:
  stall_timeout: 1s
stream:
  viewer_grace: 1s
"""


def scenario():
    with Node(CONFIG) as node:
        silent(node, pings=False)
        silent(node, pings=True)
        never_sends(node)
        slow_but_alive(node)


def silent(node, pings):
    """The connection stays up and carries no media."""
    name = f"stall/pings-{pings}".lower()
    publisher = Publisher(node.rtmp, name).open()
    publisher.push(400)
    viewer = Viewer(node.http, f"/{name}.flv").wait_frames(5)
    started = time.monotonic()
    while time.monotonic() - started < 6:
        try:
            if pings:
                publisher.connection.message(rtmp.USER_CONTROL, struct.pack(">HI", 6, 1), csid=2)
            publisher.connection.read(0.1)
        except TimeoutError:
            continue
        except (rtmp.RtmpError, OSError):
            break
    within(time.monotonic() - started, 0.7, 3, f"seconds until a silent publisher was closed, pings {pings}")
    node.wait_logged("session ended", kind="publisher", stream=name, reason="stalled")
    equal(node.stream(name)["state"], "waiting", "state after the stall")
    viewer.wait_closed(4)
    check(viewer.ended_cleanly, f"viewer: {viewer.describe()}")
    node.wait_logged("session ended", kind="viewer", stream=name, reason="stream_ended")


def never_sends(node):
    """A publish that is granted and never used."""
    publisher = Publisher(node.rtmp, "stall/never").open(metadata=False, config=False)
    publisher.wait_cut(4)
    node.wait_logged("session ended", kind="publisher", stream="stall/never", reason="stalled")


def slow_but_alive(node):
    """Two pictures a second are media enough."""
    publisher = Publisher(node.rtmp, "stall/slow").open()
    publisher.feed.fps, publisher.feed.audio = 2, False
    publisher.run()
    viewer = Viewer(node.http, "/stall/slow.flv").wait_frames(6, timeout=10)
    viewer.check_ok()
    check(not publisher.error, f"a slow publisher was cut: {publisher.error}")
    publisher.stop()


main(scenario)
