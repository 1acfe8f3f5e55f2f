#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Prints "N passed, N failed, N skipped" for the log that `meson test` leaves behind.

Usage: count_meson.py TESTLOG.json
"""
import json
import sys

KINDS = {"OK": "passed", "EXPECTEDFAIL": "passed", "SKIP": "skipped"}


def main():
    counts = {"passed": 0, "failed": 0, "skipped": 0}
    try:
        with open(sys.argv[1], encoding="utf-8") as file:
            for line in file:
                counts[KINDS.get(json.loads(line)["result"], "failed")] += 1
    except FileNotFoundError:
        counts["failed"] += 1
    print(", ".join(f"{number} {what}" for what, number in counts.items()))


main()
