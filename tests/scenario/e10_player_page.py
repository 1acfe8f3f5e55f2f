# SPDX-License-Identifier: Apache-2.0
"""The player page in Chromium: it plays near the live edge, is handled by keyboard, comes back by itself when the
publisher does, and says plainly why a stream cannot be played. No name of a stream becomes a part of the page."""

from lib import browser, http
from lib.expect import check, equal, main, sized, within
from lib.node import Node
from lib.page import Page

CONFIG = """
stream:
  viewer_grace: 1s
  unknown_wait: 100ms
streams:
  "cams/away": {source: "rtsp://127.0.0.1:1/nobody"}
"""
HOSTILE = "<img src=x onerror=\"window.hit=1\">"
ELEMENT = "document.querySelector('sluice-player')"
VIDEO = f"{ELEMENT}.shadowRoot.querySelector('video')"
STATE = f"{ELEMENT}.dataset.state"
TEXT = f"{ELEMENT}.shadowRoot.querySelector('[role=status]').textContent"
FIGURES = f"{ELEMENT}.shadowRoot.querySelector('.figures').textContent"
FOCUS = f"{ELEMENT}.shadowRoot.activeElement?.textContent"


def scenario():
    browser.need()
    with Node(CONFIG) as node:
        push = "rtmp://%s:%d/cams/gate" % node.rtmp
        page_url = "http://%s:%d/play/cams/gate" % node.http
        answers(node)
        with browser.ClockPublisher(push):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            with Page(page_url + "?access_token=s3cret-token") as page:
                plays(page)
                keyboard(page)
                accessible(page)
                nothing_wrong(page)
        node.wait_no_stream("cams/gate")
        with Page(page_url, device="Pixel 7") as page:
            comes_back(page, push)
            away(page, node)
            unknown(page, node)
            hostile_source(page)
            nothing_wrong(page)


def answers(node):
    """The URLs, as any client sees them."""
    page = http.get(node.http, "/play/cams/gate")
    equal((page.status, page.header("Content-Type")), (200, "text/html; charset=utf-8"), "the page")
    policy = page.header("Content-Security-Policy", "")
    check("script-src 'self';" in policy and "unsafe" not in policy, f"policy of the page: {policy}")
    equal(page.header("X-Content-Type-Options"), "nosniff", "nosniff")
    equal(page.header("Referrer-Policy"), "no-referrer", "referrer policy")
    for path in ("/play/cams/gate", "/player.js", "/player.css"):
        whole = http.get(node.http, path)
        check(whole.status == 200 and whole.header("ETag"), f"{path}: {whole}")
        again = http.get(node.http, path, {"If-None-Match": whole.header("ETag")})
        equal((again.status, again.body), (304, b""), f"{path} once more")
        with http.Connection(node.http) as connection:
            connection.request("HEAD", path)
            head = connection.read_response(head_only=True)
            equal((head.status, head.header("Content-Length")), (200, str(len(whole.body))), f"HEAD of {path}")
    for name in ("cams/%3Cimg%20src=x%20onerror=alert(1)%3E", "%3Cscript%3E/gate", "cams/.gate", "cams/ga%22te"):
        refused = http.get(node.http, f"/play/{name}")
        equal((refused.status, refused.header("Content-Type")), (404, "application/json"), f"/play/{name}")
        check(b"<" not in refused.body, f"a name in the answer: {refused.body!r}")


def plays(page):
    """It is live for some seconds, in which time and pictures go on; and tells so."""
    page.wait(f"{STATE} === 'live'", about=TEXT)
    equal(page.evaluate(TEXT), "Live.", "what the state says")
    started = page.evaluate(f"{VIDEO}.currentTime")
    seconds = sized(8, 30)
    page.wait(f"{VIDEO}.currentTime >= {started + seconds}", seconds + 20, about=f"[{TEXT}, {VIDEO}.currentTime]")
    check(page.evaluate(f"{VIDEO}.getVideoPlaybackQuality().totalVideoFrames") > 5 * seconds, "too few pictures")
    check(page.evaluate(f"{VIDEO}.webkitAudioDecodedByteCount") > 0, "no sound was decoded")
    check("behind live" in page.evaluate(FIGURES), f"figures: {page.evaluate(FIGURES)}")
    within(page.evaluate(f"{VIDEO}.playbackRate"), 1, 1.1, "rate of playing")
    print(f"played: {page.evaluate(TEXT)} {page.evaluate(FIGURES)}", flush=True)
    check("s3cret" not in page.evaluate(f"{ELEMENT}.shadowRoot.textContent + document.documentElement.outerHTML"),
          "the token is in the page")
    page.screenshot("live")


def keyboard(page):
    """Buttons in the order of reading, and a key for each."""
    for label in ("Pause", "Unmute", "Full screen"):
        page.press("Tab")
        equal(page.evaluate(FOCUS), label, "the button with the focus")
    page.press("Tab")
    equal(page.evaluate(f"{ELEMENT}.shadowRoot.activeElement?.ariaLabel"), "Transport", "the menu with the focus")
    page.press("m")
    equal(page.evaluate(f"{VIDEO}.muted"), True, "muted after a letter for the menu")
    page.press("Shift+Tab")
    page.press("m")
    equal(page.evaluate(f"{VIDEO}.muted"), False, "muted after m")
    page.press("k")
    page.wait(f"{STATE} === 'paused' && {VIDEO}.paused", about=TEXT)
    page.press("Shift+Tab")
    page.press("Shift+Tab")
    equal(page.evaluate(FOCUS), "Play", "the button to go on")
    stopped = page.evaluate(f"{VIDEO}.currentTime")
    page.press("Enter")
    page.wait(f"{STATE} === 'live' && {VIDEO}.currentTime > {stopped}", about=TEXT)


def accessible(page):
    """Nothing breaks a rule of WCAG that a program can judge, in light and in dark."""
    for scheme in ("dark", "light"):
        page.scheme(scheme)
        page.wait(f"matchMedia('(prefers-color-scheme: {scheme})').matches")
        equal(page.audit(), [], f"what is hard to use in {scheme}")
        page.screenshot(scheme)


def phone(page):
    """On a phone nothing is cut off, the picture plays in its place, and fingers hit what they aim at."""
    check(page.evaluate("document.documentElement.scrollWidth <= innerWidth"), "the page is wider than the window")
    bottom, height = page.evaluate(f"[{ELEMENT}.shadowRoot.querySelector('.bar').getBoundingClientRect().bottom, innerHeight]")
    check(bottom <= height, f"the buttons end at {bottom} of {height}")
    small = page.evaluate(f"""[...{ELEMENT}.shadowRoot.querySelectorAll('button, select')].map(one =>
        [one.textContent, one.getBoundingClientRect()]).filter(([, {{width, height}}]) => width < 44 || height < 44)""")
    equal(small, [], "what is smaller than a finger")
    check(page.evaluate(f"{VIDEO}.playsInline && {VIDEO}.muted"), "it takes the screen, or begins with sound")
    page.tap("Unmute")
    page.wait(f"!{VIDEO}.muted && {STATE} === 'live'", about=TEXT)
    equal(page.audit(), [], "what is hard to use on a phone")
    page.screenshot("phone")


def comes_back(page, push):
    """Each time that the publisher comes it plays, untouched; when it has gone the page says so and tries again."""
    page.wait(f"{STATE} === 'waiting' && {TEXT}.includes('Trying again in')", about=TEXT)
    for first in (True, False):
        with browser.ClockPublisher(push):
            page.wait(f"{STATE} === 'live'", 60, about=TEXT)
            if first:
                phone(page)
        page.wait(f"{STATE} === 'waiting'", 40, about=TEXT)
        check("is offline" in page.evaluate(TEXT), page.evaluate(TEXT))
    page.screenshot("offline")


def away(page, node):
    """A camera that cannot be reached."""
    page.goto("http://%s:%d/play/cams/away" % node.http)
    page.wait(f"{STATE} === 'waiting'", about=TEXT)
    check(page.evaluate(TEXT).startswith("The stream is offline: nobody sends it now. Trying again in"), page.evaluate(TEXT))


def unknown(page, node):
    """A stream that nobody ever sent."""
    page.goto("http://%s:%d/play/cams/nobody" % node.http)
    page.wait(f"{STATE} === 'waiting'", about=TEXT)
    check(page.evaluate(TEXT).startswith("There is no stream named cams/nobody."), page.evaluate(TEXT))
    page.screenshot("unknown")


def hostile_source(page):
    """What a page puts into the element is shown as text at most."""
    page.evaluate(f"{ELEMENT}.setAttribute('src', '/cams/' + {HOSTILE!r})")
    page.wait(f"{STATE} === 'waiting' && {TEXT}.includes('<img')", about=TEXT)
    check(HOSTILE in page.evaluate(TEXT), page.evaluate(TEXT))
    equal(page.evaluate("typeof window.hit"), "undefined", "a script ran")
    equal(page.evaluate(f"{ELEMENT}.shadowRoot.querySelectorAll('img').length"), 0, "pictures of an attacker's")


def nothing_wrong(page):
    """No exception, no dialog, and nothing that the page's policy had to stop. That a stream is not there is no fault."""
    errors = [text for text in page.errors() if "Failed to load resource" not in text and "WebSocket connection" not in text]
    equal(errors, [], "errors in the browser")
    equal(page.evaluate("typeof window.hit"), "undefined", "a script ran")


main(scenario)
