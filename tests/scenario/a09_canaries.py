# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 43, 44, 51: planted secrets appear in no log at any level, no API page, no metric, no error and no config print."""

import signal

from lib import http
from lib.expect import check, equal, main
from lib.node import Node, command
from lib.publisher import Publisher, Refused
from lib.viewer import Viewer

ADMIN, PUBLISH, VIEW, HEADER, PASSWORD = ("canary-admin-0123456789", "canary-publish-0123", "canary-view-0123",
                                          "canary-header-0123", "canary-password-0123")
CANARIES = (ADMIN, PUBLISH, VIEW, HEADER, PASSWORD)
CONFIG = f"""
admin:
  token: {ADMIN}
stream:
  unknown_wait: 50ms
log:
  level: debug
"""


def scenario():
    with Node(CONFIG) as node:
        node.token = ADMIN
        seen = []
        publisher = Publisher(node.rtmp, "cams/gate", query=f"?access_token={PUBLISH}&user=x&pass={PASSWORD}").open().run()
        node.wait_stream("cams/gate")
        refused(node)
        viewers = [Viewer(node.http, f"/cams/gate.flv?access_token={VIEW}&sig={VIEW}", transport,
                          headers={"Authorization": f"Bearer {HEADER}", "Cookie": f"session={HEADER}",
                                   "Referer": f"https://a.example/?access_token={VIEW}"}).wait_frames(5)
                   for transport in ("http", "ws")]
        seen += pages(node) + errors(node)
        node.configure(CONFIG.replace(ADMIN, ADMIN + "-changed") + "  bogus: 1\n")
        node.signal(signal.SIGHUP)
        node.wait_metric("config_reloads_total", lambda value: value == 1, result="failed")
        node.configure(CONFIG.replace(ADMIN, ADMIN + "-changed"))
        node.signal(signal.SIGHUP)
        node.wait_metric("config_reloads_total", lambda value: value == 1, result="ok")
        node.configure(CONFIG)
        seen += commands(node)
        for viewer in viewers:
            viewer.close()
        publisher.stop()
        node.wait_logged("session ended", kind="publisher")
        node.stop()
        seen.append(("the log", node.log_text()))
        search(seen)


def refused(node):
    """Publishes that are turned away, with their tokens."""
    for stream in ("cams/gate", "cams/bad name"):
        try:
            Publisher(node.rtmp, stream, query=f"?access_token={PUBLISH}").open()
            check(False, f"{stream} was granted")
        except Refused:
            pass


def pages(node):
    """Every page of the admin listener."""
    found = []
    for page in ("/metrics", "/api/v1/node", "/api/v1/streams", "/api/v1/sessions", "/healthz", "/readyz"):
        response = node.call("GET", page)
        equal(response.status, 200, page)
        found.append((page, response.body.decode() + str(response.headers)))
    return found


def errors(node):
    """Error answers of both listeners."""
    found = []
    for address in (node.http, node.admin):
        for target in (f"/cams/none.flv?access_token={VIEW}", f"/{VIEW[:6]}?token={VIEW}", f"/cams/{'x' * 200}.flv?sig={VIEW}"):
            response = http.get(address, target, {"Authorization": f"Bearer {HEADER}", "Cookie": HEADER})
            found.append((f"GET {target}", response.body.decode() + str(response.headers)))
            equal(response.header("Referrer-Policy"), "no-referrer", "referrer policy")
    return found


def commands(node):
    """What the command prints, also about its own config."""
    admin = ["--admin", "http://%s:%d" % node.admin]
    runs = [("check", "--print", "--config", node.config_path), ("check", "--json", "--config", node.config_path),
            ("sessions", "--json", *admin), ("streams", "--json", *admin), ("status", *admin)]
    found = []
    for arguments in runs:
        done = command(*arguments, environment={"SLUICE_ADMIN_TOKEN": ADMIN})
        equal(done.returncode, 0, f"{arguments}: {done.stderr}")
        found.append((" ".join(arguments), done.stdout + done.stderr))
    return found


def search(seen):
    """No canary anywhere."""
    for where, text in seen:
        for canary in CANARIES:
            check(canary not in text, f"{canary} is shown by {where}: {text[max(0, text.find(canary) - 200):][:400]}")


main(scenario)
