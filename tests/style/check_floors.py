#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Holds every #include against the floor plan and the fences in floors.txt.

Usage: check_floors.py ROOT
"""
import fnmatch
import os
import re
import sys

import source_tree

INCLUDE = re.compile(r'^\s*#\s*include\s*(["<])([^">]+)[">]', re.M)
C_HEADERS = {"stddef.h", "stdint.h"}


def load(path):
    floors, fences, source_only = {}, [], set()
    with open(path, encoding="utf-8") as file:
        for words in (line.split("#")[0].split() for line in file):
            if not words:
                continue
            if words[0] == "floor":
                floors.update({folder: int(words[1]) for folder in words[2:]})
            elif words[0] == "fence":
                fences.append((words[1], words[2:]))
            elif words[0] == "source-only":
                source_only.add(words[1])
            else:
                sys.exit(f"{path}: what is {words[0]}?")
    return floors, fences, source_only


def floor_of(path, floors):
    """The listed folder that a path relative to core/ lies in, the deepest first."""
    while path and path not in floors:
        path = os.path.dirname(path)
    return path or None


def judge_core(path, kind, header, floors):
    here = floor_of(path[len("core/"):], floors)
    if here is None:
        return f"{path.split('/')[1]} has no floor in floors.txt"
    there = floor_of(header, floors)
    if there is None or kind == "<":
        if kind == '"':
            return f'"{header}" is not named from core/'
        return None
    if there == here or floors[there] < floors[here]:
        return None
    return f"core/{here} may not include core/{there}"


def judge(path, kind, header, plan):
    floors, fences, source_only = plan
    if header in source_only and path.endswith(".h") and path.startswith("core/"):
        return f"{header} may be included by source files only"
    for prefix, owners in fences:
        if header.startswith(prefix) and path.startswith(("core/", "include/")):
            if not any(fnmatch.fnmatch(path, owner) for owner in owners):
                return f"<{header}> is fenced to {' '.join(owners)}"
    if path.startswith("core/"):
        return judge_core(path, kind, header, floors)
    if path.startswith("include/") and not header.startswith("sluice/") and header not in C_HEADERS:
        return "public headers include only <stddef.h>, <stdint.h> and each other"
    if path.startswith("plugins/") and floor_of(header, floors) and kind == '"':
        if not os.path.exists(os.path.join(os.path.dirname(path), header)):
            return f'plugins may not include "{header}"'
    return None


def main():
    root = sys.argv[1]
    plan = load(os.path.join(root, "tests/style/floors.txt"))
    problems, checked = [], 0
    for path in source_tree.files(root, source_tree.CPP, ("core", "include", "plugins")):
        checked += 1
        text = source_tree.read(root, path)
        for match in INCLUDE.finditer(text):
            complaint = judge(path, match[1], match[2], plan)
            if complaint:
                line = text.count("\n", 0, match.start(1)) + 1
                problems.append(f"{path}:{line}: {complaint}")
    source_tree.finish(problems, checked, "files")


main()
