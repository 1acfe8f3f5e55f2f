# SPDX-License-Identifier: Apache-2.0
"""Real clients over HTTP/2: curl, nghttp, h2load and Chromium play HLS; what streams without an end comes over HTTP/1.1 to the same clients."""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

from lib import browser, ffmpeg, tls
from lib.expect import check, equal, main
from lib.node import Node

HLS = "/cams/gate/index.m3u8"


def scenario():
    ffmpeg.need("openssl", "curl", "nghttp", "h2load", "ffmpeg")
    browser.need()
    folder = tempfile.mkdtemp(prefix="sluice-scenario-")
    try:
        certificate = tls.Certificate(folder, "one")
        with Node(tls.config(certificate)) as node:
            with browser.ClockPublisher("rtmp://%s:%d/cams/gate" % node.rtmp) as publisher:
                node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
                curl(node, certificate, folder)
                nghttp(node)
                h2load(node)
                chromium(node)
                publisher.check_alive()
            check(node.metric("http2_connections_total") >= 5, "connections that were counted")
            equal(node.metric("refused_total", listener="http", reason="http2_abuse"), 0, "real clients taken for hostile ones")
            switched_off(node, certificate)
    finally:
        shutil.rmtree(folder)


def run_curl(node, certificate, path, *options, into="/dev/null"):
    """(exit code, version of HTTP, status, error text) of a request by curl."""
    url = "https://a.example:%d%s" % (node.https[1], path)
    done = subprocess.run(["curl", "-sS", "--cacert", certificate.file, "--resolve", "a.example:%d:127.0.0.1" % node.https[1],
                           "-w", "%{http_version} %{http_code}", "-o", into, *options, url],
                          capture_output=True, text=True, timeout=30, check=False)
    version, status = done.stdout.split()
    return done.returncode, version, int(status), done.stderr


def curl(node, certificate, folder):
    """It follows the playlist by HTTP/2, and the endless stream by HTTP/1.1 without being asked to."""
    equal(run_curl(node, certificate, HLS)[:3], (0, "2", 200), "curl's playlist")
    equal(run_curl(node, certificate, "/play/cams/gate")[:3], (0, "2", 200), "curl's page")
    equal(run_curl(node, certificate, "/cams/nobody.jpg")[:3], (0, "2", 404), "curl's missing picture")
    equal(run_curl(node, certificate, HLS, "--http1.1")[:3], (0, "1.1", 200), "curl's playlist by HTTP/1.1")
    saved = os.path.join(folder, "saved.flv")
    code, version, status, said = run_curl(node, certificate, "/cams/gate.flv", "--max-time", "2", into=saved)
    equal((code, version, status), (28, "1.1", 200), f"curl's stream, which ends by its own time limit: {said}")
    check(os.path.getsize(saved) > 10_000, f"curl got {os.path.getsize(saved)} bytes")


def nghttp(node):
    """Many requests of one connection."""
    base = "https://%s:%d" % node.https
    done = subprocess.run(["nghttp", "-nv", *[base + path for path in (HLS, "/play/cams/gate", "/player.js", "/cams/gate.jpg")]],
                          capture_output=True, text=True, timeout=30, check=False)
    check(done.returncode == 0, f"nghttp: {done.stdout[-2000:]}{done.stderr}")
    equal(re.findall(r":status: (\d+)", done.stdout), ["200"] * 4, "statuses that nghttp got")


def h2load(node):
    """50 requests at once on each of two connections, again and again."""
    done = subprocess.run(["h2load", "-n", "2000", "-c", "2", "-m", "50", "https://%s:%d/player.js" % node.https],
                          capture_output=True, text=True, timeout=60, check=False)
    check("2000 succeeded, 0 failed, 0 errored" in done.stdout, f"h2load: {done.stdout}{done.stderr}")
    print(re.search(r"finished in .*", done.stdout)[0], flush=True)


def chromium(node):
    """hls.js with low latency, then mpegts.js, whose stream is refused by HTTP/2 first."""
    hls = browser.play("hls", "https://%s:%d%s" % (*node.https, HLS), 3)
    equal(hls["protocols"], ["h2"], "versions of HTTP that Chromium played HLS by")
    check(hls["hls"]["canBlockReload"] and hls["hls"]["parts"] > 0, f"no low latency: {json.dumps(hls)}")
    flv = browser.play("mpegts", "https://%s:%d/cams/gate.flv" % node.https, 3)
    check("h2" not in flv["protocols"], f"the endless stream came over {flv['protocols']}")


def switched_off(node, certificate):
    """A reload takes HTTP/2 away."""
    node.configure(tls.config(certificate) + "http:\n  http2: false\n")
    node.signal(signal.SIGHUP)
    node.wait_metric("config_reloads_total", lambda value: value == 1, result="ok")
    equal(run_curl(node, certificate, HLS.replace("gate", "none"))[1:3], ("1.1", 404), "curl without HTTP/2")


main(scenario)
