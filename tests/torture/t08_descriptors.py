# SPDX-License-Identifier: Apache-2.0
# runner: alone
"""T8, out of descriptors (demand 36): 400 clients against a limit of 200. The node does not spin, streams run on.

At exhaustion: CPU below 20 % of a core, one log line a second at most, a counter, and the service manager's watchdog
is still fed; recovery within a second of a close.
full: the same for 60 s instead of 5.
"""

import os
import shutil
import socket
import tempfile
import time

from torture import Level, TorturedNode, Witness, arguments, spin
from lib import ffmpeg
from lib.expect import check, equal, main, skip, wait_until
from lib.node import sanitizer
from lib.viewer import Viewer

LIMIT, CLIENTS = 200, 400
CONFIG = """
http: {header_timeout: 10m, idle_timeout: 10m}
"""


def scenario(seconds):
    ffmpeg.need("prlimit")
    if sanitizer():
        skip("UndefinedBehaviorSanitizer opens pipes for its own checks and takes their failure for a broken object")
    manager = Manager()
    try:
        exhaust(manager, seconds)
    finally:
        shutil.rmtree(manager.folder)


def exhaust(manager, seconds):
    """The limit is reached and stays reached for so long."""
    with TorturedNode(CONFIG, wrapper=["prlimit", f"--nofile={LIMIT}:{LIMIT}"], environment=manager.environment) as node:
        level = Level(node)
        witness = Witness(node)
        clients = [open_client(node.http if i % 2 else node.rtmp) for i in range(CLIENTS)]
        wait_until(lambda: node.descriptors() >= LIMIT - 2, lambda: f"{node.descriptors()} descriptors of {LIMIT}")
        manager.take()
        lines, before = len(node.log_text().splitlines()), node.cpu()
        spin(seconds, witness.look)
        cpu = (node.cpu() - before) / seconds
        told = [line for line in node.log_text().splitlines()[lines:] if '"level":"info"' not in line]
        print(f"CPU at exhaustion: {cpu * 100:.1f} % of a core, {len(told)} warnings in {seconds} s")
        check(cpu < 0.2, f"CPU at exhaustion: {cpu * 100:.0f} % of a core")
        check(len(told) <= seconds + 2, f"{len(told)} warnings in {seconds} s: {told[:3]}")
        alive = manager.take().count(b"WATCHDOG=1")
        check(alive >= seconds, f"the watchdog was fed {alive} times in {seconds} s")
        witness.look()
        recovery(node, clients)
        check(node.metric("accept_pauses_total") > 0, "pauses of accepting were not counted")
        for client in clients:
            client.close()
        witness.check()
        witness.end()
        level.check_back()


class Manager:
    """A service manager with a watchdog of one second."""

    def __init__(self):
        folder = tempfile.mkdtemp(prefix="sluice-torture-")
        path = os.path.join(folder, "notify")
        self._socket = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
        self._socket.bind(path)
        self._socket.setblocking(False)
        os.chmod(folder, 0o711)
        os.chmod(path, 0o777)
        self.folder = folder
        self.environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "1000000"}

    def take(self):
        """What was told since the last time."""
        told = []
        try:
            while True:
                told.append(self._socket.recv(4096))
        except BlockingIOError:
            return told


def open_client(address):
    """A connection that stands in the kernel's queue when the node cannot take it."""
    client = socket.socket()
    client.settimeout(5)
    client.connect(address)
    return client


def recovery(node, clients):
    """Some go away; within a second the node takes connections and viewers again."""
    for client in clients:
        client.close()
    closed = time.monotonic()
    viewer = Viewer(node.http, "/innocent/stream.flv").wait_frames(1, timeout=5)
    took = time.monotonic() - closed
    check(took < 1.0, f"{took:.2f} s until a viewer started after descriptors were free")
    equal(node.call("GET", "/readyz").status, 200, "readiness after the exhaustion")
    viewer.close()


SIZE = arguments(__doc__).size
main(lambda: scenario(5 if SIZE == "ci" else 60))
