# SPDX-License-Identifier: Apache-2.0
"""Every way in which media come from a camera: TCP, UDP, multicast, IPv6, RTSPS, SRTP by SDES and by MIKEY.

One node has all cameras of tests/scenario/cameras of the family "transports" as sources at once.
"""

import sys

from lib.camera import family
from lib.expect import main

main(lambda: family.run("transports", only=sys.argv[1] if len(sys.argv) > 1 else None))
