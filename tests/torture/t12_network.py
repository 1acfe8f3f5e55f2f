# SPDX-License-Identifier: Apache-2.0
# runner: alone
"""T12, the network between camera and node: resets, half closes, stalls, slow links, slices of a byte, pulled cables, UDP
that loses, doubles and disorders.

After each fault the stream is back within 5 s of the network's return, its viewers are those of before, and their time line
grows. ci: stalls and pulled cables of 2 s. full: a stall of 20 s, cables pulled for 5 and 60 s.
"""

import shutil
import subprocess
import time

from between import Between
from torture import Level, TorturedNode, Witness, arguments, in_own_network, spin
from lib import flv, media
from lib.camera import House, Plan
from lib.camera.family import CONFIG
from lib.expect import check, main, skip, wait_until
from lib.viewer import Viewer

TWO = [{"media": "h264"}, {"media": "aac"}]
BACK_S = 5.0
MEDIA_TIMEOUT_S = 1.5


class Rig:
    """A camera behind the go-between with its viewer, and a UDP camera with its own."""

    def __init__(self, node, house, between):
        self.node, self.house, self.between = node, house, between
        self.camera = house.cameras["tcp"]
        self.viewer = Viewer(node.http, "/t/tcp.flv").wait_frames(40, timeout=20)
        self.witness = Witness(node)

    def numbers(self):
        """Pictures so far."""
        return len(self.viewer.frames(media.VIDEO))

    def back(self, what, within=BACK_S):
        """The stream goes on, in time."""
        began, before = time.monotonic(), self.numbers()
        wait_until(lambda: self.witness.look() or self.numbers() >= before + 25 or self.viewer.closed,
                   lambda: f"{what}: nothing came back: {self.viewer.describe()}", within + 1.5 + MEDIA_TIMEOUT_S)
        self.viewer.check_ok()
        flv.check_growing(self.viewer.tags, what)
        print(f"{what}: 25 pictures {time.monotonic() - began:.1f} s after it")

    def rest(self, seconds):
        """Time passes; the innocent viewer is looked at."""
        spin(seconds, self.witness.look)


def scenario(stall_s, cables_s):
    with House([Plan({"tracks": TWO}, "tcp"), Plan({"tracks": [
            {"media": "h264", "double": 0.05, "disorder": 0.05}, {"media": "aac", "double": 0.05, "disorder": 0.05}],
            "transports": ["udp"]}, "udp")]) as house:
        between = Between(("127.0.0.1", house.cameras["tcp"].port))
        config = CONFIG.format(limit=20)
        config += f'  "t/tcp": {{ source: "rtsp://{between.address}/cam", media_timeout: 1500ms, on_demand: true, stop_after: 0s }}\n'
        config += f'  "t/udp": {{ source: "{house.cameras["udp"].url}", media_timeout: 1500ms, on_demand: true, stop_after: 0s }}\n'
        with TorturedNode(config) as node:
            level = Level(node)
            rig = Rig(node, house, between)
            connection_faults(rig, stall_s)
            slow_links(rig)
            unjudged = pulled_cables(rig, cables_s)
            unjudged += bad_udp(rig)
            rig.viewer.close()
            rig.witness.check()
            rig.witness.end()
            # The camera may hear of it later: what was said over a pulled cable is said again at long intervals.
            wait_until(lambda: node.metric("rtsp_pulls") == 0, "cameras are still pulled", 15)
            level.check_back()
        if unjudged:
            skip("missing kernel feature: " + ", ".join(unjudged))


def connection_faults(rig, stall_s):
    """Reset, half close, refusal for a while, a stall that the watchdog must see."""
    for turn in range(3):
        rig.between.cut()
        rig.back(f"reset {turn}")
    rig.between.half_close()
    rig.back("half close")
    rig.between.refuse(True)
    rig.between.cut()
    rig.rest(1.5)
    rig.between.refuse(False)
    rig.back("refused for a while")
    rig.between.stalled = True
    rig.rest(stall_s)
    rig.between.cut()  # what waited in the go-between would come as a burst of the past
    rig.between.stalled = False
    rig.back(f"stall of {stall_s:g} s")


def slow_links(rig):
    """50 kB/s carry the stream; slices of a byte change nothing."""
    sessions = rig.camera.plays
    rig.between.rate, rig.between.slice = 50000, 1400
    rig.back("50 kB/s", 8)
    rig.between.rate, rig.between.slice = None, 1
    rig.back("slices of a byte", 8)
    rig.between.slice = 65536
    check(rig.camera.plays == sessions, "a slow network is no reason to connect again")


def iptables(*arguments_):
    """Runs iptables in the run's own network; False where it does not work."""
    if not in_own_network() or not shutil.which("iptables"):
        return False
    return subprocess.run(["iptables", *arguments_], capture_output=True, check=False).returncode == 0


def pulled_cables(rig, cables_s):
    """Every packet to and from the camera is lost for a while, without a word to anybody."""
    port = str(rig.between.port)
    rules = [("INPUT", "-p", "tcp", "--dport", port, "-j", "DROP"), ("INPUT", "-p", "tcp", "--sport", port, "-j", "DROP")]
    for seconds in cables_s:
        if not all(iptables("-A", *rule) for rule in rules):
            return ["iptables in a network namespace"]
        rig.rest(seconds)
        for rule in rules:
            iptables("-D", *rule)
        rig.back(f"cable pulled for {seconds:g} s")
    return []


def bad_udp(rig):
    """A tenth of the packets lost by the network, some doubled and out of order by the camera."""
    viewer = Viewer(rig.node.http, "/t/udp.flv").wait_frames(25, timeout=20)
    rule = ("INPUT", "-p", "udp", "-m", "statistic", "--mode", "random", "--probability", "0.1", "-j", "DROP")
    lossy = iptables("-A", *rule)
    rig.rest(4)
    iptables("-D", *rule)
    before = len(viewer.frames(media.VIDEO))
    viewer.wait_frames(before + 50, timeout=10, kind=media.VIDEO)
    viewer.check_ok()
    flv.check_growing(viewer.tags)
    check(rig.house.cameras["udp"].plays == 1, "loss is no reason to connect again")
    viewer.close()
    return [] if lossy else ["iptables' statistic match"]


SIZE = arguments(__doc__).size
main(lambda: scenario(*((2.0, (2.0,)) if SIZE == "ci" else (20.0, (5.0, 60.0)))))
