# SPDX-License-Identifier: Apache-2.0
"""Cameras with nothing to give (demand 27): they close at each step, refuse, have no SDP, no media, or a hundred of them.

The node says why in one word, tries again later and later, and no more often than that; once such a camera behaves, it
plays, and the viewer that waited sees it.
"""

from lib.camera import House, Plan
from lib.camera.family import CONFIG, source_entry
from lib.expect import check, main, one_of, wait_until
from lib.node import Node
from lib.viewer import Viewer

CLOSE = {"silent": True, "close": True}
LATER = ("connection_lost", "camera_closed")
PLANS = {
    "closes_at_options": ({"answers": {"OPTIONS": CLOSE}}, LATER),
    "closes_at_describe": ({"answers": {"DESCRIBE": CLOSE}}, LATER),
    "closes_at_setup": ({"answers": {"SETUP": CLOSE}}, LATER),
    "closes_at_play": ({"answers": {"PLAY": CLOSE}}, LATER),
    "closes_after_options": ({"answers": {"OPTIONS": {"close": True}, "DESCRIBE": CLOSE}}, LATER),
    "closes_after_play": ({"close_after_s": 0.0}, LATER),
    "wrong_login": ({"auth": {"user": "a", "password": "b", "challenges": ["Digest realm=\"r\", nonce=\"{nonce}\""]}}, ("unauthorized",)),
    "forbidden": ({"answers": {"DESCRIBE": {"status": 403}}}, ("forbidden",)),
    "not_found": ({"answers": {"DESCRIBE": {"status": 404}}}, ("not_found",)),
    "server_error": ({"answers": {"DESCRIBE": {"status": 500}}}, ("forbidden", "malformed", "unsupported", "busy")),
    "busy": ({"answers": {"SETUP": {"status": 453}}}, ("busy",)),
    "no_transport": ({"transports": []}, ("unsupported",)),
    "no_sdp": ({"answers": {"DESCRIBE": {"body": "", "headers": {"Content-Length": "0"}}}}, ("malformed", "unsupported")),
    "no_media": ({"sdp": {"body": "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nt=0 0\r\n"}}, ("malformed", "unsupported")),
    "100_media": ({"sdp": {"body": "v=0\r\no=- 1 1 IN IP4 {host}\r\ns=-\r\nt=0 0\r\n" + "m=application 0 RTP/AVP 107\r\na=control:t\r\n" * 100}},
                  ("malformed", "unsupported")),
    "unknown_codec": ({"tracks": [{"media": "h264", "sdp": ["m=video 0 RTP/AVP 96", "a=rtpmap:96 SORENSON/90000", "a=control:{control}"]}]}, ("unsupported",)),
    "silent": ({"answers": {"DESCRIBE": {"silent": True}}}, ("timed_out",)),
    "no_packets": ({"tracks": [{"media": "h264", "starts_s": None}]}, ("timed_out", "stalled")),
    "stalls": ({"stall": {"after_s": 0.5, "for_s": 1000}}, ("stalled", "timed_out")),
}


def settings(camera, wrong_login):
    """The config of one source."""
    url = camera.url.replace("a:b@", "a:wrong@") if wrong_login else camera.url
    return f'{{ source: "{url}", connect_timeout: 1500ms, media_timeout: 1500ms, keep_viewers: 1m, start_timeout: 30s }}'


def scenario():
    with House([Plan(data, name) for name, (data, _) in PLANS.items()]) as house:
        config = CONFIG.format(limit=30)
        for name, camera in house.cameras.items():
            config += f'  "q/{name}": {settings(camera, name == "wrong_login")}\n'
        with Node(config) as node:
            viewers = {name: Viewer(node.http, f"/q/{name}.flv") for name in PLANS}
            for name, (_, words) in PLANS.items():
                entry = wait_until(lambda name=name: failed(node, name), lambda name=name: f"{name}: {node.api('/api/v1/sources')}", 15)
                one_of(entry["last_error"]["reason"], words, f"reason of {name}")
            asked = {name: camera.accepted for name, camera in house.cameras.items()}
            check(max(asked.values()) < 60, f"connections: {asked}")
            for name, camera in house.cameras.items():
                if name != "wrong_login":
                    camera.become(Plan({}, name))
            for name, viewer in viewers.items():
                if name != "wrong_login":
                    wait_until(lambda viewer=viewer: len(viewer.frames()) >= 25,
                               lambda name=name, viewer=viewer: f"{name}: {viewer.describe()} {source_entry(node, 'q/' + name)}", 20)
                    viewer.check_ok()
            check(failed(node, "wrong_login"), "the camera with another password plays")


def failed(node, name):
    """The API's entry of a source that has failed at least once, or None."""
    entry = source_entry(node, f"q/{name}")
    return entry if entry.get("last_error") else None


main(scenario)
