# SPDX-License-Identifier: Apache-2.0
"""The node under test: started from $SLUICE_BINARY with its own config, watched through its log, API and metrics.

Every node gets a folder of its own, listens on free ports of 127.0.0.1, lets viewers wait 1 s (not 30) for a
publisher's return, and is stopped at the end of its `with`
block, where an exit code other than 0 or a sanitizer's report fails the scenario. When the scenario fails, the
folder (config and log) is kept below $SLUICE_ARTIFACTS.
"""

import json
import os
import re
import shutil
import signal
import subprocess
import tempfile

from . import http, process, tls
from .expect import Failure, check, scenario_name, skip, wait_until
from .metrics import Metrics

_BASE = """\
node:
  id: scenario
  state_dir: {folder}/state
  workers: {workers}
log:
  format: json
listen:
  http: ["127.0.0.1:0"]
  rtmp: ["127.0.0.1:0"]
  rtsp: ["127.0.0.1:0"]
  admin: ["127.0.0.1:0"]
stream:
  viewer_grace: 1s
"""
_TEXT_LINE = re.compile(r'^(\S+)\s+(debug|info|warning|error)\s+(.*?)((?: [a-z_]+=(?:"(?:[^"\\]|\\.)*"|\S*))*)$')
_TEXT_FIELD = re.compile(r' ([a-z_]+)=("(?:[^"\\]|\\.)*"|\S*)')


def binary():
    """The path of the node's executable."""
    path = os.environ.get("SLUICE_BINARY", "")
    if not path:
        skip("SLUICE_BINARY is not set")
    check(os.access(path, os.X_OK), f"SLUICE_BINARY is not executable: {path}")
    return os.path.abspath(path)


def sanitizer(path=None):
    """"address", "thread" or "" by the symbols in the executable; memory and speed are not judged with one."""
    with open(path or binary(), "rb") as file:
        image = file.read()
    if b"__tsan_init" in image:
        return "thread"
    return "address" if b"__asan_init" in image else ""


def parse_log_line(line):
    """A log line, JSON or text, as {"time", "level", "message", fields…}; None for foreign text."""
    if line.startswith("{"):
        try:
            return json.loads(line)
        except ValueError:
            return None
    match = _TEXT_LINE.match(line)
    if not match:
        return None
    time, level, message, fields = match.groups()
    entry = {"time": time, "level": level, "message": message}
    for key, value in _TEXT_FIELD.findall(fields):
        entry[key] = json.loads(value) if value.startswith('"') else value
    return entry


def _address(text):
    """The first host:port in a list of addresses as the log shows them."""
    host, port = re.split(r"[,\s]+", text.strip("[] "))[0].rsplit(":", 1)
    return host.strip("[]"), int(port)


class Node:
    """One node. `config` is YAML text that is laid over the base config (as conf.d/scenario.yaml)."""

    def __init__(self, config="", workers=2, arguments=(), prefix=(), environment=None, executable=None):
        self.executable = executable or binary()
        self.folder = tempfile.mkdtemp(prefix="sluice-scenario-")
        self.config_path = os.path.join(self.folder, "sluice.yaml")
        self.overlay_path = os.path.join(self.folder, "conf.d", "scenario.yaml")
        self.log_path = os.path.join(self.folder, "node.log")
        self.process = None
        self.http = self.rtmp = self.rtsp = self.admin = None  # (host, port)
        self.https = self.rtmps = self.rtsps = None  # tls.Address
        self.token = None
        self.expected_exit = 0
        self._arguments, self._prefix, self._environment = list(arguments), list(prefix), environment
        os.makedirs(os.path.join(self.folder, "conf.d"))
        os.makedirs(os.path.join(self.folder, "state"))
        self.write(self.config_path, _BASE.format(folder=self.folder, workers=workers))
        self.configure(config)

    @staticmethod
    def write(path, text):
        """Writes a file as an editor does: whole, by a rename."""
        with open(path + ".new", "w", encoding="utf-8") as file:
            file.write(text)
        os.rename(path + ".new", path)

    def configure(self, config):
        """Replaces the overlay; takes effect at the start or at a reload."""
        self.write(self.overlay_path, config or "{}\n")

    # Life.

    def __enter__(self):
        try:
            return self.start()
        except BaseException:
            self._give_up()
            raise

    def __exit__(self, kind, error, trace):
        try:
            if kind is None:
                self.stop()
        except BaseException:
            kind = Failure
            raise
        finally:
            if kind is not None:
                self._give_up()
            shutil.rmtree(self.folder, ignore_errors=True)

    def spawn(self):
        """Starts the process and does not wait for anything."""
        log = open(self.log_path, "ab")  # by us, so that the node may be another user's
        environment = {**os.environ, **(self._environment or {})}
        environment.setdefault("TSAN_OPTIONS", "halt_on_error=0 exitcode=66")
        environment.setdefault("ASAN_OPTIONS", "detect_leaks=1")
        environment.setdefault("UBSAN_OPTIONS", "print_stacktrace=1:halt_on_error=1")
        command = self._prefix + [self.executable, "run", "--config", self.config_path] + self._arguments
        self.process = subprocess.Popen(command, stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                        env=environment, cwd=self.folder)
        log.close()
        return self

    def start(self, timeout=20.0):
        """Starts the node and waits for its "node ready" line."""
        self.spawn()
        ready = wait_until(self._ready_or_gone, lambda: f"node is not ready:\n{self.log_tail()}", timeout)
        check(isinstance(ready, dict), f"node ended with {ready} before it was ready:\n{self.log_tail()}")
        self.http, self.rtmp, self.rtsp, self.admin = (_address(ready[key]) if ready.get(key) else None
                                                       for key in ("http", "rtmp", "rtsp", "admin"))
        self.https, self.rtmps, self.rtsps = (tls.Address(_address(ready[key])) if ready.get(key) else None
                                              for key in ("https", "rtmps", "rtsps"))
        return self

    def start_again(self):
        """After stop(): a new process with the same folder; the old log is kept beside the new one."""
        os.rename(self.log_path, self.log_path + ".before")
        return self.start()

    def _ready_or_gone(self):
        found = self.logged("node ready")
        if found:
            return found[-1]
        code = self.process.poll()
        return None if code is None else f"exit code {code}"

    @property
    def pid(self):
        """The node's process, also below a wrapper such as strace."""
        if not self._prefix:
            return self.process.pid
        children = f"/proc/{self.process.pid}/task/{self.process.pid}/children"
        with open(children, encoding="ascii") as file:
            found = file.read().split()
        return int(found[0]) if found else self.process.pid

    def signal(self, number):
        """Sends a signal to the node."""
        os.kill(self.pid, number)

    def wait_exit(self, timeout=20.0):
        """Waits for the end and returns the exit code."""
        return wait_until(lambda: None if self.process.poll() is None else (self.process.returncode,),
                          lambda: f"node did not end:\n{self.log_tail()}", timeout)[0]

    def stop(self, timeout=20.0):
        """SIGTERM; checks the exit code and that no sanitizer complained."""
        if self.process.poll() is None:
            self.signal(signal.SIGTERM)
        code = self.wait_exit(timeout)
        check(code == self.expected_exit, f"exit code: expected {self.expected_exit}, got {code}\n{self.log_tail()}")
        self.check_log_clean()

    def _give_up(self):
        """After a failure: ends the process and keeps what helps to understand."""
        if self.process and self.process.poll() is None:
            for pid in (self.pid, self.process.pid):  # a wrapper such as strace comes second
                try:
                    os.kill(pid, signal.SIGKILL)
                except ProcessLookupError:
                    pass
            self.process.wait(10)
        print(f"--- last lines of the node's log\n{self.log_tail()}\n---", flush=True)
        kept = os.environ.get("SLUICE_ARTIFACTS")
        if kept:
            target = os.path.join(kept, scenario_name(), os.path.basename(self.folder))
            shutil.copytree(self.folder, target, dirs_exist_ok=True)
            print(f"config and log are kept in {target}", flush=True)

    # Log.

    def log_text(self):
        """The whole log."""
        try:
            with open(self.log_path, encoding="utf-8", errors="replace") as file:
                return file.read()
        except FileNotFoundError:
            return ""

    def log_tail(self, lines=30):
        """The last lines of the log."""
        return "\n".join(self.log_text().splitlines()[-lines:])

    def logged(self, message, **fields):
        """Log entries with this message and these fields (compared as text)."""
        entries = [parse_log_line(line) for line in self.log_text().splitlines()]
        return [entry for entry in entries if entry and entry.get("message") == message and
                all(str(entry.get(key)) == str(value) for key, value in fields.items())]

    def wait_logged(self, message, timeout=10.0, count=1, **fields):
        """Waits until such a line was written; returns the last one."""
        return wait_until(lambda: len(self.logged(message, **fields)) >= count and self.logged(message, **fields),
                          lambda: f"log line {message!r} {fields}:\n{self.log_tail()}", timeout)[-1]

    def check_log_clean(self):
        """No sanitizer's report and no failed assertion."""
        for mark in ("Sanitizer", "runtime error:", "check failed", "terminate called"):
            if mark in self.log_text():
                at = self.log_text().index(mark)
                raise Failure(f"{mark!r} in the log:\n{self.log_text()[max(0, at - 200):at + 4000]}")

    # API and metrics.

    def call(self, method, target, timeout=5.0, token=None):
        """A request to the admin listener."""
        token = token or self.token
        headers = {"Authorization": f"Bearer {token}"} if token else {}
        return http.request(self.admin, method, target, headers, timeout=timeout)

    def api(self, target):
        """GET of an API page as JSON; anything but 200 fails."""
        response = self.call("GET", target)
        check(response.status == 200, f"GET {target}: {response}")
        return response.json()

    def metrics(self):
        """A scrape."""
        response = self.call("GET", "/metrics")
        check(response.status == 200, f"GET /metrics: {response}")
        return Metrics(response.body.decode())

    def metric(self, name, **labels):
        """One metric's value now, summed over what matches."""
        return self.metrics().value(name, **labels)

    def wait_metric(self, name, predicate, timeout=10.0, **labels):
        """Waits until predicate(value) holds; returns the value."""
        def look():
            value = self.metric(name, **labels)
            return (value,) if predicate(value) else None
        return wait_until(look, lambda: f"metric {name} {labels} is {self.metric(name, **labels)}", timeout)[0]

    def stream(self, name):
        """The API's entry of a stream, or None."""
        return next((entry for entry in self.api("/api/v1/streams")["streams"] if entry["name"] == name), None)

    def wait_stream(self, name, predicate=lambda entry: entry["state"] == "live", timeout=10.0):
        """Waits until a stream's entry fits, and returns it."""
        def look():
            entry = self.stream(name)
            return entry if entry and predicate(entry) else None
        return wait_until(look, lambda: f"stream {name}: {self.stream(name)}", timeout)

    def wait_no_stream(self, name, timeout=10.0):
        """Waits until a stream is gone."""
        wait_until(lambda: self.stream(name) is None, f"stream {name} is still there", timeout)

    def sessions(self, **fields):
        """The API's sessions with these fields."""
        return [entry for entry in self.api("/api/v1/sessions")["sessions"]
                if all(entry.get(key) == value for key, value in fields.items())]

    # The process.

    def rss(self):
        """Resident memory in bytes."""
        return process.rss_bytes(self.pid)

    def cpu(self):
        """CPU seconds so far."""
        return process.cpu_seconds(self.pid)

    def descriptors(self):
        """Open descriptors."""
        return process.descriptors(self.pid)

    def alive(self):
        """True while the process runs."""
        return self.process.poll() is None

    def check_alive(self):
        """Fails when the process has ended, and pings its health page."""
        check(self.alive(), f"node has ended with {self.process.poll()}:\n{self.log_tail()}")
        response = self.call("GET", "/healthz")
        check(response.status == 200, f"/healthz: {response}")


def command(*arguments, timeout=20.0, environment=None):
    """Runs the executable with these arguments; returns the finished process with text output."""
    return subprocess.run([binary(), *arguments], capture_output=True, text=True, timeout=timeout,
                          env={**os.environ, **(environment or {})}, check=False)
