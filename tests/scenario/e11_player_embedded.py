# SPDX-License-Identifier: Apache-2.0
"""The player in a page of somebody else's, as an element and as a frame; over a publisher that returns within the grace
time it stays connected; a codec that the browser does not have is named."""

import http.server
import threading

from lib import browser, ffmpeg
from lib.expect import check, equal, main, wait_until
from lib.node import Node
from lib.page import Page

ELEMENT = "document.querySelector('sluice-player')"
VIDEO = f"{ELEMENT}.shadowRoot.querySelector('video')"
STATE = f"{ELEMENT}.state"
TEXT = f"{ELEMENT}.shadowRoot.querySelector('[role=status]').textContent"
HOST_PAGE = """<!DOCTYPE html><title>host</title>
<script type="module" src="http://%(node)s/player.js"></script>
<script>
  const states = [];
  document.addEventListener('DOMContentLoaded', () => document.querySelector('sluice-player')
    .addEventListener('sluice-state', event => states.push(event.detail.state)));
</script>
<sluice-player src="/cams/gate"></sluice-player>
<iframe src="http://%(node)s/play/cams/gate" allow="autoplay; fullscreen" title="Gate"></iframe>
"""
CONFIG = """
stream:
  viewer_grace: 30s
"""


def scenario():
    browser.need()
    with Node(CONFIG) as node:
        browser.need_player_libraries(node)
        push = "rtmp://%s:%d/cams/gate" % node.rtmp
        with HostPage("%s:%d" % node.http) as url, Page(url) as page:
            with browser.ClockPublisher(push):
                page.wait(f"{STATE} === 'live'", 40, about=TEXT)
                embedded(page, node)
                by_library(page)
            returns(page, node, push)
            check("live" in page.evaluate("states"), f"events: {page.evaluate('states')}")
        refused(node)


class HostPage:
    """A web server of another origin than the node's, with one page; gives its URL."""

    def __init__(self, node):
        body = (HOST_PAGE % {"node": node}).encode()

        class Handler(http.server.BaseHTTPRequestHandler):
            def do_GET(self):  # noqa: the base class names it
                self.send_response(200 if self.path == "/" else 204)
                self.send_header("Content-Type", "text/html")
                self.end_headers()
                self.wfile.write(body if self.path == "/" else b"")

            def log_message(self, *arguments):
                pass

        self._server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), Handler)

    def __enter__(self):
        threading.Thread(target=self._server.serve_forever, daemon=True).start()
        return "http://127.0.0.1:%d/" % self._server.server_address[1]

    def __exit__(self, *exc):
        self._server.shutdown()


def embedded(page, node):
    """Element and frame both play, each over a connection of its own."""
    wait_until(lambda: len(viewers(node)) == 2, lambda: f"viewers: {viewers(node)}", 20)
    page.wait(f"{VIDEO}.videoWidth === 320 && {VIDEO}.currentTime > 0", about=TEXT)
    page.screenshot("embedded")


def by_library(page):
    """Another transport, whose library comes from the node and not from the page's own server; and back."""
    for transport in ("http-flv", "ws-fmp4"):
        page.evaluate(f"{ELEMENT}.setAttribute('transport', '{transport}')")
        page.wait(f"{STATE} === 'live' && {ELEMENT}.transport === '{transport}'", about=TEXT)


def returns(page, node, push):
    """The publisher is gone for a moment: the player says so, keeps its connection, and goes on."""
    before = viewers(node)
    page.wait(f"{STATE} === 'stalled'", about=TEXT)
    equal(page.evaluate(TEXT), "Waiting for the picture\u2026", "what the state says")
    with browser.ClockPublisher(push):
        page.wait(f"{STATE} === 'live'", about=TEXT)
        equal(viewers(node), before, "sessions of viewers")
        check(page.evaluate(f"{ELEMENT}.stalls") >= 1, "no stall was counted")
        check(page.evaluate(f"{ELEMENT}.latency") is not None, "no latency is told")


def viewers(node):
    return sorted(entry["id"] for entry in node.sessions(kind="viewer", protocol="ws-fmp4"))


def refused(node):
    """H.265, which this browser does not decode: the page says so and does not go on asking."""
    source = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-re", "-f", "lavfi", "-i", "testsrc=size=320x180:rate=15",
              "-c:v", "libx265", "-preset", "ultrafast", "-x265-params", "keyint=15:log-level=none", "-pix_fmt", "yuv420p",
              "-f", "rtsp", "-rtsp_transport", "tcp", "rtsp://%s:%d/cams/new" % node.rtsp]
    with ffmpeg.Running(source):
        node.wait_stream("cams/new", timeout=20)
        with Page("http://%s:%d/play/cams/new" % node.http) as page:
            if page.evaluate("MediaSource.isTypeSupported('video/mp4; codecs=\"hvc1.1.6.L153.B0\"')"):
                page.wait(f"{STATE} === 'live'", about=TEXT)
                return
            page.wait(f"{STATE} === 'refused'", 40, about=TEXT)
            check(page.evaluate(TEXT).startswith("This browser cannot play the stream's codecs ("), page.evaluate(TEXT))
            check("hvc1" in page.evaluate(TEXT) or "hev1" in page.evaluate(TEXT), page.evaluate(TEXT))
            equal(page.evaluate(f"{ELEMENT}.shadowRoot.querySelector('button').textContent"), "Play", "the button to try again")
            print(page.evaluate(TEXT), flush=True)
            page.screenshot("refused")


main(scenario)
