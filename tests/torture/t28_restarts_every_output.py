# SPDX-License-Identifier: Apache-2.0
# runner: limit 120 s
"""Demand 28 in every output: a crowd stays while the publisher is killed, ends, or is replaced, again and again.

Each publisher has another picture size than the one before, H.264 or H.265, and AAC, G.711 or no sound. Some live too
short for a key frame's segment. Now and then one stays until everybody has seen a picture of it; meanwhile viewers go and
others come. In the end nothing is left of anybody. ci: 40 viewers, 10 publishers; full: 500 and 200.
"""

import collections
import random
import time

from torture import Level, TorturedNode, arguments
from lib.expect import check, equal, main, wait_until
from lib.node import parse_log_line
from lib.pictures import PictureFeed
from lib.publisher import Publisher
from watchers import OUTPUTS, wait_all, watch

STREAM = "torture/every"
CONFIG = """
stream: {viewer_grace: 3s, tape_grace: 200ms}
streams: {"torture/every": {publish: always}}
hls: {segment: 500ms, part: 200ms, session_timeout: 2s}
snapshot: {max_age: 200ms}
"""
VIDEO = (("h264_small",), ("h264", "h265"))  # in turn, so that each publisher's size is not the one's before
SOUND = ("aac", "aac", "g711", None)
FPS, GOP = 10, 5
RUN = 5  # publishers before one stays; odd, so that those who stay differ in size
NUMBERS = 100_000  # pictures that a publisher may have
PATIENCE_S = 60
ENDS_OF_VIEWERS = {"client_closed", "connection_lost", "tracks_changed", "timeout", "stream_ended"}


def scenario(crowd, turns):
    dice = random.Random(28)
    with TorturedNode(CONFIG, workers=3) as node:
        level = Level(node)
        watchers, publisher, restarts = [], None, collections.Counter()
        for turn in range(turns):
            feed = PictureFeed(dice.choice(VIDEO[turn % 2]), dice.choice(SOUND), gop=GOP, fps=FPS, first=turn * NUMBERS)
            publisher = replace(node, publisher, dice, feed)
            if not watchers:
                watchers = [watch(node.http, STREAM, OUTPUTS[i % len(OUTPUTS)]) for i in range(crowd)]
            elif turn % RUN:
                time.sleep(dice.uniform(0.0, 0.6))  # how long this publisher lives
                for watcher in watchers:
                    watcher.look()
                continue
            everybody_sees(node, watchers, feed)
            for i in dice.sample(range(crowd), crowd // 10):
                restarts[watchers[i].output] += watchers[i].restarts
                watchers[i].close()
                watchers[i] = watch(node.http, STREAM, watchers[i].output)
        everybody_sees(node, watchers, feed)
        equal(node.logged("session ended", kind="viewer", reason="stream_ended"), [], "viewers for whom the stream ended")
        for i, watcher in enumerate(watchers):
            if i == crowd // 2:
                publisher.stop()
            restarts[watcher.output] += watcher.restarts
            watcher.close()
        print("came again:", dict(restarts))
        nothing_is_left(node)
        level.check_back(seconds=30, slack=32 << 20)


def replace(node, publisher, dice, feed):
    """Ends one publisher and begins the next, which may also take over."""
    way = dice.choice(("kill", "stop", "take over"))
    if publisher and way == "kill":
        publisher.kill()
    elif publisher and way == "stop":
        publisher.stop()
    following = Publisher(node.rtmp, STREAM, feed).open().run()
    if publisher and way == "take over":
        publisher.wait_cut()
        publisher.pause()
        publisher.connection.close()
    return following


def everybody_sees(node, watchers, feed):
    """Each viewer has got a picture of this publisher."""
    def has_seen(watcher):
        if watcher.output == "picture":
            return watcher.size == (feed.width, feed.height)
        return watcher.newest >= feed.first

    late = wait_all(watchers, has_seen, PATIENCE_S)
    equal([watcher.describe() for watcher in late[:5]], [], f"{len(late)} who do not see the publisher of {feed.first} and up")
    node.check_alive()


def nothing_is_left(node):
    """Viewers, tapes, segments, requests that wait; and each session has ended for a reason of those that belong here."""
    wait_until(lambda: not node.sessions(), lambda: f"sessions that stay: {node.sessions()[:3]}", 30)
    for metric in ("viewers", "tape_bytes", "hls_held_requests"):
        node.wait_metric(metric, lambda value: value == 0, timeout=30)
    ends = collections.Counter()
    for line in node.log_text().splitlines():
        entry = parse_log_line(line)
        if entry and entry["message"] == "session ended":
            ends[entry["kind"], entry["reason"]] += 1
    print("ends:", {" ".join(key): count for key, count in sorted(ends.items())})
    equal({reason for kind, reason in ends if kind == "viewer"} - ENDS_OF_VIEWERS, set(), "reasons of viewers' ends")
    check(sum(count for (kind, _), count in ends.items() if kind == "publisher") > 0, "no publisher has ended")


SIZE = arguments(__doc__).size
main(lambda: scenario(40, 10) if SIZE == "ci" else scenario(500, 200))
