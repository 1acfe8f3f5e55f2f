# SPDX-License-Identifier: Apache-2.0
"""A node under measurement: its ports are chosen by the system and read from its log."""

import json
import os
import pathlib
import re
import urllib.request

from support.harness import Broken, Child, wait_for


class Node(Child):
    """A node with one worker per core. Its configuration and log are in the folder."""

    def __init__(self, binary, folder, cores, config):
        self.folder = pathlib.Path(folder)
        self.config = self.folder / "sluice.yaml"
        self.config.write_text(config)
        self.log = (self.folder / "node.log").open("w+")
        super().__init__([binary, "run", "--config", self.config], cores, self.log)

    def ready(self):
        """Waits until it listens; sets http, rtmp and admin to the first address of each that it has."""
        fields = wait_for(self._ready_line, "ready node")
        for name in ("http", "rtmp", "admin"):
            value = fields.get(name) or [None]
            setattr(self, name, value[0] if isinstance(value, list) else re.split(r"[ ,]+", value)[0])

    def _ready_line(self):
        text = (self.folder / "node.log").read_text()
        if self.process.poll() is not None:
            raise Broken("the node ended: " + text[-500:])
        return next((json.loads(line) for line in text.splitlines() if "node ready" in line), None)

    def get(self, path):
        with urllib.request.urlopen(f"http://{self.admin}{path}", timeout=10) as answer:
            return answer.read().decode()

    def live_streams(self):
        """Names of the streams that are live, with how many tracks they have."""
        streams = json.loads(self.get("/api/v1/streams"))["streams"]
        return {stream["name"]: len(stream["tracks"]) for stream in streams if stream["state"] == "live"}

    def metrics(self):
        """Sample name (without labels; summed over them) to value."""
        found = {}
        for line in self.get("/metrics").splitlines():
            match = re.match(r"(sluice_\w+)(?:\{.*\})? ([-+.\deE]+)$", line)
            if match:
                found[match[1]] = found.get(match[1], 0.0) + float(match[2])
        return found

    def resident_bytes(self):
        fields = pathlib.Path(f"/proc/{self.process.pid}/statm").read_text().split()
        return int(fields[1]) * os.sysconf("SC_PAGESIZE")
