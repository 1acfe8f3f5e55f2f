# SPDX-License-Identifier: Apache-2.0
"""Every codec and every form of its packets from a camera that does nothing wrong.

One node has all cameras of tests/scenario/cameras of the family "codecs" as sources at once.
"""

import sys

from lib.camera import family
from lib.expect import main

main(lambda: family.run("codecs", only=sys.argv[1] if len(sys.argv) > 1 else None))
