# SPDX-License-Identifier: Apache-2.0
"""Real clients over TLS: openssl, curl and ffmpeg, TLS 1.2 and 1.3, certificates by name and by kind of key."""

import os
import re
import shutil
import subprocess
import tempfile

from lib import ffmpeg, tls
from lib.expect import check, equal, main
from lib.node import Node
from lib.viewer import Viewer


def scenario():
    ffmpeg.need("openssl", "curl", "ffmpeg")
    folder = tempfile.mkdtemp(prefix="sluice-scenario-")
    try:
        certificates = [tls.Certificate(folder, "a-rsa", ["a.example"], "rsa"), tls.Certificate(folder, "a-ec", ["a.example"]),
                        tls.Certificate(folder, "b-ec", ["*.b.example"])]
        with Node(tls.config(*certificates)) as node:
            openssl(node)
            streams(node, certificates[1].file, folder)
            strict(node, certificates)
    finally:
        shutil.rmtree(folder)


def s_client(address, *options):
    """What openssl s_client says about a connection: (exit code, whole output)."""
    done = subprocess.run(["openssl", "s_client", "-connect", "%s:%d" % address, *options], stdin=subprocess.DEVNULL,
                          capture_output=True, text=True, timeout=20, check=False)
    return done.returncode, done.stdout + done.stderr


def subject(address, *options):
    """The common name of the certificate that is shown."""
    code, text = s_client(address, *options)
    check(code == 0, f"s_client {options}: {text}")
    return re.search(r"subject=CN = (\S+)", text)[1]


def openssl(node):
    """Both versions, both listeners: names choose certificates, and kinds of keys do."""
    for address in (node.https, node.rtmps):
        for version, rsa in (("-tls1_2", "RSA-PSS+SHA256:RSA+SHA256"), ("-tls1_3", "RSA-PSS+SHA256")):
            equal(subject(address, version, "-servername", "a.example"), "a-ec", f"certificate by name, {version}")
            equal(subject(address, version, "-servername", "x.b.example"), "b-ec", f"certificate by star, {version}")
            equal(subject(address, version, "-noservername", "-sigalgs", rsa), "a-rsa", f"certificate for RSA only, {version}")
    for offered, chosen in (("http/1.1,h2", "h2"), ("http/1.1", "http/1.1")):
        code, text = s_client(node.https, "-alpn", offered)
        check(code == 0 and f"ALPN protocol: {chosen}" in text, text)
    for refused in (["-tls1_1", "-cipher", "DEFAULT:@SECLEVEL=0"], ["-tls1_2", "-cipher", "AES128-SHA"], ["-alpn", "h3"]):
        code, text = s_client(node.https, *refused)
        check(code != 0 and "alert" in text, f"{refused}: {text}")


def streams(node, authority, folder):
    """ffmpeg publishes by RTMPS; curl, ffmpeg and our own viewers play by HTTPS and WSS."""
    with ffmpeg.publish("rtmps://%s:%d/cams/gate" % node.rtmps) as publisher:
        node.wait_stream("cams/gate", lambda entry: len(entry["tracks"]) == 2, 20)
        viewers = [Viewer(node.https, "/cams/gate.flv", transport).wait_frames(20) for transport in ("http", "ws")]
        for viewer in viewers:
            viewer.check_ok()
        url = "https://a.example:%d/cams/gate.flv" % node.https[1]
        saved = os.path.join(folder, "saved.flv")
        done = subprocess.run(["curl", "-sS", "--cacert", authority, "--resolve", "a.example:%d:127.0.0.1" % node.https[1],
                               "--max-time", "2", "-o", saved, url], capture_output=True, text=True, timeout=20, check=False)
        check(done.returncode == 28, f"curl: {done.returncode} {done.stderr}")  # its own time limit
        check(os.path.getsize(saved) > 10_000, f"curl got {os.path.getsize(saved)} bytes")
        equal(ffmpeg.play("https://%s:%d/cams/gate.flv" % node.https, 2), "", "what ffmpeg warns about")
        publisher.interrupt()
        publisher.wait()


def strict(node, certificates):
    """Only TLS 1.3 from the next start on."""
    node.stop()
    node.configure(tls.config(*certificates, extra='  min_version: "1.3"\n'))
    node.start_again()
    code, text = s_client(node.https, "-tls1_2")
    check(code != 0 and "protocol version" in text, text)
    equal(subject(node.https, "-tls1_3", "-servername", "a.example"), "a-ec", "certificate by TLS 1.3")


main(scenario)
