# SPDX-License-Identifier: Apache-2.0
# runner: alone
"""T9, memory pressure: stuck viewers and hostile publishers within a limit of 256 MB that the kernel enforces.

The limit is a cgroup of version 1 where one can be made, else prlimit --as; the run says which. ci: 120 stuck viewers
and 10 hostile publishers; full: 300 and 20, for a minute. Not here: every allocation failing in turn (the parsers
allocate through one pool; failing it is a unit test), and shedding load at 80 % of the node's own limit, which the
node does not have.
"""

import os
import struct
import threading
import time

from torture import Level, TorturedNode, Witness, arguments, spin
from lib import amf, hostile, media, rtmp
from lib.expect import check, main, skip, wait_until
from lib.node import sanitizer
from lib.publisher import Publisher, Refused
from lib.viewer import Viewer

LIMIT = 256 << 20
CGROUP = "/sys/fs/cgroup/memory"
CONFIG = """
stream: {tape_window: 8MiB, gop_max_bytes: 4MiB, viewer_grace: 0s}
deliver: {skip_after: 1s, close_after: 10s}
"""


class MemoryGroup:
    """A cgroup of version 1 with the limit, or nothing."""

    def __init__(self):
        self.path = os.path.join(CGROUP, f"sluice-torture-{os.getpid()}")
        try:
            os.mkdir(self.path)
            self._write("memory.limit_in_bytes", LIMIT)
        except OSError:
            self.path = None

    def _write(self, name, value):
        with open(os.path.join(self.path, name), "w", encoding="ascii") as file:
            file.write(str(value))

    def wrapper(self):
        """A command prefix that puts the node below the limit."""
        if self.path:
            return ["sh", "-c", f'echo $$ > {self.path}/cgroup.procs && exec "$@"', "sh"]
        return ["prlimit", f"--as={LIMIT * 4}"]  # address space holds stacks and reserved memory too

    def name(self):
        """For the report."""
        return "cgroup, 256 MB of memory" if self.path else "prlimit, 1 GB of address space"

    def peak(self):
        """The most memory that was ever in use, kernel buffers charged to the group included."""
        if not self.path:
            return None
        with open(os.path.join(self.path, "memory.max_usage_in_bytes"), encoding="ascii") as file:
            return int(file.read())

    def remove(self):
        """Removes the group when it is empty."""
        if self.path:
            try:
                os.rmdir(self.path)
            except OSError:
                pass


def scenario(viewers, publishers, seconds):
    if sanitizer():
        skip("a sanitizer's build needs more memory than the limit")
    group = MemoryGroup()
    print("limit:", group.name())
    try:
        with TorturedNode(CONFIG, wrapper=group.wrapper()) as node:
            level = Level(node)
            witness = Witness(node)
            torture(node, witness, viewers, publishers, seconds)
            witness.check()
            witness.end()
            level.check_back(seconds=30, slack=32 << 20)
            print(f"memory now {node.rss() >> 20} MB, peak of the group {(group.peak() or 0) >> 20} MB")
    finally:
        group.remove()


def torture(node, witness, viewers, publishers, seconds):
    """All at once, until the time is over."""
    heavy = [Publisher(node.rtmp, f"memory/heavy-{i}", media.Feed(gop=50, size=40_000)).open().run() for i in range(2)]
    for i in range(2):
        node.wait_stream(f"memory/heavy-{i}")
    stuck = [Viewer(node.http, f"/memory/heavy-{i % 2}.flv", ("http", "ws")[i // 2 % 2], receive_buffer=4096, reading=False)
             for i in range(viewers)]
    over = threading.Event()
    attackers = [threading.Thread(target=attack, args=(node, i, over), daemon=True) for i in range(publishers)]
    for attacker in attackers:
        attacker.start()
    peak = 0

    def note():
        nonlocal peak
        peak = max(peak, node.rss())

    spin(seconds, witness.look, note)
    over.set()
    for attacker in attackers:
        attacker.join(10)
    print(f"peak of the node's own memory: {peak >> 20} MB with {viewers} stuck viewers and {publishers} hostile publishers")
    check(peak < LIMIT * 0.8, f"peak of the node's own memory: {peak >> 20} MB")
    node.check_alive()
    for viewer in stuck:
        viewer.close()
    for publisher in heavy:
        publisher.stop()
    wait_until(lambda: len(node.sessions(kind="viewer")) == 1, "viewers that are gone stay in the list", 15)


def attack(node, index, over):
    """A publisher that announces much, sends garbage, and comes again."""
    turn = index
    while not over.is_set():
        try:
            ATTACKS[turn % len(ATTACKS)](node, index, over)
        except (OSError, Refused, rtmp.RtmpError):
            over.wait(0.05)
        turn += 1


def announce(node, _index, over):
    """Unfinished messages on as many chunk streams as are allowed, before any publish."""
    with hostile.connected(node, "memory") as connection:
        for csid in range(3, 60):
            connection.send(rtmp.chunks(rtmp.COMMAND, bytes(120), csid=csid, announced=65000)[0])
        over.wait(1)


def large_frames(node, index, over):
    """Frames just below the limit, all of them key frames."""
    publisher = Publisher(node.rtmp, f"memory/hostile-{index}", chunk_size=65536).open()
    for number in range(12):
        publisher.send(media.VIDEO, number * 40, media.avc_frame(number, True, 7 << 20))
        if over.is_set():
            break
    publisher.connection.close()


def endless_gop(node, index, over):
    """One key frame, then never again."""
    publisher = Publisher(node.rtmp, f"memory/hostile-{index}", media.Feed(gop=1 << 30, size=30_000)).open()
    for _ in range(20):
        publisher.push(1000)
        if over.is_set():
            break
    publisher.connection.close()


def many_headers(node, index, over):
    """A new sequence header and new metadata with every frame."""
    publisher = Publisher(node.rtmp, f"memory/hostile-{index}").open()
    for number in range(200):
        publisher.send(media.VIDEO, number * 40, media.avc_config(media.avcc(16 * (1 + number % 100), 16)))
        publisher.send(media.VIDEO, number * 40, media.avc_frame(number, True, 100))
        publisher.send(media.SCRIPT, number * 40, amf.encode_all("onMetaData", {"encoder": "x" * 60_000, "n": float(number)}))
        if over.is_set():
            break
    publisher.connection.close()


def lying_chunks(node, _index, _over):
    """A huge chunk size, then a message that never ends."""
    with hostile.connected(node, "memory") as connection:
        connection.message(rtmp.SET_CHUNK_SIZE, struct.pack(">I", 0xffffff), csid=2)
        connection.send(rtmp.chunks(rtmp.COMMAND, b"", announced=0xffffff)[0] + bytes(1 << 20))
        time.sleep(0.05)


ATTACKS = [announce, large_frames, endless_gop, many_headers, lying_chunks]
SIZE = arguments(__doc__).size
main(lambda: scenario(120, 10, 12) if SIZE == "ci" else scenario(300, 20, 60))
