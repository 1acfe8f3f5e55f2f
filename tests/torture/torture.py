# SPDX-License-Identifier: Apache-2.0
"""What the torture runs have in common: their size, their own network, an ordinary user, and the five checks at the end.

Each run takes --size ci (the default; tens of seconds) or --size full. A run by root goes on inside a network
namespace of its own, and its node runs as the user nobody, where the machine allows it. The five checks: the same
process is alive; no sanitizer's report; descriptors, threads and streams are back; memory is back; an innocent viewer
of another stream saw no gap.
"""

import argparse
import os
import shutil
import subprocess
import sys
import time

sys.path.insert(0, os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "scenario"))

from lib import media, process  # noqa: E402
from lib.expect import check, equal, leave_unjudged, wait_until  # noqa: E402
from lib.node import Node, binary, sanitizer  # noqa: E402
from lib.publisher import Publisher  # noqa: E402
from lib.viewer import Viewer  # noqa: E402

NOBODY = "65534"
_INSIDE = "SLUICE_TORTURE_INSIDE"


def arguments(description):
    """Parses --size, and moves the whole run into a network of its own."""
    parser = argparse.ArgumentParser(description=description)
    default = "full" if os.environ.get("SLUICE_FULL", "") not in ("", "0") else "ci"
    parser.add_argument("--size", choices=("ci", "full"), default=default)
    parsed = parser.parse_args()
    _enter_own_network()
    return parsed


def _enter_own_network():
    if os.environ.get(_INSIDE) or os.geteuid() != 0 or not shutil.which("unshare") or not shutil.which("ip"):
        return
    if subprocess.run(["unshare", "-n", "true"], stderr=subprocess.DEVNULL, check=False).returncode != 0:
        return
    os.environ[_INSIDE] = "1"
    script = 'ip link set lo up && exec "$@"'
    os.execvp("unshare", ["unshare", "-n", "sh", "-c", script, "sh", sys.executable, *sys.argv])


def in_own_network():
    """True inside the namespace."""
    return bool(os.environ.get(_INSIDE))


def as_nobody():
    """A command prefix that makes the node an ordinary user's, or nothing where that is not possible."""
    if os.geteuid() != 0 or not shutil.which("setpriv"):
        return []
    prefix = ["setpriv", f"--reuid={NOBODY}", f"--regid={NOBODY}", "--clear-groups"]
    done = subprocess.run(prefix + [binary(), "version"], capture_output=True, check=False)
    return prefix if done.returncode == 0 else []


class TorturedNode(Node):
    """A node as an ordinary user. A wrapper such as prlimit comes before it."""

    def __init__(self, config="", wrapper=(), **options):
        nobody = as_nobody()
        super().__init__(config, prefix=[*wrapper, *nobody], **options)
        if nobody:
            for base, folders, files in os.walk(self.folder):
                for name in [base] + [os.path.join(base, item) for item in folders + files]:
                    os.chown(name, int(NOBODY), int(NOBODY))


class Level:
    """What the node holds in a quiet moment, to be compared with a later one."""

    def __init__(self, node):
        self.node = node
        self.pid = node.pid
        self.descriptors = node.descriptors()
        self.threads = process.threads(node.pid)
        self.rss = node.rss()
        self.streams = len(node.api("/api/v1/streams")["streams"])

    def check_back(self, seconds=10.0, slack=4 << 20):
        """Checks 1 to 4. Memory may exceed the level by a tenth, or by `slack` where the level is small."""
        node = self.node
        node.check_alive()
        equal(node.pid, self.pid, "process")
        node.check_log_clean()
        wait_until(lambda: len(node.api("/api/v1/streams")["streams"]) <= self.streams,
                   lambda: f"streams that stay: {node.api('/api/v1/streams')}", seconds)
        wait_until(lambda: node.descriptors() <= self.descriptors + 1,
                   lambda: f"descriptors: {node.descriptors()}, before {self.descriptors}", seconds)
        equal(process.threads(node.pid), self.threads, "threads")
        if sanitizer() == "address":  # a ThreadSanitizer's run is about races, and nothing is missing from it
            leave_unjudged("memory")
        if sanitizer():
            return
        limit = self.rss + max(self.rss // 10, slack)
        wait_until(lambda: node.rss() <= limit, lambda: f"memory: {node.rss() >> 10} KiB, before {self.rss >> 10}", seconds)


class Witness:
    """Check 5: an innocent viewer of another stream, and the longest time without a frame for it."""

    def __init__(self, node, name="innocent/stream"):
        self.publisher = Publisher(node.rtmp, name, media.Feed(size=300)).open().run()
        self.viewer = Viewer(node.http, f"/{name}.flv").wait_frames(5)
        self._seen = len(self.viewer.reader.tags)
        self._since = time.monotonic()
        self.longest = 0.0

    def look(self):
        """Call it all the time."""
        now, seen = time.monotonic(), len(self.viewer.reader.tags)
        if seen != self._seen:
            self._seen, self._since = seen, now
        self.longest = max(self.longest, now - self._since)

    def check(self, longest=0.5):
        """No frame was lost, and no gap was too long. A sanitizer's build is too slow for the second."""
        self.viewer.wait_more(5).check_ok()
        numbers = [tag.number for tag in self.viewer.frames(media.VIDEO)]
        check(all(b == a + 1 for a, b in zip(numbers, numbers[1:])), "the innocent viewer lost frames")
        allowed = longest if not sanitizer() else longest * 4
        check(self.longest <= allowed, f"the innocent viewer waited {self.longest:.2f} s for a frame")

    def end(self):
        """Goes away."""
        self.publisher.stop()
        self.viewer.close()


def percentile(values, share):
    """The value below which that share of the values lies."""
    ordered = sorted(values)
    return ordered[min(len(ordered) - 1, int(len(ordered) * share))] if ordered else 0.0


def spin(seconds, *jobs):
    """Calls every job again and again for so long."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        for job in jobs:
            job()
        time.sleep(0.02)
