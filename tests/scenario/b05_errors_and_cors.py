# SPDX-License-Identifier: Apache-2.0
"""Errors are JSON with a correlation id; CORS headers are on every answer, without credentials; OPTIONS and HEAD work."""

import re

from lib import http
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher

CONFIG = """
stream:
  unknown_wait: 100ms
"""
ORIGIN = {"Origin": "https://player.example"}


def scenario():
    with Node(CONFIG) as node:
        publisher = Publisher(node.rtmp, "cams/gate").open()
        publisher.push(1000)
        node.wait_stream("cams/gate")
        for method, target, status in (("GET", "/cams/nobody.flv", 404), ("GET", "/nothing/here/at/all", 404),
                                       ("DELETE", "/cams/gate.flv", 405), ("PUT", "/cams/gate.flv", None)):
            check_error(node, method, target, status)
        check_options(node)
        check_head(node)
        check_correlation(node)
        publisher.stop()


def check_common(response, what):
    """What every answer carries."""
    equal(response.header("Access-Control-Allow-Origin"), "*", f"CORS on {what}")
    equal(response.header("Access-Control-Allow-Credentials"), None, f"credentials on {what}")
    check(response.header("X-Correlation-ID"), f"no correlation id on {what}")


def check_error(node, method, target, status):
    """An error's body, type and hardening headers."""
    response = http.request(node.http, method, target, ORIGIN)
    if status:
        equal(response.status, status, f"{method} {target}")
    check(response.status >= 400, f"{method} {target}: {response}")
    check_common(response, f"{method} {target}")
    check(response.header("Content-Type", "").startswith("application/json"), f"type of {response}")
    equal(response.header("X-Content-Type-Options"), "nosniff", "nosniff")
    equal(response.header("Referrer-Policy"), "no-referrer", "referrer policy")
    body = response.json()
    equal(sorted(body), ["code", "correlation_id", "message"], "keys of the error")
    equal(body["correlation_id"], response.header("X-Correlation-ID"), "correlation id in body and header")
    if response.status == 405:
        check("GET" in response.header("Allow", ""), f"Allow header: {response}")


def check_options(node):
    """A preflight is answered for any path."""
    headers = {**ORIGIN, "Access-Control-Request-Method": "GET", "Access-Control-Request-Headers": "authorization"}
    response = http.request(node.http, "OPTIONS", "/cams/gate.flv", headers)
    check(response.status in (200, 204), f"preflight: {response}")
    check_common(response, "OPTIONS")
    check("GET" in response.header("Access-Control-Allow-Methods", ""), f"preflight: {response}")
    check("authorization" in response.header("Access-Control-Allow-Headers", "").lower(), f"preflight: {response}")
    equal(http.request(node.http, "OPTIONS", "*").status in (200, 204), True, "OPTIONS *")


def check_head(node):
    """HEAD has the headers of GET and no body, on a connection that goes on."""
    with http.Connection(node.http) as connection:
        connection.request("HEAD", "/cams/gate.flv")
        response = connection.read_response(head_only=True)
        equal((response.status, response.header("Content-Type")), (200, "video/x-flv"), "HEAD of a stream")
        equal(connection.pending(), b"", "a body after HEAD")
        connection.request("HEAD", "/cams/nobody.flv")
        equal(connection.read_response(head_only=True).status, 404, "HEAD of an unknown stream, same connection")
        connection.request("GET", "/cams/nobody.flv")
        equal(connection.read_response().status, 404, "GET after HEAD, same connection")


def check_correlation(node):
    """A good id is taken over; a bad one is replaced."""
    response = http.get(node.http, "/cams/nobody.flv", {"X-Correlation-ID": "abc-123.X_y"})
    equal(response.header("X-Correlation-ID"), "abc-123.X_y", "a correlation id of the client's")
    for bad in ("a b", "x" * 65, "<script>", "a\tb"):
        made = http.get(node.http, "/cams/nobody.flv", {"X-Correlation-ID": bad}).header("X-Correlation-ID")
        check(made != bad and re.fullmatch(r"[A-Za-z0-9._-]{1,64}", made), f"id instead of {bad!r}: {made!r}")


main(scenario)
