# SPDX-License-Identifier: Apache-2.0
"""hls.js in Chromium plays fMP4 by HLS with low latency: it asks for playlists ahead of time and for parts."""

from lib import browser
from lib.expect import check, main
from lib.node import Node


def scenario():
    browser.need()
    with Node() as node, browser.ClockPublisher("rtmp://%s:%d/cams/gate" % node.rtmp) as publisher:
        node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
        played = browser.play("hls", "http://%s:%d/cams/gate/index.m3u8" % node.http)
        hls = played["hls"]
        check(hls["canBlockReload"] and hls["parts"] > 0, f"no low latency: {hls}")
        check(hls["partsBuffered"] > 10, f"it has not played parts: {hls}")
        # A player that is let in too early loads the parts of the only segment again and again.
        check(hls["partsBuffered"] < 7 * played["played_s"], f"it loads parts again and again: {played}")
        publisher.check_alive()


main(scenario)
