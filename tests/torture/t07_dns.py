# SPDX-License-Identifier: Apache-2.0
"""T7, names: no answer, errors, 500 addresses, addresses that live for no time and change. A hundred dead names hold up
neither good cameras nor anything else of the node; sources of dead names try less and less often.

ci: 12 s. full: 150 s, in which the longest pause of 60 s is reached.
"""

import time

from name_server import NXDOMAIN, SERVFAIL, NameServer
from torture import Level, TorturedNode, Witness, arguments, spin
from lib import media
from lib.camera import House, Plan
from lib.expect import check, main, wait_until
from lib.viewer import Viewer

DEAD = 100
TRACKS = [{"media": "h264"}]
CONFIG = """
node: {{ resolvers: ["{server}"] }}
source: {{ connect_timeout: 3s, retry_min: 1s, retry_max: 60s, start_timeout: 20s, keep_viewers: 1m, stop_after: 0s }}
streams:
"""


def zone():
    """What each name leads to."""
    names = {"good.test": ["127.0.0.1"], "many.test": ["127.0.0.1"] * 500, "moves.test": ["127.0.0.9"],
             "none.test": [], "servfail.test": SERVFAIL, "nxdomain.test": NXDOMAIN}
    names.update({f"dead{number}.test": (None, SERVFAIL, NXDOMAIN)[number % 3] for number in range(DEAD)})
    return names


def config_for(server, house):
    """Dead names are wanted always, good ones by their viewers."""
    text = CONFIG.format(server=server.address)
    for number in range(DEAD):
        text += f'  "dead/{number}": {{ source: "rtsp://dead{number}.test/x" }}\n'
    for name in ("none", "servfail", "nxdomain"):
        text += f'  "dead/{name}": {{ source: "rtsp://{name}.test/x" }}\n'
    for name in ("good", "many", "moves"):
        port = house.cameras[name].port
        text += f'  "live/{name}": {{ source: "rtsp://{name}.test:{port}/cam", on_demand: true }}\n'
    return text


def scenario(seconds):
    server = NameServer(zone())
    with House([Plan({"tracks": TRACKS}, name) for name in ("good", "many", "moves")]) as house:
        with TorturedNode(config_for(server, house)) as node:
            level = Level(node)
            witness = Witness(node)
            viewers = {}
            for name in ("good", "many"):
                viewers[name] = Viewer(node.http, f"/live/{name}.flv").wait_frames(25, kind=media.VIDEO, timeout=20)
            moved(node, server, viewers)
            spin(seconds, witness.look)
            judge_pauses(node, server, seconds)
            for viewer in viewers.values():
                viewer.check_ok().close()
            witness.check()
            witness.end()
            level.check_back(20)
    server.close()


def moved(node, server, viewers):
    """A name that leads to the wrong host is followed as soon as it leads to the right one: nothing is kept."""
    viewer = viewers["moves"] = Viewer(node.http, "/live/moves.flv")
    wait_until(lambda: source(node, "live/moves")["last_error"], "the wrong address was not tried", 15)
    server.zone["moves.test"] = ["127.0.0.1"]
    viewer.wait_frames(25, kind=media.VIDEO, timeout=30)


def source(node, name):
    """The API's entry of a source."""
    return next(entry for entry in node.api("/api/v1/sources")["sources"] if entry["name"] == name)


def judge_pauses(node, server, seconds):
    """Attempts grow rare, and are not made in step."""
    began = time.monotonic()
    entries = [entry for entry in node.api("/api/v1/sources")["sources"] if entry["name"].startswith("dead/")]
    check(time.monotonic() - began < 2, "the API was held up")
    check(len(entries) == DEAD + 3, f"{len(entries)} dead sources")
    for entry in entries:
        check(entry["last_error"] and entry["last_error"]["reason"] in ("resolve_failed", "timed_out"), f"{entry}")
        # 1, 2, 4, 8 … s apart: so many attempts at most, with room for jitter and the first ones.
        check(1 <= entry["attempts"] <= 4 + (seconds + 30).bit_length(), f"{entry['name']}: {entry['attempts']} attempts")
    waits = {round(entry["next_try_in_s"], 2) for entry in entries if entry["next_try_in_s"] is not None}
    check(len(waits) > 10, f"the next tries are in step: {sorted(waits)}")
    check(all(server.asked.get(f"dead{number}.test") for number in range(DEAD)), "some dead names were never asked for")


def run():
    """Sizes, then the run."""
    size = arguments(__doc__).size
    scenario({"ci": 6, "full": 150}[size])


main(run)
