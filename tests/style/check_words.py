#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Small promises about the text of sources: licence line, no loose ends, no shell, no throw.

Usage: check_words.py ROOT
"""
import re
import sys

import source_tree

LICENCE = re.compile(r"\A(#![^\n]*\n)?(//|#|<!--|\.\\\"|;) ?SPDX-License-Identifier: Apache-2\.0")
CODE = source_tree.CPP + (".py", ".sh", ".build")
COMMENT_OR_STRING = re.compile(r'//[^\n]*|/\*.*?\*/|"(?:\\.|[^"\\\n])*"', re.S)

# (where, what is refused, why). Comments and strings of C++ are blanked for rules that say so.
EVERYWHERE = [
    (re.compile(r"\b(TODO|FIXME|XXX)\b(?!\(#\d+\))"), "a loose end needs an issue: write it as NAME(#12)"),
    (re.compile(r"[ \t]+$", re.M), "blanks at the end of a line"),
    (re.compile(r"^ *\t", re.M), "a tab"),
    (re.compile(r"\r"), "a carriage return"),
]
IN_CORE = [
    (re.compile(r"\bthrow\b"), "our code does not throw; return a base::Error"),
    (re.compile(r"\b(system|popen|execv?p?e?|execlp?e?|posix_spawnp?)\s*\("),
     "the product runs no commands"),
    (re.compile(r"\busing namespace\b"), "name what you use"),
    (re.compile(r"\b(s?rand|gets|strcpy|strcat|sprintf|vsprintf)\s*\("), "an unsafe function"),
    (re.compile(r"\buv_default_loop\b"), "a loop is passed in"),
]
# The words themselves stand in these.
ALLOWED = {"tests/style/check_words.py", "tests/style/self_test.py"}


def line_of(text, position):
    return text.count("\n", 0, position) + 1


def judge(path, text):
    if path.endswith(CODE) and not LICENCE.match(text):
        yield f"{path}:1: the first line is not the licence's SPDX line"
    if text and not text.endswith("\n"):
        yield f"{path}:{line_of(text, len(text))}: the last line has no end"
    for pattern, why in EVERYWHERE:
        for match in pattern.finditer(text):
            yield f"{path}:{line_of(text, match.start())}: {why}"
    if path.startswith("core/"):
        bare = COMMENT_OR_STRING.sub(lambda m: re.sub(r"[^\n]", " ", m[0]), text)
        for pattern, why in IN_CORE:
            for match in pattern.finditer(bare):
                yield f"{path}:{line_of(bare, match.start())}: {why}"


def main():
    root = sys.argv[1]
    problems, checked = [], 0
    for path in source_tree.files(root, CODE + (".md", ".txt", ".ini", ".yaml")):
        checked += 1
        if path not in ALLOWED:
            problems += judge(path, source_tree.read(root, path))
    source_tree.finish(problems, checked, "files")


main()
