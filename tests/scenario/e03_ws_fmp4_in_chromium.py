# SPDX-License-Identifier: Apache-2.0
"""A plain MediaSource page in Chromium plays WS-fMP4 by what the node says: the type first, then media as they are."""

from lib import browser
from lib.expect import check, main
from lib.node import Node


def scenario():
    browser.need()
    with Node() as node, browser.ClockPublisher("rtmp://%s:%d/cams/gate" % node.rtmp) as publisher:
        node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
        report = browser.play("mse", "ws://%s:%d/ws-fmp4?server=cams&camera=gate" % node.http)
        check(report["mime"].startswith("video/mp4; codecs="), f"type that the node said: {report['mime']}")
        publisher.check_alive()


main(scenario)
