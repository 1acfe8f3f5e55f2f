# SPDX-License-Identifier: Apache-2.0
"""GStreamer's RTSP server and VLC as cameras, and skipping where they are not installed."""

import os
import subprocess

from . import ffmpeg
from .expect import check, skip, wait_until

PYTHON = "/usr/bin/python3"  # python3-gi is Debian's
_SCRIPT = os.path.join(os.path.dirname(os.path.abspath(__file__)), "gst_camera.py")


def need():
    """Skips the scenario unless GStreamer's RTSP server can be had."""
    probe = "import gi; gi.require_version('GstRtspServer', '1.0'); from gi.repository import GstRtspServer"
    if not os.path.exists(PYTHON) or subprocess.run([PYTHON, "-c", probe], capture_output=True, check=False).returncode:
        skip("python3-gi or gir1.2-gst-rtsp-server-1.0 is not installed")
    ffmpeg.need("ffmpeg")


class Camera(ffmpeg.Running):
    """One process of gst_camera.py. options: its command line without the dashes, True for a switch."""

    def __init__(self, **options):
        arguments = [PYTHON, _SCRIPT]
        for key, value in options.items():
            arguments += [f"--{key.replace('_', '-')}"] + ([] if value is True else [str(value)])
        super().__init__(arguments)
        self._options = options
        line = wait_until(self._ready, lambda: f"GStreamer's camera is not ready:\n{self.output()[-2000:]}", 20)
        self.port = int(line.split()[1])

    def _ready(self):
        check(self.process.poll() is None, f"GStreamer's camera ended:\n{self.output()[-2000:]}")
        return next((line for line in self.output().splitlines() if line.startswith("READY ")), None)

    def url(self, number=None):
        """The URL with its credentials."""
        options = self._options
        scheme = "rtsps" if options.get("certificate") else "rtsp"
        login = options["login"] + "@" if options.get("login") else ""
        path = options.get("path", "/cam") + ("" if number is None else str(number))
        return f"{scheme}://{login}127.0.0.1:{self.port}{path}"
