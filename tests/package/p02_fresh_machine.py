# SPDX-License-Identifier: Apache-2.0
# runner: limit 600 s
"""On a fresh Debian the package installs, serves as its own user, ends cleanly, and purges without a trace."""
import json
import os
import re
import shutil
import signal
import socket
import subprocess

import package_lib
from package_lib import CLONE_NEWNS, check, run
from lib import ffmpeg
from lib.expect import equal, main, skip, wait_until

APT = ("apt-get", "-q", "-y", "--no-install-recommends")
URL = "http://127.0.0.1:8080/demo/gate.flv"


def scenario():
    package_lib.need_root()
    ffmpeg.need("debootstrap", "ffmpeg", "ffprobe", "ip")
    package_lib.unshare(CLONE_NEWNS)  # what is mounted below goes away with this process
    run("mount", "--make-rprivate", "/", allowed=(0, 32))  # 32: "/" is no mount point, as in a chroot
    machine = Machine(os.path.join(package_lib.packages(), "machine"))
    try:
        machine.install()
        package_lib.own_network()
        serve(machine)
        machine.purge()
        machine.install_again()
        machine.purge()
    finally:
        machine.remove()


def mirror():
    """Where this machine's own apt gets the release from, and the release's name."""
    with open("/etc/os-release", encoding="utf-8") as file:
        codename = re.search(r"^VERSION_CODENAME=(\w+)", file.read(), re.M)[1]
    listed = run("apt-get", "indextargets", "--format", "$(REPO_URI) $(RELEASE) $(ORIGIN)", "Created-By: Packages")
    for line in listed.splitlines():
        uri, release, origin = line.split(" ", 2)
        if release == codename and origin == "Debian":
            return uri, codename
    return skip("apt names no Debian mirror here")


class Machine:
    """A Debian base system in a folder. The base is made once and copied for each run."""

    def __init__(self, folder):
        self.base, self.root = folder + "-base", folder

    def chroot(self, *command, **more):
        return run("chroot", self.root, *command, env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "LC_ALL": "C.UTF-8",
                                                       "DEBIAN_FRONTEND": "noninteractive"}, **more)

    def make_base(self):
        if os.path.isdir(self.base):
            return
        uri, codename = mirror()
        shutil.rmtree(self.base + ".part", ignore_errors=True)
        run("debootstrap", "--variant=minbase", codename, self.base + ".part", uri, timeout=500)
        os.rename(self.base + ".part", self.base)

    def install(self):
        self.make_base()
        self.remove()
        run("cp", "-a", self.base, self.root)
        for path in ("/etc/resolv.conf", "/etc/hosts"):
            shutil.copy(path, self.root + path)
        shutil.copytree("/etc/apt/apt.conf.d", self.root + "/etc/apt/apt.conf.d", dirs_exist_ok=True)
        policy = self.root + "/usr/sbin/policy-rc.d"
        with open(policy, "w", encoding="utf-8") as file:
            file.write("#!/bin/sh\nexit 101\n")
        os.chmod(policy, 0o755)
        run("mount", "-t", "proc", "proc", self.root + "/proc")
        shutil.copy(package_lib.deb(), self.root + "/tmp/package.deb")
        self.chroot(*APT, "update")
        self.chroot(*APT, "install", "/tmp/package.deb", timeout=500)

    def install_again(self):
        self.chroot("dpkg", "-i", "/tmp/package.deb")
        equal(self.chroot("stat", "-c", "%U:%G %a", "/etc/sluice").strip(), "root:sluice 750", "/etc/sluice")

    def purge(self):
        """Nothing of ours stays, logs and the package manager's own notes aside."""
        self.chroot("dpkg", "--purge", "sluice")
        found = self.chroot("find", "/", "-xdev", "(", "-path", "/proc", "-o", "-path", "/var/log", "-o", "-path",
                            "/var/cache", "-o", "-path", "/var/lib/apt", ")", "-prune", "-o", "-iname", "*sluice*", "-print")
        equal(found.split(), [], "left behind by the purge")
        with open(self.root + "/etc/passwd", encoding="utf-8") as file:
            check("sluice" not in file.read(), "the user is still there")

    def remove(self):
        subprocess.run(["umount", self.root + "/proc"], stderr=subprocess.DEVNULL, check=False)
        if os.path.ismount(self.root + "/proc"):
            return
        shutil.rmtree(self.root, ignore_errors=True)


def serve(machine):
    """The node runs on its shipped configuration, as the unit would start it."""
    notify = socket.socket(socket.AF_UNIX, socket.SOCK_DGRAM)
    notify.bind(machine.root + "/run/notify.sock")
    os.chmod(machine.root + "/run/notify.sock", 0o777)
    notify.settimeout(20)
    log_path = os.path.join(package_lib.packages(), "machine.log")
    with open(log_path, "wb") as log:
        node = subprocess.Popen(["chroot", "--userspec=sluice:sluice", machine.root, "/usr/bin/sluice", "run"],
                                stdin=subprocess.DEVNULL, stdout=log, stderr=log,
                                env={"PATH": "/usr/sbin:/usr/bin:/sbin:/bin", "NOTIFY_SOCKET": "/run/notify.sock"})
    try:
        check(b"READY=1" in notify.recv(4096), "the node's first word to the service manager is not READY=1")
        check_process(node.pid)
        check_listening()
        play(machine)
        node.send_signal(signal.SIGTERM)
        equal(node.wait(20), 0, "exit code after SIGTERM")
    except BaseException:
        with open(log_path, encoding="utf-8", errors="replace") as log:
            print(log.read()[-4000:])
        raise
    finally:
        if node.poll() is None:
            node.kill()
            node.wait()
        notify.close()


def check_process(pid):
    """It runs as its own user, without any capability."""
    with open(f"/proc/{pid}/status", encoding="utf-8") as file:
        status = dict(line.rstrip("\n").split(":\t", 1) for line in file if ":\t" in line)
    check(set(status["Uid"].split()) != {"0"}, "the node runs as root")
    equal(int(status["CapEff"], 16), 0, "effective capabilities")


def check_listening():
    """A fresh install opens these ports and no other, the admin API on loopback only."""
    listening = set()
    for line in run("ss", "-Hltn").splitlines():
        listening.add(line.split()[3])
    equal(listening, {"*:8080", "*:1935", "*:8554", "127.0.0.1:9090"}, "listening sockets")


def play(machine):
    """A publisher comes, its picture plays, and the command finds both, for root and for anybody."""
    with ffmpeg.publish("rtmp://127.0.0.1:1935/demo/gate"):
        wait_until(lambda: '"live"' in machine.chroot("sluice", "streams", "--json"), "the stream is not live", 15)
        codecs = {stream["codec_name"] for stream in ffmpeg.probe(URL)[0]}
        equal(codecs, {"h264", "aac"}, "codecs")
        ffmpeg.play(URL, 2)
        node = json.loads(machine.chroot("setpriv", "--reuid=65534", "--clear-groups", "sluice", "status", "--json"))
        equal(node["state"], "ready", "state, as nobody sees it")
        check(machine.chroot("sluice", "check").endswith("good (1 file read)\n"), "sluice check")


main(scenario)
