# SPDX-License-Identifier: Apache-2.0
"""The player takes the best transport that goes: what was asked for, or the next one where a browser or the way to the
node lacks something. A sound that cannot be decoded does not cost the picture."""

import os
import shutil
import tempfile

from lib import browser, ffmpeg
from lib.expect import check, equal, main, wait_until
from lib.node import Node
from lib.page import Page

CONFIG = """
http: {cors_origin: "https://elsewhere.example"}
hls: {segment: 1s, part: 200ms}
"""
ELEMENT = "document.querySelector('sluice-player')"
VIDEO = f"{ELEMENT}.shadowRoot.querySelector('video')"
STATE = f"{ELEMENT}.dataset.state"
TEXT = f"{ELEMENT}.shadowRoot.querySelector('[role=status]').textContent"
FIGURES = f"{ELEMENT}.shadowRoot.querySelector('.figures').textContent"
# A browser without something, as the page's URL says: what decodes AAC, WebSockets that get through, MediaSource.
BEFORE = """
const lacks = new URLSearchParams(location.search).get('without');
if (lacks === 'aac') {
  const { isTypeSupported } = MediaSource, { addSourceBuffer } = MediaSource.prototype;
  MediaSource.isTypeSupported = type => !type.includes('mp4a') && isTypeSupported.call(MediaSource, type);
  MediaSource.prototype.addSourceBuffer = function (type) {
    if (type.includes('mp4a')) throw new DOMException('as a browser without AAC says it', 'NotSupportedError');
    return addSourceBuffer.call(this, type);
  };
}
if (lacks === 'websocket') {
  self.WebSocket = class extends EventTarget {
    constructor() {
      super();
      setTimeout(() => this.onclose?.(), 10);
    }
    close() {}
  };
}
if (lacks === 'mediasource') delete self.MediaSource, delete self.ManagedMediaSource;
"""


SOUND = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "core", "deliver", "player", "sound.js")
REMOVE = """
import fs from 'node:fs';
import { SoundRemover } from './sound.mjs';
const { buffer } = new Uint8Array(fs.readFileSync('both.mp4'));
new SoundRemover().remove(buffer);
fs.writeFileSync('picture.mp4', new Uint8Array(buffer));
"""


def scenario():
    browser.need()
    takes_sound_out("frag_keyframe")
    takes_sound_out("frag_every_frame")  # with fragments in which there is nothing but sound
    with Node(CONFIG) as node:
        browser.need_player_libraries(node)
        url = "http://%s:%d/play/cams/gate" % node.http
        with browser.ClockPublisher("rtmp://%s:%d/cams/gate" % node.rtmp):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            play_all(node, url)


def play_all(node, url):
    with Page(url, before=BEFORE) as page:
        chosen(page, node, url)
        without_sound(page, url)
        without_websocket(page, node, url)
        without_media_source(page, url)
        equal([text for text in page.errors() if text.startswith(("page:", "dialog:"))], [], "errors in the browser")


def takes_sound_out(fragments):
    """What is left is the picture, to the byte, and FFmpeg has nothing to complain of."""
    with tempfile.TemporaryDirectory(prefix="sluice-sound-") as folder:
        clean(["ffmpeg", "-hide_banner", "-nostdin", "-v", "error", "-f", "lavfi", "-i", "testsrc=size=64x64:rate=25",
               "-f", "lavfi", "-i", "sine", "-t", "1", "-c:v", "libx264", "-g", "10", "-c:a", "aac", "-movflags",
               f"empty_moov+default_base_moof+{fragments}", os.path.join(folder, "both.mp4")])
        shutil.copy(SOUND, os.path.join(folder, "sound.mjs"))
        with open(os.path.join(folder, "remove.mjs"), "w", encoding="utf-8") as file:
            file.write(REMOVE)
        clean(["env", "-C", folder, "node", "remove.mjs"])
        before, after = (packets(os.path.join(folder, name)) for name in ("both.mp4", "picture.mp4"))
        check({line.split(",")[1] for line in before} == {"video", "audio"}, f"made: {before[:3]}")
        equal(after, [line for line in before if ",video," in line], "what is left")


def clean(arguments):
    """What a program prints that ends well and has nothing to say on its other output."""
    code, out, err = ffmpeg.run(arguments)
    equal((code, err), (0, ""), f"{arguments[0]} ends with")
    return out.decode()


def packets(path):
    """Kind, times and a sum of the bytes of each packet; a warning fails."""
    return clean(["ffprobe", "-v", "warning", "-show_packets", "-show_data_hash", "md5", "-of", "csv", "-show_entries",
                  "packet=codec_type,pts,dts,data_hash", path]).split()


def lives(page):
    page.wait(f"{STATE} === 'live' && {VIDEO}.videoWidth === 320", 40, about=f"[{TEXT}, {FIGURES}]")
    print(page.evaluate("location.search"), page.evaluate(TEXT), page.evaluate(FIGURES), flush=True)


def watches_by(node, protocol):
    """The node says the same as the page."""
    wait_until(lambda: node.sessions(kind="viewer", protocol=protocol), lambda: f"viewers: {node.sessions(kind='viewer')}")


def chosen(page, node, url):
    """By the menu and by the URL. The page is the node's own, whatever other origin is let in beside it."""
    lives(page)
    equal(page.evaluate(f"{ELEMENT}.transport"), "ws-fmp4", "the first choice")
    page.choose("Transport", "hls")
    page.wait(f"{ELEMENT}.transport === 'hls'")
    lives(page)
    watches_by(node, "hls-ll")
    check(page.evaluate(f"{VIDEO}.currentSrc").startswith("blob:"), "it is not hls.js that plays")
    goes_on(page)
    for transport in ("http-flv", "ws-flv"):
        page.goto(f"{url}?transport={transport}")
        lives(page)
        equal(page.evaluate(f"{ELEMENT}.transport"), transport, "the transport")
        watches_by(node, transport)
    goes_on(page)
    equal(page.errors(), [], "errors in the browser")


def goes_on(page):
    """After a pause it is live again."""
    page.evaluate(f"{ELEMENT}.pause()")
    page.wait(f"{STATE} === 'paused' && {VIDEO}.paused", about=TEXT)
    page.evaluate(f"{ELEMENT}.play()")
    lives(page)


def without_sound(page, url):
    """The picture alone, and it is said why."""
    page.goto(f"{url}?without=aac")
    lives(page)
    equal(page.evaluate(f"{ELEMENT}.transport"), "ws-fmp4", "the transport")
    check("Without sound: this browser does not play mp4a.40.2." in page.evaluate(TEXT), page.evaluate(TEXT))
    at = page.evaluate(f"{VIDEO}.currentTime")
    page.wait(f"{VIDEO}.currentTime > {at + 1}", about=f"[{TEXT}, {VIDEO}.currentTime]")
    equal(page.evaluate(f"{VIDEO}.webkitAudioDecodedByteCount"), 0, "bytes of sound that were decoded")


def without_websocket(page, node, url):
    """Something on the way lets no WebSocket through: HLS after the second attempt."""
    page.goto(f"{url}?without=websocket")
    lives(page)
    equal(page.evaluate(f"{ELEMENT}.transport"), "hls", "the transport")
    watches_by(node, "hls-ll")


def without_media_source(page, url):
    """The browser's own HLS plays where there is no MediaSource; where there is neither, the page says so."""
    page.goto(f"{url}?without=mediasource")
    native = page.evaluate(f"{VIDEO}.canPlayType('application/vnd.apple.mpegurl')")
    print(f"HLS of the browser's own: {native!r}", flush=True)
    if native:
        lives(page)
        check("index.m3u8" in page.evaluate(f"{VIDEO}.currentSrc"), "it is not HLS that plays")
    else:
        page.wait(f"{STATE} === 'refused'", about=TEXT)
        equal(page.evaluate(TEXT), "This browser plays neither MediaSource nor HLS.", "what the state says")
    page.screenshot("without_media_source")
    page.goto(f"{url}?without=mediasource&transport=http-flv")
    page.wait(f"{STATE} === 'refused'", about=TEXT)
    check(page.evaluate(TEXT).startswith("This transport does not go in this browser"), page.evaluate(TEXT))
    equal(page.evaluate(f"{ELEMENT}.shadowRoot.querySelector('option[value=http-flv]').disabled"), True, "it cannot be chosen")


main(scenario)
