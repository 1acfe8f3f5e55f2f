# SPDX-License-Identifier: Apache-2.0
"""docs/metrics.md has every metric of /metrics with its type and labels, and none that the node does not have."""

import os
import re
import tempfile

from lib import tls
from lib.expect import check, equal, main
from lib.metrics import PREFIX
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "metrics.md")
_ROW = re.compile(r"^\| `(\w+)` \| (\w+) \| (.*?) ?\| (.+) \|$", re.M)
_LABEL = re.compile(r"`(\w+)`(?: \(([^)]*)\))?(?:, |$)")
_NAME = re.compile(rf"\b{PREFIX}\w+")


class Family:
    """One family: as the page has it, or as the node."""

    def __init__(self, kind, labels):
        self.kind = kind
        self.labels = labels  # {name: the set of its values, or None when the page leaves them open}


def scenario():
    with open(PAGE, encoding="utf-8") as file:
        text = file.read()
    documented = read_page(text)
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
        with Node(tls.config(tls.Certificate(folder, "one"))) as node:
            publisher = Publisher(node.rtmp, "cams/gate").open()
            publisher.push(1000)
            node.wait_stream("cams/gate")
            viewer = Viewer(node.http, "/cams/gate.flv").wait_frames(5)
            metrics = node.metrics()
            viewer.close()
            publisher.stop()
    exposed = read_scrape(metrics)
    equal(sorted(set(exposed) - set(documented)), [], "metrics that the page lacks")
    equal(sorted(set(documented) - set(exposed)), [], "metrics that only the page has")
    for name, family in exposed.items():
        same(name, family, documented[name])
    named_in_text = {name for name in _NAME.findall(text)}
    equal(sorted(named_in_text - set(exposed)), [], "names in the page's text that are no metrics")


def read_page(text):
    """{name: Family} from the rows of the page's tables."""
    families = {}
    for name, kind, labels, meaning in _ROW.findall(text):
        check(name not in families, f"{name} is there twice")
        check(meaning.endswith("."), f"{name} has no sentence")
        found = list(_LABEL.finditer(labels))
        equal("".join(match[0] for match in found), labels, f"labels of {name} that cannot be read")
        families[name] = Family(kind, {match[1]: set(re.findall(r"`([^`]+)`", match[2])) if match[2] else None
                                       for match in found})
    rows = len(re.findall(rf"^\| `?{PREFIX}\w+`? \| (?:counter|gauge|histogram)", text, re.M))
    equal(len(families), rows, "rows that can be read")
    return families


def read_scrape(metrics):
    """{name: Family} from a scrape; all of them have samples."""
    equal(metrics.errors, [], "lines that do not parse")
    families = {name: Family(kind, {}) for name, kind in metrics.types.items()}
    bare = set(families)
    for sample, labels, _ in metrics.samples:
        name = sample if sample in families else re.sub(r"_(bucket|sum|count)$", "", sample)
        check(name in families, f"{sample} is of no family")
        bare.discard(name)
        for label, value in labels.items():
            if label != "le" or families[name].kind != "histogram":
                families[name].labels.setdefault(label, set()).add(value)
    equal(sorted(bare), [], "families without samples")
    return families


def same(name, exposed, documented):
    """Type, labels and, where the page lists them, the labels' values."""
    equal(documented.kind, exposed.kind, f"type of {name}")
    equal(sorted(documented.labels), sorted(exposed.labels), f"labels of {name}")
    for label, values in documented.labels.items():
        if values is not None:
            equal(sorted(values), sorted(exposed.labels[label]), f"values of {label} of {name}")


main(scenario)
