# SPDX-License-Identifier: Apache-2.0
"""Cameras as hostile as any client: what they answer has no end, no sense or no length. The pull fails, nothing else does.

Long header names, a thousand folded lines, a status line of a megabyte, headers without end, lengths that lie, bodies that
never come, frames of nothing, media that are all garbage: memory stays flat, another camera's viewer sees no gap, and each
of them is asked again, slower each time.
"""

import asyncio
import random
import struct

from lib import flv
from lib.camera import House, Plan
from lib.camera.family import config_of
from lib.expect import check, main, sized, wait_until
from lib.hostile import Growth
from lib.node import Node
from lib.viewer import Viewer

OK = "RTSP/1.0 200 OK\r\nCSeq: {cseq}\r\n"
SECONDS = sized(4, 20)


def says(text):
    """A hook that answers with this text and keeps the connection open."""
    async def answer(connection, request):
        data = text(request) if callable(text) else text
        if isinstance(data, str):
            data = data.replace("{cseq}", request.header("CSeq") or "0").encode("latin-1")
        connection.send(data)
        return True
    return answer


def endless(piece, pause_s=0.0):
    """A hook that goes on for ever."""
    async def answer(connection, request):
        connection.send(OK.replace("{cseq}", request.header("CSeq") or "0").encode())
        while not connection.out.is_closing():
            connection.send(piece)
            await asyncio.sleep(pause_s)
            if not pause_s:
                await connection.out.drain()
        return False
    return answer


def noise(seed, size=200000):
    """Bytes that mean nothing."""
    return random.Random(seed).randbytes(size)


LONG = "X" * 70000
ON_DESCRIBE = {
    "long_name": says(OK + LONG + ": 1\r\n\r\n"),
    "long_value": says(OK + "Server: " + LONG + "\r\n\r\n"),
    "folded": says(OK + "Server: a\r\n" + " folded\r\n" * 1000 + "\r\n"),
    "many_fields": says(OK + "".join(f"X-{i}: {i}\r\n" for i in range(20000)) + "\r\n"),
    "status_1mb": says("RTSP/1.0 200 " + "O" * 1_000_000 + "\r\nCSeq: {cseq}\r\n\r\n"),
    "endless_fields": endless(b"X-Endless: " + b"y" * 1000 + b"\r\n"),
    "endless_line": endless(b"z" * 4096),
    "slow_drip": endless(b"a", 0.05),
    "no_colon": says(OK + "Content-Type application/sdp\r\n: empty\r\n\r\n"),
    "status_words": says("RTSP/1.0 abc\r\n\r\n"),
    "status_huge": says("RTSP/1.0 99999999999999999999 Yes\r\nCSeq: {cseq}\r\n\r\n"),
    "http": says("HTTP/1.1 200 OK\r\nContent-Length: 0\r\n\r\n"),
    "other_cseq": says("RTSP/1.0 200 OK\r\nCSeq: 4711\r\n\r\n"),
    "no_cseq": says("RTSP/1.0 200 OK\r\n\r\n"),
    "noise": says(lambda request: noise(1)),
    "zeros": says(lambda request: bytes(300000)),
    "empty_frames": says(lambda request: b"$\0\0\0" * 100000),
    "large_frames": says(lambda request: (b"$\x07" + struct.pack(">H", 65535) + bytes(65535)) * 20),
    "requests": says(lambda request: b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n\r\n" * 20000),
    "redirect_file": says("RTSP/1.0 302 Found\r\nCSeq: {cseq}\r\nLocation: file:///etc/passwd\r\n\r\n"),
    "redirect_long": says("RTSP/1.0 302 Found\r\nCSeq: {cseq}\r\nLocation: rtsp://" + "h" * 60000 + "/\r\n\r\n"),
    "challenges": says("RTSP/1.0 401 No\r\nCSeq: {cseq}\r\n" + "WWW-Authenticate: Digest realm=\"a\", nonce=\"b\"\r\n" * 500 + "\r\n"),
    "challenge_open": says("RTSP/1.0 401 No\r\nCSeq: {cseq}\r\nWWW-Authenticate: Digest realm=\"a, nonce=\"" + "\\\"" * 2000 + "\r\n\r\n"),
}
LENGTHS = ("-1", "2147483648", "4294967296", "18446744073709551616", "+1", "1000000000", "5\r\nContent-Length: 6", "0x10", "", "9" * 40)
BODIES = {
    "no_end_of_lines": "v=0" * 50000,
    "long_line": "v=0\r\na=" + "b" * 200000 + "\r\n",
    "many_media": "v=0\r\n" + "m=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\na=control:t\r\n" * 100,
    "many_formats": "v=0\r\nm=video 0 RTP/AVP" + " 96" * 30000 + "\r\n",
    "many_attributes": "v=0\r\nm=video 0 RTP/AVP 96\r\n" + "a=rtpmap:96 H264/90000\r\n" * 8000,
    "huge_rate": "v=0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/99999999999999\r\na=framerate:1e308\r\na=control:t\r\n",
    "zero_rate": "v=0\r\nm=audio 0 RTP/AVP 96\r\na=rtpmap:96 MPEG4-GENERIC/0/0\r\na=fmtp:96 sizelength=99;config=ZZ\r\na=control:t\r\n",
    "nul": "v=0\r\ns=\0\0\0\r\nm=video 0 RTP/AVP 96\0\r\n",
    "binary": "".join(map(chr, range(256))) * 20,
    "empty": "",
}


def body(text):
    """A DESCRIBE's answer with this body."""
    return says(OK + f"Content-Type: application/sdp\r\nContent-Length: {len(text.encode('latin-1'))}\r\n\r\n" + text)


def garbage(kind):
    """PLAY is answered, and then comes what is no media."""
    async def answer(connection, request):
        connection.send(OK.replace("{cseq}", request.header("CSeq")).encode() + b"Session: 1\r\n\r\n")
        chance = random.Random(kind)
        for at in range(3000):
            payload = chance.randbytes(chance.choice((0, 1, 2, 11, 12, 13, 20, 200, 1400)))
            if kind == "rtp":
                payload = struct.pack(">BBHII", 0x80, 96 | (at & 1) << 7, at & 0xffff, at * 3000, 7) + payload
            elif kind == "rtcp":
                payload = struct.pack(">BBH", 0x80 | at & 31, 200 + at % 8, chance.randrange(65536)) + payload
            connection.send(struct.pack(">cBH", b"$", 1 if kind == "rtcp" else 0, len(payload)) + payload)
            if at % 50 == 0:
                await asyncio.sleep(0.02)
        return True
    return answer


def attackers():
    """(name, hooks) of every hostile camera."""
    found = [(f"describe-{name}", {"DESCRIBE": hook}) for name, hook in ON_DESCRIBE.items()]
    found += [(f"options-{name}", {"OPTIONS": ON_DESCRIBE[name]}) for name in ("folded", "endless_fields", "noise", "status_1mb")]
    found += [(f"length-{at}", {"DESCRIBE": says(OK + f"Content-Length: {length}\r\n\r\n")}) for at, length in enumerate(LENGTHS)]
    found += [(f"sdp-{name}", {"DESCRIBE": body(text)}) for name, text in BODIES.items()]
    found += [(f"media-{kind}", {"PLAY": garbage(kind)}) for kind in ("rtp", "rtcp", "nothing")]
    return found


def scenario():
    with House([Plan({"tracks": [{"media": "h264"}, {"media": "aac"}]}, "innocent")]) as house:
        innocent = house.cameras["innocent"]
        hostile = [(f"h/{name}", house.add(Plan({}, name), hooks), {"connect_timeout": "2s"}) for name, hooks in attackers()]
        for _, camera, _ in hostile:
            camera.stop()
        with Node(config_of([("q/innocent", innocent, {}), *hostile])) as node:
            witness = Witness(node)
            growth = Growth(node)
            for _, camera, _ in hostile:
                camera.start()
            wait_until(lambda: witness.look() and all(camera.requests for _, camera, _ in hostile),
                       lambda: f"never asked: {[name for name, camera, _ in hostile if not camera.requests]}", 20)
            until = len(witness.viewer.tags) + int(SECONDS * 68)
            wait_until(lambda: witness.look() and len(witness.viewer.tags) >= until, witness.viewer.describe, SECONDS * 3)
            growth.check_below(24 << 20, f"{len(hostile)} hostile cameras")
            for name, _, _ in hostile:
                if not name.startswith(("h/media", "h/options")):  # what OPTIONS says is no reason not to play
                    check((node.stream(name) or {}).get("state") != "live", f"{name} is live")
            node.check_alive()
            flv.check_stream(witness.viewer.check_ok().tags)
            check(innocent.plays == 1, "the innocent camera was connected to again")
        print(f"{len(hostile)} hostile cameras")


class Witness:
    """A viewer of a camera that does nothing wrong."""

    def __init__(self, node):
        self.viewer = Viewer(node.http, "/q/innocent.flv").wait_frames(30, timeout=15)

    def look(self):
        """True while it is served."""
        self.viewer.check_ok()
        return True


main(scenario)
