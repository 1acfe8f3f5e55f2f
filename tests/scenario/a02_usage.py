# SPDX-License-Identifier: Apache-2.0
"""Help helps, usage errors end with 2, a bad config with 78, a taken port with 1; version and help print to stdout."""

import json
import os
import socket
import tempfile

from lib.expect import check, equal, main
from lib.node import Node, command

COMMANDS = ("run", "check", "status", "streams", "sessions", "kick", "source", "probe", "version")


def scenario():
    for arguments in (["--help"], ["help"]):
        done = command(*arguments)
        equal(done.returncode, 0, f"exit code of {arguments}")
        equal([name for name in COMMANDS if name not in done.stdout], [], "commands that help leaves out")
    for name in COMMANDS:
        done = command(name, "--help")
        check(done.returncode == 0 and name in done.stdout and len(done.stdout.splitlines()) > 3, f"{name} --help: {done}")
    done = command("version")
    check(done.returncode == 0 and any(c.isdigit() for c in done.stdout), f"version: {done}")
    check(json.loads(command("version", "--json").stdout), "version --json")
    misuse()
    nobody_there()
    port_taken()


def misuse():
    """Exit code 2, the reason on stderr, nothing on stdout."""
    for arguments in ([], ["stream"], ["bogus"], ["run", "--bogus"], ["run", "extra"], ["check", "--config"], ["kick"],
                      ["--bogus"], ["sessions", "--kind"]):
        done = command(*arguments)
        equal((done.returncode, done.stdout), (2, ""), f"exit code and stdout of {arguments} ({done.stderr})")
        check(done.stderr, f"{arguments} says nothing")
    check("streams" in command("streems").stderr, "the nearest command is not named")


def nobody_there():
    """Without a node: exit code 1 and a sentence."""
    with socket.socket() as closed:
        closed.bind(("127.0.0.1", 0))
        port = closed.getsockname()[1]
    for name in ("status", "streams", "sessions"):
        done = command(name, "--admin", f"http://127.0.0.1:{port}")
        equal(done.returncode, 1, f"{name} without a node")
        check(str(port) in done.stderr, f"{name}: {done.stderr}")


def port_taken():
    """A second node on the same ports ends with 1 and says so; the first one runs on."""
    with socket.socket() as taken, tempfile.TemporaryDirectory() as folder:
        taken.bind(("127.0.0.1", 0))
        taken.listen()
        path = os.path.join(folder, "sluice.yaml")
        listeners = ("http", "rtmp", "rtsp", "admin")
        for listener in listeners:
            others = "".join(f'  {name}: ["127.0.0.1:0"]\n' for name in listeners if name != listener)
            with open(path, "w", encoding="ascii") as file:
                file.write(f"node: {{state_dir: {folder}}}\nlisten:\n{others}"
                           f'  {listener}: ["127.0.0.1:{taken.getsockname()[1]}"]\n')
            done = command("run", "--config", path)
            equal(done.returncode, 1, f"exit code with a taken {listener} port ({done.stderr})")
            check(str(taken.getsockname()[1]) in done.stderr, f"the port is not named: {done.stderr}")
    with Node() as node:
        node.check_alive()


main(scenario)
