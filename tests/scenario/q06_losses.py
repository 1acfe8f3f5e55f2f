# SPDX-License-Identifier: Apache-2.0
"""Lost packets cost pictures up to the next key frame, never order; doubled and overtaken ones cost nothing.

One node has all cameras of tests/scenario/cameras of the family "losses" as sources at once.
"""

import sys

from lib.camera import family
from lib.expect import main

main(lambda: family.run("losses", only=sys.argv[1] if len(sys.argv) > 1 else None))
