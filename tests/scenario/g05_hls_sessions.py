# SPDX-License-Identifier: Apache-2.0
"""HLS sessions take seats, end when nothing is asked for, and come back under their name, which nobody can make up; then nothing is cut any more."""

from lib import ffmpeg, http
from lib.expect import check, equal, main
from lib.hls import Client
from lib.node import Node

MADE_UP = "/cams/gate/~ABCDEFGHIJKLMNOPQRSTUV/"
CONFIG = """
stream:
  tape_grace: 500ms
hls:
  segment: 1s
  session_timeout: 3s
deliver:
  max_viewers: 2
"""


def scenario():
    ffmpeg.need("ffmpeg")
    with Node(CONFIG) as node:
        with ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            first = Client(node.http, "cams/gate")
            first.open()
            Client(node.http, "cams/gate").open()
            response = http.get(node.http, "/cams/gate/index.m3u8")
            equal((response.status, response.json()["code"]), (503, "too_many_viewers"), "a third viewer")
            equal(http.get(node.http, "/cams/gate/live.m3u8").status, 200, "without a session there is no seat to take")
            made_up(node)
            conditions(node, first)
            ends_and_returns(node, first)
            old_link(node)
        node.wait_no_stream("cams/gate")
        node.wait_logged("session ended", kind="viewer", protocol="hls", reason="stream_ended")


def conditions(node, client):
    """Ranges, tags and HEAD of a segment."""
    segment = client.reload().segments[-1].uri
    whole = client.get(client.base + segment)
    tag = whole.header("ETag")
    part = client.get(client.base + segment, headers={"Range": "bytes=10-19"})
    equal((part.status, part.body), (206, whole.body[10:20]), "a range of a segment")
    equal(part.header("Content-Range"), f"bytes 10-19/{len(whole.body)}", "Content-Range")
    equal(client.get(client.base + segment, headers={"If-None-Match": tag}).status, 304, "a segment that is there already")
    equal(client.get(client.base + segment, headers={"Range": "bytes=99999999-"}).status, 416, "a range behind the end")
    with http.Connection(node.http) as connection:
        connection.request("HEAD", client.base + segment)
        head = connection.read_response(head_only=True)
        equal((head.status, head.header("Content-Length")), (200, str(len(whole.body))), "HEAD of a segment")


def made_up(node):
    """Names that the node never gave: a playlist leads to the master playlist, and no seat is asked for, although none is free."""
    for query, file in (("", "live.m3u8"), ("?container=ts", "ts.m3u8")):
        response = http.get(node.http, f"{MADE_UP}{file}?_HLS_msn=1")
        equal((response.status, response.header("Location")), (302, f"/cams/gate/index.m3u8{query}"), f"answer to {file}")
    response = http.get(node.http, MADE_UP + "0-1.m4s")
    equal((response.status, response.json()["code"]), (404, "unknown_session"), "answer to a segment")


def old_link(node):
    """What somebody kept of a session before the node was started plays, in a session of its own."""
    ffmpeg.play("http://%s:%d%slive.m3u8" % (*node.http, MADE_UP), 0.2, extra=("-c", "copy"))
    agents = [session["user_agent"] for session in node.sessions(kind="viewer")]
    equal(len([agent for agent in agents if agent.startswith("Lavf")]), 1, f"sessions of ffmpeg among {agents}")


def ends_and_returns(node, client):
    """Both are silent until they are gone."""
    node.wait_logged("session ended", kind="viewer", protocol="hls", reason="timeout", count=2)
    equal(node.sessions(kind="viewer"), [], "viewers")
    equal(node.metric("viewers", protocol="hls"), 0, "sluice_viewers")
    # The tape goes when the channels have, which take as long.
    node.wait_metric("tape_bytes", lambda value: value == 0)
    before = client.lists[-1].next
    playlist = client.reload()
    check(playlist.first >= before, f"numbers began anew: {playlist.first} after {before}")
    equal(len(node.sessions(kind="viewer")), 1, "viewers after the return")


main(scenario)
