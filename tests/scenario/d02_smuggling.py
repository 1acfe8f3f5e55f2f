# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 12, 33, 34: the table of ambiguous requests. Each bad one gets one error and a close; what follows is never parsed."""

from lib import http
from lib.expect import check, equal, main
from lib.node import Node
from lib.smuggling import BAD, FOLLOWER, GOOD

CONFIG = """
stream:
  unknown_wait: 20ms
"""


def scenario():
    check(len(BAD) >= 60, f"only {len(BAD)} rows")
    with Node(CONFIG) as node:
        for address in (node.http, node.admin):
            for what, request in BAD:
                refused(address, what, request + FOLLOWER)
            for what, request, answers in GOOD:
                taken(address, what, request + FOLLOWER, answers)
        cut_everywhere(node)
        node.check_alive()


def refused(address, what, data):
    """At most one answer, an error, and then the end of the connection."""
    answer, closed = http.exchange(address, data, 3)
    check(closed, f"{what}: the connection stays open after {answer[:80]!r}")
    codes = http.statuses(answer)
    check(len(codes) <= 1, f"{what}: {len(codes)} answers: {codes}")
    check(not codes or codes[0] in (400, 405, 408, 411, 413, 414, 417, 431, 501, 505), f"{what}: {codes}")


def taken(address, what, data, answers):
    """All answers, or fewer and a close; never one too many."""
    reply, closed = http.exchange(address, data, 0.2)
    codes = http.statuses(reply)
    check(1 <= len(codes) <= answers, f"{what}: answers {codes}")
    check(closed or len(codes) == answers, f"{what}: answers {codes} and no close")
    check(codes[0] in (404, 405), f"{what}: {codes}")


def cut_everywhere(node):
    """A request that arrives in two pieces, cut at each byte, is one request."""
    data = b"GET /table/row HTTP/1.1\r\nHost: localhost\r\nX-Y: z\r\nContent-Length: 3\r\n\r\nabc"
    for at in range(1, len(data)):
        with http.Connection(node.http) as connection:
            connection.send(data[:at])
            connection.send(data[at:])
            equal(connection.read_response().status, 404, f"request cut at byte {at}")


main(scenario)
