# SPDX-License-Identifier: Apache-2.0
"""SIGHUP: a good config is applied without touching sessions and the log says what changed; a bad one changes nothing."""

import signal

from lib import http
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher, Refused
from lib.viewer import Viewer

BASE = """
stream:
  unknown_wait: 50ms
"""


def scenario():
    with Node(BASE) as node:
        publisher = Publisher(node.rtmp, "cams/gate").open().run()
        node.wait_stream("cams/gate")
        viewers = [Viewer(node.http, "/cams/gate.flv", transport).wait_frames(5) for transport in ("http", "ws")]
        good(node)
        bad(node)
        restart_only(node)
        many(node)
        for viewer in viewers:
            viewer.wait_more(10).check_ok()
        check(not publisher.error, f"publisher: {publisher.error}")
        publisher.stop()


def reload(node, config, result):
    """Replaces the overlay, reloads, and waits for the outcome."""
    before = node.metric("config_reloads_total", result=result)
    node.configure(config)
    node.signal(signal.SIGHUP)
    node.wait_metric("config_reloads_total", lambda value: value == before + 1, result=result)


def good(node):
    """New sessions live by the new values."""
    try:
        Publisher(node.rtmp, "cams/gate").open()
        check(False, "a second publisher was accepted")
    except Refused:
        pass
    equal(len(node.logged("reload: changed")), 0, "changes before the first reload")
    reload(node, BASE + "  max_streams: 1\nlog: {format: text}\nhttp: {cors_origin: \"https://a.example\"}\n", "ok")
    changed = {entry["key"] for entry in node.logged("reload: changed")}
    equal(changed, {"stream.max_streams", "log.format", "http.cors_origin"}, "changes in the log")
    check(any(not line.startswith("{") for line in node.log_text().splitlines()), "the log's format did not change")
    response = http.get(node.http, "/cams/none.flv")
    equal(response.header("Access-Control-Allow-Origin"), "https://a.example", "CORS after the reload")
    try:
        Publisher(node.rtmp, "cams/second").open()
        check(False, "max_streams was not applied")
    except Refused:
        pass
    reload(node, BASE, "ok")
    Publisher(node.rtmp, "cams/second").open().stop()


def bad(node):
    """Mistakes are told with their places; the old config stays."""
    for config in ("streem: {}\n", "stream: {unknown_wait: never}\n", "{{{", "node: {workers: 0}\n"):
        reload(node, config, "failed")
    check(any("scenario.yaml:1" in str(entry) for entry in node.logged("configuration")), "no place of a mistake in the log")
    equal(http.get(node.http, "/cams/none.flv").status, 404, "status after bad reloads")
    reload(node, BASE, "ok")


def restart_only(node):
    """A change that cannot be applied while running is named."""
    reload(node, BASE + "watchdog: {warn: 300ms}\n", "ok")
    equal([entry["key"] for entry in node.logged("reload: waits for a restart")], ["watchdog.warn"], "keys that wait")
    reload(node, BASE, "ok")


def many(node):
    """A burst of signals is no storm."""
    for _ in range(50):
        node.signal(signal.SIGHUP)
    node.check_alive()


main(scenario)
