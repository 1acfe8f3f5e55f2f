# SPDX-License-Identifier: Apache-2.0
"""A publisher that comes back with another picture size: viewers of fMP4 and MPEG-TS stay, and ffmpeg decodes both."""

import os
import tempfile

from lib import ffmpeg, http, mse, ws
from lib.expect import check, equal, main, wait_until
from lib.node import Node

SIZES = ("160x120", "320x240")


class Recorder:
    """Reads an endless answer into memory."""

    def __init__(self, address, target):
        self.http = http.Connection(address)
        self.http.request("GET", target, {"Host": "localhost"})
        self.response = self.http.read_response(head_only=True)
        equal(self.response.status, 200, f"GET {target}")
        self.chunked = http.Chunked()
        self.body = bytearray(self.chunked.feed(self.http.pending()))
        self.http.socket.setblocking(False)

    def poll(self):
        """What has come by now."""
        try:
            while data := self.http.socket.recv(65536):
                self.body += self.chunked.feed(data)
        except BlockingIOError:
            pass
        return len(self.body)


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    with Node("stream: {viewer_grace: 20s}") as node:
        url = "rtmp://%s:%d/cams/gate" % node.rtmp
        with ffmpeg.publish(url, size=SIZES[0], gop=10):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            recorders = [Recorder(node.http, "/cams/gate.mp4"), Recorder(node.http, "/cams/gate.ts")]
            client = mse.Client(node.http, "/cams/gate.mp4")
            check(client.read_until(lambda c: c.fragments() >= 30, 20), "no media of the first publisher")
            grows(recorders)
        node.wait_stream("cams/gate", lambda entry: entry["state"] == "waiting")
        first = [recorder.poll() for recorder in recorders]
        seen = client.fragments()
        with ffmpeg.publish(url, size=SIZES[1], gop=10):
            node.wait_stream("cams/gate")
            check(client.read_until(lambda c: c.fragments() >= seen + 30, 20), "no media of the second publisher")
            grows(recorders, first)
        changeover(client)
        for name, data in (("mp4", recorders[0].body), ("ts", recorders[1].body), ("ws.mp4", joined(client))):
            both_sizes(name, bytes(data))


def grows(recorders, before=(0, 0), by=60_000):
    """All have so much more."""
    wait_until(lambda: all(recorder.poll() > had + by for recorder, had in zip(recorders, before)),
               "a viewer gets nothing more", 20)


def joined(client):
    """The media as one file."""
    return b"".join(client.binaries())


def changeover(client):
    """Two init segments, each a message of its own, with a type before the second only if it is another one."""
    inits = [i for i, (opcode, payload) in enumerate(client.messages)
             if opcode == ws.BINARY and mse.layout(payload) == "ftyp moov"]
    equal(len(inits), 2, "init segments")
    told = [text["value"] for text in client.texts()]
    equal(len(told), len(set(told)), f"types that were told twice: {told}")
    for text in range(1, len(told)):
        equal(client.messages[inits[text] - 1][0], ws.TEXT, "what comes before an init segment of another type")


def both_sizes(name, data):
    """ffmpeg decodes the whole, and both sizes are in it."""
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(data)
        code, out, err = ffmpeg.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
                                     "frame=width,height", "-of", "csv=p=0:s=x", path])
        equal((code, err), (0, ""), f"ffprobe of {name}")
    found = {line.strip("x").strip() for line in out.decode().split() if line}
    equal(found, set(SIZES), f"sizes in {name}")


main(scenario)
