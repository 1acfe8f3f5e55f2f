# SPDX-License-Identifier: Apache-2.0
"""One RTSP connection to a fake camera: requests in, answers as the plan has them out (RFC 2326)."""

import asyncio
import base64
import re
import struct
import time

from . import sdp, transport
from .plan import fill
from .session import Session
from .track import Track

REASONS = {200: "OK", 301: "Moved Permanently", 302: "Moved Temporarily", 400: "Bad Request", 401: "Unauthorized",
           403: "Forbidden", 404: "Not Found", 453: "Not Enough Bandwidth", 454: "Session Not Found",
           455: "Method Not Valid in This State", 461: "Unsupported Transport", 500: "Internal Server Error",
           501: "Not Implemented", 503: "Service Unavailable", 551: "Option not supported"}
PUBLIC = "OPTIONS, DESCRIBE, SETUP, PLAY, PAUSE, TEARDOWN, GET_PARAMETER, SET_PARAMETER"


class Request:
    """A request as it came."""

    def __init__(self, head, body=b""):
        lines = head.decode("utf-8", "replace").split("\r\n")
        self.method, self.target, self.version = (lines[0].split(" ") + ["", ""])[:3]
        self.fields = [tuple(part.strip() for part in line.split(":", 1)) for line in lines[1:] if ":" in line]
        self.body, self.at = body, time.monotonic()

    def header(self, name, exact=False):
        """A header's value or None; with exact, only in this letter case."""
        for key, value in self.fields:
            if key == name or not exact and key.lower() == name.lower():
                return value
        return None


class Connection:
    """A peer. Sessions that it made end with it."""

    def __init__(self, camera, reader, writer):
        self.camera, self.plan, self.reader, self.writer = camera, camera.plan, reader, writer
        self.peer = writer.get_extra_info("peername")[0]
        self.out = writer         # a tunnel's answers go another way
        self.sessions = []
        self.refused_setup = False  # a SETUP was answered 461, and no DESCRIBE came since

    # Bytes.

    def send(self, data):
        """Sends bytes; a peer that does not read loses them beyond a limit."""
        if self.out.transport.get_write_buffer_size() < transport.TOO_MUCH_WAITING and not self.out.is_closing():
            self.out.write(data)

    async def run(self):
        """Until the peer or the camera closes."""
        try:
            while True:
                first = await self.reader.readexactly(1)
                if first == b"$":
                    channel, size = struct.unpack(">BH", await self.reader.readexactly(3))
                    self.on_back("rtcp" if channel % 2 else "rtp", await self.reader.readexactly(size))
                elif first not in b"\r\n":
                    head = first + (await self.reader.readuntil(b"\r\n\r\n"))[:-4]
                    if not await self._take(head):
                        return
        except (asyncio.IncompleteReadError, asyncio.LimitOverrunError, ConnectionError, OSError):
            pass
        finally:
            self.writer.close()

    async def _take(self, head):
        request = Request(head)
        if request.method in ("GET", "POST"):
            return await self._tunnel(request)
        size = int(request.header("Content-Length") or 0)
        request.body = await self.reader.readexactly(size) if size else b""
        self.camera.requests.append(request)
        return await self.answer(request)

    async def _tunnel(self, request):
        """RTSP in HTTP: the GET carries answers and media, the POST has requests in base64."""
        cookie = request.header("x-sessioncookie")
        if not self.plan.tunnel or not cookie:
            self.send(b"HTTP/1.0 404 Not Found\r\nConnection: close\r\n\r\n")
            return False
        if request.method == "GET":
            self.camera.tunnels[cookie] = self
            self.send(b"HTTP/1.0 200 OK\r\nContent-Type: application/x-rtsp-tunnelled\r\nCache-Control: no-cache\r\n"
                      b"Pragma: no-cache\r\n\r\n")
            await self.reader.read()  # until the peer closes it
            return False
        way = self.camera.tunnels.get(cookie)
        if way is None:
            return False
        self.out = way.out
        decoded = asyncio.StreamReader(limit=1 << 20)
        tunnel, self.reader = self.reader, decoded
        asyncio.ensure_future(_decode(tunnel, decoded))
        return True

    # Answers.

    def on_back(self, kind, data):
        """What came beside requests: RTCP, RTP to a back channel, UDP punches."""
        if kind == "punch":
            self.camera.punches += 1
        else:
            self.camera.reports.append((kind, data))
        for session in self.sessions:
            session.keep("RTCP" if kind == "rtcp" else kind)

    async def answer(self, request):
        """Answers one request; False ends the connection."""
        camera, method = self.camera, request.method
        camera.asked[method] = camera.asked.get(method, 0) + 1
        if method in camera.hooks:
            return await camera.hooks[method](self, request)
        for session in self.sessions:
            session.keep(method)
        given = self._given(method, camera.asked[method])
        if given is None:
            given = self._refusal(request)
        if given is None:
            maker = getattr(self, "on_" + method.lower(), None)
            given = maker(request) if maker else {"status": 501}
        elif given.get("status", 200) == 200 and not given.get("silent"):
            maker = getattr(self, "on_" + method.lower(), None)
            made = maker(request) if maker else {}
            given = {**made, **given, "headers": {**made.get("headers", {}), **given.get("headers", {})}}
        return await self._reply(request, given)

    def _given(self, method, count):
        """The plan's own answer to the count-th request of a method, or None."""
        answers = self.plan.answers.get(method)
        if isinstance(answers, list):
            answers = answers[count - 1] if count <= len(answers) else None
        return answers

    def _refusal(self, request):
        """What is wrong with a request before its method is looked at."""
        for name in self.plan.case_sensitive:
            if request.header(name, exact=True) is None:
                return {"status": 400}
        for name, need in self.plan.needs.items():
            need = need if isinstance(need, dict) else {"status": need}
            if request.method in need.get("methods", ["DESCRIBE", "SETUP", "PLAY"]) and request.header(name) is None:
                return {"status": need["status"]}
        refused = self.camera.guard.check(request.method, request.target, request.header("Authorization"))
        if refused:
            return {"status": refused[0], "challenges": refused[1]}
        return None

    def values(self, request, **more):
        """What templates can name."""
        camera = self.camera
        base = f"{self.plan.scheme}://{camera.address}{self.plan.path}"
        return {"host": camera.host, "port": camera.port, "address": camera.address, "path": self.plan.path, "url": base,
                "base": base + "/", "cseq": request.header("CSeq") or "", "target": request.target, **more}

    async def _reply(self, request, given):
        if given.get("silent"):
            return not given.get("close")
        if given.get("delay_s"):
            await asyncio.sleep(given["delay_s"])
        values = self.values(request, **given.get("values", {}))
        if given.get("raw") is not None:
            self.send(fill(given["raw"], values).encode("utf-8", "surrogateescape"))
            return not given.get("close")
        status = given.get("status", 200)
        lines = [f"RTSP/1.0 {status} {given.get('reason', REASONS.get(status, 'Something'))}", "CSeq: {cseq}"]
        lines += [f"WWW-Authenticate: {value}" for value in given.get("challenges", [])]
        for name, value in given.get("headers", {}).items():
            lines += [f"{name}: {one}" for one in (value if isinstance(value, list) else [value]) if one is not None]
        body = fill(given.get("body", ""), values).encode()
        values["length"] = len(body)
        if body and "Content-Length" not in given.get("headers", {}):
            lines.append(f"Content-Length: {len(body)}")
        text = "".join(fill(line, values) + "\r\n" for line in lines)
        self.send(text.encode() + b"\r\n" + body + self.plan.answer_tail.encode())
        then = given.get("then")
        if then:
            then()
        return not given.get("close")

    # Methods.

    def on_options(self, _):
        """OPTIONS."""
        return {"headers": {"Public": PUBLIC}}

    def on_describe(self, request):
        """DESCRIBE."""
        self.refused_setup = False
        tracks = [Track(self.plan, number) for number in range(len(self.plan.tracks))]
        body = sdp.text(self.plan, tracks, self.values(request))
        return {"headers": {"Content-Base": "{base}", "Content-Type": "application/sdp"}, "body": body}

    def _track_of(self, target):
        """The number of the track that a SETUP names, or None."""
        values = {"host": self.camera.host, "port": self.camera.port, "address": self.camera.address,
                  "path": self.plan.path, "url": f"{self.plan.scheme}://{self.camera.address}{self.plan.path}"}
        values["base"] = values["url"] + "/"
        if self.plan.setup_paths is not None:
            known = [[fill(path, values) for path in paths] for paths in self.plan.setup_paths]
            return next((number for number, paths in enumerate(known) if target in paths), None)
        for number, options in enumerate(self.plan.tracks):
            control = fill(options.get("control", f"trackID={number}"), values)
            if target.endswith(control) or control in ("*", "") and len(self.plan.tracks) == 1:
                return number
        return None

    def _setup_refusal(self, number, asked, kind):
        """The status with which a SETUP is refused, or None."""
        if number is None:
            return 404
        if number in self.plan.refused_tracks:
            return 503
        if self.plan.refused_in_transport and self.plan.refused_in_transport in asked:
            return 400
        if self.plan.describe_again and self.refused_setup:
            return 455
        if kind not in self.plan.transports or kind == "udp" and "client_port" not in asked:
            return 461
        return None

    def _session(self, request, create):
        """(session, None), or (None, refusal)."""
        named = (request.header("Session") or "").split(";")[0].strip()
        for session in self.camera.sessions.values():
            if named in session.names:
                return session, None
        if named or not create:
            return None, {"status": 454}
        if time.monotonic() < self.camera.free_at:
            return None, {"status": 453}
        self.camera.next_session += 1
        name = "%08X" % (0x5e550000 + self.camera.next_session)
        session = Session(self.camera, self, name)
        self.camera.sessions[name] = session
        self.sessions.append(session)
        return session, None

    def on_setup(self, request):
        """SETUP."""
        number = self._track_of(request.target)
        asked = request.header("Transport") or ""
        kind = _kind_of(asked)
        refused = self._setup_refusal(number, asked, kind)
        if refused:
            self.refused_setup = refused == 461
            return {"status": refused}
        session, refusal = self._session(request, True)
        if refusal:
            return refusal
        sink, answer, more = self._sink(kind, asked, number)
        track = session.set_up(number, sink)
        values = {"ssrc": "%08X" % track.ssrc, **more}
        template = self.plan.transport_answers.get(kind, answer)
        return {"headers": {"Transport": template, "Session": self._session_text(session, len(session.tracks))},
                "values": {**values, "session": session.name}}

    def _session_text(self, session, turn):
        shape = self.plan.session
        if shape["ids"]:
            name = shape["ids"][min(turn, len(shape["ids"])) - 1] + session.name
            session.names.add(name)
            session.name = name
        return shape["id"] + (f";timeout={shape['timeout']}" if shape["timeout"] else "")

    def _sink(self, kind, asked, number):
        """The sink that a SETUP asks for, the Transport line's template, and its values."""
        profile = Track(self.plan, number).profile
        if kind == "tcp":
            match = re.search(r"interleaved=(\d+)(?:-(\d+))?", asked)
            first = int(match[1]) if match else 2 * number
            options = self.plan.tracks[number]
            first = options.get("channel", first + options.get("channel_shift", 0))
            sink = transport.Interleaved(self, (first, first + 1), self.plan.interleaved_faults)
            return sink, profile + "/TCP;unicast;interleaved={first}-{second};ssrc={ssrc}", {
                "first": first, "second": first + 1}
        if kind == "multicast":
            group, port = f"239.255.42.{self.camera.port % 250 + 1}", 20000 + self.camera.port % 10000 * 4 + number * 2
            values = {"group": group, "first": port, "second": port + 1}
            return transport.Multicast(group, port), profile + ";multicast;destination={group};port={first}-{second};ttl=1", values
        match = re.search(r"client_port=(\d+)(?:-(\d+))?", asked)
        first, second = int(match[1]), int(match[2] or int(match[1]) + 1)
        sink = transport.Udp((self.peer, first, second), self.plan.udp_faults, self.on_back)
        return sink, profile + ";unicast;client_port={client};server_port={first}-{second};ssrc={ssrc}", {
            "client": f"{first}-{second}", "first": sink.ports[0], "second": sink.ports[1]}

    def on_play(self, request):
        """PLAY."""
        session, refusal = self._session(request, False)
        if refusal:
            return refusal
        self.camera.plays += not session.playing
        if self.plan.before_play:
            session.send_first(self.plan.before_play)
        info = ",".join(fill(self.plan.rtp_info, {
            **self.values(request), "control_url": f"{self.plan.scheme}://{self.camera.address}{self.plan.path}/" + track.control,
            "sequence": track.sequence & 0xffff, "timestamp": track.timestamp_of(track.index * track.source.step_s)})
            for track in session.tracks) if self.plan.rtp_info else None
        return {"headers": {"Session": "{session}", "Range": "npt=0.000-", "RTP-Info": info},
                "values": {"session": session.name}, "then": session.play}

    def on_pause(self, request):
        """PAUSE."""
        return self._known(request)

    def on_get_parameter(self, request):
        """GET_PARAMETER, as a sign of life."""
        return self._known(request)

    def on_set_parameter(self, request):
        """SET_PARAMETER, as a sign of life."""
        return self._known(request)

    def _known(self, request):
        session, refusal = self._session(request, False)
        return refusal or {"headers": {"Session": "{session}"}, "values": {"session": session.name}}

    def on_teardown(self, request):
        """TEARDOWN."""
        session, refusal = self._session(request, False)
        if refusal:
            return refusal
        self.drop(session, "teardown")
        return {}

    # The end.

    def drop(self, session, how):
        """Ends a session."""
        if self.camera.sessions.pop(next((key for key, one in self.camera.sessions.items() if one is session), None), None):
            session.end()
            self.camera.ended.append(how)
            if how != "teardown":
                self.camera.free_at = time.monotonic() + self.plan.busy_s
        if session in self.sessions:
            self.sessions.remove(session)

    def end(self, how):
        """Ends all sessions of this connection."""
        for session in list(self.sessions):
            self.drop(session, how)


def _kind_of(asked):
    if "TCP" in asked.upper() or "interleaved" in asked:
        return "tcp"
    return "multicast" if "multicast" in asked else "udp"


async def _decode(tunnel, decoded):
    """Base64 of a tunnel's POST into the reader of requests; cut anywhere, padded anywhere."""
    waiting = b""
    while True:
        data = await tunnel.read(65536)
        if not data:
            decoded.feed_eof()
            return
        waiting += bytes(byte for byte in data if byte not in b"\r\n ")
        while len(waiting) >= 4:
            whole = len(waiting) // 4 * 4
            end = waiting.find(b"=")
            if 0 <= end < whole:
                whole = (end // 4 + 1) * 4
            decoded.feed_data(base64.b64decode(waiting[:whole]))
            waiting = waiting[whole:]
