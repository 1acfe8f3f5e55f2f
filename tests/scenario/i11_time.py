# SPDX-License-Identifier: Apache-2.0
"""Clocks that wrap at 2^24, 2^31 and 2^32 ms, step back, jump ahead or stand still: viewers see one growing time line."""

from lib import flv, media
from lib.expect import check, equal, main, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import attend


class Bent(media.Feed):
    """A feed whose time stamps go through a function of the true media time."""

    def __init__(self, bend, **options):
        super().__init__(gop=10, size=200, **options)
        self._bend = bend

    def next(self):
        kind, stamp, body = super().next()
        return kind, self._bend(stamp) & 0xffffffff, body


def stepped(at, by):
    """From media time `at` on, the clock is off by `by`."""
    return lambda stamp: stamp + (by if stamp >= at else 0)


SMOOTH = [  # name, clock: nothing at all may be seen of these
    ("from-0", lambda stamp: stamp),
    ("from-1h", lambda stamp: stamp + 3_600_000),
    ("through-2-24", lambda stamp: stamp + (1 << 24) - 500),
    ("through-2-31", lambda stamp: stamp + (1 << 31) - 500),
    ("through-2-32", lambda stamp: stamp + (1 << 32) - 500),
]
BENT = [  # name, clock, pictures around which the step may differ
    ("wraps-at-2-24", lambda stamp: (stamp + (1 << 24) - 1000) % (1 << 24)),
    ("wraps-at-2-31", lambda stamp: (stamp + (1 << 31) - 1000) % (1 << 31)),
    ("back-5s", lambda stamp: stamp + 10_000 if stamp < 1000 else stamp + 5_000),
    ("back-1500ms", lambda stamp: stamp + 10_000 if stamp < 1000 else stamp + 8_500),
    ("back-to-0", lambda stamp: stamp + 3_600_000 if stamp < 1000 else stamp - 1000),
    ("ahead-20s", stepped(1000, 20_000)),
    ("ahead-10h", stepped(1000, 36_000_000)),
    ("ahead-and-back", lambda stamp: stamp + (50_000 if 1000 <= stamp < 1500 else 0)),
    ("stands-still", lambda stamp: min(stamp, 1000) if stamp < 1500 else stamp),
    ("always-0", lambda stamp: 0),
]


def scenario():
    with Node() as node:
        for name, clock in SMOOTH:
            tags = publish(node, name, Bent(clock))
            equal(set(steps(tags, media.VIDEO)), {40}, f"steps of pictures, {name}")
            check_offset(tags, name, 0)
        corrected = node.metric("timestamp_corrections_total")
        equal(corrected, 0, "corrections while clocks were right")
        for name, clock in BENT:
            tags = publish(node, name, Bent(clock))
            within(max(steps(tags, media.VIDEO)), 1, 1000, f"largest step, {name}")
            if name != "always-0":
                equal(set(steps(tags, media.VIDEO)[-20:]), {40}, f"steps after the disturbance, {name}")
                check_offset(tags, name, 100)
        check(node.metric("timestamp_corrections_total") > corrected, "no correction was counted")


def publish(node, name, feed):
    """Three seconds of media with that clock; returns what a viewer got."""
    publisher = Publisher(node.rtmp, f"time/{name}", feed).open(metadata=False, config=False)
    publisher.send_config()
    viewer = attend(node, publisher)
    publisher.push(3000)
    viewer.wait_frames(74, kind=media.VIDEO, timeout=8).check_ok()
    flv.check_growing(viewer.tags, name)
    flv.check_no_gap(viewer.tags, media.VIDEO, name)
    flv.check_no_gap(viewer.tags, media.AUDIO, name)
    tags = viewer.tags
    publisher.stop()
    viewer.close()
    return tags


def steps(tags, kind):
    """Differences of one track's time stamps."""
    stamps = [tag.timestamp for tag in flv.frames(tags, kind)]
    return [(b - a) & 0xffffffff for a, b in zip(stamps, stamps[1:])]


def check_offset(tags, name, allowed):
    """At the end, sound and picture stand to each other as the publisher's own clock has them."""
    picture, sound = flv.frames(tags, media.VIDEO)[-1], flv.frames(tags, media.AUDIO)[-1]
    true = round(sound.number * media.AAC_FRAME_MS) - picture.number * 40
    apart = ((sound.timestamp - picture.timestamp + (1 << 31)) & 0xffffffff) - (1 << 31)
    check(abs(apart - true) <= allowed + 1, f"{name}: sound is {apart - true} ms off the picture")


main(scenario)
