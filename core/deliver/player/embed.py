#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a C++ source of the player's files, with their tags for caches.

Usage: embed.py PAGE SCRIPT STYLE OUTPUT
"""
import hashlib
import sys

NAMES = ("kPlayerPage", "kPlayerScript", "kPlayerStyle")


def literal(text):
    """A C++ string, one line of the file per line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    return "\n".join(f'    "{line}\\n"' for line in escaped.splitlines())


def main():
    *inputs, output = sys.argv[1:]
    parts = ["// Made by embed.py.\n#include \"deliver/player.h\"\n\nnamespace sluice::deliver {\n"]
    for name, path in zip(NAMES, inputs, strict=True):
        with open(path, encoding="utf-8") as file:
            text = file.read()
        digest = hashlib.sha256(text.encode()).hexdigest()[:16]
        parts.append(f'const PlayerAsset {name}{{\n{literal(text)},\n    "\\"{digest}\\""}};\n')
    parts.append("}  // namespace sluice::deliver\n")
    with open(output, "w", encoding="utf-8") as file:
        file.write("\n".join(parts))


main()
