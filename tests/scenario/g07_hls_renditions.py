# SPDX-License-Identifier: Apache-2.0
"""Two streams that show the same are one HLS stream with two variants: one session reads either, playlists report each
other, and what goes and returns is left out and listed again. Over WS-fMP4 a client is given the one that is there."""

import posixpath

from lib import ffmpeg, http, mse
from lib.expect import check, equal, main, within
from lib.hls import Client
from lib.node import Node

CONFIG = """
stream:
  unknown_wait: 2s
  viewer_grace: 500ms
hls:
  segment: 500ms
streams:
  zoo/lion:
    renditions: [zoo/lion_sub]
"""
MAIN, SUB = (640, 360), (320, 180)


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    with Node(CONFIG) as node:
        url = "rtmp://%s:%d/zoo/" % node.rtmp
        with ffmpeg.publish(url + "lion_sub", size="320x180", gop=13):
            with ffmpeg.publish(url + "lion", size="640x360", gop=13):
                for name in ("zoo/lion", "zoo/lion_sub"):
                    node.wait_stream(name, lambda entry: len(entry["tracks"]) == 2)
                equal(node.stream("zoo/lion")["renditions"], ["zoo/lion_sub"], "renditions in the API")
                client = Client(node.http, "zoo/lion")
                one_session(node, client)
                reports(client)
                alone(node)
                real_player(node)
                kick(node, client)
            goes(node)
        node.wait_no_stream("zoo/lion_sub")
        with ffmpeg.publish(url + "lion_sub", size="320x180", gop=13), ffmpeg.publish(url + "lion", size="640x360", gop=13):
            node.wait_stream("zoo/lion", lambda entry: len(entry["tracks"]) == 2)
            equal(sizes(node), [MAIN, SUB], "variants when both have returned")


def sizes(node, stream="zoo/lion"):
    """Of a new master playlist."""
    client = Client(node.http, stream)
    client.open()
    return [variant.size for variant in client.variants]


def one_session(node, client):
    """It reads both, and is one viewer."""
    client.open()
    equal([variant.size for variant in client.variants], [MAIN, SUB], "variants")
    for variant in client.variants:
        playlist = client.follow(client.switch(variant))
        client.fetch_all(playlist)
        rates = [8 * len(client.bytes[s.uri]) / s.duration for s in playlist.segments]
        within(variant.peak, max(rates) / 2, 2 * max(rates), f"BANDWIDTH of {variant.size}, whose segments have {rates}")
    (session,) = node.sessions(kind="viewer")
    equal((session["stream"], session["protocol"]), ("zoo/lion", "hls-ll"), "the session")
    main, sub = node.stream("zoo/lion"), node.stream("zoo/lion_sub")
    equal((main["viewers"], sub["viewers"]), (1, 0), "seats")
    check(sub["bytes_out"] > 0, "no bytes of the sub-stream are counted")
    check(session["bytes_out"] > sub["bytes_out"], "the session has not all bytes")


def reports(client):
    """Where the other one is, from either: a player that goes on from there gets what is next."""
    for variant, other in (client.variants, client.variants[::-1]):
        playlist = client.follow(client.switch(variant))
        (report,) = playlist.reports
        told = posixpath.normpath(client.base + report["URI"])
        equal(told, f"/{client.stream}/{other.uri}", "where the report leads")
        number, part = int(report["LAST-MSN"]), int(report["LAST-PART"])
        check(client.switch(other).last_part() >= (number, part), f"it is not as far as {report}")
        client.reload(f"?_HLS_msn={number}&_HLS_part={part + 1}")


def alone(node):
    """The sub-stream's own URL is the sub-stream; and nothing but renditions is below a stream."""
    equal(sizes(node, "zoo/lion_sub"), [SUB], "variants of the sub-stream")
    for path in ("/zoo/lion/zoo/other/live.m3u8", "/zoo/lion_sub/zoo/lion/live.m3u8", "/zoo/lion/zoo/lion_sub/index.m3u8"):
        equal(http.get(node.http, path).status, 404, path)
    equal(http.get(node.http, "/zoo/lion/zoo/lion_sub/live.m3u8").status, 200, "a rendition without a session")


def real_player(node):
    """ffprobe sees both as programs."""
    streams, said = ffmpeg.probe("http://%s:%d/zoo/lion/index.m3u8" % node.http, 30)
    equal(said, "", "what ffprobe had to say")
    seen = sorted({(s["width"], s["height"]) for s in streams if s["codec_type"] == "video"}, reverse=True)
    equal(seen, [MAIN, SUB], "pictures that ffprobe sees")


def kick(node, client):
    """The session is over for both."""
    session = min(node.sessions(kind="viewer", stream="zoo/lion"), key=lambda s: s["since"])
    equal(node.call("DELETE", f"/api/v1/sessions/{session['id']}").status, 200, "answer to DELETE")
    node.wait_logged("session ended", kind="viewer", session=session["id"], reason="kicked")
    for variant in client.variants:
        equal(http.get(node.http, f"/zoo/lion/{variant.uri}").status, 403, f"{variant.size} after the kick")


def goes(node):
    """The main stream is gone: the other one is all there is, in HLS and for a page."""
    node.wait_no_stream("zoo/lion")
    equal(sizes(node), [SUB], "variants without the main stream")
    viewer = mse.Client(node.http, "/zoo/lion.mp4")
    check(viewer.read_until(lambda c: c.fragments() >= 5, 10), "no media")
    told = viewer.texts()[0]
    equal((told["stream"], told["reason"]), ("zoo/lion_sub", "zoo/lion has no picture"), "what a page is told")
    viewer.close()


main(scenario)
