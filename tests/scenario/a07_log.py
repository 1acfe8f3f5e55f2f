# SPDX-License-Identifier: Apache-2.0
"""One line per session end, text or JSON, with why, bytes and duration; what peers say cannot forge or flood the log."""

import json
import re

from lib import hostile, http, rtmp
from lib.expect import check, equal, main, wait_until, within
from lib.node import Node, parse_log_line
from lib.publisher import Publisher
from lib.viewer import Viewer

FIELDS = {"session", "kind", "protocol", "stream", "peer", "reason", "bytes_in", "bytes_out", "duration_ms", "correlation_id"}


def scenario():
    for form in ("json", "text"):
        with Node(f"log: {{format: {form}, level: debug}}\nstream: {{unknown_wait: 50ms}}\n") as node:
            ends(node, form)
            forged(node)
            flood(node)
            lines = node.log_text().splitlines()
            broken = [line for line in lines if parse_log_line(line) is None]
            equal(broken, [], f"lines that are not {form}")
            if form == "json":
                check(all(isinstance(json.loads(line), dict) for line in lines), "JSON lines")
            check(all(re.match(r"\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d", parse_log_line(line)["time"]) for line in lines), "times")


def ends(node, form):
    """A publisher and two viewers."""
    publisher = Publisher(node.rtmp, "cams/gate").open().run()
    node.wait_stream("cams/gate")
    viewers = [Viewer(node.http, "/cams/gate.flv", transport, headers={"X-Correlation-ID": f"c-{transport}"})
               for transport in ("http", "ws")]
    for viewer in viewers:
        viewer.wait_frames(10)
        viewer.close()
    wait_until(lambda: len(node.logged("session ended", kind="viewer")) == 2, "lines of the viewers")
    publisher.stop()
    node.wait_logged("session ended", kind="publisher")
    ended = node.logged("session ended")
    equal(len(ended), 3, f"lines in {form}")
    for entry in ended:
        equal(FIELDS - set(entry), set(), f"fields that are missing in {entry}")
        check(int(entry["duration_ms"]) > 0 and int(entry["bytes_in"]) + int(entry["bytes_out"]) > 0, f"numbers of {entry}")
    for viewer in viewers:
        (entry,) = node.logged("session ended", correlation_id=f"c-{viewer.transport}")
        equal(entry["protocol"], f"{viewer.transport}-flv", "protocol")
        within(int(entry["bytes_out"]), viewer.received * 0.9, viewer.received + 1_000_000, "bytes in the log")


def forged(node):
    """Line ends, quotes and terminal sequences in everything that a peer may choose."""
    evil = 'x\\n{"message":"forged"} \x1b[2J" message="forged" level=error'
    connection = hostile.connected(node, "cams")
    connection.create_stream()
    connection.command("publish", None, "a\r\nforged\n" + evil, "live", stream_id=1)
    connection.is_closed(1)
    other = rtmp.Connection(node.rtmp)
    other.handshake()
    other.connect("cams\nforged", flashVer="v\nforged " + evil)
    other.close()
    http.get(node.http, "/cams/none.flv", {"User-Agent": evil, "X-Correlation-ID": evil})
    http.exchange(node.http, b"GET /cams/%0a%0dforged%22.flv HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n")
    check(not node.logged("forged"), "a peer has forged a log line")
    check("\x1b" not in node.log_text(), "a terminal sequence in the log")


def flood(node):
    """300 refused publishes within a moment: warnings are held back, not one line each for ever."""
    before = len(node.log_text().splitlines())
    for _ in range(300):
        with rtmp.Connection(node.rtmp) as connection:
            connection.send(b"\x09" * 10)
    wait_until(lambda: node.metric("rtmp_connections") == 0, "connections of the flood")
    warnings = [line for line in node.log_text().splitlines()[before:]
                if parse_log_line(line)["level"] in ("warning", "error")]
    check(len(warnings) < 60, f"{len(warnings)} warnings for 300 bad connections")


main(scenario)
