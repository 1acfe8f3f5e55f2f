# SPDX-License-Identifier: Apache-2.0
"""What the benchmark scripts share: programs on given cores, waiting, and what is to be known of the machine."""

import json
import os
import pathlib
import platform
import re
import resource
import select
import signal
import subprocess
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
