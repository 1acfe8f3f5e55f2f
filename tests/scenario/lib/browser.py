# SPDX-License-Identifier: Apache-2.0
"""Real pages: headless Chromium plays a URL, and says what it has shown.

`with ClockPublisher(url):` publishes a picture whose frames carry the wall clock (clock.py); `play` opens browser/page.html
and plays with mpegts.js, hls.js or a plain MediaSource page. The page comes from a server of the test's own, so that
the node's answers are of another origin, as with its users.

The JavaScript libraries are those that packaging/javascript locks. tests/run fetches them and names them in
$SLUICE_BROWSER_MODULES; without it they are looked for where `packaging/fetch-javascript build/javascript --tests` puts them.
"""

import http.server
import json
import os
import shutil
import subprocess
import sys
import tempfile
import threading

from . import ffmpeg
from . import http as http_client
from .expect import check, equal, scenario_name, sized, skip

_LIB = os.path.dirname(os.path.abspath(__file__))
_PAGES = os.path.join(os.path.dirname(_LIB), "browser")
_MODULES = os.path.join(_LIB, "..", "..", "..", "build", "javascript", "node_modules")
_LIBRARIES = {"mpegts": "mpegts.js/dist/mpegts.js", "hls": "hls.js/dist/hls.js", "mse": None}
_PATIENCE_S = 20  # beside the time that is played


def modules():
    """The folder of the JavaScript libraries."""
    return os.environ.get("SLUICE_BROWSER_MODULES") or os.path.abspath(_MODULES)


def need():
    """Skips the scenario unless a browser, what drives it, and a publisher are installed."""
    ffmpeg.need("chromium", "node", "ffmpeg")
    if not os.path.isdir(os.path.join(modules(), "playwright-core")):
        skip(f"no JavaScript libraries in {modules()}: npm is missing or failed")


def need_player_libraries(node):
    """Skips the scenario with a node that was built without the libraries of the player page."""
    if b"player/hls." not in http_client.get(node.http, "/player.js").body:
        skip("the node was built without the player's libraries (option player_libraries)")


class ClockPublisher:
    """ffmpeg as the publisher of a picture with a clock: H.264 without delay, a key frame per second, and a tone."""

    def __init__(self, url, seconds=120, sound=("aac", "-ar", "44100")):
        self._clock = subprocess.Popen([sys.executable, os.path.join(_LIB, "clock.py"), str(seconds)],
                                       stdin=subprocess.DEVNULL, stdout=subprocess.PIPE)
        self._log = tempfile.TemporaryFile()
        self._encoder = subprocess.Popen(
            ["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", "-probesize", "32", "-analyzeduration", "0",
             "-f", "rawvideo", "-pix_fmt", "yuv420p", "-s", "320x180", "-r", "25", "-i", "pipe:0",
             "-f", "lavfi", "-i", "sine=500:r=44100", "-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency",
             "-profile:v", "baseline", "-g", "25", "-c:a", *sound, "-flush_packets", "1", "-shortest",
             "-f", "flv", url],
            stdin=self._clock.stdout, stdout=self._log, stderr=self._log)
        self._clock.stdout.close()  # the encoder has it

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        for process in (self._encoder, self._clock):
            process.kill()
            process.wait(10)

    def check_alive(self):
        """Fails when the encoder has ended by itself."""
        self._log.seek(0)
        check(self._encoder.poll() is None, f"the publisher has ended: {self._log.read().decode('utf-8', 'replace')}")


class _Pages(http.server.BaseHTTPRequestHandler):
    """The page, its script and the player's library, and nothing else."""

    files = {}

    def do_GET(self):  # noqa: the base class names it
        path = self.files.get(self.path)
        if path is None:
            self.send_response(204)  # the browser asks for an icon
            self.end_headers()
            return
        with open(path, "rb") as file:
            body = file.read()
        self.send_response(200)
        self.send_header("Content-Type", "text/html" if path.endswith(".html") else "text/javascript")
        self.send_header("Content-Length", str(len(body)))
        self.end_headers()
        self.wfile.write(body)

    def log_message(self, *arguments):
        pass


def _serve(way):
    """A server for the page of one way to play; returns it."""
    files = {"/": os.path.join(_PAGES, "page.html"), "/page.js": os.path.join(_PAGES, "page.js")}
    if _LIBRARIES[way]:
        files["/library.js"] = os.path.join(modules(), _LIBRARIES[way])
    handler = type("Pages", (_Pages,), {"files": files})
    server = http.server.ThreadingHTTPServer(("127.0.0.1", 0), handler)
    threading.Thread(target=server.serve_forever, daemon=True).start()
    return server


def _screenshot():
    """Where the picture of this scenario goes, or None."""
    kept = os.environ.get("SLUICE_ARTIFACTS")
    if not kept:
        return None
    folder = os.path.join(kept, scenario_name())
    os.makedirs(folder, exist_ok=True)
    return os.path.join(folder, "screen.png")


def play(way, url, seconds=None):
    """Plays a URL for so long by "mpegts", "hls" or "mse"; returns the page's report, which is printed too."""
    seconds = seconds or sized(8, 20)
    server = _serve(way)
    profile = tempfile.mkdtemp(prefix="sluice-chromium-")
    wish = {"chromium": shutil.which("chromium"), "modules": modules(), "profile": profile,
            "page": "http://127.0.0.1:%d/" % server.server_address[1], "way": way,
            "library": "/library.js" if _LIBRARIES[way] else None, "url": url, "seconds": seconds,
            "patience": seconds + _PATIENCE_S, "screenshot": _screenshot()}
    try:
        code, out, err = ffmpeg.run(["env", f"HOME={profile}", f"XDG_CONFIG_HOME={profile}",
                                     "node", os.path.join(_PAGES, "play.mjs"), json.dumps(wish)], seconds + 90)
    finally:
        server.shutdown()
        shutil.rmtree(profile, ignore_errors=True)
    check(code == 0, f"the browser could not be driven: {err[-3000:]}")
    report = json.loads(out)
    print(f"{way} {url}: {json.dumps(report)}", flush=True)
    check_shown(report, seconds)
    return report


def check_shown(report, seconds):
    """Time went on, every picture came whole and in order with its clock, sound was decoded, and nobody complained.

    Latency is stated in the report and not judged: it says as much about the machine as about the node.
    """
    equal(report["errors"], [], "errors in the browser")
    check(report["played_s"] >= seconds, f"played only {report['played_s']} s of {seconds}")
    equal(report["size"], [320, 180], "size of the picture")
    check(report["frames_decoded"] > 5 * seconds, f"decoded {report['frames_decoded']} frames in {seconds} s")
    check(report["frames_with_clock"] > 5 * seconds, f"showed {report['frames_with_clock']} pictures in {seconds} s")
    equal(report["frames_unreadable"], 0, "pictures without a readable clock")
    equal(report["steps_backwards"], 0, "steps back in time")
    check(report["audio_bytes"] > 1000 * seconds, f"decoded {report['audio_bytes']} bytes of sound")
