# SPDX-License-Identifier: Apache-2.0
"""VLC as the camera: UDP only. It refuses TCP with 461, so `auto` must come to UDP by itself, and stays there."""

import os
import socket
import tempfile

from lib import ffmpeg, flv, vlc
from lib.camera.family import config_of
from lib.expect import equal, main, wait_until
from lib.node import Node
from lib.viewer import Viewer


class Source:
    """As config_of wants a camera."""

    def __init__(self, url):
        self.url = url


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def listens(port):
    """Whether somebody listens there."""
    with socket.socket() as probe:
        return probe.connect_ex(("127.0.0.1", port)) == 0


def scenario():
    ffmpeg.need("cvlc", "ffmpeg")
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
        os.chmod(folder, 0o777)
        clip = os.path.join(folder, "clip.mp4")
        code, _, err = ffmpeg.run([word for word in ffmpeg.test_source(seconds=20) if word != "-re"] + [clip])
        equal(code, 0, f"making a clip: {err}")
        os.chmod(clip, 0o644)
        port = free_port()
        command = vlc.command(folder, "-q", "--loop", clip, "--sout", f"#rtp{{sdp=rtsp://127.0.0.1:{port}/v}}", "--sout-keep")
        with ffmpeg.Running(command) as camera:
            wait_until(lambda: listens(port), lambda: f"VLC does not listen: {camera.output()}", 20)
            play(f"rtsp://127.0.0.1:{port}/v")


def play(url):
    """The stream plays; ffmpeg has nothing to say about it."""
    with Node(config_of([("vlc/cam", Source(url), {})])) as node:
        node.wait_stream("vlc/cam", timeout=20)
        viewer = Viewer(node.http, "/vlc/cam.flv").wait_frames(60, timeout=20)
        flv.check_start(viewer.tags)
        flv.check_growing(viewer.tags)
        equal(ffmpeg.play("http://%s:%d/vlc/cam.flv" % node.http, 2), "", "what ffmpeg had to say")
        viewer.check_ok()


main(scenario)
