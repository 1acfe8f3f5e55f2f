# SPDX-License-Identifier: Apache-2.0
"""A viewer of an unknown stream waits for a bounded time, then gets 404; when the stream comes in time, it plays."""

import time

from lib import flv, http
from lib.expect import check, equal, main, wait_until, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
stream:
  unknown_wait: 1s
"""


def scenario():
    with Node(CONFIG) as node:
        started = time.monotonic()
        response = http.get(node.http, "/cams/nobody.flv")
        equal(response.status, 404, "status for an unknown stream")
        within(time.monotonic() - started, 0.9, 2.5, "seconds until the 404")
        check(response.json()["message"], "no message in the error")
        refused = Viewer(node.http, "/cams/nobody.flv", "ws")
        refused.wait_status(404)
        early = Viewer(node.http, "/cams/soon.flv")
        wait_until(lambda: node.metric("http_connections") >= 1, "the waiting viewer's connection")
        publisher = Publisher(node.rtmp, "cams/soon").open().run()
        early.wait_status(200).wait_frames(30).check_ok()
        flv.check_stream(early.tags)
        equal(early.tags[0].script()[1]["videocodecid"], 7, "codec in an early viewer's metadata")
        publisher.stop()
        many_names_leave_nothing(node)


def many_names_leave_nothing(node):
    """A thousand names that nobody publishes: viewers that give up leave no stream and no descriptor behind."""
    before = node.descriptors()
    for batch in range(4):
        waiting = [Viewer(node.http, f"/cams/no-{batch}-{i}.flv") for i in range(250)]
        for viewer in waiting[:125]:
            viewer.close()
        for viewer in waiting[125:]:
            viewer.wait_status(404, timeout=10)
            viewer.close()
    wait_until(lambda: node.descriptors() <= before, "descriptors do not come back")
    names = [entry["name"] for entry in node.api("/api/v1/streams")["streams"]]
    check(not [name for name in names if name.startswith("cams/no-")], f"unknown names became streams: {names[:5]}")


main(scenario)
