# SPDX-License-Identifier: Apache-2.0
"""Completion in bash offers what the command's own help names: every command and every option."""
import os
import re
import subprocess

from package_lib import ROOT, check, run
from lib.expect import equal, main
from lib.node import binary

SCRIPT = os.path.join(ROOT, "packaging", "completion", "sluice.bash")


def complete(*words):
    """What is offered for the last word."""
    program = ('source "$1"; shift; COMP_WORDS=("$@"); COMP_CWORD=$(($# - 1)); _sluice; '
               'printf "%s\\n" "${COMPREPLY[@]}"')
    environment = {**os.environ, "PATH": os.path.dirname(binary()) + ":" + os.environ["PATH"]}
    done = subprocess.run(["bash", "-c", program, "bash", SCRIPT, "sluice", *words], capture_output=True, text=True,
                          env=environment, check=True)
    return set(done.stdout.split())


def scenario():
    commands = set(re.findall(r"^  (\w+) ", run(binary(), "--help"), re.M))
    check(len(commands) >= 8, f"commands: {commands}")
    equal(complete(""), commands | {"--help", "--version"}, "commands")
    equal(complete("st"), {word for word in commands if word.startswith("st")}, "commands that begin with st")
    for command in sorted(commands - {"help"}):
        options = set(re.findall(r"(--[a-z]+)", run(binary(), command, "--help").split("Options:")[1]))
        offered = complete(command, "--")
        equal(offered, options, f"options of {command}")
    equal(complete("sessions", "--kind", ""), {"publisher", "source", "viewer"}, "kinds")
    equal(complete("kick", "--admin", "127.0.0.1:9", ""), {"--admin", "--config", "--json", "--help"},
          "without a node there is nothing more to offer")


main(scenario)
