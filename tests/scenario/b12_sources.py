# SPDX-License-Identifier: Apache-2.0
"""Sources come and go by the admin API, the command and reload, outlive a restart, and show no secret; a dead camera is a 503."""

import os
import signal
import stat

from lib import http
from lib.expect import check, equal, main
from lib.node import Node, command

CANARY = "canary-camera-0123"
URL = f"rtsp://viewer:{CANARY}@127.0.0.1:1/live?token={CANARY}"
SHOWN = "rtsp://***@127.0.0.1:1/live?token=***"
CONFIG = f"""
log: {{level: debug}}
stream: {{unknown_wait: 100ms}}
source: {{start_timeout: 300ms, retry_min: 60s}}
streams:
  "cams/fixed": {{source: "{URL}"}}
"""


def scenario():
    with Node(CONFIG) as node:
        admin = ["--admin", "http://%s:%d" % node.admin]
        seen = [adding(node, admin), dead_camera(node), by_reload(node)]
        node.stop()
        node.start_again()
        listed = {entry["name"]: entry for entry in node.api("/api/v1/sources")["sources"]}
        equal(sorted(listed), ["cams/added", "cams/fixed"], "sources after a restart")
        equal((listed["cams/added"]["origin"], listed["cams/added"]["on_demand"]), ("api", True), "the added one")
        admin = ["--admin", "http://%s:%d" % node.admin]
        equal(command("source", "remove", "cams/added", *admin).returncode, 0, "remove")
        equal(command("source", "remove", "cams/fixed", *admin).returncode, 1, "remove what the configuration has")
        seen += [str(node.api("/api/v1/streams")), command("source", "list", *admin).stdout, node.log_text(),
                 command("check", "--print", "--config", node.config_path).stdout]
        for text in seen:
            check(CANARY not in text, f"a secret is shown: {text[max(0, text.find(CANARY) - 200):][:300]}")


def adding(node, admin):
    """By the command; kept in a file for the node alone; refused when it is wrong or configured."""
    done = command("source", "add", "cams/added", URL, "on_demand=true", *admin)
    equal(done.returncode, 0, f"add: {done.stderr}")
    path = os.path.join(node.folder, "state", "sources.yaml")
    equal(stat.S_IMODE(os.stat(path).st_mode), 0o600, "mode of the kept sources")
    entry = node.api("/api/v1/sources/cams/added")
    equal((entry["state"], entry["url"], entry["origin"]), ("idle", SHOWN, "api"), "the source")
    wrong = command("source", "add", "cams/added", URL.replace(":1/", ":0/"), *admin)
    check(wrong.returncode == 1 and "port" in wrong.stderr, f"a wrong URL: {wrong}")
    configured = command("source", "add", "cams/fixed", URL, *admin)
    check(configured.returncode == 1 and "409" in configured.stderr, f"a configured name: {configured}")
    return done.stdout + wrong.stderr + configured.stderr


def dead_camera(node):
    """Nobody listens there: a reason, a next try, and a 503 that says when."""
    node.wait_stream("cams/fixed", lambda entry: entry["source"]["last_error"])
    source = node.api("/api/v1/sources/cams/fixed")
    equal((source["state"], source["last_error"]["reason"]), ("waiting", "connect_failed"), "the source")
    check(0 < source["next_try_in_s"] <= 60, f"next try: {source}")
    response = http.get(node.http, "/cams/fixed.flv")
    equal(response.status, 503, "a viewer of a dead camera")
    check(5 < int(response.header("Retry-After")) <= 60, f"Retry-After: {response}")
    equal(http.get(node.http, "/cams/unknown.flv").status, 404, "an unknown name")
    return str(source)


def by_reload(node):
    """A new source appears and goes; the others are not touched."""
    before = node.api("/api/v1/sources/cams/fixed")["attempts"]
    node.configure(CONFIG + f'  "cams/more": {{source: "{URL}", on_demand: true}}\n')
    node.signal(signal.SIGHUP)
    node.wait_metric("config_reloads_total", lambda value: value == 1, result="ok")
    equal(node.api("/api/v1/sources/cams/more")["state"], "idle", "the new one")
    node.configure(CONFIG)
    node.signal(signal.SIGHUP)
    node.wait_metric("config_reloads_total", lambda value: value == 2, result="ok")
    equal(node.call("GET", "/api/v1/sources/cams/more").status, 404, "the one that went")
    equal(node.api("/api/v1/sources/cams/fixed")["attempts"], before, "attempts of another source")
    return node.log_text()


main(scenario)
