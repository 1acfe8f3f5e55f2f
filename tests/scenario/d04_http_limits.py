# SPDX-License-Identifier: Apache-2.0
"""Limits of HTTP: oversize heads, targets and bodies are refused; connections and viewers over the limit get a 503."""

from lib import http
from lib.expect import check, equal, main, one_of, wait_until
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

CONFIG = """
http:
  max_header_bytes: 8KiB
  max_headers: 32
  max_connections: 30
  max_connections_per_address: 20
stream:
  unknown_wait: 50ms
deliver:
  max_viewers: 8
  max_viewers_per_stream: 5
"""


def scenario():
    with Node(CONFIG) as node:
        heads(node)
        connections(node)
        viewers(node)


def status_of(node, data):
    """The status of the answer, which must be followed by a close."""
    answer, closed = http.exchange(node.http, data, 3)
    codes = http.statuses(answer)
    check(len(codes) == 1, f"answers: {codes}")
    check(closed, f"open after {codes[0]}")
    return codes[0]


def heads(node):
    """Too long, too many, too large."""
    get = b"GET /limits/x HTTP/1.1\r\nHost: a\r\n"
    equal(status_of(node, get + b"X-Y: " + b"z" * 9000 + b"\r\n\r\n"), 431, "one long header")
    equal(status_of(node, get + b"".join(b"X-%d: y\r\n" % i for i in range(40)) + b"\r\n"), 431, "many headers")
    equal(status_of(node, get + b"X" * 9000 + b": y\r\n\r\n"), 431, "a long header name")
    equal(status_of(node, get + b"X-Y: " + b"z" * 2_000_000), 431, "a header without an end")
    one_of(status_of(node, b"GET /" + b"a" * 5000 + b" HTTP/1.1\r\nHost: a\r\n\r\n"), {414, 431}, "a long target")
    one_of(status_of(node, b"GET /" + b"a" * 2_000_000), {414, 431}, "a target without an end")
    one_of(status_of(node, b"G" * 100_000), {400, 405, 414, 501}, "a method without an end")
    big = b"POST /limits/x HTTP/1.1\r\nHost: a\r\nContent-Length: 1000000\r\n\r\n" + b"x" * 200_000
    one_of(status_of(node, big), {405, 413}, "a large body")
    chunked = b"POST /limits/x HTTP/1.1\r\nHost: a\r\nTransfer-Encoding: chunked\r\n\r\n" + b"1000\r\n" + b"x" * 4096 + b"\r\n"
    one_of(status_of(node, chunked + b"1000\r\n%s\r\n" % (b"x" * 4096) * 40), {405, 413}, "a large chunked body")


def connect(node, source):
    """An open connection with one answered request, or the refusing answer."""
    connection = http.Connection(node.http, source=(source, 0))
    connection.request("GET", "/limits/none")
    response = connection.read_response()
    if response.status == 503:
        check(int(response.header("Retry-After", "0")) >= 1, f"no Retry-After: {response}")
        equal(response.header("Access-Control-Allow-Origin"), "*", "CORS on a refusal")
        check(connection.is_closed(), "open after a 503")
        connection.close()
        return None
    equal(response.status, 404, "status below the limit")
    return connection


def connections(node):
    """Per address, and in all."""
    held = [connect(node, "127.0.0.1") for _ in range(20)]
    check(all(held), "connections below the limit were refused")
    equal(connect(node, "127.0.0.1"), None, "connection 21 of one address")
    more = [connect(node, "127.0.0.2") for _ in range(10)]
    check(all(more), "connections of another address were refused")
    equal(connect(node, "127.0.0.3"), None, "connection 31 in all")
    check(node.metric("refused_total", listener="http") >= 2, "refusals were not counted")
    equal(node.call("GET", "/healthz").status, 200, "health while the public listener is full")
    for connection in held + more:
        connection.close()
    wait_until(lambda: node.metric("http_connections") <= 1, "connections are not given back")


def viewers(node):
    """Viewers per stream and in all; the running ones are not harmed."""
    publishers = [Publisher(node.rtmp, f"limits/cam-{i}").open().run() for i in range(2)]
    for i in range(2):
        node.wait_stream(f"limits/cam-{i}")
    running = [Viewer(node.http, "/limits/cam-0.flv").wait_frames(1) for _ in range(5)]
    refused = Viewer(node.http, "/limits/cam-0.flv").wait_status(503)
    check(int(refused.response.header("Retry-After", "0")) >= 1, "no Retry-After for a viewer over the limit")
    running += [Viewer(node.http, "/limits/cam-1.flv", "ws").wait_frames(1) for _ in range(3)]
    Viewer(node.http, "/limits/cam-1.flv", "ws").wait_status(503)
    running[0].close()
    wait_until(lambda: len(node.sessions(kind="viewer")) == 7, "viewer's place is not given back")
    running[0] = Viewer(node.http, "/limits/cam-0.flv").wait_frames(1)
    for viewer in running:
        viewer.wait_more(5).check_ok()
    for publisher in publishers:
        publisher.stop()


main(scenario)
