#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Refuses files, headers, functions and argument lists that grew too large.

Usage: check_size.py ROOT
A file that has a reason to be larger says so in a line "// size: <reason>" (or "# size: <reason>").
"""
import ast
import re
import sys

import source_tree

FILE_LINES = 800
HEADER_LINES = 250
FUNCTION_LINES = 80
ARGUMENTS = 5
EXEMPT = re.compile(r"^\s*(//|#) size: \S", re.M)
# Comments, raw strings, strings and characters; their newlines are kept.
NOISE = re.compile(r'//[^\n]*|/\*.*?\*/|R"(\w*)\(.*?\)\1"|"(?:\\.|[^"\\\n])*"|'
                   r"(?<![0-9a-fA-F])'(?:\\.|[^'\\\n])+'|^[ \t]*#(?:\\\n|[^\n])*", re.S | re.M)
CONTROL = re.compile(r"^(if|else|for|while|switch|do|try|catch|return)\b")
SCOPE = re.compile(r'^(inline\s+)?(namespace\b|extern\s*""?|TEST_SUITE\b)|\b(class|struct|union|enum)\b[^()]*$')
FUNCTION = re.compile(r"([\w~:]+|operator\s*\S+)\s*\((.*)\)[^()=]*(\)[^()]*)*$", re.S)


def blank(match):
    return re.sub(r"[^\n]", " ", match[0]) if match[0][0] in "/#" or match[0][0].isspace() \
        else '""' + "\n" * match[0].count("\n")


def top_level_commas(text):
    depth, commas = 0, 0
    for character in text:
        depth += character in "(<[{"
        depth -= character in ")>]}"
        commas += character == "," and depth == 0
    return commas


def parameters_of(head):
    """The text between the parentheses of the parameter list: the first balanced pair."""
    start = head.find("(")
    depth = 0
    for i in range(start, len(head)):
        depth += head[i] == "("
        depth -= head[i] == ")"
        if depth == 0:
            return head[start + 1:i]
    return ""


def functions(text):
    """(name, first line, last line, arguments) of each outermost function body."""
    text = NOISE.sub(blank, text)
    scopes, start, found = [], 0, []
    inside = None  # depth and data of the function that we are in
    for match in re.finditer(r"[{};]", text):
        position, character = match.start(), match[0]
        head = text[start:position].strip()
        if character == "{":
            if inside is None and "(" in head and not CONTROL.match(head) and not SCOPE.search(head) \
                    and FUNCTION.search(head):
                name = re.search(r"([\w~:]+)\s*\(", head)
                first = text.count("\n", 0, start + len(text[start:position]) - len(text[start:position].lstrip())) + 1
                arguments = parameters_of(head)
                inside = (len(scopes), name[1] if name else "?", first,
                          top_level_commas(arguments) + 1 if arguments.strip() else 0)
            scopes.append(position)
        elif character == "}" and scopes:
            scopes.pop()
            if inside and len(scopes) == inside[0]:
                found.append((inside[1], inside[2], text.count("\n", 0, position) + 1, inside[3]))
                inside = None
        start = position + 1
    return found


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.name, node.lineno, node.end_lineno, 0


def judge(path, text):
    lines = text.count("\n")
    limit = HEADER_LINES if path.endswith(".h") else FILE_LINES
    if lines > limit:
        yield f"{path}:1: {lines} lines, more than {limit}"
    if path.endswith((".sh", ".yaml", ".md")):
        return
    for name, first, last, arguments in (python_functions(text) if path.endswith(".py")
                                         else functions(text)):
        if last - first + 1 > FUNCTION_LINES:
            yield f"{path}:{first}: {name}: {last - first + 1} lines, more than {FUNCTION_LINES}"
        if arguments > ARGUMENTS and not name.startswith("TEST_CASE"):
            yield f"{path}:{first}: {name}: {arguments} arguments, more than {ARGUMENTS}; use a struct"


def main():
    root = sys.argv[1]
    problems, checked = [], 0
    for path in source_tree.files(root, source_tree.CPP + (".py",)):
        text = source_tree.read(root, path)
        checked += 1
        if not EXEMPT.search(text):
            problems += judge(path, text)
    source_tree.finish(problems, checked, "files")


main()
