# SPDX-License-Identifier: Apache-2.0
"""What the benchmark scripts share: programs on given cores, waiting, the machine, the command line and the lines that are printed."""

import argparse
import json
import os
import pathlib
import platform
import re
import resource
import select
import signal
import subprocess
import sys
import time


class Broken(Exception):
    """A run that cannot be measured; the message says why."""


def wait_for(condition, what, limit_s=10.0):
    """The first true value of condition(), asked 50 times a second; bounded."""
    end = time.monotonic() + limit_s
    while time.monotonic() < end:
        value = condition()
        if value:
            return value
        time.sleep(0.02)
    raise Broken(f"no {what} within {limit_s:g} s")


class Child:
    """A process on given cores. Its lines are kept; it is ended when the block is left."""

    def __init__(self, args, cores, stderr=None):
        self.args, self.cores, self.stderr = [str(a) for a in args], cores, stderr

    def __enter__(self):
        def prepare():
            os.sched_setaffinity(0, self.cores)
            soft, hard = resource.getrlimit(resource.RLIMIT_NOFILE)
            resource.setrlimit(resource.RLIMIT_NOFILE, (hard, hard))

        self.process = subprocess.Popen(self.args, bufsize=0, stdout=subprocess.PIPE,
                                        stderr=self.stderr, preexec_fn=prepare)
        return self

    def line(self, limit_s):
        """One line of its output, or Broken. All of them print a line at a time and flush it."""
        ready, _, _ = select.select([self.process.stdout], [], [], limit_s)
        text = self.process.stdout.readline().decode() if ready else ""
        if not text:
            raise Broken(f"{pathlib.Path(self.args[0]).name} said nothing (status {self.process.poll()})")
        return text

    def finish(self, limit_s=15.0):
        """Asks it to end; the rest of its output."""
        if self.process.poll() is None:
            self.process.send_signal(signal.SIGTERM)
        try:
            return self.process.communicate(timeout=limit_s)[0].decode()
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.communicate()[0].decode()

    def __exit__(self, *_):
        self.finish()


def machine():
    model = re.search(r"model name\s*: (.*)", pathlib.Path("/proc/cpuinfo").read_text())
    congestion = pathlib.Path("/proc/sys/net/ipv4/tcp_congestion_control").read_text().strip()
    return {"cpu": model[1] if model else platform.processor(), "cores": os.cpu_count(),
            "kernel": platform.release(), "tcp": congestion}


def build_of(folder):
    options = folder / "meson-info" / "intro-buildoptions.json"
    wanted = ("buildtype", "optimization", "b_lto", "b_sanitize")
    found = {o["name"]: o["value"] for o in json.loads(options.read_text()) if o["name"] in wanted}
    return " ".join(f"{name}={found[name]}" for name in wanted if name in found)


def busy_share(seconds=1.0):
    """Share of all cores that is in use now, 0 to 1; nothing of this benchmark runs meanwhile."""
    def read():
        numbers = [int(x) for x in pathlib.Path("/proc/stat").read_text().split("\n", 1)[0].split()[1:9]]
        return sum(numbers), numbers[3] + numbers[4]
    total, idle = read()
    time.sleep(seconds)
    total_after, idle_after = read()
    return 1 - (idle_after - idle) / max(1, total_after - total)


def numbers(text):
    """A list of numbers as an argument has it, with commas between."""
    return [float(x) if "." in x else int(x) for x in text.split(",")]


def arguments(about):
    """A parser with what every benchmark takes."""
    parser = argparse.ArgumentParser(description=about.splitlines()[0])
    parser.add_argument("--build", type=pathlib.Path, required=True, help="meson build directory, best of the release set-up")
    parser.add_argument("--node", type=pathlib.Path, help="sluice binary (default: the build's)")
    parser.add_argument("--node-cores", type=numbers, default=[0], help="cores of the node; one worker each")
    parser.add_argument("--load-cores", type=numbers, default=[1], help="cores of the load")
    parser.add_argument("--nice", type=int, default=0, help="priority of all programs; negative, with root, where others use the cores")
    parser.add_argument("--quick", action="store_true", help="one short run that shows that everything works")
    parser.add_argument("--out", type=pathlib.Path, help="also append the lines to this file")
    return parser


def parse(parser):
    options = parser.parse_args()
    options.build = options.build.resolve()
    options.node = options.node or options.build / "core" / "sluice"
    if options.nice:
        take_priority(options.nice)
    return options


def take_priority(nice):
    """Of this session against all others, where the kernel shares the cores out by sessions; else of its processes."""
    try:
        pathlib.Path("/proc/self/autogroup").write_text(str(nice))
    except OSError:
        os.nice(nice)


def circumstances(options, quiet):
    """What every line says of how it was measured; quiet is busy_share() from before the run."""
    return {"busy_before_pct": round(quiet * 100, 1), "load_average": round(os.getloadavg()[0], 1), "nice": options.nice,
            "node_cores": sorted(options.node_cores), "load_cores": sorted(options.load_cores),
            "build": build_of(options.build), "machine": machine()}


def now():
    return time.strftime("%Y-%m-%dT%H:%M:%SZ", time.gmtime())


def run_cases(cases, measure, out=None):
    """Prints a line for each case, and appends it to `out`; the script's exit status. measure(case) gives a dictionary."""
    failed = 0
    for case in cases:
        try:
            line = json.dumps(measure(case))
        except Broken as why:
            print(f"{case}: {why}", file=sys.stderr)
            failed += 1
            continue
        print(line, flush=True)
        if out:
            with out.open("a", encoding="utf-8") as file:
                file.write(line + "\n")
    return 1 if failed else 0
