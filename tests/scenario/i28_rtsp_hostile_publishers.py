# SPDX-License-Identifier: Apache-2.0
"""Hostile RTSP pushers: sessions of others, repeated fields, the tunnel, foreign destinations, names that are paths."""

import base64
import socket

from lib import hostile
from lib.expect import check, equal, main, wait_until
from lib.node import Node

SPS = bytes.fromhex("67640028acd940780227e5c044000003000400000300c83c60c658")
PPS = bytes.fromhex("68ebe3cb22c0")
SDP = ("v=0\r\no=- 0 0 IN IP4 127.0.0.1\r\ns=x\r\nt=0 0\r\nm=video 0 RTP/AVP 96\r\na=rtpmap:96 H264/90000\r\n"
       f"a=fmtp:96 packetization-mode=1;sprop-parameter-sets={base64.b64encode(SPS).decode()},"
       f"{base64.b64encode(PPS).decode()}\r\na=control:streamid=0\r\n")
TCP = "RTP/AVP/TCP;unicast;interleaved=0-1;mode=record"


class Client:
    """A raw RTSP client."""

    def __init__(self, address):
        self.socket = socket.create_connection(address, 10)
        self.cseq, self.session, self.input = 0, "", b""

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.socket.close()

    def send(self, data):
        """Says it, unless the node has left already."""
        try:
            self.socket.sendall(data)
        except OSError:
            pass

    def ask(self, method, uri, body="", **fields):
        """Returns the status and the head of the answer; 0 when there is none."""
        self.cseq += 1
        lines = [f"{method} {uri} RTSP/1.0", f"CSeq: {self.cseq}"]
        lines += [f"Session: {self.session}"] if self.session else []
        lines += [f"{name.replace('_', '-')}: {value}" for name, value in fields.items()]
        lines += [f"Content-Length: {len(body)}"] if body else []
        self.send(("\r\n".join(lines) + "\r\n\r\n" + body).encode())
        return self.answer()

    def answer(self):
        """The next answer's status and head."""
        while b"\r\n\r\n" not in self.input:
            try:
                data = self.socket.recv(65536)
            except OSError:
                return 0, ""
            if not data:
                return 0, ""
            self.input += data
        head, _, rest = self.input.partition(b"\r\n\r\n")
        head = head.decode("latin-1")
        size = next((int(line[15:]) for line in head.split("\r\n") if line.startswith("Content-Length:")), 0)
        while len(rest) < size:
            rest += self.socket.recv(65536)
        self.input = rest[size:]
        session = next((line[9:] for line in head.split("\r\n") if line.startswith("Session: ")), "")
        self.session = self.session or session.split(";")[0]
        return int(head.split(" ")[1]), head

    def ended(self):
        """Whether the node closes the connection."""
        try:
            while self.socket.recv(65536):
                pass
        except ConnectionResetError:
            pass
        except TimeoutError:
            return False
        return True

    def publish(self, url):
        """The whole way to an accepted RECORD; the status of the first refusal, or 200."""
        for status, _ in (self.ask("ANNOUNCE", url, SDP, Content_Type="application/sdp"),
                          self.ask("SETUP", url + "/streamid=0", Transport=TCP), self.ask("RECORD", url)):
            if status != 200:
                return status
        return 200


def scenario():
    with Node("rtsp: {publish_timeout: 3s}") as node:
        url = "rtsp://%s:%d/cams/gate" % node.rtsp
        with Client(node.rtsp) as owner:
            equal(owner.publish(url), 200, "the owner's RECORD")
            node.wait_stream("cams/gate")
            second_publisher(node, url)
            stolen_session(node, owner, url)
            foreign_destination(node, url)
            names(node)
            tunnel(node)
            repeated_fields(node)
            silent(node)
            equal(owner.ask("GET_PARAMETER", url)[0], 200, "the owner's sign of life")
        node.wait_no_stream("cams/gate")
        node.check_alive()


def second_publisher(node, url):
    """Demand 54: refused and told."""
    with Client(node.rtsp) as other:
        equal(other.publish(url), 403, "a second publisher's RECORD")
        check(other.ended(), "a refused publisher stays connected")


def stolen_session(node, owner, url):
    """Demand 15: another connection's id is of no use; ids have 128 bits and differ."""
    ids = {owner.session}
    for method in ("TEARDOWN", "RECORD", "PAUSE", "PLAY", "SETUP", "GET_PARAMETER"):
        with Client(node.rtsp) as thief:
            thief.session = owner.session
            equal(thief.ask(method, url)[0], 454, f"{method} with another one's session")
    for number in range(20):
        with Client(node.rtsp) as client:
            equal(client.publish(url + str(number)), 200, "another stream")
            ids.add(client.session)
    equal(len(ids), 21, "different session ids")
    check(all(len(one) == 32 for one in ids), f"ids of 128 bits: {ids}")


def foreign_destination(node, url):
    """Demand 18: 461 for ports that cannot be and for hosts that are not the peer, which hear nothing."""
    with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as victim, Client(node.rtsp) as client:
        victim.bind(("127.0.0.2", 0))
        port = victim.getsockname()[1] & ~1
        equal(client.ask("ANNOUNCE", url + "x", SDP, Content_Type="application/sdp")[0], 200, "ANNOUNCE")
        for wish in ("client_port=0-1", "client_port=5001-5002", "client_port=70000-70001", "client_port=5000-5000",
                     f"destination=127.0.0.2;client_port={port}-{port + 1}"):
            status, _ = client.ask("SETUP", url + "x/streamid=0", Transport=f"RTP/AVP;unicast;{wish};mode=record")
            equal(status, 461, wish)
        victim.setblocking(False)
        try:
            check(False, f"the victim heard {victim.recv(65536)}")
        except BlockingIOError:
            pass


def names(node):
    """Demands 9 and 10: one refusal for all of them."""
    for path in ("", "gate", "a/b/c", "../gate", "cams/..", "cams/..%2f..%2fetc", "%2e%2e/gate", "cams/%252e", "cams/a%00b",
                 "cams/a\\b", "cams/.x", "cams/" + "x" * 255, "cams/" + "x" * 256, "cams/" + "x" * 4096, "cams/" + "x" * 65535):
        with Client(node.rtsp) as client:
            uri = "rtsp://%s:%d/" % node.rtsp + path
            status, _ = client.ask("ANNOUNCE", uri, SDP, Content_Type="application/sdp")
            check(status in (400, 0), f"{path[:40]}: {status}")
            check(client.ended(), f"{path[:40]}: the connection goes on")


def tunnel(node):
    """Demand 17: not offered to pushers."""
    for method in ("GET", "POST"):
        with Client(node.rtsp) as client:
            client.send(f"{method} /cams/gate HTTP/1.1\r\nHost: x\r\nx-sessioncookie: a\r\n\r\n".encode())
            equal(client.answer()[0], 501, f"a tunnel's {method}")
            check(client.ended(), "a tunnel's connection goes on")


def repeated_fields(node):
    """Demand 16: memory stays flat; a head with too many fields ends its connection."""
    few = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n" + b"Authorization: Basic YTpi\r\n" * 100 + b"\r\n"
    many = b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n" + b"Authorization: Basic YTpi\r\n" * 1000 + b"\r\n"

    def attack(rounds):
        for _ in range(rounds):
            with Client(node.rtsp) as client:
                for _ in range(100):
                    client.send(few)
                    equal(client.answer()[0], 200, "OPTIONS with 100 repeated fields")
                client.send(many)
                check(client.ended(), "1000 repeated fields are taken")
        wait_until(lambda: node.metric("rtsp_connections") == 1, lambda: f"open connections: {node.metric('rtsp_connections')}")

    attack(3)
    growth = hostile.Growth(node)
    attack(20)
    growth.check_below(1 << 20, "2000 requests with 100 repeated fields, and 20 with 1000")


def silent(node):
    """One that never publishes is closed in time."""
    with Client(node.rtsp) as client:
        client.send(b"OPTIONS * RTSP/1.0\r\nCSeq: 1\r\n")
        check(client.ended(), "half a request keeps a connection open")
    node.wait_logged("session ended", protocol="rtsp", reason="handshake_timeout")


main(scenario)
