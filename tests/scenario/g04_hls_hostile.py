# SPDX-License-Identifier: Apache-2.0
"""Requests for futures that never come are refused at once, those for the next are held and let go, and each client may hold only so many."""

from lib import ffmpeg, http
from lib.expect import check, equal, main, wait_until
from lib.hls import Client
from lib.node import Node

CONFIG = """
stream:
  unknown_wait: 200ms
  viewer_grace: 60s
hls:
  segment: 1s
  session_timeout: 60s
"""
HELD_MAX = 32


def scenario():
    ffmpeg.need("ffmpeg")
    with Node(CONFIG) as node:
        with ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            client = Client(node.http, "cams/gate")
            playlist = client.open()
            held_for_the_next(client, playlist)
            refused_at_once(client)
            names(node, client)
            sessions_are_any_loops(node, client)
        node.wait_stream("cams/gate", lambda entry: entry["state"] != "live")
        without_a_publisher(node, client)
        node.check_alive()


def held_for_the_next(client, playlist):
    """The next segment and the one after it, with and without a part."""
    for directives in (f"?_HLS_msn={playlist.next}", f"?_HLS_msn={playlist.next + 1}", f"?_HLS_msn={playlist.next + 1}&_HLS_part=0"):
        wanted = int(directives.split("=")[1].split("&")[0])
        fresh = client.reload(directives)
        check(fresh.next > wanted or (fresh.open is not None and fresh.open.number == wanted), f"{directives}: up to {fresh.next}")


def refused_at_once(client):
    """Futures, and what is no number."""
    playlist = client.reload()
    after = playlist.next + 30  # the stream goes on while we ask
    bad = [f"_HLS_msn={after}", f"_HLS_msn={after}&_HLS_part=0", f"_HLS_msn={playlist.next}&_HLS_part=1000",
           "_HLS_msn=18446744073709551615", "_HLS_msn=18446744073709551616", "_HLS_msn=-1", "_HLS_msn=", "_HLS_msn=1e3",
           "_HLS_msn=0x10", "_HLS_msn=%2B1", f"_HLS_msn={playlist.next}&_HLS_part=-1", "_HLS_part=0",
           f"_HLS_msn={playlist.next}&_HLS_part=18446744073709551616", "_HLS_skip=MAYBE"]
    for directives in bad:
        response = client.get(f"{client.base}live.m3u8?{directives}")
        equal((response.status, response.json()["code"]), (400, "bad_directive"), f"answer to {directives}")


def names(node, client):
    """Names of files and sessions that are none."""
    for target in ("/cams/gate/nothing.m3u8", "/cams/gate/~short/live.m3u8", "/cams/gate/~ABCDEFGHIJKLMNOPQRSTU%2f/live.m3u8",
                   client.base + "index.m3u8", "/cams/gate/00000000-1.m4s", "/cams/gate/init-0-0.mp4", "/cams/none/index.m3u8",
                   "/cams/none/live.m3u8", "/cams/none/a-1.m4s", "/cams/gate/a/b/live.m3u8"):
        response = http.get(node.http, target)
        check(response.status in (400, 404), f"GET {target}: {response}")
        check(response.json()["code"], f"GET {target} has no code")


def sessions_are_any_loops(node, client):
    """The same session on many connections, which are on both loops, is one viewer."""
    for _ in range(20):
        client.reload()
    equal(len(node.sessions(kind="viewer")), 1, "sessions")
    equal(node.stream("cams/gate")["viewers"], 1, "viewers of the stream")


def without_a_publisher(node, client):
    """What is held now waits three target durations, and no client holds more than its share."""
    wait_until(lambda: client.reload().hint is None, "the hint stays", 10)
    playlist = client.reload()
    target = f"{client.base}live.m3u8?_HLS_msn={playlist.next}"
    request = f"GET {target} HTTP/1.1\r\nHost: a\r\n\r\n".encode()
    held = []
    for _ in range(HELD_MAX):
        connection = http.Connection(node.http)
        connection.send(request)
        held.append(connection)
    node.wait_metric("hls_held_requests", lambda value: value == HELD_MAX)
    response = client.get(target)
    equal((response.status, response.json()["code"]), (429, "too_many_held"), "one more than may be held")
    # Another client is not in the way.
    other = http.Connection(node.http)
    other.send(f"GET /cams/gate/live.m3u8?_HLS_msn={playlist.next} HTTP/1.1\r\nHost: a\r\n\r\n".encode())
    node.wait_metric("hls_held_requests", lambda value: value == HELD_MAX + 1)
    held.pop().close()
    node.wait_metric("hls_held_requests", lambda value: value == HELD_MAX)
    for connection in held + [other]:
        response = connection.read_response(timeout=30)
        equal((response.status, response.json()["code"]), (503, "not_yet"), "answer after three target durations")
        connection.close()
    node.wait_metric("hls_held_requests", lambda value: value == 0)


main(scenario)
