# SPDX-License-Identifier: Apache-2.0
"""What the package tests share: the packages under test, running commands, a network of one's own."""
import ctypes
import glob
import os
import subprocess
import sys

HERE = os.path.dirname(os.path.abspath(__file__))
ROOT = os.path.dirname(os.path.dirname(HERE))
sys.path.insert(0, os.path.join(ROOT, "tests", "scenario"))

from lib.expect import Failure, check, skip  # noqa: E402  (found by the path above)

CLONE_NEWNS = 0x00020000
CLONE_NEWNET = 0x40000000


def packages():
    """The folder that packaging/build-deb filled."""
    folder = os.environ.get("SLUICE_PACKAGES", "")
    if not folder:
        skip("SLUICE_PACKAGES is not set")
    return folder


def deb():
    """The path of the package."""
    found = glob.glob(os.path.join(packages(), "sluice_*.deb"))
    check(len(found) == 1, f"expected one package, found {found}")
    return found[0]


def run(*command, timeout=300, allowed=(0,), **more):
    """Runs a command to its end and returns its output, errors included; other exit codes fail."""
    done = subprocess.run(command, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                          text=True, errors="replace", timeout=timeout, check=False, **more)
    if done.returncode not in allowed:
        raise Failure(f"{' '.join(command)} exited with {done.returncode}:\n{done.stdout[-4000:]}")
    return done.stdout


def unshare(flags):
    """Puts this process into namespaces of its own; skips where the kernel has none."""
    libc = ctypes.CDLL(None, use_errno=True)
    if libc.unshare(flags) != 0:
        skip(f"missing kernel feature: unshare: {os.strerror(ctypes.get_errno())}")


def own_network():
    """From here on this process and its children have a loopback that nobody else uses."""
    unshare(CLONE_NEWNET)
    run("ip", "link", "set", "lo", "up")


def need_root():
    if os.geteuid() != 0:
        skip("only root can make a chroot or a network of its own")
