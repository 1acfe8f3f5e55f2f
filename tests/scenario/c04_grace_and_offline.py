# SPDX-License-Identifier: Apache-2.0
"""Without its publisher a stream answers 503 with Retry-After; after the grace its viewers end and the name is unknown."""

import time

from lib import http
from lib.expect import check, equal, main, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
stream:
  viewer_grace: 2s
  unknown_wait: 200ms
"""


def scenario():
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, "cams/gate").open().run(2)
        viewers = [Viewer(node.http, "/cams/gate.flv").wait_frames(10),
                   Viewer(node.http, "/cams/gate.flv", "ws").wait_frames(10)]
        publisher.stop()
        stopped = time.monotonic()
        node.wait_stream("cams/gate", lambda entry: entry["state"] == "waiting")
        response = http.get(node.http, "/cams/gate.flv")
        equal(response.status, 503, "status while the camera is offline")
        within(int(response.header("Retry-After", "0")), 1, 60, "Retry-After")
        equal(response.header("Access-Control-Allow-Origin"), "*", "CORS on a 503")
        check(response.json()["code"], "no code in the error")
        for viewer in viewers:
            viewer.wait_closed(6)
            check(not viewer.error and viewer.ended_cleanly, f"viewer was not ended cleanly: {viewer.describe()}")
        within(time.monotonic() - stopped, 1.5, 5, "seconds until the viewers were ended")
        check(viewers[1].close_reason() in (1000, 1001), f"close code: {viewers[1].close_reason()}")
        equal(len(node.logged("session ended", kind="viewer", reason="stream_ended")), 2, "log lines")
        node.wait_no_stream("cams/gate")
        equal(http.get(node.http, "/cams/gate.flv").status, 404, "status after the grace")
        node.wait_metric("tape_bytes", lambda value: value == 0, timeout=15)


main(scenario)
