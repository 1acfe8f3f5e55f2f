# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 39, 40: with a token every admin page but health asks for it; no cookie counts; CORS never has credentials."""

import json

from lib import http, process
from lib.expect import check, equal, main
from lib.node import Node, command

TOKEN = "correct-horse-battery"
CONFIG = f"""
admin:
  token: {TOKEN}
"""
PAGES = ["/metrics", "/api/v1/node", "/api/v1/streams", "/api/v1/sessions", "/api/v1/nothing", "/"]


def scenario():
    with Node(CONFIG) as node:
        pages(node)
        wrong_tokens(node)
        cross_site(node)
        commands(node)
        node.token = TOKEN
        only_what_is_configured(node)


def pages(node):
    """Health is free, everything else needs the token."""
    for page in ("/healthz", "/readyz"):
        equal(http.get(node.admin, page).status, 200, f"{page} without a token")
    for page in PAGES:
        response = http.get(node.admin, page)
        check(response.status in (401, 404) and (response.status == 401 or page in ("/", "/api/v1/nothing")),
              f"{page} without a token: {response}")
        if response.status == 401:
            check(response.header("WWW-Authenticate", "").startswith("Bearer"), f"{page}: {response}")
        equal(http.request(node.admin, "DELETE", "/api/v1/sessions/1-1").status, 401, "DELETE without a token")
    for page in PAGES[:4]:
        equal(node.call("GET", page, token=TOKEN).status, 200, f"{page} with the token")


def wrong_tokens(node):
    """Nearly right is wrong; neither a query, nor a cookie, nor Basic counts."""
    for value in (TOKEN[:-1], TOKEN + "x", TOKEN.upper(), "", " ", "x" * 5000, TOKEN + "\x00"):
        response = http.get(node.admin, "/api/v1/streams", {"Authorization": f"Bearer {value}"})
        check(response.status in (400, 401, 431), f"token {value[:30]!r}: {response}")
    for headers in ({"Authorization": TOKEN}, {"Authorization": f"Basic {TOKEN}"}, {"Cookie": f"token={TOKEN}"},
                    {"X-Token": TOKEN}):
        equal(http.get(node.admin, "/api/v1/streams", headers).status, 401, f"{headers}")
    for query in (f"?token={TOKEN}", f"?access_token={TOKEN}"):
        equal(http.get(node.admin, "/api/v1/streams" + query).status, 401, "token in the query")
    two = ("GET /api/v1/streams HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n"
           f"Authorization: Bearer x\r\nAuthorization: Bearer {TOKEN}\r\n\r\n")
    answer, _ = http.exchange(node.admin, two.encode())
    check(http.statuses(answer)[0] in (400, 401), f"two Authorization headers: {answer[:60]}")


def cross_site(node):
    """Another site's page: no credentials, and no preflight that allows a DELETE with a token."""
    origin = {"Origin": "https://evil.example"}
    for page in ("/healthz", "/api/v1/streams"):
        response = http.get(node.admin, page, {**origin, "Authorization": f"Bearer {TOKEN}"})
        equal(response.header("Access-Control-Allow-Credentials"), None, f"credentials on {page}")
        check(response.header("Access-Control-Allow-Origin") in (None, "*"), f"{page} echoes the origin: {response}")
        equal(response.header("Set-Cookie"), None, "a cookie")
    preflight = {**origin, "Access-Control-Request-Method": "DELETE", "Access-Control-Request-Headers": "authorization"}
    response = http.request(node.admin, "OPTIONS", "/api/v1/sessions/1-1", preflight)
    equal(response.header("Access-Control-Allow-Credentials"), None, "credentials in a preflight")


def commands(node):
    """The command asks with the token from the environment, and says clearly when it has none or a wrong one."""
    admin = ["--admin", "http://%s:%d" % node.admin]
    without = command("streams", *admin)
    check(without.returncode == 1 and "SLUICE_ADMIN_TOKEN" in without.stderr, f"streams without a token: {without}")
    done = command("streams", "--json", *admin, environment={"SLUICE_ADMIN_TOKEN": TOKEN})
    equal((done.returncode, json.loads(done.stdout)), (0, {"streams": []}), "streams with the token")
    wrong = command("streams", *admin, environment={"SLUICE_ADMIN_TOKEN": "wrong-wrong-wrong-wrong"})
    check(wrong.returncode == 1 and "wrong-wrong" not in wrong.stderr, f"streams with a wrong token: {wrong}")


def only_what_is_configured(node):
    """A port scan by the kernel's own tables: the node listens where it was told to, and nowhere else."""
    ports = {port for _, port in process.listening(node.pid)}
    equal(ports, {node.http[1], node.rtmp[1], node.rtsp[1], node.admin[1]}, "listening ports")
    equal({address for address, _ in process.listening(node.pid)}, {"0100007F"}, "listening addresses")


main(scenario)
