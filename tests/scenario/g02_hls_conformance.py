# SPDX-License-Identifier: Apache-2.0
"""HLS held against its rules while it goes on: lists, parts, hints, blocking reloads, deltas, bytes that never change."""

import concurrent.futures

from lib import ffmpeg
from lib.expect import check, equal, main, sized
from lib.hls import Client, seconds_of
from lib.node import Node

CONFIG = """
hls:
  segment: 1s
  part: 250ms
  window: 10
"""
SEGMENTS = sized(14, 60)


def scenario():
    ffmpeg.need("ffmpeg")
    with Node(CONFIG) as node:
        with ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            low_latency(node)
            classic(node)


def low_latency(node):
    """One player that follows parts."""
    client = Client(node.http, "cams/gate")
    playlist = client.open()
    for wanted in ("BANDWIDTH=", 'CODECS="avc1.', "mp4a.40.2", "RESOLUTION=320x180", "FRAME-RATE=25.000"):
        check(wanted in client.master, f"{wanted} is missing in\n{client.master}")
    first = playlist.next
    with concurrent.futures.ThreadPoolExecutor(1) as pool:
        while playlist.next < first + SEGMENTS:
            hinted = pool.submit(client.fetch, playlist.hint["URI"])
            playlist = client.follow(playlist)
            listed = [part["URI"] for segment in playlist.segments + [playlist.open] * (playlist.open is not None)
                      for part in segment.parts]
            check(hinted.result(30), "a hinted part without bytes")
            check(client.lists[-2].hint["URI"] in listed, "a part was hinted at and never came")
    client.fetch_all(playlist)
    client.check_delta()
    check(all(part.get("INDEPENDENT") == "YES" for segment in playlist.segments for part in segment.parts[:1]),
          "a segment does not begin with a key frame")
    check("#EXT-X-INDEPENDENT-SEGMENTS" in playlist.tags, "independence is not claimed")
    equal(len(playlist.segments), 10, "segments listed")
    check(seconds_of(client.lists) >= SEGMENTS, "the lists do not show all that was followed")
    check(len({segment.date for segment in playlist.segments}) == 10, "dates of the segments")
    check(node.sessions(kind="viewer", protocol="hls-ll"), "no session with low latency is listed")
    written_once(node, client)


def written_once(node, client):
    """A playlist is written for each change, not for each request."""
    name = "sluice_hls_playlists_written_total"
    before = node.metric(name)
    texts = {client.reload().text for _ in range(40)}
    written = node.metric(name) - before
    check(written <= len(texts), f"{written} playlists were written, {len(texts)} were seen")


def classic(node):
    """MPEG-TS has segments only."""
    client = Client(node.http, "cams/gate", "?container=ts")
    playlist = client.open()
    first = playlist.next
    while playlist.next < first + 4:
        playlist = client.reload(f"?_HLS_msn={playlist.next}")
    client.fetch_all(playlist)
    check(all(len(body) % 188 == 0 and body[0] == 0x47 for body in client.bytes.values()), "whole packets")
    check(playlist.hint is None and not playlist.part_target, "MPEG-TS lists parts")
    written_once(node, client)


main(scenario)
