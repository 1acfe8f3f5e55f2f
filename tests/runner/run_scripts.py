#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Runs test scripts, several at once, each under a time limit, and counts how they ended.

Usage: run_scripts.py --binary FILE --logs FOLDER [--fallback FILE] [--jobs N] [--strict] [--partial] SCRIPT...

A script is one test: exit code 0 is passed, 77 is skipped with the reason on its last line, anything else is
failed. It finds the node in $SLUICE_BINARY. A script that skips with the first executable (a sanitizer's
build, where some things cannot be measured) is run again with the fallback. With --strict a skip counts as
failed unless its reason begins with "missing kernel feature". A script with a line "# runner: alone" gets
the machine for itself. With --partial a script that held in all that this build can judge has passed. The
last line is "N passed, N failed, N skipped".
"""
import argparse
import concurrent.futures
import os
import re
import signal
import subprocess
import sys
import time

SKIPPED = 77
ALONE = re.compile(r"^# runner: alone\b", re.M)
LIMIT = re.compile(r"^# runner: limit (\d+) s\b", re.M)
DEFAULT_LIMIT_S = 180
KERNEL = "missing kernel feature"
HELD = "all else held"


class Outcome:
    """How one script ended."""

    def __init__(self, code, output, seconds, note=""):
        self.code, self.output, self.seconds, self.note = code, output, seconds, note

    def reason(self):
        """Of a skip: what the script said last."""
        lines = [line for line in self.output.splitlines() if line.strip()]
        return re.sub(r"^.*?skipped: |\s*\(\d+\.\d s\)$", "", lines[-1]) if lines else "no reason given"


def run_once(script, binary, options):
    """Runs a script with one executable."""
    name = name_of(script)
    environment = {**os.environ, "SLUICE_BINARY": os.path.abspath(binary), "PYTHONDONTWRITEBYTECODE": "1",
                   "SLUICE_ARTIFACTS": os.path.join(options.logs, "artifacts")}
    with open(script, encoding="utf-8") as file:
        limit = LIMIT.search(file.read())
    limit_s = int(limit[1]) if limit else DEFAULT_LIMIT_S
    if os.environ.get("SLUICE_FULL", "") not in ("", "0"):
        limit_s = None
    started = time.monotonic()
    with open(os.path.join(options.logs, name + ".log"), "w+", encoding="utf-8", errors="replace") as log:
        process = subprocess.Popen([sys.executable, script], stdin=subprocess.DEVNULL, stdout=log,
                                   stderr=subprocess.STDOUT, env=environment, start_new_session=True)
        try:
            code = process.wait(limit_s)
        except subprocess.TimeoutExpired:
            code = None
        finally:
            end_group(process)
        log.seek(0)
        output = log.read()
    note = f"did not end within {limit_s} s" if code is None else ""
    return Outcome(1 if code is None else code, output, time.monotonic() - started, note)


def end_group(process):
    """Ends what the script left behind in its own process group."""
    try:
        os.killpg(process.pid, signal.SIGKILL)
    except ProcessLookupError:
        pass
    process.wait()


def run_script(script, options):
    """Runs a script, and again with the fallback when it skipped."""
    outcome = run_once(script, options.binary, options)
    if outcome.code == SKIPPED and options.fallback:
        outcome = run_once(script, options.fallback, options)
        outcome.note = outcome.note or "release build"
    if outcome.code == SKIPPED and options.partial and outcome.reason().startswith(HELD):
        outcome.code, outcome.note = 0, "in part"
    return outcome


def name_of(script):
    return os.path.splitext(os.path.basename(script))[0]


def tell(script, outcome, options, counts):
    """Prints one line about a script, and the end of its output when it failed; counts it."""
    name, note = name_of(script), f"; {outcome.note}" if outcome.note else ""
    if outcome.code == 0:
        counts["passed"] += 1
        print(f"ok      {name} ({outcome.seconds:.1f} s{note})", flush=True)
        return
    if outcome.code == SKIPPED:
        reason = outcome.reason()
        allowed = not options.strict or reason.startswith(KERNEL)
        counts["skipped" if allowed else "failed"] += 1
        print(f"{'skipped' if allowed else 'FAILED '} {name}: not run: {reason}", flush=True)
        return
    counts["failed"] += 1
    print(f"FAILED  {name} ({outcome.seconds:.1f} s{note}), the end of its output:", flush=True)
    for line in outcome.output.splitlines()[-options.tail:]:
        print(f"    | {line}", flush=True)


def is_alone(script):
    with open(script, encoding="utf-8") as file:
        return bool(ALONE.search(file.read()))


def parse():
    parser = argparse.ArgumentParser()
    parser.add_argument("--binary", required=True)
    parser.add_argument("--fallback")
    parser.add_argument("--logs", required=True)
    parser.add_argument("--jobs", type=int, default=os.cpu_count())
    parser.add_argument("--strict", action="store_true")
    parser.add_argument("--partial", action="store_true")
    parser.add_argument("--tail", type=int, default=40)
    parser.add_argument("scripts", nargs="+")
    return parser.parse_args()


def main():
    options = parse()
    os.makedirs(options.logs, exist_ok=True)
    options.logs = os.path.abspath(options.logs)
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    alone = [script for script in options.scripts if is_alone(script)]
    together = [script for script in options.scripts if script not in alone]
    for batch, jobs in ((together, max(1, options.jobs)), (alone, 1)):
        with concurrent.futures.ThreadPoolExecutor(jobs) as pool:
            running = {pool.submit(run_script, script, options): script for script in batch}
            for done in concurrent.futures.as_completed(running):
                tell(running[done], done.result(), options, counts)
    print(", ".join(f"{number} {what}" for what, number in counts.items()))
    sys.exit(1 if counts["failed"] or not counts["passed"] else 0)


main()
