# SPDX-License-Identifier: Apache-2.0
"""What is wrong with a certificate is said with the place of its key; a reload takes good ones and refuses bad ones."""

import os
import re
import shutil
import signal
import ssl
import tempfile

from lib import http, tls
from lib.expect import check, equal, main
from lib.ffmpeg import need
from lib.node import Node, command


def scenario():
    need("openssl")
    folder = tempfile.mkdtemp(prefix="sluice-scenario-")
    try:
        checked(folder)
        reloaded(folder)
    finally:
        shutil.rmtree(folder)


def mistakes(folder, text):
    """What `sluice check` finds in a config: the exit code, and (line, column, severity, message) of each."""
    path = os.path.join(folder, "sluice.yaml")
    Node.write(path, text)
    done = command("check", "--config", path)
    found = re.findall(r"sluice\.yaml:(\d+):(\d+): (error|warning): (.*)", done.stderr)
    return done.returncode, [(int(line), int(column), severity, message) for line, column, severity, message in found]


def checked(folder):
    """Missing, unreadable, foreign, swapped and expired files."""
    one = tls.Certificate(folder, "one")
    two = tls.Certificate(folder, "two", kind="rsa")
    old = tls.Certificate(folder, "old", expired=True)
    head = 'listen:\n  https: ["127.0.0.1:0"]\n'

    def found(certificates, keys):
        return mistakes(folder, f"{head}tls:\n  certificates: [{certificates}]\n  keys: [{keys}]\n")

    equal(found(f"{one.file}, {two.file}", f"{one.key}, {two.key}"), (0, []), "two good certificates")
    cases = [
        (f"{folder}/none.pem", one.key, (4, 18, "error"), ["none.pem", "No such file"]),
        (one.file, f"{folder}/none.key", (5, 10, "error"), ["none.key", "No such file"]),
        (folder, one.key, (4, 18, "error"), ["regular file"]),
        (one.key, one.key, (4, 18, "error"), ["no certificate"]),
        (one.file, one.file, (5, 10, "error"), ["no private key"]),
        (one.file, two.key, (5, 10, "error"), ["does not belong"]),
        (one.file, '""', (4, 18, "error"), ["no private key", "no file is named"]),
        (old.file, old.key, (4, 18, "warning"), ["expired", "2020-02-01"]),
    ]
    for certificate, key, place, words in cases:
        code, problems = found(certificate, key)
        equal([problem[:3] for problem in problems], [place], f"place of {words}: {problems}")
        check(all(word in problems[0][3] for word in words), f"{words}: {problems}")
        equal(code, 78 if place[2] == "error" else 0, f"exit code: {problems}")
    with open(one.key, encoding="ascii") as file:
        secret = file.read().splitlines()[1]
    check(secret not in command("check", "--config", os.path.join(folder, "sluice.yaml"), "--print").stdout, "a key was shown")
    for text, line, words in ((head, 2, "needs a certificate"),
                              (f"tls:\n  certificates: [{one.file}]\n  keys: [{one.key}, {two.key}]\n", 3, "2 files for 1")):
        code, problems = mistakes(folder, text)
        check(code == 78 and len(problems) == 1 and problems[0][0] == line and words in problems[0][3], str(problems))


def shown(node, name="a.example"):
    """The fingerprint of the certificate that a new connection is shown."""
    connection = tls.connect(node.https.using(name=name))
    try:
        return ssl.DER_cert_to_PEM_cert(connection.getpeercert(binary_form=True))
    finally:
        connection.close()


def reload(node, result):
    """Reloads, and waits for the outcome."""
    before = node.metric("config_reloads_total", result=result)
    node.signal(signal.SIGHUP)
    node.wait_metric("config_reloads_total", lambda value: value == before + 1, result=result)


def reloaded(folder):
    """The files are read again; connections go on; a bad file changes nothing."""
    live = tls.Certificate(folder, "live")
    with Node(tls.config(live)) as node:
        (listed,) = node.api("/api/v1/node")["tls"]["certificates"]
        equal((listed["file"], listed["names"], listed["key"]), (live.file, ["a.example"], "EC"), "certificate in the API")
        kept = http.Connection(node.https)
        first = shown(node)
        renewed = tls.Certificate(folder, "renewed")
        shutil.copy(renewed.key, live.key)
        reload(node, "failed")
        equal(shown(node), first, "certificate after a reload with another one's key")
        check(any("does not belong" in entry["diagnostic"] for entry in node.logged("configuration")), node.log_tail())
        shutil.copy(renewed.file, live.file)
        reload(node, "ok")
        check(shown(node) != first, "the renewed certificate is not shown")
        kept.send(b"GET /nothing HTTP/1.1\r\nHost: a.example\r\n\r\n")
        equal(kept.read_response().status, 404, "an answer on the connection from before")
        expiry = node.metric("tls_certificate_expiry_timestamp_seconds", file=live.file)
        check(expiry > 1_700_000_000, f"expiry: {expiry}")
        kept.close()


main(scenario)
