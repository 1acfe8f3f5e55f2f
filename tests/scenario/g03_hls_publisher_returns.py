# SPDX-License-Identifier: Apache-2.0
"""A publisher that stops and returns: the list stays, numbers go on behind a discontinuity, and no session is lost."""

from lib import ffmpeg, http
from lib.expect import check, equal, main, wait_until
from lib.hls import Client
from lib.node import Node

CONFIG = """
stream:
  viewer_grace: 20s
hls:
  segment: 1s
"""


def scenario():
    ffmpeg.need("ffmpeg")
    with Node(CONFIG) as node:
        url = "rtmp://%s:%d/cams/gate" % node.rtmp
        with ffmpeg.publish(url):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            client = Client(node.http, "cams/gate")
            playlist = client.open()
            while len(playlist.segments) < 2:
                playlist = client.follow(playlist)
        node.wait_stream("cams/gate", lambda entry: entry["state"] != "live")
        ended = wait_until(lambda: next((p for p in [client.reload()] if p.hint is None), None), "the hint stays", 10)
        equal(ended.open, None, "what is being cut without a publisher")
        client.fetch_all(ended)
        with ffmpeg.publish(url, size="640x360"):
            playlist = client.reload(f"?_HLS_msn={ended.next}")
            fresh = next(segment for segment in playlist.segments if segment.number == ended.next)
            check(fresh.discontinuity, f"no discontinuity:\n{playlist.text}")
            check(fresh.init != ended.segments[-1].init, "another picture, the same init segment")
            client.fetch_all(playlist)
            equal(len(node.sessions(kind="viewer")), 1, "sessions")
            kick(node, client)


def kick(node, client):
    """A session that is kicked is refused; another one is not."""
    (session,) = node.sessions(kind="viewer")
    equal(node.call("DELETE", f"/api/v1/sessions/{session['id']}").status, 200, "answer to DELETE")
    node.wait_logged("session ended", kind="viewer", session=session["id"], reason="kicked")
    response = http.get(node.http, client.base + "live.m3u8")
    equal((response.status, response.json()["code"]), (403, "session_ended"), "answer to a kicked session")
    Client(node.http, "cams/gate").open()


main(scenario)
