# SPDX-License-Identifier: Apache-2.0
"""Connections are kept for further requests, pipelined ones are answered in order, idle ones are closed."""

import time

from lib import http
from lib.expect import check, equal, main, within
from lib.node import Node

CONFIG = """
stream:
  unknown_wait: 50ms
http:
  idle_timeout: 1s
  header_timeout: 1s
"""


def scenario():
    with Node(CONFIG) as node:
        one_after_the_other(node)
        pipelined(node)
        versions(node)
        idle(node)


def ask(connection, target, **headers):
    """One request and its answer."""
    connection.request("GET", target, headers)
    return connection.read_response()


def one_after_the_other(node):
    """Twenty requests on one connection."""
    with http.Connection(node.http) as connection:
        for index in range(20):
            response = ask(connection, f"/keep/none-{index}")
            equal(response.status, 404, f"request {index} on one connection")
        response = ask(connection, "/keep/last", Connection="close")
        equal((response.header("Connection") or "").lower(), "close", "Connection header of the last answer")
        check(connection.is_closed(), "kept although the client said close")
    with http.Connection(node.admin) as connection:
        for target in ("/healthz", "/api/v1/node", "/metrics", "/api/v1/streams", "/nothing", "/healthz"):
            equal(ask(connection, target).status, 404 if target == "/nothing" else 200, f"{target} on one connection")


def pipelined(node):
    """Five requests in one segment: as many answers in their order, or fewer and a close."""
    requests = b"".join(b"GET /keep/none HTTP/1.1\r\nHost: a\r\nX-Correlation-ID: r%d\r\n\r\n" % i for i in range(5))
    data, closed = http.exchange(node.http, requests, 1.5)
    answered = [part.split(b"\r\n")[0].decode() for part in data.lower().split(b"x-correlation-id: ")[1:]]
    check(answered and answered == [f"r{i}" for i in range(len(answered))], f"order of pipelined answers: {answered}")
    check(closed or len(answered) == 5, f"{len(answered)} of 5 answers and no close")


def versions(node):
    """HTTP/1.0 closes by default; a 1.1 client that says nothing is kept."""
    with http.Connection(node.http) as connection:
        connection.send(b"GET /keep/none HTTP/1.0\r\n\r\n")
        equal(connection.read_response().status, 404, "HTTP/1.0")
        check(connection.is_closed(0.5), "an HTTP/1.0 connection was kept")


def idle(node):
    """An idle connection is closed after its time, a new one without a request too."""
    for first in (True, False):
        with http.Connection(node.http) as connection:
            if first:
                ask(connection, "/keep/none")
            started = time.monotonic()
            check(connection.is_closed(4), f"an idle connection was kept, after a request: {first}")
            if first:
                within(time.monotonic() - started, 0.7, 3, "seconds until an idle connection was closed")


main(scenario)
