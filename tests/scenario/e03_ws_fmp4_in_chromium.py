# SPDX-License-Identifier: Apache-2.0
"""A plain MediaSource page in Chromium plays WS-fMP4 by what the node says: the type first, then media as they are.

The camera speaks G.711, which the page gets as AAC.
"""

from lib import browser
from lib.expect import check, main
from lib.node import Node

TELEPHONE = ("pcm_alaw", "-ar", "8000", "-ac", "1")


def scenario():
    browser.need()
    with Node() as node, browser.ClockPublisher("rtmp://%s:%d/cams/gate" % node.rtmp, sound=TELEPHONE) as publisher:
        node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
        report = browser.play("mse", "ws://%s:%d/ws-fmp4?server=cams&camera=gate" % node.http)
        mime = report["mime"]
        check(mime.startswith("video/mp4; codecs=") and "mp4a.40.2" in mime, f"type that the node said: {mime}")
        publisher.check_alive()


main(scenario)
