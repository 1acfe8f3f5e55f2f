# SPDX-License-Identifier: Apache-2.0
"""WS-FLV carries the very bytes of HTTP-FLV in whole binary messages, answers pings, and closes as asked."""

from lib import flv, media, ws
from lib.expect import check, equal, main, wait_until
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer


def scenario():
    with Node() as node:
        publisher = Publisher(node.rtmp, "cams/gate").open()
        publisher.push(800)
        node.wait_stream("cams/gate")
        publisher.run()
        plain = Viewer(node.http, "/cams/gate.flv")
        framed = Viewer(node.http, "/cams/gate.flv", "ws").wait_status(101)
        framed.wait_frames(40).check_ok()
        plain.wait_frames(40)
        flv.check_stream(framed.tags)
        same_bytes(plain, framed)
        ping_and_close(node)
        check(node.metric("viewers", protocol="ws-flv") >= 1, "viewers by protocol")
        publisher.stop()
        framed.wait_closed(5)
        check(framed.close_reason() in (1000, 1001), f"close code at the end of the stream: {framed.close_reason()}")


def same_bytes(plain, framed):
    """From the later start on, both got the same frames with the same bytes and time stamps."""
    first = max(plain.frames(media.VIDEO)[0].number, framed.frames(media.VIDEO)[0].number)
    last = min(plain.frames(media.VIDEO)[-1].number, framed.frames(media.VIDEO)[-1].number)
    cut = lambda viewer: [(t.number, t.timestamp, t.body) for t in viewer.frames(media.VIDEO)
                          if first <= t.number <= last]
    check(last > first, "the two viewers have no frames in common")
    equal(cut(plain), cut(framed), "frames over HTTP and over WebSocket")


def ping_and_close(node):
    """A ping in the middle of the media is answered with its payload; a close is echoed and the socket closed."""
    socket = ws.WebSocket(node.http, "/cams/gate.flv")
    equal(socket.response.status, 101, "upgrade")
    check(socket.read_until(lambda s: len(s.media) > 2000), "no media over the WebSocket")
    socket.send(ws.frame(ws.PING, b"are you there"))
    check(socket.read_until(lambda s: (ws.PONG, b"are you there") in s.reader.events), "no pong")
    socket.send(ws.frame(ws.TEXT, "hello \u00fc".encode()))  # viewers have nothing to say, and may say it
    socket.send(ws.frame(ws.PONG, b"unasked"))
    socket.send(ws.frame(ws.CLOSE, ws.close_payload(1000, b"bye")))
    equal(socket.wait_close_code(), 1000, "close code in the answer")
    check(socket.http.is_closed(), "the connection stays open after the closing handshake")
    wait_until(lambda: len(node.sessions(protocol="ws-flv")) == 1, "the closed viewer's session stays")


main(scenario)
