#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Makes a C++ source of the player's files.

The scripts become one, in the order in which they are given: a page asks for one file, and no two of them can be of
different releases. A library becomes a module of its own under a name that changes with it, and is kept compressed.
"""
import argparse
import gzip
import hashlib
import json
import os
import re

IMPORT = re.compile(r"^import [^;]*? from '\./[^']*';\n", re.M)
EXPORT = re.compile(r"^export (?=(async |class|const|function))", re.M)
PLACE = "{{libraries}}"
BYTES_PER_LINE = 100
# What the libraries' wrappers look for; it makes a module of them, which leaves nothing behind in the page.
MODULE = "const module = {{ exports: {{}} }}, exports = module.exports;\n{code}\nexport default module.exports;\n"


def read(path):
    with open(path, encoding="utf-8") as file:
        return file.read()


def bundle(paths):
    """One script of several that import each other; only what the last one exports at its end is left of that."""
    return "\n".join(EXPORT.sub("", IMPORT.sub("", read(path))) for path in paths)


def text_literal(text):
    """A C++ string, one line of the file per line."""
    escaped = text.replace("\\", "\\\\").replace('"', '\\"').replace("?", "\\?")
    return "\n".join(f'    "{line}\\n"' for line in escaped.splitlines())


def bytes_literal(data):
    """The same of bytes. Three digits of octal end by themselves, whatever comes after them."""
    lines = (data[i:i + BYTES_PER_LINE] for i in range(0, len(data), BYTES_PER_LINE))
    return "\n".join('    "' + "".join(f"\\{byte:03o}" for byte in line) + '"' for line in lines)


def constant(name, text):
    return f"const std::string_view {name} =\n{text_literal(text)};\n"


class Library:
    """A library in the folder of its package, whose name and licence stand in front of its code."""

    def __init__(self, name, path):
        self.name = name
        with open(self._package_of(path), encoding="utf-8") as file:
            package = json.load(file)
        code = re.sub(r"^//# sourceMappingURL=.*\n?", "", read(path), flags=re.M)
        home = package["repository"]["url"].removeprefix("git+").removesuffix(".git")
        notice = f"/*! {package['name']} {package['version']}, {package['license']}, {home} */\n"
        module = (notice + MODULE.format(code=code)).encode()
        self.path = f"player/{name}.{hashlib.sha256(module).hexdigest()[:16]}.js"
        self.packed = gzip.compress(module, mtime=0)

    @staticmethod
    def _package_of(path):
        return os.path.join(os.path.dirname(os.path.dirname(path)), "package.json")

    def row(self):
        return f'    {{"/{self.path}", {{\n{bytes_literal(self.packed)},\n    {len(self.packed)}}}}},\n'


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--output", required=True)
    parser.add_argument("--page", required=True)
    parser.add_argument("--style", required=True)
    parser.add_argument("--library", action="append", default=[], metavar="NAME=FILE")
    parser.add_argument("scripts", nargs="+")
    given = parser.parse_args()
    libraries = [Library(*library.split("=", 1)) for library in given.library]
    places = json.dumps({library.name: library.path for library in libraries})
    parts = [
        "// Made by embed.py.\n#include \"deliver/player.h\"\n\n#include <array>\n\nnamespace sluice::deliver {\n",
        constant("kPlayerPage", read(given.page)),
        constant("kPlayerStyle", read(given.style)),
        constant("kPlayerScript", bundle(given.scripts).replace(PLACE, places)),
        f"static const std::array<PlayerLibrary, {len(libraries)}> kLibraries{{{{\n",
        *(library.row() for library in libraries),
        "}};\nconst std::span<const PlayerLibrary> kPlayerLibraries{kLibraries};\n\n}  // namespace sluice::deliver\n",
    ]
    with open(given.output, "w", encoding="utf-8") as file:
        file.write("".join(parts))


main()
