# SPDX-License-Identifier: Apache-2.0
"""What the admin API and the metrics say agrees with what was sent and watched."""

from lib.expect import check, equal, main, one_of, wait_until, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

FAMILIES = """build_info uptime_seconds streams publishers viewers sessions_total rtmp_connections http_connections
http_requests_total ingest_bytes_total ingest_payload_bytes_total egress_bytes_total frames_in_total
frames_dropped_total payload_copied_bytes_total tape_bytes tape_blocks viewer_skips_total viewers_closed_slow_total
join_seconds flush_bytes flush_interval_seconds loop_busy_ratio loop_lag_seconds accept_pauses_total refused_total
timestamp_corrections_total watchdog_stalls_total config_reloads_total stream_viewers stream_bytes_in_total
stream_bytes_out_total stream_frames_total stream_skips_total stream_tape_bytes""".split()


def scenario():
    with Node() as node:
        check_empty(node)
        publisher = Publisher(node.rtmp, "cams/gate").open()
        frames = publisher.push(2000)
        video = publisher.feed.video_frames
        viewer = Viewer(node.http, "/cams/gate.flv", headers={"User-Agent": "scenario/1"}).wait_status(200)
        viewer.wait_frames(10)
        node.wait_metric("frames_in_total", lambda value: value == frames)
        check_stream(node, frames)
        check_sessions(node, viewer)
        check_metrics(node, video, frames)
        viewer.close()
        wait_until(lambda: node.stream("cams/gate")["viewers"] == 0, "the viewer stays counted")
        publisher.stop()
        ended = node.wait_logged("session ended", kind="publisher")
        equal((ended["stream"], ended["protocol"], ended["reason"]), ("cams/gate", "rtmp", "client_closed"), "log line")
        equal(len(node.logged("session ended", kind="viewer", protocol="http-flv")), 1, "log lines of the viewer")


def check_empty(node):
    """A node that has just started."""
    equal(node.api("/healthz"), {"status": "ok"}, "health")
    equal(node.api("/readyz"), {"status": "ready"}, "readiness")
    equal(node.api("/api/v1/streams"), {"streams": []}, "streams")
    equal(node.api("/api/v1/sessions"), {"sessions": []}, "sessions")
    about = node.api("/api/v1/node")
    equal((about["id"], about["workers"]), ("scenario", 2), "node's id and workers")
    equal(about["listen"]["http"], ["%s:%d" % node.http], "listen addresses")
    check(about["version"] and about["started_at"], f"node: {about}")


def check_stream(node, frames):
    """The stream's entry."""
    entry = node.stream("cams/gate")
    equal(entry["state"], "live", "state")
    equal(entry["publisher"]["protocol"], "rtmp", "publisher's protocol")
    check(entry["publisher"]["peer"].startswith("127.0.0.1"), f"publisher: {entry['publisher']}")
    tracks = {track["kind"]: track for track in entry["tracks"]}
    equal((tracks["video"]["codec"], tracks["video"]["width"], tracks["video"]["height"]), ("h264", 320, 192), "video")
    equal(tracks["video"]["codec_string"].lower(), "avc1.42c01e", "codec string")
    equal((tracks["audio"]["codec"], tracks["audio"]["sample_rate"], tracks["audio"]["channels"]),
          ("aac", 44100, 2), "audio")
    equal((entry["viewers"], entry["frames_in"], entry["dropped_frames"]), (1, frames, 0), "counters")
    equal(entry["ignored"], [], "ignored tracks")
    within(entry["gop_frames"], 1, 60, "frames in the GOP cache")
    one_of(entry["home_loop"], {0, 1, 2}, "home loop")
    check(entry["bytes_in"] > 50_000 and entry["bytes_out"] > 1000, f"bytes: {entry}")


def check_sessions(node, viewer):
    """One publisher and one viewer, with bytes that match."""
    (publisher,) = node.sessions(kind="publisher")
    (session,) = node.sessions(kind="viewer")
    equal((session["protocol"], session["stream"]), ("http-flv", "cams/gate"), "viewer")
    equal(session["user_agent"], "scenario/1", "user agent")
    equal(session["correlation_id"], viewer.response.header("X-Correlation-ID"), "correlation id")
    equal((publisher["protocol"], publisher["stream"]), ("rtmp", "cams/gate"), "publisher")
    wait_until(lambda: node.sessions(kind="viewer")[0]["bytes_out"] == viewer.received,
               lambda: f"bytes out {node.sessions(kind='viewer')} against {viewer.received} received")


def check_metrics(node, video, frames):
    """Families, types and a few values."""
    metrics = node.metrics()
    equal(metrics.errors, [], "lines that do not parse")
    missing = [name for name in FAMILIES if "sluice_" + name not in metrics.families()]
    equal(missing, [], "metric families that are missing")
    equal([name for name in metrics.families() if not metrics.helps.get(name)], [], "families without help")
    equal(metrics.value("frames_in_total", kind="video"), video, "video frames")
    equal(metrics.value("frames_in_total", kind="audio"), frames - video, "audio frames")
    equal((metrics.value("streams"), metrics.value("publishers"), metrics.value("viewers")), (1, 1, 1), "gauges")
    equal(metrics.value("stream_viewers", stream="cams/gate"), 1, "viewers of the stream")
    equal(metrics.value("stream_frames_total", stream="cams/gate"), frames, "frames of the stream")
    check(metrics.value("join_seconds_count") >= 1, "join time was not observed")
    payload = metrics.value("ingest_payload_bytes_total")
    within(metrics.value("ingest_bytes_total") / payload, 1.0, 1.2, "socket bytes per payload byte")
    check(metrics.value("tape_bytes") > 0, "tape memory")


main(scenario)
