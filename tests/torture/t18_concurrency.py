# SPDX-License-Identifier: Apache-2.0
# runner: alone
# runner: limit 300 s
"""T18, concurrency: many things at the same instant, best under ThreadSanitizer ($SLUICE_TSAN_BINARY, if set).

Two and more publishers on one name; publish and kick at once; a crowd at the instant of a stream's end; scrapes and
listings all the while. Every outcome is one of the documented ones, and no sanitizer complains. ci: seconds of each and
150 viewers; full: minutes and 1000 viewers.
"""

import os
import random
import threading
import time

from torture import Level, TorturedNode, Witness, arguments, spin
from lib import media
from lib.expect import check, equal, main, wait_until
from lib.node import parse_log_line
from lib.publisher import Publisher, Refused
from lib.viewer import Viewer

CONFIG = """
stream: {viewer_grace: 200ms, unknown_wait: 300ms, tape_grace: 100ms}
streams: {"race/always": {publish: always}}
"""
REASONS = {"publisher": {"client_closed", "connection_lost", "taken_over", "kicked", "shutdown", "refused", "handshake_timeout"},
           "viewer": {"client_closed", "connection_lost", "stream_ended", "kicked", "shutdown", "slow"}}


def scenario(seconds, crowd):
    executable = os.environ.get("SLUICE_TSAN_BINARY") or None
    with TorturedNode(CONFIG, workers=4, executable=executable) as node:
        level = Level(node)
        witness = Witness(node)
        at_once(node, witness, seconds, [two_publishers, two_publishers, two_publishers, taking_over, taking_over,
                                         kicking, joining, joining, watching_the_api])
        instant_of_the_end(node, witness, crowd)
        check_reasons(node)
        witness.check(longest=2.0)
        witness.end()
        level.check_back(seconds=20, slack=32 << 20)


def at_once(node, witness, seconds, jobs):
    """Runs all jobs again and again in threads of their own; an unexpected exception fails the run."""
    over, errors = threading.Event(), []

    def run(job, seed):
        dice = random.Random(seed)
        while not over.is_set():
            try:
                job(node, dice)
            except (OSError, Refused):
                pass  # a peer that is closed in the middle of a sentence
            except Exception as error:  # reported below
                errors.append(f"{job.__name__}: {type(error).__name__}: {error}")
                return

    threads = [threading.Thread(target=run, args=(job, seed), daemon=True) for seed, job in enumerate(jobs)]
    for thread in threads:
        thread.start()
    spin(seconds, witness.look)
    over.set()
    for thread in threads:
        thread.join(15)
    equal(errors, [], "errors of the jobs")
    check(not any(thread.is_alive() for thread in threads), "a job hangs")


def two_publishers(node, dice):
    """One of several publishers of a name gets it."""
    publisher = Publisher(node.rtmp, "race/refuse").open()
    publisher.push(dice.randint(40, 400))
    (publisher.stop if dice.random() < 0.5 else publisher.kill)()


def taking_over(node, dice):
    """The last one gets it."""
    publisher = Publisher(node.rtmp, "race/always").open()
    publisher.push(dice.randint(40, 400))
    if dice.random() < 0.5:
        publisher.stop()
    else:
        publisher.connection.close()


def kicking(node, dice):
    """Somebody, or somebody who has just gone."""
    sessions = [s for s in node.api("/api/v1/sessions")["sessions"] if s["stream"].startswith("race/")]
    if sessions:
        status = node.call("DELETE", f"/api/v1/sessions/{dice.choice(sessions)['id']}").status
        check(status in (200, 404), f"DELETE: {status}")
    time.sleep(0.02)


def joining(node, dice):
    """A viewer that looks for a moment."""
    name = dice.choice(("refuse", "always", "nobody"))
    viewer = Viewer(node.http, f"/race/{name}.flv", dice.choice(("http", "ws")))
    deadline = time.monotonic() + dice.uniform(0.0, 0.3)
    while time.monotonic() < deadline and not viewer.closed:
        time.sleep(0.01)
    check(viewer.status in (None, 200, 101, 404, 503), f"viewer's status: {viewer.status}")
    check(not viewer.error or viewer.error.startswith("connection"), f"viewer: {viewer.error}")
    viewer.close()


def watching_the_api(node, _dice):
    """Pages that gather from all loops."""
    check(not node.metrics().errors, "metrics that do not parse")
    node.api("/api/v1/streams")
    node.api("/api/v1/node")
    time.sleep(0.01)


def instant_of_the_end(node, witness, crowd):
    """Everybody watches, or asks just now, when the stream ends."""
    for end in ("stop", "kill"):
        publisher = Publisher(node.rtmp, "race/crowd", media.Feed(gop=10, size=500)).open().run()
        node.wait_stream("race/crowd")
        viewers = [Viewer(node.http, "/race/crowd.flv", ("http", "ws")[i % 2]) for i in range(crowd)]
        wait_until(lambda: sum(1 for viewer in viewers if viewer.frames()) > crowd * 0.8, "the crowd does not see anything", 60)
        late = [Viewer(node.http, "/race/crowd.flv") for _ in range(20)]
        getattr(publisher, end)()
        late += [Viewer(node.http, "/race/crowd.flv") for _ in range(20)]
        for viewer in viewers + late:
            witness.look()
            wait_until(lambda: viewer.closed or viewer.status in (404, 503), lambda: f"after {end}: {viewer.describe()}", 30)
            viewer.close()
        node.wait_no_stream("race/crowd")


def check_reasons(node):
    """Every session that ended did so for a documented reason."""
    for line in node.log_text().splitlines():
        entry = parse_log_line(line)
        if entry and entry["message"] == "session ended":
            check(entry["reason"] in REASONS[entry["kind"]], f"reason: {entry}")


SIZE = arguments(__doc__).size
main(lambda: scenario(6, 150) if SIZE == "ci" else scenario(180, 1000))
