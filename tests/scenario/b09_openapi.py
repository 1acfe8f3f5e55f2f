# SPDX-License-Identifier: Apache-2.0
"""docs/openapi.json is what the admin listener does: every route, every answer, every member, no more and no less."""

import os
import re
import signal
import tempfile

from lib import http, media, rtmp, tls
from lib.expect import check, equal, main, wait_until
from lib.node import Node
from lib.openapi import BadDocument, Document
from lib.publisher import Publisher
from lib.viewer import Viewer

ROOT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..")
TOKEN = "correct-horse-battery"
CONFIG = """
node: {drain_timeout: 5s}
stream: {viewer_grace: 5s}
"""
OPTIONAL = {"codec_string"}  # all others are in every answer
DOOR = "/api/v1/sources/cams/door"
ERROR = {"$ref": "#/components/schemas/Error"}
_ROUTE = re.compile(r'\b(router_\.)?add\(\s*(?:http::)?Method::(\w+),\s*"([^"]+)"')
_QUERY = re.compile(r'query\.find\("(\w+)"\)')


def scenario():
    document = Document(os.path.join(ROOT, "docs", "openapi.json"))
    validator_is_strict(document)
    well_written(document)
    same_routes(document)
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
        with Node(CONFIG + tls.config(tls.Certificate(folder, "one"))) as node:
            live(document, node)
            telephone(document, node)
            sources(document, node)
            refusals(document, node)
            draining(document, node)
    with Node(f"admin:\n  token: {TOKEN}\n") as node:
        tokens(document, node)
    missed = sorted(set(document.members()) - document.seen)
    equal(missed, [], "members that no answer had")


# The file.

def validator_is_strict(document):
    """The validator finds what it is there to find."""
    good = {"code": "not_found", "message": "no", "correlation_id": "a"}
    wrong = [{**good, "more": 1}, {"code": "x", "message": "no"}, {**good, "code": 404}, {**good, "message": ""},
             {**good, "correlation_id": "a b"}, [good], None]
    equal(document.problems(good, ERROR), [], "a good error")
    for value in wrong:
        check(document.problems(value, ERROR), f"the validator takes {value}")
    for value, schema in ((True, {"type": "integer"}), (1.0, {"type": "integer"}), (-1, {"minimum": 0}),
                          ([1, "a"], {"items": {"type": "integer"}}), ("c", {"enum": ["a", "b"]}),
                          (1, {"oneOf": [{"type": "integer"}, {"type": "number"}]}), (1, {"type": ["string", "null"]})):
        check(document.problems(value, schema), f"the validator takes {value!r} for {schema}")
    for schema in ({"typ": "integer"}, {"$ref": "#/components/schemas/Nothing"}, {"type": "int"}):
        try:
            document.problems(1, schema)
        except BadDocument:
            continue
        check(False, f"the validator takes the schema {schema}")
    document.seen.clear()


def well_written(document):
    """Every reference leads somewhere and everything is used; every member has a type and a sentence."""
    check(document.root["openapi"].startswith("3.1."), "not OpenAPI 3.1")
    references = document.references()
    for reference in references:
        document.at(reference)
    named = {f"#/components/{kind}/{name}" for kind, entries in document.root["components"].items()
             for name in entries if kind != "securitySchemes"}
    equal(sorted(named - references), [], "components that nothing refers to")
    for pointer, schema in document.members().items():
        check(set(schema) & {"type", "$ref", "anyOf", "oneOf"}, f"{pointer} has no type")
        check(schema.get("description", "").endswith("."), f"{pointer} has no sentence")
    for name, schema in document.root["components"]["schemas"].items():
        check(schema.get("description", "").endswith("."), f"schema {name} has no sentence")
        required, described = (set(schema.get(key, ())) for key in ("required", "properties"))
        equal(required - described, set(), f"members that {name} requires and does not describe")
        equal(described - required - OPTIONAL, set(), f"members that {name} does not require")


def same_routes(document):
    """The file has the routes of the source, with their parameters, and says which are free."""
    with open(os.path.join(ROOT, "core", "node", "admin_api.cc"), encoding="utf-8") as file:
        source = file.read()
    routes = _ROUTE.findall(source)
    check(len(routes) >= 7 and len(routes) == len(re.findall(r'\badd\([^;{]*?"/', source)), f"routes: {routes}")
    operations = document.operations()
    equal(sorted(operations), sorted((method.upper(), path) for _, method, path in routes), "routes")
    for free, method, path in routes:
        operation = operations[method.upper(), path]
        equal(operation.get("security") == [], bool(free), f"{path} is free")
        equal(sorted(document.parameters(operation, "path")), sorted(re.findall(r"{(\w+)}", path)), f"parameters of {path}")
    known = {name for operation in operations.values() for name in document.parameters(operation, "query")}
    equal(known, set(_QUERY.findall(source)), "parameters of queries")


# Answers.

def ask(document, node, route, status, target=None, headers=None, body=b""):
    """Asks, holds status, headers and body against the file, and returns the body. route: (method, path)."""
    method, path = route
    operation = document.operations()[route]
    response = node.call(method, target or path) if headers is None else \
        http.request(node.admin, method, target or path, headers, body)
    equal(response.status, status, f"{method} {target or path}")
    described = document.response(operation, status)
    check_headers(document, described, response)
    (kind, content), = described["content"].items()
    equal(response.header("Content-Type", "").split(";")[0], kind, f"type of {path}")
    body = response.body.decode() if kind == "text/plain" else response.json()
    equal(document.problems(body, content["schema"]), [], f"{method} {target or path} with {status}")
    return body


def check_headers(document, described, response):
    """The headers that the file promises, and those that its introduction promises of every answer."""
    for name, header in described.get("headers", {}).items():
        header = document.resolved(header)
        check(response.header(name) is not None, f"no {name} in {response}")
        equal(document.problems(response.header(name), header["schema"]), [], name)
    equal(response.header("Cache-Control"), "no-store", "Cache-Control")
    equal(response.header("X-Content-Type-Options"), "nosniff", "X-Content-Type-Options")
    equal(response.header("Access-Control-Allow-Origin"), None, "CORS")


def ask_all(document, node):
    """Every GET; returns the bodies by path."""
    return {path: ask(document, node, (method, path), 200)
            for method, path in document.operations() if method == "GET" and "{" not in path}


def live(document, node):
    """Answers with nothing there, with a publisher, viewers and a mere connection, and with the publisher gone."""
    ask_all(document, node)
    publisher = Publisher(node.rtmp, "cams/gate").open().run()
    node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2)
    viewers = [Viewer(node.http, "/cams/gate.flv", transport, headers={"User-Agent": "scenario/1"}).wait_frames(5)
               for transport in ("http", "ws")]
    connection = rtmp.Connection(node.rtmp)
    wait_until(lambda: len(node.sessions()) == 4, "the sessions")
    bodies = ask_all(document, node)
    equal([entry["state"] for entry in bodies["/api/v1/streams"]["streams"]], ["live"], "streams")
    equal({(entry["kind"], entry["protocol"], entry["stream"]) for entry in bodies["/api/v1/sessions"]["sessions"]},
          {("publisher", "rtmp", "cams/gate"), ("viewer", "http-flv", "cams/gate"), ("viewer", "ws-flv", "cams/gate"),
           ("publisher", "rtmp", "")}, "sessions")
    sessions = ("GET", "/api/v1/sessions")
    equal(len(ask(document, node, sessions, 200, "/api/v1/sessions?stream=cams/gate")["sessions"]), 3, "of the stream")
    equal(ask(document, node, sessions, 200, "/api/v1/sessions?stream=cams/x&y=z")["sessions"], [], "of another")
    kick(document, node)
    connection.close()
    publisher.stop()
    node.wait_stream("cams/gate", lambda entry: entry["state"] == "waiting")
    (waiting,) = ask_all(document, node)["/api/v1/streams"]["streams"]
    equal((waiting["publisher"], waiting["home_loop"]), (None, None), "publisher of a stream that waits")
    check(waiting["grace_left_s"] > 0, f"grace: {waiting}")
    for viewer in viewers:
        viewer.close()


class Telephone(media.Feed):
    """The sound is G.711."""

    def config(self):
        return super().config()[:1]

    def audio_body(self, number):
        return b"\x72" + b"\xd5" * 170


def telephone(document, node):
    """What is made in place of sound that players do not take."""
    publisher = Publisher(node.rtmp, "cams/phone", Telephone()).open()
    publisher.push(200)
    node.wait_stream("cams/phone", lambda entry: len(entry["tracks"]) == 2)
    streams = ask(document, node, ("GET", "/api/v1/streams"), 200)["streams"]
    (made,) = [entry["made_sound"] for entry in streams if entry["name"] == "cams/phone"]
    equal((made["from"], made["containers"], made["active"]), ("transcoder", ["fmp4", "ts"], False), "what is made")
    publisher.stop()


def kick(document, node):
    """DELETE of a session, then of one that is not there."""
    route = ("DELETE", "/api/v1/sessions/{id}")
    session = node.sessions(protocol="ws-flv")[0]["id"]
    equal(ask(document, node, route, 200, f"/api/v1/sessions/{session}"), {"kicked": session}, "answer to DELETE")
    node.wait_logged("session ended", session=session, reason="kicked")
    for unknown in (session, "1-ffff", "999-1", "0-1", "nonsense"):
        error = ask(document, node, route, 404, f"/api/v1/sessions/{unknown}")
        equal(error["code"], "not_found", f"code for {unknown}")


def sources(document, node):
    """PUT, GET and DELETE of sources; DOOR stays, and has failed."""
    path = "/api/v1/sources/{server}/{camera}"

    def send(method, status, target, body=b""):
        return ask(document, node, (method, path), status, target, {}, body)
    url = b'{"source": ["rtsp://u:p@127.0.0.1:9/1"], "on_demand": %s}'
    for target in (DOOR, "/api/v1/sources/cams/idle"):
        entry = send("PUT", 200, target, url % b"true")
        equal((entry["state"], entry["origin"], entry["urls"]), ("idle", "api", ["rtsp://***@127.0.0.1:9/1"]), "added")
    send("PUT", 200, DOOR, url % b"false")
    wait_until(lambda: send("GET", 200, DOOR)["last_error"], "a failed attempt")
    equal(send("GET", 404, "/api/v1/sources/cams/none")["code"], "not_found", "an unknown source")
    for method in ("GET", "PUT", "DELETE"):
        equal(send(method, 400, "/api/v1/sources/cams/.x")["code"], "bad_name", "a bad name")
    equal(send("PUT", 400, DOOR, b"[]")["code"], "bad_source", "a bad body")
    equal(send("DELETE", 200, "/api/v1/sources/cams/idle"), {"removed": "cams/idle"}, "answer to DELETE")
    equal(send("DELETE", 404, "/api/v1/sources/cams/idle")["code"], "not_found", "removed twice")
    listed = ask(document, node, ("GET", "/api/v1/sources"), 200)["sources"]
    equal([entry["name"] for entry in listed], ["cams/door"], "sources")
    streams = ask(document, node, ("GET", "/api/v1/streams"), 200)["streams"]
    equal({entry["name"]: entry["source"] is not None for entry in streams}["cams/door"], True, "the stream's source")


def concrete(path):
    """The path with something in its places."""
    return path.replace("{id}", "1-1").replace("{server}/{camera}", "cams/door")


def refusals(document, node):
    """What is refused whatever the path; HEAD and OPTIONS."""
    anything = ("GET", "/healthz")
    host = {"Host": "rebound.example", "Connection": "close"}
    for status, code, target, headers in (
            (404, "not_found", "/nothing", {}), (404, "not_found", "/api/v1/sessions/", {}),
            (400, "bad_request", "/healthz/%zz", {}), (421, "misdirected_request", "/healthz", host),
            (417, "expectation_failed", "/healthz", {"Expect": "x"}),
            (431, "header_too_large", "/healthz", {"X-Long": "x" * 20_000})):
        equal(ask(document, node, anything, status, target, headers)["code"], code, f"code of {target} {headers}")
    given = ask(document, node, anything, 404, "/nothing", {"X-Correlation-ID": "mine-1"})
    equal(given["correlation_id"], "mine-1", "correlation id")
    documented = document.operations()
    for method, path in documented:
        target = concrete(path)
        others = [name for name in ("GET", "POST", "PUT", "DELETE") if (name, path) not in documented]
        for other in others:
            response = node.call(other, target)
            equal((response.status, response.json()["code"]), (405, "method_not_allowed"), f"{other} {path}")
            equal(document.problems(response.json(), ERROR), [], f"{other} {path}")
            check(method in response.header("Allow", ""), f"Allow of {path}: {response}")
        response = node.call("OPTIONS", target)
        equal(response.status, 204, f"OPTIONS {path}")
        check(method in response.header("Allow", ""), f"Allow of {path}: {response}")
        if method == "GET":
            response = node.call("HEAD", target)
            equal((response.status, response.body), (200, b""), f"HEAD {path}")


def draining(document, node):
    """A request whose body is missing holds the node up for long enough to be asked whether it is ready."""
    with http.Connection(node.http) as holding:
        holding.send(b"POST / HTTP/1.1\r\nHost: localhost\r\nContent-Length: 1\r\nExpect: 100-continue\r\n\r\n")
        check(holding.socket.recv(1024).startswith(b"HTTP/1.1 100 "), "the request was not begun")
        node.signal(signal.SIGTERM)
        node.wait_logged("draining")
        equal(ask(document, node, ("GET", "/readyz"), 503), {"status": "draining"}, "readiness")
        equal(ask(document, node, ("GET", "/api/v1/node"), 200)["state"], "draining", "state")
        ask(document, node, ("GET", "/healthz"), 200)
    equal(node.wait_exit(), 0, "exit code")


def tokens(document, node):
    """With a token configured, what is not free wants it."""
    for (method, path), operation in document.operations().items():
        target = concrete(path)
        if operation.get("security") == []:
            ask(document, node, (method, path), 200)
            continue
        for headers in ({}, {"Authorization": "Bearer wrong-wrong-wrong-wrong"}, {"Authorization": f"Basic {TOKEN}"}):
            equal(ask(document, node, (method, path), 401, target, headers)["code"], "unauthorized", f"code of {path}")
        status = 400 if method == "PUT" else 404 if "{" in path else 200
        ask(document, node, (method, path), status, target, {"Authorization": f"Bearer {TOKEN}"})


main(scenario)
