# SPDX-License-Identifier: Apache-2.0
# runner: alone
"""T1, load: many publishers and viewers, the added delay's 99th percentile, zero cuts; overload sheds only new viewers.

ci: 6 publishers at real time, 90 viewers, 8 s, all in this process. full: 40 publishers of 1 Mbit/s, 2000 viewers,
10 min, by the benchmarks' programs from $SLUICE_BENCH_DIR (a build folder's bench/). Cameras push by RTMP here;
pulled cameras come with RTSP.
"""

import json
import os
import subprocess
import time

from torture import Level, TorturedNode, Witness, arguments, percentile, spin
from lib import media
from lib.expect import check, equal, leave_unjudged, main, skip
from lib.node import sanitizer
from lib.publisher import Publisher
from lib.viewer import Viewer

DELAY_S = 0.25


class Stamped(Publisher):
    """A publisher that remembers when it sent each picture."""

    def __init__(self, *arguments_, **options):
        super().__init__(*arguments_, **options)
        self.made = {}

    def send(self, kind, timestamp, body):
        if kind == media.VIDEO:
            self.made[media.number_in(body)] = time.monotonic()
        super().send(kind, timestamp, body)


class Observer(Viewer):
    """A viewer that notes when each picture came."""

    def __init__(self, *arguments_, **options):
        self.came = {}
        self._noted = 0
        super().__init__(*arguments_, **options)

    def on_readable(self):
        goes_on = super().on_readable()
        now = time.monotonic()
        for tag in self.reader.tags[self._noted:]:
            if tag.type == media.VIDEO and tag.is_frame:
                self.came[tag.number] = now
        self._noted = len(self.reader.tags)
        return goes_on


def ci():
    """Everything in this process; the delay includes the wait in Python's own thread, so the bound is the stated one."""
    config = "deliver: {max_viewers: 100}\nstream: {viewer_grace: 0s}\n"
    with TorturedNode(config) as node:
        level = Level(node)
        witness = Witness(node)
        publishers = [Stamped(node.rtmp, f"load/cam-{i}", media.Feed(gop=25, size=2000)).open().run() for i in range(6)]
        for i in range(6):
            node.wait_stream(f"load/cam-{i}")
        viewers = [(i % 6, Observer(node.http, f"/load/cam-{i % 6}.flv", ("http", "ws")[i % 2])) for i in range(90)]
        for _, viewer in viewers:
            viewer.wait_frames(1)
        began = time.monotonic()
        spin(8, witness.look)
        delays = [at - publishers[i].made[number] for i, viewer in viewers for number, at in viewer.came.items()
                  if number in publishers[i].made and publishers[i].made[number] > began]
        p99 = percentile(delays, 0.99)
        print(f"{len(delays)} pictures, delay p50 {percentile(delays, 0.5) * 1000:.1f} ms, p99 {p99 * 1000:.1f} ms")
        check(len(delays) > 90 * 8 * 20, f"only {len(delays)} pictures came")
        if sanitizer():
            leave_unjudged("delay")
        else:
            check(p99 < DELAY_S, f"99th percentile of the delay: {p99:.3f} s")
        overload(node, [viewer for _, viewer in viewers])
        for _, viewer in viewers:
            viewer.check_ok()
            numbers = [tag.number for tag in viewer.frames(media.VIDEO)]
            check(all(b == a + 1 for a, b in zip(numbers, numbers[1:])), "a viewer lost pictures")
            viewer.close()
        for publisher in publishers:
            check(not publisher.error, f"publisher: {publisher.error}")
            publisher.stop()
        witness.check()
        witness.end()
        level.check_back(slack=24 << 20)  # free blocks of tapes are kept for the next viewers


def overload(node, running):
    """Viewers beyond the capacity get a 503; the running ones do not notice."""
    refused = [Viewer(node.http, "/load/cam-0.flv") for _ in range(60)]
    codes = [viewer.wait_status_any() for viewer in refused]
    equal(set(codes), {200, 503}, "answers beyond the capacity")
    check(codes.count(200) <= 9, f"{codes.count(200)} viewers over the limit were taken")
    for viewer in refused:
        viewer.close()
    for viewer in running:
        viewer.wait_more(5).check_ok()


def program(name):
    """A benchmark's program."""
    path = os.path.join(os.environ.get("SLUICE_BENCH_DIR", ""), f"bench-{name}")
    if not os.access(path, os.X_OK):
        skip("full size needs the benchmarks' programs: set SLUICE_BENCH_DIR to a build folder's bench/")
    return path


def full(cameras=40, per_camera=50, seconds=600):
    """The acceptance size."""
    publish, watch = program("publisher"), program("viewers")
    with TorturedNode("stream: {viewer_grace: 0s}\n") as node:
        level = Level(node)
        witness = Witness(node)
        base = "%s:%d" % node.rtmp, "%s:%d" % node.http
        publishers = [subprocess.Popen([publish, "--url", f"rtmp://{base[0]}/load/cam-{i}", "--seconds", str(seconds + 120)],
                                       stdout=subprocess.DEVNULL) for i in range(cameras)]
        crowds = []
        try:
            for i in range(cameras):
                node.wait_stream(f"load/cam-{i}")
                crowds.append(subprocess.Popen([watch, "--url", f"http://{base[1]}/load/cam-{i}.flv", "--count", str(per_camera - 1),
                                                "--warm", "30", "--window", str(seconds)], stdout=subprocess.PIPE, text=True))
            while any(crowd.poll() is None for crowd in crowds):
                spin(0.5, witness.look)
            judge([json.loads(crowd.communicate()[0]) for crowd in crowds])
        finally:
            for child in publishers + crowds:
                child.kill()
                child.wait()
        witness.check()
        witness.end()
        level.check_back(seconds=40, slack=96 << 20)  # 64 MiB of free blocks are kept for the next tapes


def judge(lines):
    """The worst crowd counts."""
    worst = max(line["probe"]["latency_ms"]["p99"] for line in lines)
    print(f"worst 99th percentile of the delay: {worst:.1f} ms")
    check(worst < DELAY_S * 1000, f"99th percentile of the delay: {worst:.1f} ms")
    for line in lines:
        crowd, probe = line["crowd"], line["probe"]
        equal((crowd["failed"], crowd["refused"], crowd["dropped"]), (0, 0, 0), f"viewers that were cut: {crowd}")
        equal((probe["missing"], probe["repeated"], probe["steps_back"]), (0, 0, 0), f"frames of a probe: {probe}")


SIZE = arguments(__doc__).size
main(ci if SIZE == "ci" else full)
