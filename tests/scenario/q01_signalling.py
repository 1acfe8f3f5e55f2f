# SPDX-License-Identifier: Apache-2.0
"""What cameras do to RTSP itself: headers, authentication, URLs, sessions, transports, keep-alive. All of them play.

One node has all cameras of tests/scenario/cameras of the family "signalling" as sources at once.
"""

import sys

from lib.camera import family
from lib.expect import main

main(lambda: family.run("signalling", only=sys.argv[1] if len(sys.argv) > 1 else None))
