# SPDX-License-Identifier: Apache-2.0
"""A publisher that changes its picture's size, and its codec and back, then goes and returns: in every output each picture
of it is there once, and ffmpeg decodes all of them without a word."""

import concurrent.futures
import itertools
import json
import tempfile

from lib import elementary, ffmpeg, http, media, mse, pictures
from lib.expect import check, equal, main, wait_until
from lib.hls import Client
from lib.node import Node
from lib.pictures import PictureFeed
from lib.publisher import Publisher
from lib.recorder import Recorder
from lib.viewer import Viewer

CONFIG = """
stream: {viewer_grace: 20s}
hls: {segment: 500ms, part: 200ms, window: 30}
snapshot: {max_age: 0s}
"""
NAME = "cams/gate"
VIDEO = ("h264", "h264_small", "h265", "h264")
COUNT, GOP = 40, 10  # pictures of each kind
STEP_MS = 200
DECODED = {"h264": ("h264", "320x180"), "h264_small": ("h264", "160x90"), "h265": ("hevc", "320x180")}
EXPECTED = [(*DECODED[video], COUNT) for video in VIDEO[:-1]] + [(*DECODED[VIDEO[-1]], 2 * COUNT)]  # the last comes twice
H265 = b"\0\0\0\1\x40"  # a VPS; ffprobe wants to be told
POOL = concurrent.futures.ThreadPoolExecutor(2)


class Crowd:
    """A viewer of each output; `poll` reads what has come."""

    def __init__(self, node):
        self.address = node.http
        self.flv = {way: Viewer(node.http, f"/{NAME}.flv", way) for way in ("http", "ws")}
        self.mp4 = [Recorder(node.http, f"/{NAME}.mp4")]
        self.ts = Recorder(node.http, f"/{NAME}.ts")
        self.mse = mse.Client(node.http, f"/{NAME}.mp4")
        self.lists = [Client(node.http, NAME), Client(node.http, NAME, "?container=ts")]
        self.opening = [POOL.submit(client.open) for client in self.lists]  # answered when there are segments

    def poll(self):
        """Viewers of fMP4 over HTTP come again, as its end asks of them."""
        self.ts.poll()
        self.mse.read_until(lambda _: True, 0)
        if self.mp4[-1].poll_end():
            self.mp4.append(Recorder(self.address, f"/{NAME}.mp4"))

    def have(self, number):
        """Whether all endless ones have that picture."""
        self.poll()
        mark = pictures.mark(number)
        self.mse.read_until(lambda client: mark in bytes(client.binaries()[-1]), 0.05)
        return (all(viewer.frames(media.VIDEO)[-1].number >= number for viewer in self.flv.values())
                and mark in self.mp4[-1].body[-20000:] and mark in self.ts.body[-20000:]
                and any(mark in message for message in self.mse.binaries()[-20:]))


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, NAME, feed_of(0, 0)).open()
        publisher.push(STEP_MS)
        node.wait_stream(NAME, lambda entry: len(entry["tracks"]) == 2)
        crowd = Crowd(node)
        node.wait_metric("hls_requests_total", lambda value: value >= 2, kind="master")
        for at, video in enumerate(VIDEO):
            if at:
                publisher.feed = feed_of(at, publisher.feed.start_ms + COUNT * 40)
                publisher.send_config()
            show(node, publisher, crowd)
        publisher.stop()
        node.wait_stream(NAME, lambda entry: entry["state"] == "waiting")
        publisher = Publisher(node.rtmp, NAME, feed_of(len(VIDEO), 0)).open()
        show(node, publisher, crowd)
        publisher.stop()
        node.wait_stream(NAME, lambda entry: entry["state"] == "waiting")
        wait_until(lambda: crowd.have(publisher.feed.first + COUNT - 1), "somebody lacks the last picture", 10)
        judge(crowd)


def feed_of(at, start_ms):
    """Each has numbers of its own."""
    return PictureFeed(VIDEO[min(at, len(VIDEO) - 1)], gop=GOP, start_ms=start_ms, first=at * 1000)


def show(node, publisher, crowd):
    """All pictures of one kind, a few at a time, so that nobody is ever behind."""
    feed = publisher.feed
    while feed.video_frames < COUNT:
        publisher.push(min(STEP_MS, (COUNT - feed.video_frames) * 40))
        # What is written to fMP4 and MPEG-TS may have to wait for the next picture.
        wait_until(lambda: crowd.have(feed.first + feed.video_frames - 2), lambda: f"somebody lacks {feed.first + feed.video_frames}", 10)
    for client, opening in zip(crowd.lists, crowd.opening):
        if opening.done():
            client.reload()
    response = http.get(node.http, f"/{NAME}.jpg", timeout=10)
    equal((response.status, pictures.jpeg_size(response.body)), (200, (feed.width, feed.height)), f"picture of {feed.source.name}")


def judge(crowd):
    """What each output gave, cut where a player begins anew."""
    outputs = {"http-flv": runs_of_flv(crowd.flv["http"]), "ws-flv": runs_of_flv(crowd.flv["ws"]),
               "http-fmp4": [recorder.body for recorder in crowd.mp4], "ws-fmp4": crowd.mse.runs(), "http-ts": runs_of_ts(crowd.ts.body),
               "hls": runs_of_hls(crowd.lists[0]), "hls-ts": runs_of_hls(crowd.lists[1])}
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
        decoded = {output: list(POOL.map(lambda run: decode(folder, run), runs)) for output, runs in outputs.items()}
        for output, runs in decoded.items():
            equal(in_a_row(runs), EXPECTED, f"what was decoded of {output}")
        # Who has opened a decoder for H.264 passes over what is none, and goes on behind it.
        equal(decode(folder, crowd.ts.body), [row for row in EXPECTED if row[0] == "h264"], "H.264 in all of http-ts")


def decode(folder, data):
    """[(codec, size, pictures)] of what ffprobe decodes; it must not say anything."""
    with tempfile.NamedTemporaryFile(dir=folder, suffix=".h265" if data.startswith(H265) else "") as file:
        file.write(data)
        file.flush()
        code, out, err = ffmpeg.run(["ffprobe", "-v", "warning", "-of", "json", "-select_streams", "v:0", "-show_entries",
                                     "stream=codec_name:frame=width,height", file.name])
    equal((code, err[:600]), (0, ""), "ffprobe")
    found = json.loads(out)
    sizes = [f"{frame['width']}x{frame['height']}" for frame in found["frames"]]
    return [(found["streams"][0]["codec_name"], size, len(list(same))) for size, same in itertools.groupby(sizes)]


def in_a_row(runs):
    """All rows of all runs; neighbours that are the same but for their number are one."""
    rows = itertools.groupby(itertools.chain(*runs), lambda row: row[:2])
    return [(*key, sum(row[2] for row in same)) for key, same in rows]


def runs_of_ts(data):
    """Cut where another PMT comes, before the PAT that stands in front of it."""
    runs, before = [], None
    for at in range(0, len(data), 188):
        pmt = bytes(data[at + 4:at + 188]) if data[at + 1:at + 3] == b"\x50\x00" else before
        if pmt != before:
            runs.append(at - 188)
        before = pmt
    return [data[begin:end] for begin, end in zip(runs, runs[1:] + [len(data)])]


def runs_of_flv(viewer):
    """The pictures as Annex B, cut at each sequence header."""
    runs = []
    for tag in viewer.tags:
        if tag.type == media.VIDEO:
            if tag.is_config:
                runs.append([])
            runs[-1].append(tag)
    return [(elementary.h264 if run[0].codec == 7 else elementary.h265)(run) for run in runs]


def runs_of_hls(client):
    """All that is listed, cut at discontinuities."""
    check(client.master, "the list was not opened")
    playlist = client.reload()
    client.fetch_all(playlist)
    runs = []
    for segment in playlist.segments:
        if not runs or segment.discontinuity:
            runs.append(client.bytes[segment.init] if segment.init else b"")
        runs[-1] += client.bytes[segment.uri]
    return runs


main(scenario)
