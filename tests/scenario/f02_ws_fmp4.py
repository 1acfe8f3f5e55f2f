# SPDX-License-Identifier: Apache-2.0
"""WS-fMP4: the type comes first, then the init segment, then whole fragments that ffmpeg decodes; codecs are negotiated,
and commands hold, resume and jump."""

import os
import tempfile

from lib import ffmpeg, http, mse, ws
from lib.expect import check, equal, main, wait_until
from lib.node import Node

CODECS = "avc1.640029,avc1.64002A,hvc1.1.6.L153.B0,mp4a.40.2,mp4a.40.5,flac,opus"
CONFIG = """
deliver:
  pause_max: 2s
"""


def scenario():
    ffmpeg.need("ffmpeg")
    with Node(CONFIG) as node:
        with ffmpeg.publish("rtmp://%s:%d/cams/gate" % node.rtmp):
            node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
            for target in ("/cams/gate.mp4", "/ws-fmp4?server=cams&camera=gate"):
                type_then_media(node, target)
            for words in (CODECS, {"type": "mse", "value": CODECS}):
                negotiates(node, words)
            waits_for_codecs_in_vain(node)
            refuses(node)
            pause_and_live(node)
            pauses_too_long(node)
            odd_commands(node)
            without_upgrade(node)


def type_then_media(node, target):
    """A client that says nothing."""
    client = mse.Client(node.http, target)
    check(client.read_until(lambda c: c.fragments() >= 60, 20), f"too few fragments: {client.fragments()}")
    check_start(client)
    equal(len(client.texts()), 1, "texts of a stream that does not change")
    decodes(client)
    check(any(s["stream"] == "cams/gate" for s in node.sessions(protocol="ws-fmp4")), "the session in the API")
    client.send(ws.frame(ws.CLOSE, ws.close_payload(1000)))
    equal(client.wait_close_code(), 1000, "close code in the answer")


def check_start(client):
    """Type, init, fragments, each where it belongs."""
    kinds = [opcode for opcode, _ in client.messages[:3]]
    equal(kinds, [ws.TEXT, ws.BINARY, ws.BINARY], "the first three messages")
    told = client.texts()[0]
    equal((told["type"], told["stream"]), ("mse", "cams/gate"), "the first text")
    check(told["value"].startswith('video/mp4; codecs="avc1.') and "mp4a.40.2" in told["value"], f"type: {told}")
    media = client.binaries()
    equal(mse.layout(media[0]), "ftyp moov", "the first binary message")
    for message in media[1:]:
        words = mse.layout(message).split()
        equal(words, ["moof", "mdat"] * (len(words) // 2), "boxes of a message")


def decodes(client):
    """All binary messages behind each other are a file."""
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
        path = os.path.join(folder, "ws.mp4")
        with open(path, "wb") as file:
            file.write(b"".join(client.binaries()))
        equal(ffmpeg.decode_file(path), "", "what ffmpeg had to say")


def negotiates(node, words):
    """A client that is asked first, as go2rtc's player expects."""
    client = mse.Client(node.http, "/cams/gate.mp4?negotiate=1")
    equal(client.messages, [], "messages before the codecs are known")
    client.say(words)
    check(client.read_until(lambda c: c.fragments() >= 5), "no media after the list of codecs")
    check_start(client)
    client.close()


def waits_for_codecs_in_vain(node):
    """The list does not come."""
    client = mse.Client(node.http, "/cams/gate.mp4?negotiate=1")
    equal(client.wait_close_code(10), 1008, "close code")
    equal([text["code"] for text in client.texts()], ["no_codecs"], "texts")


def refuses(node):
    """A client that cannot play the picture is told why; one that lacks only the sound plays."""
    for target, words in (("?negotiate=1", {"type": "mse", "value": "hvc1.1.6.L153.B0,mp4a.40.2"}),
                          ("?codecs=vp09.00.10.08,opus", None), ("", "vp09.00.10.08")):
        client = mse.Client(node.http, "/cams/gate.mp4" + target)
        if words:
            client.say(words)
        equal(client.wait_close_code(), 1008, f"close code of {target} {words}")
        said = client.texts()[-1]
        equal((said["type"], said["code"]), ("error", "codec_not_supported"), "the last text")
        check("avc1." in said["value"], f"the stream's codec is not named: {said}")
    node.wait_logged("session ended", reason="codec_not_supported", count=3)
    client = mse.Client(node.http, "/cams/gate.mp4?codecs=avc1.640029,opus")
    check(client.read_until(lambda c: c.fragments() >= 5), "no media")
    equal(client.texts()[0]["unsupported"], ["mp4a.40.2"], "what the client cannot play")
    client.close()


def pause_and_live(node):
    """While it pauses nothing comes but pongs; then it goes on at a key frame, with what it has."""
    client = mse.Client(node.http, "/cams/gate.mp4")
    check(client.read_until(lambda c: c.fragments() >= 5), "no media")
    for word in ("resume", "live"):
        client.say({"type": "pause"})
        held_at = len(settled(client))
        before = node.stream("cams/gate")["frames_in"]
        # A whole GOP passes by.
        wait_until(lambda: node.stream("cams/gate")["frames_in"] >= before + 30, "the publisher stands still")
        equal(len(settled(client)), held_at, "binary messages during a pause")
        client.say({"type": word})
        check(client.read_until(lambda c: len(c.binaries()) > held_at), f"no media after {word}")
        equal(mse.layout(client.binaries()[held_at]).split()[:2], ["moof", "mdat"], f"the first message after {word}")
    equal(len(client.texts()), 1, "texts: the type is still the same")
    decodes(client)
    client.close()


_pings = iter(range(1000))


def settled(client):
    """The binary messages, once everything that was sent before now has come."""
    word = b"%d" % next(_pings)
    client.send(ws.frame(ws.PING, word))
    check(client.read_until(lambda c: (ws.PONG, word) in c.reader.events), "no pong")
    return client.binaries()


def pauses_too_long(node):
    """deliver.pause_max ends it."""
    client = mse.Client(node.http, "/cams/gate.mp4")
    client.say({"type": "pause"})
    equal(client.wait_close_code(10), 1008, "close code")
    equal(client.texts()[-1]["code"], "paused_too_long", "the last text")
    node.wait_logged("session ended", protocol="ws-fmp4", reason="paused_too_long")


def odd_commands(node):
    """What is no command is answered; a flood of commands and a huge one end the connection."""
    client = mse.Client(node.http, "/cams/gate.mp4")
    for words, code in (("hello", "bad_command"), ({"type": "dance"}, "unknown_command"), ("{", "bad_command")):
        seen = len(client.texts())
        client.say(words)
        check(client.read_until(lambda c: len(c.texts()) > max(seen, 1)), f"no answer to {words}")
        equal(client.texts()[-1]["code"], code, f"answer to {words}")
    for _ in range(40):
        client.say({"type": "live"})
    equal(client.wait_close_code(), 1008, "close code of a flood")
    equal(client.texts()[-1]["code"], "too_many_commands", "the last text of a flood")
    client = mse.Client(node.http, "/cams/gate.mp4")
    client.say("x" * 2000)
    equal(client.wait_close_code(), 1009, "close code of a huge message")


def without_upgrade(node):
    """The WebSocket's own path wants an upgrade, and other framings are refused."""
    equal(http.get(node.http, "/ws-fmp4?server=cams&camera=gate").status, 426, "GET without an upgrade")
    for query, code in (("framing=other", "unsupported_framing"), ("codecs=%3Cscript%3E", "bad_codecs")):
        response = http.get(node.http, "/cams/gate.mp4?" + query, ws.upgrade_headers())
        equal((response.status, response.json()["code"]), (400, code), query)


main(scenario)
