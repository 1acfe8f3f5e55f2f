#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every C++ source against .clang-format. Versions of the formatter differ, so 19 it is.

Usage: check_format.py ROOT
To repair: clang-format-19 -i FILE
"""
import subprocess
import sys

import source_tree

FORMATTER = "clang-format-19"


def main():
    root = sys.argv[1]
    paths = source_tree.files(root, source_tree.CPP)
    problems = []
    if paths:
        run = subprocess.run([FORMATTER, "--dry-run", "-Werror", "--style=file", *paths], cwd=root,
                             stderr=subprocess.PIPE, text=True, check=False)
        problems = [line for line in run.stderr.splitlines() if "error:" in line]
        if run.returncode and not problems:
            problems = [run.stderr.strip() or f"{FORMATTER} exited with {run.returncode}"]
    source_tree.finish(problems, len(paths), "files")


main()
