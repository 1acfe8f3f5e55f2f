# SPDX-License-Identifier: Apache-2.0
# SPDX-License-Identifier: Apache-2.0
"""What tables of hostile input have in common: a connected RTMP peer, a probe that it still answers, memory before and after."""

import struct
import time

from . import media, rtmp
from .expect import check, leave_unjudged, wait_until
from .node import sanitizer
from .publisher import Publisher
from .viewer import Viewer


def connected(node, app="hostile"):
    """An RTMP connection after its connect."""
    connection = rtmp.Connection(node.rtmp)
    connection.handshake()
    connection.connect(app)
    return connection


def outcome(connection, timeout=3.0):
    """"closed" or "answers" after whatever was sent; a peer that is neither has hung the node."""
    try:
        connection.message(rtmp.USER_CONTROL, struct.pack(">HI", 6, 4711), csid=2)
        connection.wait_for(lambda m: m.type == rtmp.USER_CONTROL and m.body[:6] == struct.pack(">HI", 7, 4711), timeout)
        return "answers"
    except (rtmp.RtmpError, ConnectionError):
        return "closed"
    except TimeoutError:
        return "silent"


def check_outcome(connection, what, allowed=("closed", "answers")):
    """Fails when the node does neither close nor answer."""
    seen = outcome(connection)
    connection.close()
    check(seen in allowed, f"{what}: {seen}")
    return seen


class Innocent:
    """A stream with a viewer that must not notice what goes on beside it: no gap over half a second of media."""

    def __init__(self, node, name="innocent/stream"):
        self._publisher = Publisher(node.rtmp, name, media.Feed(size=200)).open().run()
        self._viewer = Viewer(node.http, f"/{name}.flv").wait_frames(5)
        self._longest = 0.0
        self._last = (time.monotonic(), self._count())

    def _count(self):
        return len(self._viewer.reader.tags)

    def look(self):
        """Call it often: notes how long no frame has come."""
        now, count = time.monotonic(), self._count()
        if count != self._last[1]:
            self._last = (now, count)
        else:
            self._longest = max(self._longest, now - self._last[0])

    def finish(self, longest=1.0):
        """Frames still come, none was lost, and the longest pause seen was bounded."""
        self._viewer.wait_more(5).check_ok()
        pictures = [tag.number for tag in self._viewer.frames(media.VIDEO)]
        check(all(b == a + 1 for a, b in zip(pictures, pictures[1:])), "the innocent viewer lost frames")
        check(self._longest <= longest, f"the innocent viewer waited {self._longest:.2f} s for a frame")
        self._publisher.stop()
        self._viewer.close()


class Growth:
    """How much the node's memory has grown since this object was made. Not judged in sanitizer builds."""

    def __init__(self, node):
        self._node = node
        self._judged = not sanitizer()
        if sanitizer() == "address":  # a ThreadSanitizer's run is about races, and nothing is missing from it
            leave_unjudged("memory")
        self.before = node.rss()

    def now(self):
        """Bytes more than before."""
        return self._node.rss() - self.before

    def check_below(self, limit, what):
        """Fails when the growth exceeds the limit."""
        grown = self.now()
        check(not self._judged or grown < limit, f"{what}: memory grew by {grown >> 10} KiB, allowed {limit >> 10} KiB")
        return grown

    def wait_below(self, limit, what, timeout=10.0):
        """Waits until the growth is below the limit again."""
        if self._judged:
            wait_until(lambda: self.now() < limit, lambda: f"{what}: {self.now() >> 10} KiB are not given back", timeout)
