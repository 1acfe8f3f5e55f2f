# SPDX-License-Identifier: Apache-2.0
"""WS-fMP4 in the words of Flussonic's and Ivideon's clients. Two clients that read it as go2rtc and mse-player do, no
more leniently: they join, pause, outlive a publisher, and ffprobe has nothing to say of any track. Who reads slowly is
moved on between two frames; who misbehaves is closed."""

import base64
import json
import os
import tempfile
import time

from lib import ffmpeg, media, mse, ws
from lib.expect import check, equal, main, wait_until
from lib.node import Node
from lib.publisher import Publisher

CONFIG = """
stream:
  viewer_grace: 20s
  tape_window: 8MiB
deliver:
  skip_after: 1s
  close_after: 30s
"""
SIZES = ("160x120", "320x240")
VIDEO, AUDIO = 1, 2


class Client(mse.Client):
    """What both clients keep: for each init segment of a track a file, and the times of its frames."""

    def __init__(self, node, framing, stream="cams/gate"):
        super().__init__(node.http, f"/{stream}.mp4?framing={framing}")
        self.files = {VIDEO: [], AUDIO: []}
        self.times = {VIDEO: [], AUDIO: []}
        self.keys = []      # whether a frame of video is one
        self._seen = 0

    def read(self, predicate, timeout=20):
        """Reads until the predicate holds of everything that has been taken."""
        def done(client):
            while client._seen < len(client.messages):
                client._seen += 1
                client.take(*client.messages[client._seen - 1])
            return predicate(client)
        return self.read_until(done, timeout)

    def take(self, opcode, payload):
        """One message."""
        raise NotImplementedError

    def begin(self, track, init):
        """A track's init segment, in base64."""
        init = base64.b64decode(init, validate=True)
        equal(mse.layout(init), "ftyp moov", "an init segment")
        self.files[track].append(bytearray(init))

    def add(self, data):
        """A fragment. Both of go2rtc's readers count on fixed places and on durations in the trun."""
        (moof, body), (mdat, frame) = mse.boxes(data)
        equal((moof, mdat), ("moof", "mdat"), "boxes of a message")
        (_, mfhd), (kind, traf) = mse.boxes(body)
        equal((len(mfhd), kind), (8, "traf"), "a moof")
        fields = dict(mse.boxes(traf))
        track = int.from_bytes(fields["tfhd"][4:8], "big")
        equal(data[47], track, "the track at its place")
        trun = fields["trun"]
        equal((trun[2] & 0x01, trun[3], trun[4:8]), (1, trun[3] | 0x01, b"\0\0\0\1"), "one sample with its duration")
        equal(int.from_bytes(trun[16:20], "big"), len(frame), "the sample is the whole mdat")
        self.files[track][-1] += data
        self.times[track].append(int.from_bytes(fields["tfdt"][4:12], "big"))
        if track == VIDEO:
            flags = int.from_bytes(fields["tfhd"][16:20], "big")
            self.keys.append(flags & 0x1_0000 == 0)
        return track

    def frames(self):
        """Of video."""
        return len(self.keys)

    def more(self, count):
        """Waits for so many pictures more."""
        wanted = self.frames() + count
        check(self.read(lambda c: c.frames() >= wanted), f"{self.frames()} pictures came, {wanted} were wanted")


class Flussonic(Client):
    """mse-player, and go2rtc's flussonic source."""

    def __init__(self, node, stream="cams/gate"):
        self.events = []
        super().__init__(node, "flussonic", stream)

    def take(self, opcode, payload):
        if opcode == ws.BINARY:
            track = self.add(payload)
            equal(payload[84:88], b"futc", "the time of day at its place")
            since = int.from_bytes(payload[92:96], "big")
            check(abs(time.time() - since) < 60, f"track {track} was taken at {since}")
        elif opcode == ws.TEXT:
            said = json.loads(payload)
            if said["type"] == "event":
                self.events.append(said["event"])
                return
            equal(said["type"], "mse_init_segment", "the type of a text")
            for track in said["tracks"]:
                equal(track["content"], {VIDEO: "video", AUDIO: "audio"}[track["id"]], "content")
                shown = said["metadata"]["tracks"][track["id"] - 1]
                equal(shown["content"], track["content"], "what the page is shown")
                self.begin(track["id"], track["payload"])


class Ivideon(Client):
    """go2rtc's ivideon source: after a text that announces a fragment nothing else may come but the fragment."""

    def __init__(self, node, stream="cams/gate"):
        self.announced = None
        super().__init__(node, "ivideon", stream)

    def take(self, opcode, payload):
        if self.announced is not None:
            equal(opcode, ws.BINARY, "what follows the announcement of a fragment")
            told, self.announced = self.announced, None
            track = self.add(payload)
            equal(told["track"], track, "the track that was announced")
            equal(payload[told["data_offset"] - 4:told["data_offset"]], b"mdat", "what is before the data")
            if track == VIDEO:
                equal(told["is_key"], self.keys[-1], "is_key")
                check(abs(told["start_time"] - self.times[track][-1] / 90_000) < 0.001, f"start: {told}")
                check(0.01 < told["duration"] < 0.1, f"duration: {told}")
            return
        if opcode != ws.TEXT:
            return
        said = json.loads(payload)
        if said["type"] == "stream-init":
            track = said["track_id"]
            check(said["codec_string"].startswith({VIDEO: "avc1.", AUDIO: "mp4a.40.2"}[track]), f"codec: {said}")
            self.begin(track, said["data"])
        else:
            equal(said["type"], "fragment", "the type of a text")
            self.announced = said


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, "slow/gate", media.Feed(gop=10, size=30_000)).open().run()
        node.wait_stream("slow/gate")
        with publish(node, SIZES[0]):
            clients = [Flussonic(node), Ivideon(node)]
            slow = [Ivideon(node, "slow/gate"), Flussonic(node, "slow/gate")]
            slow[1].say("resume")
            asks_for_media(node, clients[0])
            skips(node, slow)
            publisher.stop()
            for client in clients:
                client.more(75)
            pauses(node, clients)
        node.wait_stream("cams/gate", lambda entry: entry["state"] == "waiting")
        with publish(node, SIZES[1]):
            for client in clients:
                check(client.read(lambda c: len(c.files[VIDEO]) == 2), "no init segment of the publisher that returned")
                client.more(25)
                check(client.keys[-25:].count(True) >= 2, "no key frames")
            abuse(node)
        for client in clients:
            judge(client)


def publish(node, size):
    """A publisher that is there when this returns."""
    source = ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp, size=size, gop=10)
    node.wait_stream("cams/gate", lambda entry: entry["state"] == "live" and len(entry["tracks"]) == 2)
    return source


def asks_for_media(node, client):
    """Flussonic's clients have the init segments, and nothing else before they ask."""
    check(client.read(lambda c: c.files[VIDEO]), "no init segments")
    before = node.stream("cams/gate")["frames_in"]
    wait_until(lambda: node.stream("cams/gate")["frames_in"] >= before + 30, "the publisher stands still")
    settle(client)
    equal((client.frames(), client.events), (0, []), "what came unasked")
    client.say("resume")
    client.more(1)
    equal((client.events, client.keys[0]), (["resumed"], True), "the beginning")


def pauses(node, clients):
    """Everybody pauses for a whole GOP, and goes on with a key frame."""
    for client in clients:
        client.say("pause")
        settle(client)
    held = [client.frames() for client in clients]
    before = node.stream("cams/gate")["frames_in"]
    wait_until(lambda: node.stream("cams/gate")["frames_in"] >= before + 30, "the publisher stands still")
    for client, frames in zip(clients, held):
        settle(client)
        equal(client.frames(), frames, "pictures after a pause")
        client.say("resume")
        client.more(10)
        check(client.keys[frames], "the pause does not end with a key frame")
    equal(clients[0].events[1:], ["paused", "resumed"], "events")


def settle(client):
    """Reads everything that was sent before now."""
    word = os.urandom(8)
    client.send(ws.frame(ws.PING, word))
    check(client.read(lambda c: (ws.PONG, word) in c.reader.events), "no pong")


def skips(node, clients):
    """Who does not read is behind, and is moved on between two frames to a newer key frame."""
    def sessions():
        return [s for s in node.sessions(kind="viewer") if s["stream"] == "slow/gate"]
    wait_until(lambda: all(s["lag_ms"] > 2500 for s in sessions()), lambda: f"not behind: {sessions()}", 15)
    for client in clients:
        check(client.read(lambda c: len(jumps(c)) >= 1), f"no jump in {len(client.messages)} messages")
        client.more(20)
        check(len(jumps(client)) <= 3, f"{len(jumps(client))} jumps for one pause")
        check(all(client.keys[i] for i in jumps(client)), "a jump that does not end at a key frame")
    wait_until(lambda: all(s["skips"] >= 1 for s in sessions()), "skips are not counted")
    for client in clients:
        client.close()


def jumps(client):
    """Which pictures do not follow the one before."""
    times = client.times[VIDEO]
    return [i for i in range(1, len(times)) if times[i] - times[i - 1] > 90 * 500]


def abuse(node):
    """Commands too many and too long end the connection, in every dialect."""
    for kind in (Flussonic, Ivideon):
        flood = kind(node)
        for _ in range(40):
            flood.say("set_tracks=v1a1")
        equal(flood.wait_close_code(), 1008, "close code of a flood")
        large = kind(node)
        large.say("play_from=" + "9" * 2000)
        equal(large.wait_close_code(), 1009, "close code of a huge command")


def judge(client):
    """ffprobe decodes each file of each track without a word, with the pictures that were published."""
    for track, files in client.files.items():
        equal(len(files), 2, f"init segments of track {track}")
        for size, data in zip(SIZES, files):
            with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
                path = os.path.join(folder, "track.mp4")
                with open(path, "wb") as file:
                    file.write(data)
                code, out, err = ffmpeg.run(["ffprobe", "-v", "warning", "-count_frames", "-show_entries",
                                             "stream=codec_name,width,height", "-of", "csv=p=0:s=x", path])
            equal((code, err[:400]), (0, ""), f"ffprobe of track {track}")
            equal(out.decode().strip(), f"h264x{size}" if track == VIDEO else "aac", f"track {track}")


main(scenario)
