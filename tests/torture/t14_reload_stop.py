# SPDX-License-Identifier: Apache-2.0
# runner: alone
"""T14, reload and stop: SIGHUP again and again under load with good and broken configs, then SIGTERM, then a new binary.

ci: 60 reloads; full: 1000. Unchanged streams see nothing, a broken config keeps the old one; SIGTERM ends within five
seconds with 0; a second SIGTERM ends at once; the binary is replaced while it runs, and the new one starts.
"""

import os
import shutil
import signal
import time

from torture import Level, TorturedNode, Witness, arguments, spin
from lib import media
from lib.expect import check, equal, main, wait_until, within
from lib.node import binary
from lib.publisher import Publisher
from lib.viewer import Viewer

GOOD = """
stream: {{viewer_grace: {grace}s, unknown_wait: 100ms}}
log: {{level: {level}}}
http: {{max_connections: {connections}}}
streams: {{"load/cam-{stream}": {{publish: always}}}}
"""
BROKEN = ["{{{{", "stream: {viewer_grace: soon}\n", "strem: {}\n", "listen: {http: [nowhere]}\n", "node: {workers: -1}\n",
          "node:\n\tid: x\n", "streams: {\"a b\": {}}\n", "http: [1]\n"]


def scenario(reloads):
    with TorturedNode(good(0)) as node:
        level = Level(node)
        witness = Witness(node)
        publishers = [Publisher(node.rtmp, f"load/cam-{i}").open().run() for i in range(3)]
        for i in range(3):
            node.wait_stream(f"load/cam-{i}")
        viewers = [Viewer(node.http, f"/load/cam-{i % 3}.flv", ("http", "ws")[i % 2]).wait_frames(1) for i in range(12)]
        reload_often(node, witness, reloads)
        for viewer in viewers:
            viewer.wait_more(5).check_ok()
            numbers = [tag.number for tag in viewer.frames(media.VIDEO)]
            check(all(b == a + 1 for a, b in zip(numbers, numbers[1:])), "a viewer lost pictures over the reloads")
            viewer.close()
        for publisher in publishers:
            check(not publisher.error, f"publisher: {publisher.error}")
            publisher.stop()
        witness.check()
        witness.end()
        level.check_back(slack=16 << 20)
    stop_under_load()
    replaced_binary()


def good(turn):
    """A config that differs from turn to turn."""
    return GOOD.format(grace=1 + turn % 5, level=("info", "debug", "warning")[turn % 3], connections=1000 + turn, stream=turn % 3)


def reload_often(node, witness, reloads):
    """Every fourth config is broken; each outcome is counted before the next one is written."""
    expected = {"ok": 0, "failed": 0}
    for turn in range(1, reloads + 1):
        result = "failed" if turn % 4 == 0 else "ok"
        node.configure(BROKEN[turn // 4 % len(BROKEN)] if result == "failed" else good(turn))
        node.signal(signal.SIGHUP)
        expected[result] += 1
        node.wait_metric("config_reloads_total", lambda value: value == expected[result], result=result)
        witness.look()
    metrics = node.metrics()
    equal({result: metrics.value("config_reloads_total", result=result) for result in expected}, expected, "reloads")


def stop_under_load():
    """SIGTERM with publishers and viewers, and SIGTERM twice."""
    for signals in (1, 2):
        with TorturedNode("node: {drain_timeout: 3s}\n") as node:
            publishers = [Publisher(node.rtmp, f"load/cam-{i}").open().run() for i in range(5)]
            viewers = [Viewer(node.http, f"/load/cam-{i % 5}.flv", ("http", "ws")[i % 2]).wait_frames(1, 10) for i in range(50)]
            started = time.monotonic()
            for _ in range(signals):
                node.signal(signal.SIGTERM)
                spin(0.05)
                if not node.alive():
                    break
            code = node.wait_exit(10)
            within(time.monotonic() - started, 0, 5, "seconds until the end")
            check(code == 0 or (signals == 2 and code == 1), f"exit code after {signals} signals: {code}")
            node.expected_exit = code
            for viewer in viewers:
                viewer.wait_closed(5)
            for publisher in publishers:
                publisher.pause()


def replaced_binary():
    """An upgrade: the file is replaced while the node runs; the old process goes on, and the next start is the new file."""
    source = binary()
    with TorturedNode() as node:
        copy = os.path.join(node.folder, "sluice")
        shutil.copy2(source, copy)
        os.chmod(copy, 0o755)
        node.stop()
        node.executable = copy
        node.start_again()
        before = Publisher(node.rtmp, "up/cam").open().run()
        shutil.copy2(source, copy + ".new")
        os.rename(copy + ".new", copy)
        viewer = Viewer(node.http, "/up/cam.flv").wait_frames(5)
        node.stop()
        viewer.wait_closed(5)
        before.pause()
        node.start_again()
        again = Publisher(node.rtmp, "up/cam").open().run()
        wait_until(lambda: node.stream("up/cam"), "the stream after the upgrade")
        Viewer(node.http, "/up/cam.flv").wait_frames(5).close()
        again.stop()


SIZE = arguments(__doc__).size
main(lambda: scenario(60 if SIZE == "ci" else 1000))
