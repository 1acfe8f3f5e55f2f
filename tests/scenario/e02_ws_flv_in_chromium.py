# SPDX-License-Identifier: Apache-2.0
"""mpegts.js in Chromium plays WS-FLV from another origin: picture, sound, and the latency from camera to screen."""

from lib import browser
from lib.expect import main
from lib.node import Node


def scenario():
    browser.need()
    with Node() as node, browser.ClockPublisher("rtmp://%s:%d/cams/gate" % node.rtmp) as publisher:
        node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
        browser.play("mpegts", "ws://%s:%d/cams/gate.flv" % node.http)
        publisher.check_alive()


main(scenario)
