# SPDX-License-Identifier: Apache-2.0
"""What cameras do to RTP and to what is in it: markers, fragments, start codes, clocks, identities. All of them play.

One node has all cameras of tests/scenario/cameras of the family "rtp" as sources at once.
"""

import sys

from lib.camera import family
from lib.expect import main

main(lambda: family.run("rtp", only=sys.argv[1] if len(sys.argv) > 1 else None))
