# SPDX-License-Identifier: Apache-2.0
"""A publisher that comes back: viewers of fMP4 and MPEG-TS stay, and ffmpeg decodes on. When it comes back with another
picture size, MPEG-TS and WS-fMP4 go on with both, and fMP4 over HTTP ends as a file does, because its players would not."""

import os
import tempfile

from lib import ffmpeg, mse, ws
from lib.expect import check, equal, main, wait_until
from lib.node import Node
from lib.recorder import Recorder

SIZES = ("160x120", "320x240")


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    with Node("stream: {viewer_grace: 20s}") as node:
        with publish(node, SIZES[0]):
            plain = Recorder(node.http, "/cams/gate.mp4")
            transport = Recorder(node.http, "/cams/gate.ts")
            client = mse.Client(node.http, "/cams/gate.mp4")
            follow(client, plain, transport)
        gone(node)
        with publish(node, SIZES[0]):
            follow(client, plain, transport)
        gone(node)
        with publish(node, SIZES[1]):
            wait_until(plain.poll_end, "fMP4 over HTTP goes on with another picture size", 20)
            node.wait_logged("session ended", protocol="http-fmp4", reason="tracks_changed")
            follow(client, transport)
            again = Recorder(node.http, "/cams/gate.mp4")
            follow(client, again)
        changeovers(client)
        sizes("first.mp4", plain.body, {SIZES[0]})
        sizes("again.mp4", again.body, {SIZES[1]})
        sizes("both.ts", transport.body, set(SIZES))
        # A page gives each init segment to MediaSource; a file has one.
        first, second, third = client.runs()
        sizes("ws1.mp4", first + second, {SIZES[0]})
        sizes("ws2.mp4", third, {SIZES[1]})


def publish(node, size):
    """A publisher that is there when this returns."""
    source = ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp, size=size, gop=10)
    node.wait_stream("cams/gate", lambda entry: entry["state"] == "live" and len(entry["tracks"]) == 2)
    return source


def gone(node):
    """The publisher was killed, and its viewers wait."""
    node.wait_stream("cams/gate", lambda entry: entry["state"] == "waiting")


def follow(client, *recorders):
    """Everybody gets 40 pictures more, or what is as much."""
    seen, had = client.fragments(), [recorder.poll() for recorder in recorders]
    check(client.read_until(lambda c: c.fragments() >= seen + 40, 20), "WS-fMP4 gets nothing more")
    wait_until(lambda: all(recorder.poll() > before + 20_000 for recorder, before in zip(recorders, had)),
               "a viewer gets nothing more", 20)


def changeovers(client):
    """An init segment per publisher, each a message of its own; a type before it only if it is another one."""
    inits = [i for i, (opcode, payload) in enumerate(client.messages)
             if opcode == ws.BINARY and mse.layout(payload) == "ftyp moov"]
    equal(len(inits), 3, "init segments")
    told = [text["value"] for text in client.texts()]
    equal(len(told), len(set(told)), f"types that were told twice: {told}")
    texts = [i for i, (opcode, _) in enumerate(client.messages) if opcode == ws.TEXT]
    check(all(i + 1 in inits for i in texts), f"texts at {texts}, init segments at {inits}")


def sizes(name, data, expected):
    """ffmpeg decodes the whole without a word, and those sizes are in it."""
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
        path = os.path.join(folder, name)
        with open(path, "wb") as file:
            file.write(data)
        code, out, err = ffmpeg.run(["ffprobe", "-v", "error", "-select_streams", "v", "-show_entries",
                                     "frame=width,height", "-of", "csv=p=0:s=x", path])
        equal((code, err[:400]), (0, ""), f"ffprobe of {name}")
    equal({line.strip("x").strip() for line in out.decode().split() if line}, expected, f"sizes in {name}")


main(scenario)
