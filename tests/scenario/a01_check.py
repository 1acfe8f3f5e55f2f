# SPDX-License-Identifier: Apache-2.0
"""sluice check finds every mistake in a config, says file:line:column, and names the nearest known key."""

import json
import os
import re
import tempfile

from lib.expect import check, equal, main
from lib.node import command

BAD = """\
node:
  id: x
  workerss: 2
listen:
  http: ["127.0.0.1:99999"]
  rtmp: "127.0.0.1:1935"
rtmp:
  stall_timeout: 15
  max_message_size: 8 apples
  chunk_size_out: 64
stream:
  publish: sometimes
  viewer_grace: -3s
streams:
  "no-slash": {publish: always}
  "../etc": {publish: always}
nonsense: true
"""
EXPECTED = [  # line, words that the message must hold
    (3, ["workerss", "workers"]),
    (5, ["99999"]),
    (8, ["15"]),
    (9, ["apples"]),
    (10, ["64"]),
    (12, ["sometimes", "refuse"]),
    (13, ["-3s"]),
    (15, ["no-slash"]),
    (16, ["etc"]),
    (17, ["nonsense"]),
]
BROKEN = [  # texts that are no configuration at all, each with words of the message
    ("tab", "node:\n\tid: x\n", []),
    ("open bracket", "node: {id: x\n", []),
    ("duplicate key", "node:\n  id: x\n  id: y\n", ["id"]),
    ("duplicate section", "log: {level: info}\nlog: {level: debug}\n", ["log"]),
    ("list for a map", "node: [1, 2]\n", ["node"]),
    ("scalar for the whole", "hello\n", []),
    ("map for a scalar", "node: {id: {a: b}}\n", ["id"]),
    ("not UTF-8", b"node: {id: \"\xff\xfe\"}\n", []),
    ("NUL", b"node: {id: \"a\0b\"}\n", []),
    ("deep", "[" * 100_000, []),
    ("deep map", "{a: " * 50_000, []),
    ("billion laughs", "a: &a [x,x,x,x,x,x,x,x,x]\n" + "".join(
        f"{chr(98 + i)}: &{chr(98 + i)} [{','.join(['*' + chr(97 + i)] * 9)}]\n" for i in range(9)), []),
    ("large", "# " + "x" * (2 << 20) + "\n", []),
]


def scenario():
    with tempfile.TemporaryDirectory() as folder:
        every_mistake(folder)
        for what, text, words in BROKEN:
            broken(folder, what, text, words)
        overlays(folder)
        good(folder)
        placeholders(folder)


def write(folder, name, text):
    """A file in the folder; returns its path."""
    path = os.path.join(folder, name)
    os.makedirs(os.path.dirname(path), exist_ok=True)
    with open(path, "wb") as file:
        file.write(text if isinstance(text, bytes) else text.encode())
    return path


def mistakes(done):
    """(file, line, column, text) of each error line that was printed."""
    found = []
    for line in (done.stdout + done.stderr).splitlines():
        match = re.match(r"^(.*?):(\d+):(\d+): error: (.*)$", line)
        if match:
            found.append((match[1], int(match[2]), int(match[3]), match[4]))
    return found


def every_mistake(folder):
    """All of them, at their lines."""
    path = write(folder, "bad.yaml", BAD)
    done = command("check", "--config", path)
    equal(done.returncode, 78, f"exit code of check ({done.stdout}{done.stderr})")
    found = mistakes(done)
    for line, words in EXPECTED:
        texts = [text for file, at, _, text in found if at == line and file == path]
        check(texts, f"nothing is said about line {line}: {done.stdout}{done.stderr}")
        check(any(all(word in text for word in words) for text in texts), f"line {line} should name {words}: {texts}")
    listed = json.loads(command("check", "--json", "--config", path).stdout)
    check(len(json.dumps(listed)) > 200, f"--json: {listed}")
    done = command("run", "--config", path)
    equal((done.returncode, len(mistakes(done))), (78, len(found)), "exit code and mistakes that run tells")


def broken(folder, what, text, words):
    """An error with a place, and no crash."""
    done = command("check", "--config", write(folder, "broken.yaml", text), timeout=10)
    equal(done.returncode, 78, f"exit code for {what} ({done.stdout[:300]}{done.stderr[:300]})")
    output = done.stdout + done.stderr
    check(output.strip() and all(word in output for word in words), f"{what}: {output[:300]}")
    check(len(output) < 100_000, f"{what}: {len(output)} bytes of messages")


def overlays(folder):
    """conf.d is read in order, mistakes in it name its file, and what is not YAML by name is left alone."""
    path = write(folder, "over/sluice.yaml", "node: {id: main}\n")
    write(folder, "over/conf.d/10-a.yaml", "node: {id: first}\nlog: {level: debug}\n")
    write(folder, "over/conf.d/20-b.yaml", "node: {id: second}\n")
    write(folder, "over/conf.d/notes.txt", "{{{{")
    done = command("check", "--print", "--config", path)
    equal(done.returncode, 0, f"exit code for overlays ({done.stderr})")
    check("second" in done.stdout and "debug" in done.stdout, f"--print: {done.stdout[:500]}")
    over = write(folder, "over/conf.d/30-c.yaml", "nodde: {}\n")
    found = mistakes(command("check", "--config", path))
    equal([(file, line) for file, line, _, _ in found], [(over, 1)], "place of a mistake in conf.d")
    check("node" in found[0][3], f"nearest key: {found}")


def good(folder):
    """The shipped defaults are right; a file that is not there is said."""
    equal(command("check", "--config", write(folder, "good.yaml", "{}\n")).returncode, 0, "an empty config")
    missing = command("check", "--config", os.path.join(folder, "missing.yaml"))
    check(missing.returncode != 0 and "missing.yaml" in missing.stdout + missing.stderr, f"missing file: {missing}")


def placeholders(folder):
    """docs/torture.md 40: no placeholder for a secret, no open admin address without one."""
    for token in ("changeme", "change-me", "secret", "password", "admin", "token", "short", "x" * 15):
        path = write(folder, "token.yaml", f"admin: {{token: {token}}}\n")
        equal(command("check", "--config", path).returncode, 78, f"token {token!r}")
    for address in ("0.0.0.0:9090", "[::]:9090", "192.0.2.1:9090"):
        path = write(folder, "open.yaml", f'listen: {{admin: ["{address}"]}}\n')
        equal(command("check", "--config", path).returncode, 78, f"admin on {address} without a token")
        path = write(folder, "open.yaml", f'listen: {{admin: ["{address}"]}}\nadmin: {{token: 0123456789abcdef}}\n')
        equal(command("check", "--config", path).returncode, 0, f"admin on {address} with a token")
    secret = write(folder, "secret", "from-a-file-0123456789\n")
    path = write(folder, "file.yaml", f'admin: {{token: "@{secret}"}}\n')
    done = command("check", "--print", "--config", path)
    check(done.returncode == 0 and "from-a-file" not in done.stdout + done.stderr, f"secret from a file: {done}")
    path = write(folder, "environment.yaml", 'admin: {token: "${SCENARIO_TOKEN}"}\n')
    done = command("check", "--print", "--config", path, environment={"SCENARIO_TOKEN": "from-the-environment-1"})
    check(done.returncode == 0 and "from-the" not in done.stdout + done.stderr, f"secret from the environment: {done}")
    equal(command("check", "--config", path).returncode, 78, "a secret from an environment that lacks it")


main(scenario)
