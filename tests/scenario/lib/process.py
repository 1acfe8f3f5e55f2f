# SPDX-License-Identifier: Apache-2.0
"""What the kernel knows of a process: memory, descriptors, threads, CPU time, listening sockets."""

import os
import re

_TICKS = os.sysconf("SC_CLK_TCK")


def status_kb(pid, key):
    """A field of /proc/PID/status that is given in kB."""
    with open(f"/proc/{pid}/status", encoding="ascii") as file:
        for line in file:
            if line.startswith(key + ":"):
                return int(line.split()[1])
    return 0


def rss_bytes(pid):
    """Resident memory that is the process's own: what files and shared mappings bring is left out, memfd is not."""
    return (status_kb(pid, "RssAnon") + status_kb(pid, "RssShmem")) * 1024


def threads(pid):
    """The number of threads."""
    return len(os.listdir(f"/proc/{pid}/task"))


def descriptors(pid):
    """The number of open descriptors."""
    return len(os.listdir(f"/proc/{pid}/fd"))


def cpu_seconds(pid):
    """User and system time so far."""
    with open(f"/proc/{pid}/stat", encoding="ascii") as file:
        fields = file.read().rsplit(")", 1)[1].split()
    return (int(fields[11]) + int(fields[12])) / _TICKS


def sockets(pid):
    """Inodes of the process's sockets."""
    inodes = set()
    for name in os.listdir(f"/proc/{pid}/fd"):
        try:
            match = re.match(r"socket:\[(\d+)\]", os.readlink(f"/proc/{pid}/fd/{name}"))
        except OSError:
            continue
        if match:
            inodes.add(match.group(1))
    return inodes


def listening(pid):
    """(address in hexadecimal, port) of the process's listening TCP sockets."""
    own, found = sockets(pid), set()
    for table in ("tcp", "tcp6"):
        with open(f"/proc/{pid}/net/{table}", encoding="ascii") as file:
            for line in list(file)[1:]:
                fields = line.split()
                if fields[3] == "0A" and fields[9] in own:
                    address, port = fields[1].rsplit(":", 1)
                    found.add((address, int(port, 16)))
    return found
