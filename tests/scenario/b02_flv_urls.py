# SPDX-License-Identifier: Apache-2.0
"""Both forms of a stream's URL play, over HTTP and over WebSocket; wrong forms are refused with a JSON error."""

from lib import flv, http
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
stream:
  unknown_wait: 200ms
"""

GOOD = [
    ("http", "/cams/gate.flv"),
    ("http", "/flv?server=cams&camera=gate"),
    ("http", "/flv?camera=gate&server=cams&x=1"),
    ("http", "/cams/gate.flv?access_token=abc"),
    ("http", "/c%61ms/gate.flv"),
    ("ws", "/cams/gate.flv"),
    ("ws", "/ws-flv?server=cams&camera=gate"),
    ("ws", "/flv?server=cams&camera=gate"),
]

BAD = [
    ("/cams/gate", {404}),
    ("/cams/gate.xyz", {404}),
    ("/cams/.flv", {400, 404}),
    ("/cams/other.flv", {404}),
    ("/flv", {400, 404}),
    ("/flv?server=cams", {400, 404}),
    ("/flv?server=cams&camera=", {400, 404}),
    ("/flv?server=cams&camera=other", {404}),
    ("/flv?server=cams&camera=%zz", {400}),
    ("/cams/ga%00te.flv", {400, 404}),
    ("/cams/gate/more.flv", {400, 404}),
    ("/", {200, 404}),
]


def scenario():
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, "cams/gate").open()
        publisher.push(1000)
        node.wait_stream("cams/gate")
        publisher.run(2)
        for transport, target in GOOD:
            viewer = Viewer(node.http, target, transport).wait_status()
            viewer.wait_frames(20).check_ok()
            flv.check_stream(viewer.tags)
            viewer.close()
        for target, allowed in BAD:
            response = http.get(node.http, target)
            check(response.status in allowed, f"GET {target}: {response}")
            if response.status >= 400:
                equal(response.json()["code"] is not None, True, f"code in the error for {target}")
        # Without an upgrade, the WebSocket's own path has nothing to say.
        response = http.get(node.http, "/ws-flv?server=cams&camera=gate")
        check(response.status in (400, 404, 426), f"GET /ws-flv: {response}")
        publisher.stop()


main(scenario)
