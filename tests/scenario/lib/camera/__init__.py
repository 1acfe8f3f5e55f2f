# SPDX-License-Identifier: Apache-2.0
"""A scripted fake camera: an RTSP server that says and sends what a data file tells it to.

`server.Camera` is the camera; `plan` reads the files of tests/scenario/cameras; `source` has the media, `packets` makes
RTP of them, `faults` spoils them; `auth`, `sdp`, `srtp` and `transport` are what their names say.
"""

from .plan import Plan, load  # noqa: F401
from .server import Camera, House  # noqa: F401
