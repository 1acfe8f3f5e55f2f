# SPDX-License-Identifier: Apache-2.0
"""200 viewers over TLS get the bytes that a plain one gets, stay over a renewal of the certificate, and end like plain ones."""

import shutil
import signal
import tempfile
import time

from lib import flv, media, tls
from lib.expect import check, equal, main, wait_until, within
from lib.ffmpeg import need
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer, crowd

STUCK = "deliver:\n  skip_after: 1s\n  close_after: 3s\nstream:\n  tape_window: 4MiB\n"


def scenario():
    need("openssl")
    folder = tempfile.mkdtemp(prefix="sluice-scenario-")
    try:
        certificate = tls.Certificate(folder, "one")
        many(folder, certificate)
        stuck(certificate)
    finally:
        shutil.rmtree(folder)


def many(folder, certificate):
    """Publisher over TLS too."""
    with Node(tls.config(certificate)) as node:
        publisher = Publisher(node.rtmps, "cams/gate", media.Feed(gop=25, size=4000)).open()
        publisher.push(1000)
        node.wait_stream("cams/gate")
        viewers = [Viewer(node.http, "/cams/gate.flv").wait_frames(1)]
        viewers += crowd(150, node.https, "/cams/gate.flv") + crowd(50, node.https, "/cams/gate.flv", "ws")
        publisher.push(1000)
        renewed = tls.Certificate(folder, "renewed")
        shutil.copy(renewed.key, certificate.key)
        shutil.copy(renewed.file, certificate.file)
        node.signal(signal.SIGHUP)
        node.wait_metric("config_reloads_total", lambda value: value == 1, result="ok")
        publisher.push(2000)
        newest = publisher.feed.video_frames - 1
        for viewer in viewers:
            wait_until(lambda: viewer.error or (viewer.frames(media.VIDEO) and viewer.frames(media.VIDEO)[-1].number == newest),
                       lambda: f"viewer has not the newest picture {newest}: {viewer.describe()}", 15)
            viewer.check_ok()
            flv.check_stream(viewer.tags)
        check_equal_bytes(viewers)
        publisher.stop()
        for viewer in viewers:
            viewer.wait_closed()
            check(viewer.ended_cleanly, f"no end of the stream: {viewer.describe()}")
        check(node.metric("tls_handshakes_total", result="full") >= 201, "handshakes that were counted")


def check_equal_bytes(viewers):
    """Every viewer's bytes from the last one's first frame on are the same bytes."""
    start = max(viewer.frames(media.VIDEO)[0].number for viewer in viewers)
    tails = []
    for viewer in viewers:
        offset = next(tag.offset for tag in viewer.frames(media.VIDEO) if tag.number == start)
        tails.append(bytes(viewer.raw[offset:]))
    shortest = min(len(tail) for tail in tails)
    check(shortest > 100_000, f"only {shortest} bytes to compare")
    equal([i for i, tail in enumerate(tails) if tail[:shortest] != tails[0][:shortest]], [], "viewers with other bytes")


def stuck(certificate):
    """A viewer that stops reading is closed as slow; one that is only late is moved to a newer key frame."""
    with Node(tls.config(certificate) + STUCK) as node:
        publisher = Publisher(node.rtmp, "slow/gate", media.Feed(gop=25, size=40_000)).open().run()
        node.wait_stream("slow/gate")
        steady = Viewer(node.https, "/slow/gate.flv").wait_frames(25)
        for transport in ("http", "ws"):
            late = Viewer(node.https, "/slow/gate.flv", transport, receive_buffer=16384).wait_frames(3)
            late.pause()
            (session,) = node.sessions(kind="viewer", peer="127.0.0.1:%d" % late.socket.getsockname()[1])
            stopped = time.monotonic()
            ended = node.wait_logged("session ended", timeout=10, session=session["id"])
            within(time.monotonic() - stopped, 2, 8, "seconds until a viewer that does not read was closed")
            equal(ended["reason"], "slow", "reason in the log")
            late.close()
        skipping(node)
        steady.check_ok()
        flv.check_stream(steady.tags)
        publisher.stop()


def skipping(node):
    """It reads again in time."""
    late = Viewer(node.https, "/slow/gate.flv", "ws", receive_buffer=16384).wait_frames(3)
    skips = node.metric("viewer_skips_total")
    late.pause()
    time.sleep(2)  # the time that a viewer may lag is what is tested
    late.resume()
    node.wait_metric("viewer_skips_total", lambda value: value > skips)
    late.wait_more(25).check_ok()
    late.close()


main(scenario)
