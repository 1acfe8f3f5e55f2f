#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Compiles every header alone, so that none leans on what its includers happened to include.

Usage: check_headers.py ROOT STAMPS COMPILER [FLAG...]
A header that compiled is not compiled again until it, or anything it includes, changes: STAMPS is a
folder that keeps the compiler's dependency file of each success. Public headers are compiled twice,
as C11 and as C++20.
"""
import concurrent.futures
import os
import subprocess
import sys

import source_tree


def is_fresh(stamp):
    try:
        made = os.stat(stamp).st_mtime_ns
        with open(stamp, encoding="utf-8") as file:
            words = file.read().replace("\\\n", " ").split()[1:]
        return all(os.stat(word).st_mtime_ns < made for word in words)
    except OSError:
        return False


def compile_alone(job):
    command, unit, stamp = job
    if is_fresh(stamp):
        return ""
    pending = stamp + ".new"
    run = subprocess.run([*command, "-fsyntax-only", "-MD", "-MF", pending, "-MT", "x", unit],
                         stderr=subprocess.PIPE, text=True, check=False)
    if run.returncode:
        return run.stderr.strip()
    os.replace(pending, stamp)
    os.utime(stamp)
    return ""


def unit_of(stamps, header, language):
    name = header.replace("/", "_") + ".alone" + {"c": ".c", "c++": ".cc"}[language]
    path = os.path.join(stamps, name)
    included = header.split("/", 1)[1]
    text = f'#include "{included}"\n#include "{included}"\n'
    if not os.path.exists(path) or source_tree.read("", path) != text:
        with open(path, "w", encoding="utf-8") as file:
            file.write(text)
    return path


def jobs(root, stamps, compiler, flags):
    core = [*compiler, *flags, "-I", os.path.join(root, "core")]
    public = ["-I", os.path.join(root, "include"), "-Wall", "-Wextra", "-Werror"]
    for header in source_tree.files(root, (".h",), ("core",)):
        unit = unit_of(stamps, header, "c++")
        yield core, unit, unit + ".d"
    for header in source_tree.files(root, (".h",), ("include",)):
        for language, standard in (("c", "-std=c11"), ("c++", "-std=c++20")):
            unit = unit_of(stamps, header, language)
            yield [*compiler, *public, "-x", language, standard], unit, unit + ".d"


def main():
    root, stamps, compiler, flags = sys.argv[1], sys.argv[2], sys.argv[3].split(), sys.argv[4:]
    os.makedirs(stamps, exist_ok=True)
    with concurrent.futures.ThreadPoolExecutor(os.cpu_count()) as pool:
        complaints = list(pool.map(compile_alone, jobs(root, stamps, compiler, flags)))
    source_tree.finish([c for c in complaints if c], len(complaints), "headers")


main()
