# SPDX-License-Identifier: Apache-2.0
"""SIGTERM and SIGINT drain: no new sessions, viewers ended cleanly, exit 0 in time; a second signal ends at once."""

import signal
import socket
import time

from lib import http, media
from lib.expect import check, equal, main, wait_until, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer


def scenario():
    for number in (signal.SIGTERM, signal.SIGINT):
        drain(number)
    stuck_viewer()
    second_signal()
    idle()


def drain(number):
    """Everybody is told, and the node ends with 0."""
    with Node("node: {drain_timeout: 5s}\n") as node:
        publisher = Publisher(node.rtmp, "cams/gate").open().run()
        node.wait_stream("cams/gate")
        viewers = [Viewer(node.http, "/cams/gate.flv", transport).wait_frames(5) for transport in ("http", "ws")]
        idle_connection = http.Connection(node.http)
        started = time.monotonic()
        node.signal(number)
        for viewer in viewers:
            viewer.wait_closed(6)
            check(viewer.ended_cleanly and not viewer.error, f"viewer at the end: {viewer.describe()}")
        check(viewers[1].close_reason() in (1000, 1001), f"close code: {viewers[1].close_reason()}")
        publisher.wait_cut()
        equal(node.wait_exit(10), 0, f"exit code after signal {number}")
        within(time.monotonic() - started, 0, 7, "seconds until the end")
        check(idle_connection.is_closed(1), "an idle connection outlived the node")
        for kind, count in (("viewer", 2), ("publisher", 1)):
            ended = node.logged("session ended", kind=kind)
            equal([entry["reason"] for entry in ended], ["shutdown"] * count, f"reasons of {kind} sessions")
        check(node.logged("node ended"), "no last line in the log")
        try:
            socket.create_connection(node.http, 1)
            check(False, "somebody still listens")
        except OSError:
            pass


def stuck_viewer():
    """A viewer that does not read cannot hold the node for longer than drain_timeout."""
    with Node("node: {drain_timeout: 1s}\n") as node:
        publisher = Publisher(node.rtmp, "cams/gate", media.Feed(size=20_000)).open().run()
        node.wait_stream("cams/gate")
        stuck = Viewer(node.http, "/cams/gate.flv", receive_buffer=4096, reading=False)
        wait_until(lambda: node.sessions(kind="viewer"), "the stuck viewer's session")
        started = time.monotonic()
        node.signal(signal.SIGTERM)
        equal(node.wait_exit(8), 0, "exit code with a stuck viewer")
        within(time.monotonic() - started, 0, 4, "seconds until the end with a stuck viewer")
        stuck.close()
        publisher.pause()


def second_signal():
    """The second SIGTERM does not wait for anybody."""
    with Node("node: {drain_timeout: 60s}\nstream: {unknown_wait: 50s}\n") as node:
        node.expected_exit = 1
        waiting = Viewer(node.http, "/cams/nobody.flv")
        stuck = http.Connection(node.http)
        stuck.send(b"GET /cams/x")
        wait_until(lambda: node.metric("http_connections") >= 2, "connections")
        started = time.monotonic()
        node.signal(signal.SIGTERM)
        node.wait_logged("draining")
        node.signal(signal.SIGTERM)
        code = node.wait_exit(5)
        within(time.monotonic() - started, 0, 2, "seconds until the end by a second signal")
        # A node with nothing left to wait for may have ended before the second signal came.
        check(code in (0, 1), f"exit code after the second signal: {code}")
        node.expected_exit = code
        waiting.close()


def idle():
    """A node without sessions ends at once."""
    with Node() as node:
        started = time.monotonic()
        node.stop()
        within(time.monotonic() - started, 0, 2, "seconds until an idle node ended")


main(scenario)
