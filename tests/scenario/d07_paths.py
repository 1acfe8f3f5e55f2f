# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 9, 10, 11, 37 over HTTP and the API: spellings of paths reach no file, no admin page, and no page's script."""

import os
import shutil

from lib import ffmpeg, http, ws
from lib.expect import check, equal, leave_unjudged, main, wait_until
from lib.node import Node, sanitizer
from lib.publisher import Publisher

CONFIG = """
admin:
  token: "0123456789abcdef-canary"
stream:
  unknown_wait: 20ms
"""
TOKEN = "0123456789abcdef-canary"
CANARY = "the canary sings"

PARTS = ["../canary", "..%2fcanary", "%2e%2e/canary", "%2e%2e%2fcanary", "%252e%252e%252fcanary", "..\\canary", "..%5ccanary",
         "....//canary", "canary%00", "%00", ".hidden", "..", ".", "...", "%2e", "link", "/etc/passwd", "%2fetc%2fpasswd",
         "etc/passwd", "a%0d%0aX: y", "%ff", "%c0%ae%c0%ae/canary", "<script>alert(1)</script>", "%3Cimg%20onerror=x%3E",
         "a" * 255, "a" * 256, "a" * 4000, "a;b", "a%20b", "a+b%2f", "CON", "~root", "$(id)", "%n%s%x"]
PATTERNS = ["/{}/cam.flv", "/cams/{}.flv", "/cams/{}", "/{}", "/flv?server={}&camera=x", "/flv?server=x&camera={}",
            "/ws-flv?server=x&camera={}", "//{}", "/./{}", "/cams/../{}"]
ADMIN = ["/api/v1/streams", "/api/v1/streams/", "/api/v1//streams", "//api/v1/streams", "/./api/v1/streams",
         "/api/v1/../v1/streams", "/api/v1/x/../streams", "/%61pi/v1/streams", "/api%2fv1%2fstreams", "/API/v1/streams",
         "/api/v1/streams?x=/healthz", "/healthz/../api/v1/streams", "/healthz%2f..%2fapi/v1/streams", "/api/v1/streams;x",
         "/api/v1/streams%00", "/api/v1/streams#/healthz", "http://x/api/v1/streams",
         "/api/v1/sessions", "/api/v1/node", "/metrics", "/metrics/", "/api/v1/sessions/1-1"]


def scenario():
    with Node(CONFIG) as node:
        node.token = TOKEN
        with open(os.path.join(node.folder, "canary"), "w", encoding="ascii") as file:
            file.write(CANARY)
        os.symlink(os.path.join(node.folder, "canary"), os.path.join(node.folder, "state", "link"))
        publisher = Publisher(node.rtmp, "cams/gate").open().run()
        node.wait_stream("cams/gate")
        if shutil.which("strace") and not sanitizer():
            traced(node)
        else:
            leave_unjudged("system calls")
            ask_everything(node)
        admin_spellings(node)
        publisher.stop()


def traced(node):
    """The same with strace watching: no path of a request reaches the file system."""
    trace = os.path.join(node.folder, "strace.log")
    command = ["strace", "-f", "-e", "trace=%file", "-o", trace, "-p", str(node.pid)]
    with ffmpeg.Running(command) as tracer:
        wait_until(lambda: "attached" in tracer.output(), lambda: f"strace: {tracer.output()}", 10)
        ask_everything(node)
    with open(trace, encoding="utf-8", errors="replace") as file:
        touched = [line for line in file if "(" in line and "exited" not in line]
    equal(touched, [], "system calls with paths while requests came")


def ask_everything(node):
    """Every part in every place, over HTTP and as a WebSocket upgrade."""
    for pattern in PATTERNS:
        for part in PARTS:
            refused(node, pattern.format(part))


def refused(node, target):
    """An error that is JSON and quotes nothing back as markup."""
    upgrade = "".join(f"{name}: {value}\r\n" for name, value in ws.upgrade_headers().items())
    for head in ("Host: localhost\r\n", upgrade):
        data = f"GET {target} HTTP/1.1\r\n{head}Connection: close\r\n\r\n" if head == "Host: localhost\r\n" else \
            f"GET {target} HTTP/1.1\r\n{head}\r\n"
        with http.Connection(node.http) as connection:
            connection.send(data.encode("utf-8"))
            response = connection.read_response()
        check(response.status in (400, 404, 405, 414, 426), f"{target[:100]!r}: {response}")
        check(response.header("Content-Type", "").startswith("application/json"), f"{target[:100]!r}: {response}")
        equal(response.header("X-Content-Type-Options"), "nosniff", "nosniff")
        check(CANARY.encode() not in response.body, f"{target!r} shows the canary")
        check(b"<" not in response.body, f"{target!r} comes back as markup: {response.body}")
        check(response.header("X") is None, f"{target!r} made a header")


def admin_spellings(node):
    """No spelling of an admin path is answered without the token, and none of them by the public listener."""
    for target in ADMIN:
        for method in ("GET", "HEAD", "DELETE", "POST"):
            data = f"{method} {target} HTTP/1.1\r\nHost: localhost\r\nConnection: close\r\n\r\n".encode()
            for address in (node.admin, node.http):
                answer, _ = http.exchange(address, data, 2)
                code = int(answer.split(b" ")[1])
                check(code in (400, 401, 404, 405), f"{method} {target} without a token: {code}")
                check(b"cams/gate" not in answer and b"sluice_" not in answer, f"{method} {target} tells: {answer[:300]}")


main(scenario)
