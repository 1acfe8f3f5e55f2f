# SPDX-License-Identifier: Apache-2.0
"""The node tells the service manager that it is ready, alive and stopping, as Type=notify and WatchdogSec want it."""

import os
import signal
import socket
import tempfile

from lib.expect import check, equal, main, wait_until
from lib.node import Node


def scenario():
    with tempfile.TemporaryDirectory() as folder, socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM) as manager:
        path = os.path.join(folder, "notify")
        manager.bind(path)
        manager.setblocking(False)
        told = []
        environment = {"NOTIFY_SOCKET": path, "WATCHDOG_USEC": "400000"}
        with Node(environment=environment) as node:
            wait_until(lambda: take(manager, told) and any("READY=1" in text for text in told), lambda: f"told: {told}")
            check(not any("STOPPING=1" in text for text in told), f"told before the end: {told}")
            wait_until(lambda: take(manager, told) and told.count("WATCHDOG=1") >= 3, lambda: f"told: {told}")
            node.signal(signal.SIGTERM)
            equal(node.wait_exit(), 0, "exit code")
            take(manager, told)
            check(any("STOPPING=1" in text for text in told), f"told at the end: {told}")
        # A manager that is gone, or an address that is none, does not keep the node from running.
        for address in (path + "-gone", "@abstract-and-gone", "", "x" * 200):
            with Node(environment={"NOTIFY_SOCKET": address, "WATCHDOG_USEC": "nonsense"}) as node:
                node.check_alive()


def take(manager, told):
    """Reads the datagrams that are there; True, so that it can stand in a condition."""
    try:
        while True:
            told.append(manager.recv(4096).decode())
    except BlockingIOError:
        return True


main(scenario)
