#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Shows that each style check fails on what it is there to find: plants one violation at a time in a
small tree, and expects the check to pass without it and to fail, naming the file, with it.

Usage: self_test.py ROOT COMPILER
"""
import os
import shutil
import subprocess
import sys
import tempfile

HERE = os.path.dirname(os.path.abspath(__file__))
SPDX = "// SPDX-License-Identifier: Apache-2.0\n"
CLEAN = {
    "core/base/bytes.h": SPDX + "#pragma once\n",
    "core/wire/amf.h": SPDX + '#pragma once\n\n#include "base/bytes.h"\n',
    "core/wire/amf.cc": SPDX + '#include "wire/amf.h"\n',
    "core/base/json.h": SPDX + "#pragma once\n",
    "core/net/socket.h": SPDX + "#pragma once\n",
    "core/media/codec.h": SPDX + "#pragma once\n",
    "include/sluice/plugin.h": SPDX + "#pragma once\n\n#include <stdint.h>\n",
}
LONG_BODY = "  ++n;\n" * 80
# check: list of (file, text after the licence line)
PLANTED = {
    "floors": [
        ("core/wire/up.cc", '#include "net/socket.h"\n'),
        ("core/wire/sideways.cc", '#include "media/codec.h"\n'),
        ("core/wire/fence.cc", "#include <uv.h>\n"),
        ("core/wire/fence.h", "#include <fmt/format.h>\n"),
        ("core/wire/heavy.h", '#include "base/json.h"\n'),
        ("core/attic/old.cc", '#include "base/bytes.h"\n'),
        ("core/wire/relative.cc", '#include "amf.h"\n'),
        ("include/sluice/leaky.h", "#include <stdio.h>\n"),
        ("plugins/p/p.c", '#include "base/bytes.h"\n'),
    ],
    "size": [
        ("core/wire/long.cc", "int a;\n" * 801),
        ("core/wire/long.h", "int a;\n" * 251),
        ("core/wire/body.cc", "void f(int n) {\n" + LONG_BODY + "}\n"),
        ("core/wire/method.cc", "namespace a {\nint B::f(int n) const noexcept {\n" + LONG_BODY +
         "  return n;\n}\n}\n"),
        ("core/wire/many.cc", "void f(int a, int b, int c, int d, int e, int g) {}\n"),
        ("tests/long.py", "def f(n):\n" + "    n += 1\n" * 81),
    ],
    "format": [
        ("core/wire/ugly.cc", "int  a ;\n"),
    ],
    "headers": [
        ("core/wire/leaning.h", "#pragma once\nstd::string lean();\n"),
        ("core/wire/unguarded.h", "struct Twice {};\n"),
        ("include/sluice/not_c.h", "#pragma once\nclass A {};\n"),
    ],
    "words": [
        ("core/wire/loose.cc", "// TODO later\n"),
        ("core/wire/thrower.cc", "void f() { throw 1; }\n"),
        ("core/wire/shell.cc", 'int f() { return system("true"); }\n'),
        ("core/wire/tab.cc", "\tint a;\n"),
        ("core/wire/blank.cc", "int a; \n"),
        ("core/wire/endless.cc", "int a;"),
        ("core/wire/unlicensed.cc", None),
    ],
}


def plant(tree, path, text):
    path = os.path.join(tree, path)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "w", encoding="utf-8") as file:
        file.write(text)
    return path


def run(check, tree, compiler):
    more = [os.path.join(tree, "stamps"), compiler, "-std=c++20"] if check == "headers" else []
    return subprocess.run([sys.executable, os.path.join(HERE, f"check_{check}.py"), tree, *more],
                          stdout=subprocess.PIPE, stderr=subprocess.STDOUT, text=True, check=False)


def try_check(check, planted, tree, compiler):
    clean = run(check, tree, compiler)
    if clean.returncode != 0:
        yield f"check_{check}: fails on a clean tree:\n{clean.stdout}"
    for path, text in planted:
        licence = SPDX.replace("//", "#") if path.endswith(".py") else SPDX
        place = plant(tree, path, "int a;\n" if text is None else licence + text)
        found = run(check, tree, compiler)
        os.remove(place)
        if found.returncode == 0:
            yield f"check_{check}: does not see what is wrong in {path}"
        elif os.path.basename(path) not in found.stdout:
            yield f"check_{check}: fails on {path} without naming it:\n{found.stdout}"


def main():
    root, compiler = sys.argv[1], sys.argv[2]
    problems = []
    with tempfile.TemporaryDirectory() as tree:
        for path, text in CLEAN.items():
            plant(tree, path, text)
        os.makedirs(os.path.join(tree, "tests/style"))
        shutil.copy(os.path.join(root, "tests/style/floors.txt"), os.path.join(tree, "tests/style"))
        shutil.copy(os.path.join(root, ".clang-format"), tree)
        for check, planted in PLANTED.items():
            problems += try_check(check, planted, tree, compiler)
    for problem in problems:
        print(problem)
    planted = sum(len(rows) for rows in PLANTED.values())
    print(f"{planted} violations planted, {len(problems)} problems")
    sys.exit(1 if problems else 0)


main()
