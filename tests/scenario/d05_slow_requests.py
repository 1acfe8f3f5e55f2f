# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 35: slow headers and slow bodies are cut at the deadline, not per byte; meanwhile a viewer starts in a second."""

import selectors
import time

from lib import http
from lib.expect import check, main, sized, wait_until, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
http:
  header_timeout: 2s
  idle_timeout: 2s
stream:
  unknown_wait: 50ms
"""
STARTS = [
    b"G",
    b"GET /slow/x.flv HTTP/1.1\r\n",
    b"GET /slow/x.flv HTTP/1.1\r\nHost: a\r\nX-Y: ",
    b"GET /slow/x.flv HTTP/1.1\r\nHost: a\r\n\r",
    b"POST /slow/x.flv HTTP/1.1\r\nHost: a\r\nContent-Length: 5000\r\n\r\n",
    b"POST /slow/x.flv HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n5",
]


def scenario():
    count = sized(300, 2000)
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, "slow/gate").open().run()
        node.wait_stream("slow/gate")
        before = node.descriptors()
        started = time.monotonic()
        slow = [http.Connection(node.http) for _ in range(count)]
        for index, connection in enumerate(slow):
            connection.send(STARTS[index % len(STARTS)])
        begun = time.monotonic()
        viewer = Viewer(node.http, "/slow/gate.flv").wait_frames(1)
        within(time.monotonic() - begun, 0, 1.0, "seconds until a viewer started beside slow clients")
        drip_until_cut(slow)
        within(time.monotonic() - started, 1.5, sized(6, 20), "seconds until all slow clients were cut")
        viewer.wait_more(5).check_ok()
        for connection in slow:
            connection.close()
        wait_until(lambda: node.descriptors() <= before + 1, lambda: f"descriptors: {node.descriptors()} of {before}")
        publisher.stop()


def drip_until_cut(connections):
    """Every client sends a byte each fifth of a second, until the node has closed all of them."""
    open_ones = selectors.DefaultSelector()
    for connection in connections:
        connection.socket.setblocking(False)
        open_ones.register(connection.socket, selectors.EVENT_READ)
    deadline, next_drip = time.monotonic() + 30, 0.0
    while open_ones.get_map():
        check(time.monotonic() < deadline, f"{len(open_ones.get_map())} slow clients were never cut")
        for key, _ in open_ones.select(0.05):
            if ended(key.fileobj):
                open_ones.unregister(key.fileobj)
        if time.monotonic() >= next_drip:
            next_drip = time.monotonic() + 0.2
            for key in list(open_ones.get_map().values()):
                try:
                    key.fileobj.send(b"a")
                except OSError:
                    pass


def ended(sock):
    """True at the end of the connection."""
    try:
        return not sock.recv(4096)
    except BlockingIOError:
        return False
    except OSError:
        return True


main(scenario)
