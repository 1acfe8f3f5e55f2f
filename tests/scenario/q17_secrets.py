# SPDX-License-Identifier: Apache-2.0
"""Passwords of cameras (demand 44): in URLs, in what is computed from them, in redirects. None is in log, API or metrics.

Logins that are right and wrong, Basic and Digest, user names and passwords with every kind of character, tokens in
queries; the log is at debug.
"""

import base64

from lib.camera import House, Plan
from lib.camera.family import CONFIG
from lib.expect import check, main, wait_until
from lib.node import Node, command
from lib.viewer import Viewer

CANARY = "Canary9PqZ"
USER = "Viewer7Xw"
BASIC = ["Basic realm=\"camera\""]
DIGEST = ["Digest realm=\"camera\", nonce=\"{nonce}\", qop=\"auth\""]


def login(password, challenges):
    """The auth of a plan."""
    return {"user": USER, "password": password, "challenges": challenges}


def scenario():
    with House() as house:
        good = house.add(Plan({"auth": login(CANARY, BASIC)}, "good"))
        plans = {
            "digest": (Plan({"auth": login(CANARY, DIGEST)}, "digest"), CANARY),
            "wrong": (Plan({"auth": login("other", DIGEST)}, "wrong"), CANARY),
            "basic_wrong": (Plan({"auth": login("other", BASIC)}, "basic_wrong"), CANARY),
            "moved": (Plan({"answers": {"DESCRIBE": {"status": 302, "headers": {"Location": good.url}}}}, "moved"), CANARY),
            "echo": (Plan({"answers": {"DESCRIBE": {"status": 400, "reason": f"no {CANARY} here", "body": CANARY}}}, "echo"), CANARY),
            "refuses": (Plan({"answers": {"OPTIONS": {"silent": True, "close": True}}}, "refuses"), CANARY),
        }
        config = CONFIG.format(limit=20) + f'  "q/good": {{ source: "{good.url}" }}\n'
        for name, (plan, password) in plans.items():
            camera = house.add(plan)
            url = f"rtsp://{USER}:{password}@{camera.address}/cam?token={CANARY}&channel=1"
            config += f'  "q/{name}": {{ source: "{url}" }}\n'
        config += f'  "q/escaped": {{ source: "rtsp://{USER}:%43anary9PqZ%40%2f@{good.address}/cam" }}\n'
        config += f'  "q/nowhere": {{ source: "rtsp://{USER}:{CANARY}@127.0.0.1:1/cam" }}\n'
        with Node("log: {level: debug}\n" + config) as node:
            Viewer(node.http, "/q/good.flv").wait_frames(20, timeout=15)
            wait_until(lambda: all(entry["last_error"] or entry["state"] == "playing"
                                   for entry in node.api("/api/v1/sources")["sources"]),
                       lambda: f"sources: {node.api('/api/v1/sources')}", 15)
            look(node)


def look(node):
    """Searches everything that the node shows."""
    shown = {"log": node.log_text()}
    for target in ("/api/v1/sources", "/api/v1/streams", "/api/v1/sessions", "/metrics", "/api/v1/sources/q/good"):
        shown[target] = node.call("GET", target).body.decode()
    done = command("check", "--print", "--config", node.config_path)
    shown["check --print"] = done.stdout + done.stderr
    needles = [CANARY, USER, base64.b64encode(f"{USER}:{CANARY}".encode()).decode(), "anary9"]
    for where, text in shown.items():
        for needle in needles:
            at = text.find(needle)
            check(at < 0, f"{needle!r} is in {where}: {text[max(0, at - 200):at + 60]}")


main(scenario)
