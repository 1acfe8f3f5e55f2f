# SPDX-License-Identifier: Apache-2.0
"""Session descriptions that break their grammar, and parameter sets in the wrong place. All of them play.

One node has all cameras of tests/scenario/cameras of the family "sdp" as sources at once.
"""

import sys

from lib.camera import family
from lib.expect import main

main(lambda: family.run("sdp", only=sys.argv[1] if len(sys.argv) > 1 else None))
