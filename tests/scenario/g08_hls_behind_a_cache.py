# SPDX-License-Identifier: Apache-2.0
"""HLS whose sessions are cookies: curl and ffmpeg keep theirs, a kicked one is refused, and nginx as a cache asks the node once for what is the same for all."""

import json
import os
import tempfile
import threading

from lib import ffmpeg, http, proxy
from lib.expect import check, equal, main, wait_until
from lib.hls import Playlist
from lib.node import Node

CONFIG = """
hls:
  segment: 1s
  session: cookie
"""
NGINX = proxy.NGINX + """  proxy_cache_path {folder}/cache keys_zone=hls:1m;
  server {{
    listen 127.0.0.1:{listen};
    location / {{
      proxy_pass http://{host}:{port}; proxy_cache hls; proxy_cache_lock on; proxy_cache_key $request_uri;
      add_header X-Cache $upstream_cache_status always;
    }}
  }}
}}
"""


def scenario():
    ffmpeg.need("ffmpeg", "curl", "nginx")
    with Node(CONFIG) as node, tempfile.TemporaryDirectory() as folder:
        with ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            ffmpeg.play("http://%s:%d/cams/gate/index.m3u8" % node.http, 1, extra=("-c", "copy"))
            (session,) = node.sessions(kind="viewer")
            check(session["bytes_out"] > 20_000, f"ffmpeg brought its cookie with the playlists only: {session}")
            with_curl(node, os.path.join(folder, "jar"))
            with proxy.running(node, "nginx", NGINX, ["-c", "{config}", "-p", "{folder}"]) as cache:
                through_a_cache(node, cache)


def curl(address, target, *arguments):
    """What curl gets: the status and the body."""
    code, out, err = ffmpeg.run(["curl", "-sS", "-w", "\n%{http_code}", *arguments, "http://%s:%d%s" % (*address, target)])
    equal(code, 0, f"curl {target}: {err}")
    body, _, status = out.rpartition(b"\n")
    return int(status), body.decode()


def with_curl(node, jar):
    """One session however many requests, until it is kicked."""
    known = {session["id"] for session in node.sessions(kind="viewer")}
    jars = ("-b", jar, "-c", jar)
    for target in ("index.m3u8", "live.m3u8", "index.m3u8", "live.m3u8?_HLS_msn=0"):
        equal(curl(node.http, f"/cams/gate/{target}", *jars)[0], 200, f"status of {target}")
    (session,) = [s for s in node.sessions(kind="viewer") if s["id"] not in known]
    equal(session["protocol"], "hls-ll", "protocol of a session that asked for the future")
    plain = curl(node.http, "/cams/gate/live.m3u8?_HLS_msn=0", *jars)[1]
    Playlist(plain).check()
    Playlist(curl(node.http, "/cams/gate/live.m3u8?_HLS_msn=0", "--compressed", *jars)[1]).check()
    equal(node.call("DELETE", f"/api/v1/sessions/{session['id']}").status, 200, "answer to the kick")
    node.wait_logged("session ended", session=session["id"], reason="kicked")
    for target in ("live.m3u8", "index.m3u8"):
        status, body = curl(node.http, f"/cams/gate/{target}", *jars)
        equal((status, json.loads(body)["code"]), (403, "session_ended"), f"{target} for a session that was kicked")


def through_a_cache(node, cache):
    """Files and answers to directives are asked for once, the master playlist each time."""
    base = "/cams/gate/"
    masters = [http.get(cache, base + "index.m3u8") for _ in range(2)]
    cookies = {response.header("Set-Cookie") for response in masters}
    equal((len(cookies), None in cookies), (2, False), f"cookies of two viewers: {cookies}")
    for response in masters:
        equal((response.header("Cache-Control"), response.header("X-Cache")), ("no-store", "MISS"), "a master playlist")
    playlist = Playlist(http.get(cache, base + "live.m3u8", {"Cache-Control": "no-cache"}).body.decode())
    segment = base + playlist.segments[-1].uri
    equal([http.get(cache, segment).header("X-Cache") for _ in range(2)], ["MISS", "HIT"], "a segment, twice")
    before = node.metric("hls_requests_total", kind="playlist")
    future = f"{base}live.m3u8?_HLS_msn={playlist.next + 1}"
    answers = []
    asking = [threading.Thread(target=lambda: answers.append(http.get(cache, future, timeout=20))) for _ in range(3)]
    for thread in asking:
        thread.start()
    for thread in asking:
        thread.join()
    equal(len({response.body for response in answers}), 1, "playlists of those who waited together")
    wait_until(lambda: node.metric("hls_requests_total", kind="playlist") == before + 1, "the node was asked more than once")
    gzip = {"Accept-Encoding": "gzip"}
    coded = [http.get(cache, future, gzip) for _ in range(2)]
    equal([(r.header("X-Cache"), r.header("Content-Encoding")) for r in coded], [("MISS", "gzip"), ("HIT", "gzip")], "gzipped")
    equal(http.get(cache, future).header("Content-Encoding"), None, "coding for a client that did not ask for one")


main(scenario)
