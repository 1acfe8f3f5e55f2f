# SPDX-License-Identifier: Apache-2.0
"""A parser of the Prometheus text format, as far as the node uses it."""

import re

_SAMPLE = re.compile(r"^([a-zA-Z_:][a-zA-Z0-9_:]*)(?:\{(.*)\})? (\S+)$")
_LABEL = re.compile(r'([a-zA-Z_][a-zA-Z0-9_]*)="((?:[^"\\]|\\.)*)"(?:,|$)')
_ESCAPES = {"\\n": "\n", '\\"': '"', "\\\\": "\\"}

PREFIX = "sluice_"


class Metrics:
    """One scrape. Names are given without the common prefix."""

    def __init__(self, text):
        self.text = text
        self.types = {}
        self.helps = {}
        self.samples = []  # (name, labels, value)
        self.errors = []
        for line in text.splitlines():
            self._take(line)

    def _take(self, line):
        if not line:
            return
        if line.startswith("# TYPE "):
            _, _, name, kind = line.split(" ", 3)
            self.types[name] = kind
            return
        if line.startswith("# HELP "):
            parts = line.split(" ", 3)
            self.helps[parts[2]] = parts[3] if len(parts) > 3 else ""
            return
        if line.startswith("#"):
            return
        match = _SAMPLE.match(line)
        if not match:
            self.errors.append(line)
            return
        name, labels, value = match.groups()
        self.samples.append((name, self._labels(labels or "", line), float(value)))

    def _labels(self, text, line):
        labels, end = {}, 0
        for match in _LABEL.finditer(text):
            if match.start() != end:
                break
            end = match.end()
            labels[match.group(1)] = re.sub(r'\\[n"\\]', lambda m: _ESCAPES[m.group(0)], match.group(2))
        if end != len(text):
            self.errors.append(line)
        return labels

    def find(self, name, **labels):
        """Values of all samples of that name that carry these labels."""
        wanted = labels.items()
        return [value for sample, own, value in self.samples
                if sample == PREFIX + name and all(own.get(k) == v for k, v in wanted)]

    def value(self, name, **labels):
        """The sum over the samples that match; 0.0 when there are none."""
        return sum(self.find(name, **labels))

    def families(self):
        """Names that have a TYPE line."""
        return set(self.types)
