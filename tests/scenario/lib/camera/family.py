# SPDX-License-Identifier: Apache-2.0
"""A family of cameras against one node: all of them are its sources at once, each has a viewer, each is judged.

What "expect" of a plan may hold beside the members that judge.py knows: fails (it must never play), sessions
(so many may have played; 1 by default), setups (so many SETUPs exactly), schemes and failures (of the
authentication), transport (what the API says is in use), teardown (the session is torn down when the node stops).
"""

import os
import subprocess
import tempfile

from ..expect import Failure, check, equal, holds_for, skip, wait_until
from ..node import Node
from ..viewer import Viewer
from . import srtp
from .judge import Judge
from .plan import family as plans_of
from .server import House

CONFIG = """
source: {{ connect_timeout: 8s, media_timeout: 5s, retry_min: 200ms, retry_max: 1s, start_timeout: {limit}s,
  max_connecting_per_site: 1000 }}
streams:
"""


def stream_name(plan):
    """The stream of a camera."""
    return "q/" + plan.name.replace(".", "-")


def certificate(folder):
    """A self-signed certificate for localhost and its key, as paths."""
    paths = os.path.join(folder, "camera.crt"), os.path.join(folder, "camera.key")
    done = subprocess.run(["openssl", "req", "-x509", "-newkey", "ec", "-pkeyopt", "ec_paramgen_curve:P-256", "-nodes",
                           "-days", "2", "-subj", "/CN=localhost", "-keyout", paths[1], "-out", paths[0]],
                          capture_output=True, check=False)
    if done.returncode != 0:
        skip("openssl cannot make a certificate")
    return paths


def config_of(cameras, limit=20):
    """The node's config with these cameras as sources; `cameras` are (stream, camera, more settings)."""
    text = CONFIG.format(limit=limit)
    for stream, camera, more in cameras:
        settings = {"source": f'"{camera.url}"', **more}
        text += f'  "{stream}": {{ ' + ", ".join(f"{key}: {value}" for key, value in settings.items()) + " }\n"
    return text


def run(name, limit=20, only=None):
    """Runs a whole family; fails with a line for each camera that failed."""
    plans = [plan for plan in plans_of(name) if only is None or only in plan.name]
    check(plans, f"the family {name} has no data files")
    if any(plan.srtp for plan in plans) and not srtp.available():
        skip("libcrypto cannot be loaded")
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder, House() as house:
        keys = certificate(folder) if any(plan.scheme == "rtsps" for plan in plans) else None
        cameras = [house.add(plan, certificate=keys if plan.scheme == "rtsps" else None) for plan in plans]
        _play(plans, cameras, limit)


def _play(plans, cameras, limit):
    config = config_of([(stream_name(plan), camera, plan.config) for plan, camera in zip(plans, cameras)], limit)
    faults = []
    with Node(config) as node:
        viewers = [None if plan.expect.get("fails") else Viewer(node.http, f"/{stream_name(plan)}.flv") for plan in plans]
        judges = [viewer and Judge(plan, viewer) for plan, viewer in zip(plans, viewers)]
        try:
            wait_until(lambda: all(judge is None or judge.done() for judge in judges), "", limit)
        except Failure:
            pass  # what is missing is said below
        for plan, camera, judge in zip(plans, cameras, judges):
            _note(faults, plan, lambda: _check(node, plan, camera, judge))
        for viewer in viewers:
            if viewer:
                viewer.close()
        node.check_alive()
    for plan, camera in zip(plans, cameras):
        if plan.expect.get("teardown"):
            _note(faults, plan, lambda: equal(camera.ended[-1:], ["teardown"], "end of the session"))
    check(not faults, f"{len(faults)} of {len(plans)} cameras:\n" + "\n".join(faults))


def _note(faults, plan, judged):
    try:
        judged()
    except Exception as error:  # the other cameras are judged all the same
        faults.append(f"  {plan.name}: {error}")


def _check(node, plan, camera, judge):
    expect = plan.expect
    if expect.get("fails"):
        name = stream_name(plan)
        holds_for(lambda: source_entry(node, name)["state"] != "playing", f"{name} plays", 0.3)
        check(camera.requests, "the camera was never asked")
        return
    judge.check()
    check(1 <= camera.plays <= expect.get("sessions", 1), f"{camera.plays} sessions played; {camera.ended}")
    if "setups" in expect:
        equal(camera.asked.get("SETUP", 0), expect["setups"], "SETUPs")
    if "schemes" in expect:
        equal(sorted(camera.guard.schemes), sorted(expect["schemes"]), "schemes of authentication")
    if "failures" in expect:
        equal(camera.guard.failures, expect["failures"], "wrong credentials")
    if "transport" in expect:
        equal(source_entry(node, stream_name(plan)).get("transport"), expect["transport"], "transport in use")


def source_entry(node, stream):
    """The API's entry of a source."""
    return next((one for one in node.api("/api/v1/sources")["sources"] if one["name"] == stream), {})
