# SPDX-License-Identifier: Apache-2.0
"""The node listens on several addresses, on IPv6, and on both families at once; an HTTP/1.0 player gets plain bytes."""

import socket

from lib import flv, http, process
from lib.expect import check, equal, main, skip
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
listen:
  http: ["127.0.0.1:0", "[::1]:0", "[::]:0"]
  rtmp: ["[::]:0"]
"""


def scenario():
    with socket.socket(socket.AF_INET6) as probe:
        try:
            probe.bind(("::1", 0))
        except OSError:
            skip("missing kernel feature: no IPv6 on loopback")
    with Node(CONFIG) as node:
        addresses = [text.rsplit(":", 1) for text in node.api("/api/v1/node")["listen"]["http"]]
        equal([host for host, _ in addresses], ["127.0.0.1", "[::1]", "[::]"], "addresses for HTTP")
        ports = [int(port) for _, port in addresses]
        equal({port for _, port in process.listening(node.pid)}, {*ports, node.rtmp[1], node.rtsp[1], node.admin[1]}, "ports")
        for host in ("127.0.0.1", "::1"):
            publisher = Publisher((host, node.rtmp[1]), "both/gate").open().run()
            peer = node.wait_stream("both/gate")["publisher"]["peer"]
            check(peer.startswith("127.0.0.1:" if host == "127.0.0.1" else "[::1]:"), f"peer as it is shown: {peer}")
            for target in (("127.0.0.1", ports[0]), ("::1", ports[1]), ("127.0.0.1", ports[2]), ("::1", ports[2])):
                viewer = Viewer(target, "/both/gate.flv").wait_frames(10)
                flv.check_stream(viewer.check_ok().tags)
                viewer.close()
            http_1_0(("127.0.0.1", ports[0]))
            publisher.stop()
            node.wait_no_stream("both/gate")


def http_1_0(address):
    """Neither chunks nor keep-alive: the body is FLV to the end of the connection."""
    with http.Connection(address) as connection:
        connection.send(b"GET /both/gate.flv HTTP/1.0\r\n\r\n")
        response = connection.read_response(head_only=True)
        equal((response.status, response.header("Transfer-Encoding")), (200, None), "answer to HTTP/1.0")
        reader = flv.FlvReader()
        reader.feed(connection.pending())
        while len(flv.frames(reader.tags)) < 20:
            data = connection.socket.recv(65536)
            check(data, "closed")
            reader.feed(data)
        flv.check_stream(reader.tags)


main(scenario)
