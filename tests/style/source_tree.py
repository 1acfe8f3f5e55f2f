# SPDX-License-Identifier: Apache-2.0
"""What the style checks share: walking the sources, and the exit code and last line of a check."""
import os
import sys

TOP_FOLDERS = ("core", "include", "plugins", "tests", "bench", "packaging", "docs", "conf", ".ci")
CPP = (".cc", ".h", ".c")
SKIPPED_FOLDERS = {"__pycache__", "corpus", "fixtures", "results", "node_modules"}


def files(root, suffixes, folders=TOP_FOLDERS):
    """Paths relative to root, sorted, of the files with one of the suffixes."""
    found = []
    for folder in folders:
        for where, names, leaves in os.walk(os.path.join(root, folder)):
            names[:] = [n for n in names if n not in SKIPPED_FOLDERS and not n.startswith("build")]
            found += [os.path.relpath(os.path.join(where, leaf), root)
                      for leaf in leaves if leaf.endswith(suffixes)]
    return sorted(found)


def read(root, path):
    with open(os.path.join(root, path), encoding="utf-8", newline="") as file:
        return file.read()


def finish(problems, checked, what):
    """Prints the problems and exits: 0 when there are none and something was looked at."""
    for problem in problems:
        print(problem)
    print(f"{checked} {what} checked, {len(problems)} problems")
    sys.exit(1 if problems or not checked else 0)
