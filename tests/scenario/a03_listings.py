# SPDX-License-Identifier: Apache-2.0
"""status, streams and sessions show what runs, as text and as JSON; a name or id of a peer's never breaks a terminal."""

import json

from lib.expect import check, equal, main
from lib.node import Node, command
from lib.publisher import Publisher
from lib.viewer import Viewer


def scenario():
    with Node() as node:
        admin = ["--admin", "http://%s:%d" % node.admin]
        publisher = Publisher(node.rtmp, "cams/gate").open().run()
        node.wait_stream("cams/gate")
        evil = "\x1b[31mred\x07"
        viewer = Viewer(node.http, "/cams/gate.flv", headers={"User-Agent": "plain agent/1"}).wait_frames(5)
        publisher.send_metadata({"encoder": evil, "width": 1.0})
        text_and_json(admin)
        filters(admin)
        by_config(node)
        for name in ("streams", "sessions", "status"):
            check("\x1b" not in command(name, *admin).stdout, f"{name} prints a peer's control characters")
        viewer.close()
        publisher.stop()


def text_and_json(admin):
    """Each listing in both forms."""
    status = command("status", *admin)
    equal(status.returncode, 0, f"exit code of status ({status.stderr})")
    check("ready" in status.stdout, f"status: {status.stdout}")
    equal(json.loads(command("status", "--json", *admin).stdout)["state"], "ready", "state in --json")
    streams = command("streams", *admin)
    check(streams.returncode == 0 and "cams/gate" in streams.stdout, f"streams: {streams}")
    listed = json.loads(command("streams", "--json", *admin).stdout)
    equal([entry["name"] for entry in listed["streams"]], ["cams/gate"], "streams --json")
    one = command("streams", "cams/gate", *admin)
    check(one.returncode == 0 and "h264" in one.stdout and "aac" in one.stdout, f"streams NAME: {one}")
    check(command("streams", "cams/none", *admin).returncode != 0, "a stream that is not there")
    sessions = command("sessions", *admin)
    check(sessions.returncode == 0 and "http-flv" in sessions.stdout and "rtmp" in sessions.stdout, f"sessions: {sessions}")
    equal(len(json.loads(command("sessions", "--json", *admin).stdout)["sessions"]), 2, "sessions --json")


def filters(admin):
    """By kind and by stream."""
    for options, count in ((["--kind", "viewer"], 1), (["--kind", "publisher"], 1), (["--stream", "cams/gate"], 2),
                           (["--stream", "cams/none"], 0)):
        listed = json.loads(command("sessions", "--json", *options, *admin).stdout)
        equal(len(listed["sessions"]), count, f"sessions {options}")


def by_config(node):
    """Without --admin the address comes from the config file."""
    Node.write(node.overlay_path, 'listen: {admin: ["%s:%d"]}\n' % node.admin)
    done = command("status", "--config", node.config_path)
    equal(done.returncode, 0, f"status by config ({done.stderr})")


main(scenario)
