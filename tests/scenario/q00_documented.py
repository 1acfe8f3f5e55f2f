# SPDX-License-Identifier: Apache-2.0
"""docs/quirks.md and the data files of cameras tell of each other: every file is in the table, every row's file is there."""

import json
import os
import re

from lib.camera import plan
from lib.expect import check, equal, main

PAGE = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "docs", "quirks.md")
LAST = 46
WITHOUT = {6, 24}  # of pushers, not of cameras that are read


def scenario():
    with open(PAGE, encoding="utf-8") as file:
        page = file.read()
    rows = {int(number): name for number, name in re.findall(r"^\| (\d+) \|[^|]*\| *(?:`([^`]+)`)? *\|", page, re.M)}
    equal(sorted(rows), list(range(1, LAST + 1)), "numbers of the table")
    equal({number for number, name in rows.items() if not name}, WITHOUT, "rows without a file")
    found = {}
    for path in plan.files():
        with open(path, encoding="utf-8") as file:
            data = json.load(file)
        name = os.path.splitext(os.path.basename(path))[0]
        check(data.get("about") and data.get("family"), f"{name} has no about or no family")
        check(f"`{name}`" in page, f"{name} is not in docs/quirks.md")
        check(plan.load(path), f"{name} has no camera")
        if "quirk" in data:
            found[data["quirk"]] = name
    equal(found, {number: name for number, name in rows.items() if name}, "files of the rows")


main(scenario)
