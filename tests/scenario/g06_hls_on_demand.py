# SPDX-License-Identifier: Apache-2.0
"""HLS of a source on demand: its playlist starts the camera, a segment's name does not, and the camera is left alone after the last request."""

from lib import http
from lib.camera import House, Plan
from lib.camera.family import config_of
from lib.expect import check, equal, holds_for, main, wait_until
from lib.hls import Client
from lib.node import Node

TWO = [{"media": "h264"}, {"media": "aac"}]
HLS = """
hls:
  segment: 500ms
  part: 200ms
  session_timeout: 1s
"""


def scenario():
    with House([Plan({"tracks": TWO}, "cam"), Plan({}, "dead")]) as house:
        cam, dead = house.cameras["cam"], house.cameras["dead"]
        settings = {"on_demand": "true", "stop_after": "1s", "start_timeout": "8s"}
        config = config_of([("q/cam", cam, settings), ("q/dead", dead, {**settings, "start_timeout": "1s"})]) + HLS
        with Node(config) as node:
            equal(http.get(node.http, "/q/cam/0-1.m4s").status, 404, "a segment of a camera that nobody watches")
            holds_for(lambda: cam.accepted == 0, "the camera was asked for a segment", 0.3)
            client = Client(node.http, "q/cam")
            playlist = client.open()
            for _ in range(5):
                playlist = client.follow(playlist)
            client.fetch_all(playlist)
            check(playlist.segments[-1].date, "no date")
            equal(cam.plays, 1, "sessions at the camera")
            wait_until(lambda: not cam.sessions, "the camera is still being pulled", 10)
            dead.stop()
            response = http.get(node.http, "/q/dead/index.m3u8", timeout=10)
            equal((response.status, response.json()["code"]), (503, "stream_offline"), "answer for a camera that is away")
            check(response.header("Retry-After"), "no Retry-After")


main(scenario)
