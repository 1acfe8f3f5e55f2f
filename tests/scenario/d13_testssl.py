# SPDX-License-Identifier: Apache-2.0
"""testssl.sh finds no weak protocol, no weak cipher and no known vulnerability on the HTTPS listener."""

import json
import os
import shutil
import tempfile

from lib import ffmpeg, tls
from lib.expect import check, equal, full_size, main
from lib.node import Node

BAD = ("LOW", "MEDIUM", "HIGH", "CRITICAL", "FATAL")


def scenario():
    ffmpeg.need("openssl", "testssl")
    folder = tempfile.mkdtemp(prefix="sluice-scenario-")
    try:
        certificates = [tls.Certificate(folder, "ec"), tls.Certificate(folder, "rsa", kind="rsa")]
        with Node(tls.config(*certificates)) as node:
            report = os.path.join(folder, "report.json")
            # Protocols and ciphers; the list of known vulnerabilities takes half a minute more.
            judged = ["-p", "-s", "-U"] if full_size() else ["-p", "-s"]
            ffmpeg.run(["testssl", "--quiet", "--color", "0", "--fast", *judged, "--jsonfile", report,
                        "--nodns", "none", "https://127.0.0.1:%d" % node.https[1]], 120)
            with open(report, encoding="utf-8") as file:
                findings = {finding["id"]: finding for finding in json.load(file)}
    finally:
        shutil.rmtree(folder)
    for protocol, offered in (("SSLv2", False), ("SSLv3", False), ("TLS1", False), ("TLS1_1", False), ("TLS1_2", True),
                              ("TLS1_3", True)):
        equal("not offered" not in findings[protocol]["finding"], offered, f"{protocol}: {findings[protocol]}")
    bad = [finding for finding in findings.values() if finding["severity"] in BAD]
    equal(bad, [], "findings")
    check(len(findings) > 12, f"too few findings to judge by: {sorted(findings)}")


main(scenario)
