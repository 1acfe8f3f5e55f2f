# SPDX-License-Identifier: Apache-2.0
"""Where cameras may be (demand 45): it is the address that is connected to that counts, however it is written or found.

With a list that leaves loopback out, no spelling of it gets a single packet to a listener there; a list with 127.0.0.2/32
lets that camera in and not its neighbour 127.0.0.22; a redirect is judged like the first URL.
"""

from lib.camera import House, Plan
from lib.camera.family import CONFIG
from lib.expect import check, equal, holds_for, main, wait_until
from lib.node import Node
from lib.viewer import Viewer

SPELLINGS = ("127.0.0.1", "localhost", "127.1", "2130706433", "0x7f000001", "0177.0.0.1", "[::1]", "[::ffff:127.0.0.1]",
             "[::ffff:7f00:1]", "0.0.0.0", "[::]", "127.0.0.1.")


def scenario():
    with House([Plan({}, "cam")]) as house:
        port = house.cameras["cam"].port
        house.add(Plan({"host": "::1"}, "six"))
        config = CONFIG.format(limit=5).replace("source: {", 'source: { allow: ["10.0.0.0/8", "public"],')
        for at, host in enumerate(SPELLINGS):
            config += f'  "q/s{at}": {{ source: "rtsp://{host}:{port}/cam" }}\n'
        config += f'  "q/six": {{ source: "{house.cameras["six"].url}" }}\n'
        with Node(config) as node:
            wait_until(lambda: node.metric("source_failures_total") >= len(SPELLINGS),
                       lambda: f"failures: {node.metric('source_failures_total')}", 15)
            holds_for(lambda: not any(camera.accepted for camera in house.cameras.values()),
                      "a connection came where none was allowed", 1.0)
    by_prefix()


def by_prefix():
    """A prefix is a prefix of bits, not of text."""
    with House([Plan({"host": "127.0.0.2"}, "in"), Plan({"host": "127.0.0.22"}, "out")]) as house:
        house.add(Plan({"host": "127.0.0.2", "answers": {"DESCRIBE": {
            "status": 302, "headers": {"Location": house.cameras["out"].url}}}}, "redirects"))
        config = CONFIG.format(limit=10).replace("source: {", 'source: { allow: ["127.0.0.2/32"],')
        for name, camera in house.cameras.items():
            config += f'  "q/{name}": {{ source: "{camera.url}" }}\n'
        with Node(config) as node:
            Viewer(node.http, "/q/in.flv").wait_frames(25, timeout=15)
            wait_until(lambda: house.cameras["redirects"].asked.get("DESCRIBE", 0) >= 2, "the redirect was not tried again", 10)
            equal(house.cameras["out"].accepted, 0, "connections to the neighbour")
            check(node.stream("q/in")["state"] == "live", "the allowed camera does not play")


main(scenario)
