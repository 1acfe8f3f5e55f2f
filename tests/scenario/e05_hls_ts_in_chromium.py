# SPDX-License-Identifier: Apache-2.0
"""hls.js in Chromium plays HLS with MPEG-TS, which it takes apart itself."""

from lib import browser
from lib.expect import check, main
from lib.node import Node


def scenario():
    browser.need()
    with Node() as node, browser.ClockPublisher("rtmp://%s:%d/cams/gate" % node.rtmp) as publisher:
        node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
        hls = browser.play("hls", "http://%s:%d/hls?server=cams&camera=gate&container=ts" % node.http)["hls"]
        check(hls["target"] > 0, f"no playlist: {hls}")
        publisher.check_alive()


main(scenario)
