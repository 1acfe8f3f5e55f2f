# SPDX-License-Identifier: Apache-2.0
"""VLC without windows. It does not run as root: a run by root starts it as the user nobody."""

import os
import shutil

from . import ffmpeg


def command(home, *arguments):
    """A command line; skips the scenario where VLC is not installed. The user nobody must be able to write to `home`."""
    ffmpeg.need("cvlc")
    as_user = []
    if os.geteuid() == 0:
        ffmpeg.need("setpriv")
        as_user = ["setpriv", "--reuid=65534", "--regid=65534", "--clear-groups"]
    return [*as_user, "env", f"HOME={home}", shutil.which("cvlc"), "--intf", "dummy", *arguments]
