# SPDX-License-Identifier: Apache-2.0
"""The package holds what it should, lintian finds no error, and the unit is as closed as it can be."""
import os
import re
import tempfile

import package_lib
from package_lib import check, run
from lib.expect import equal, main

WANTED = {
    "usr/bin/sluice", "lib/systemd/system/sluice.service", "etc/sluice/sluice.yaml", "etc/sluice/conf.d/",
    "usr/share/man/man8/sluice.8.gz", "usr/share/man/man5/sluice.yaml.5.gz",
    "usr/share/bash-completion/completions/sluice", "usr/share/doc/sluice/copyright",
    "usr/share/doc/sluice/changelog.gz",
}
TOP = ("usr/bin/", "lib/systemd/system/", "etc/sluice/", "usr/share/man/", "usr/share/doc/sluice/",
       "usr/share/bash-completion/", "usr/share/lintian/")
EXPOSURE = 2.5


def scenario():
    package = package_lib.deb()
    check_contents(package)
    check_lintian(package)
    with tempfile.TemporaryDirectory() as folder:
        run("dpkg-deb", "-x", package, folder)
        check_unit(folder)
        check_manual(folder)
        check_sample(folder)


def check_contents(package):
    """Everything that is wanted is there, and nothing outside the places where a package of ours has business."""
    paths = set()
    for line in run("dpkg-deb", "-c", package).splitlines():
        mode, owner, *_, path = line.split(None, 5)
        path = path.removeprefix("./").split(" -> ")[0]
        paths.add(path)
        equal(owner, "root/root", f"owner of {path}")
        check("s" not in mode, f"{path} has a set-user bit: {mode}")
        check(path.endswith("/") or not path or path.startswith(TOP), f"unexpected file {path}")
    check(not WANTED - paths, f"missing: {sorted(WANTED - paths)}")
    equal(run("dpkg-deb", "-I", package, "conffiles").split(), ["/etc/sluice/sluice.yaml"], "conffiles")
    depends = run("dpkg-deb", "-f", package, "Depends")
    with_libraries = bool(os.environ.get("SLUICE_PLAYER_LIBRARIES"))
    with open(os.environ["SLUICE_BINARY"], "rb") as file:
        program = file.read()
    for library in ("hls", "mpegts"):
        equal(f"player/{library}.".encode() in program, with_libraries, f"{library} in the program")
    for library in ("libc6", "libfmt9", "libssl3", "libuv1", "libyaml-cpp0.7", "libcurl4"):
        check(library in depends, f"{library} is not among {depends}")


def check_lintian(package):
    """No errors; warnings are shown."""
    print(run("lintian", "--fail-on", "error", "--allow-root", package))


def check_unit(folder):
    """systemd finds no mistake in the unit and rates its exposure at or below the bound."""
    unit = os.path.join(folder, "lib/systemd/system/sluice.service")
    with open(unit, encoding="utf-8") as file:
        text = file.read()
    with open(unit, "w", encoding="utf-8") as file:
        file.write(text.replace("/usr/bin/sluice", os.path.join(folder, "usr/bin/sluice")))
    verified = run("systemd-analyze", "verify", "--man=no", unit)
    check("sluice.service" not in verified, f"systemd-analyze verify: {verified}")
    rated = run("systemd-analyze", "security", "--offline=true", f"--threshold={EXPOSURE * 10:.0f}", "--no-pager", unit,
                allowed=(0, 1))
    level = re.search(r"exposure level for sluice.service: ([\d.]+)", rated)
    check(level is not None, rated)
    print("exposure", level[1])
    check(float(level[1]) <= EXPOSURE, f"exposure {level[1]} is above {EXPOSURE}:\n{rated}")


def check_manual(folder):
    """Both pages render without a complaint."""
    for page in ("man8/sluice.8.gz", "man5/sluice.yaml.5.gz"):
        path = os.path.join(folder, "usr/share/man", page)
        complaints = run("sh", "-c", 'man --warnings -l "$1" 2>&1 >/dev/null', "sh", path,
                         env={**os.environ, "LC_ALL": "C.UTF-8", "MANWIDTH": "100"})
        equal(complaints, "", page)


def check_sample(folder):
    """The sample is a good configuration, and is what a node without one would do."""
    sluice = os.path.join(folder, "usr/bin/sluice")
    sample = os.path.join(folder, "etc/sluice/sluice.yaml")
    empty = os.path.join(folder, "empty.yaml")
    with open(empty, "w", encoding="utf-8") as file:
        file.write("{}\n")
    with_sample = run(sluice, "check", "--config", sample, "--print")
    equal(with_sample, run(sluice, "check", "--config", empty, "--print"), "the sample's values and the defaults")


main(scenario)
