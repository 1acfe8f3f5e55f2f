# SPDX-License-Identifier: Apache-2.0
"""GStreamer's RTSP server as the camera: every codec, transport and login; what viewers get decodes without a warning.

ffmpeg plays the FLV of each stream. It knows neither H.265 nor Opus in FLV in the version that Debian has: those are
taken out of the FLV and given to it as they are.
"""

import concurrent.futures
import os
import tempfile

from lib import elementary, ffmpeg, flv, gst, media
from lib.camera.family import certificate, config_of
from lib.expect import check, equal, main, skip
from lib.node import Node
from lib.viewer import Viewer

# Name: options of the camera, settings of the source.
CAMERAS = {
    "digest_tcp": ({"codec": "h264", "audio": "pcma", "login": "viewer:secret"}, {"transport": "tcp"}),
    "digest_udp": ({"codec": "h264", "audio": "aac", "login": "viewer:secret"}, {"transport": "udp"}),
    "basic": ({"codec": "h264", "audio": "pcmu", "login": "viewer:secret", "basic": True}, {}),
    "only_tcp": ({"codec": "h264", "audio": "none", "protocols": "tcp"}, {}),
    "only_udp": ({"codec": "h264", "audio": "aac", "protocols": "udp"}, {}),
    "rtsps": ({"codec": "h264", "audio": "aac", "login": "viewer:secret", "certificate": "{pem}"}, {"verify_tls": "false"}),
    "srtp_tcp": ({"codec": "h264", "audio": "aac", "srtp": True, "protocols": "tcp"}, {}),
    "srtp_udp": ({"codec": "h264", "audio": "pcma", "srtp": True, "protocols": "udp"}, {}),
    "srtp_rtsps": ({"codec": "h264", "srtp": True, "certificate": "{pem}", "login": "viewer:secret"}, {"verify_tls": "false"}),
    "latm": ({"codec": "h264", "audio": "latm"}, {}),
    "sound": ({"codec": "none", "audio": "aac"}, {}),
    "h265": ({"codec": "h265", "audio": "opus"}, {}),
    "h265_udp": ({"codec": "h265", "audio": "opus", "protocols": "udp"}, {}),
}
PLAYED_S = 2


class Source:
    """As config_of wants a camera."""

    def __init__(self, url):
        self.url = url


def scenario():
    gst.need()
    ffmpeg.need("openssl")
    ffmpeg.need_elements("x264enc", "x265enc", "avenc_aac", "opusenc", "srtpenc")
    with tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
        pem = os.path.join(folder, "both.pem")
        with open(pem, "wb") as file:
            file.write(b"".join(open(path, "rb").read() for path in certificate(folder)))
        play_all(pem, folder)


def play_all(pem, folder):
    cameras = {name: gst.Camera(**{key: pem if value == "{pem}" else value for key, value in options.items()})
               for name, (options, _) in CAMERAS.items()}
    try:
        sources = [(f"gst/{name}", Source(cameras[name].url()), CAMERAS[name][1]) for name in CAMERAS]
        with Node(config_of(sources, 30)) as node:
            for name, (options, _) in CAMERAS.items():
                tracks = (options["codec"] != "none") + (options.get("audio", "none") != "none")
                node.wait_stream(f"gst/{name}", lambda entry, wanted=tracks: entry["state"] == "live" and
                                 len(entry["tracks"]) == wanted, 30)
            with concurrent.futures.ThreadPoolExecutor(2) as pool:
                runs = {name: pool.submit(judge, node, name, folder) for name in CAMERAS}
            faults = [f"  {name}: {error}" for name, error in ((n, run.exception()) for n, run in runs.items()) if error]
            check(not faults, "GStreamer's cameras:\n" + "\n".join(faults))
    finally:
        for camera in cameras.values():
            camera.kill()


def judge(node, name, folder):
    """One stream: its time line, and what ffmpeg has to say about it."""
    options = CAMERAS[name][0]
    viewer = Viewer(node.http, f"/gst/{name}.flv").wait_frames(50, timeout=20)
    with_picture, with_sound = options["codec"] != "none", options.get("audio", "none") != "none"
    flv.check_start(viewer.tags, with_picture, options.get("audio") in ("aac", "latm"))
    flv.check_growing(viewer.tags)
    if options["codec"] == "h265":
        viewer.wait_frames(50, kind=media.VIDEO, timeout=20)
        said(elementary.h265(viewer.tags), os.path.join(folder, name + ".h265"))
        said(elementary.opus(viewer.tags), os.path.join(folder, name + ".ogg"))
    else:
        url = "http://%s:%d/gst/%s.flv" % (*node.http, name)
        streams, _ = ffmpeg.probe(url)
        equal(len(streams), with_picture + with_sound, f"streams of {name}")
        equal(without_guess(ffmpeg.play(url, PLAYED_S)), "", f"what ffmpeg had to say about {name}")
    viewer.check_ok()
    viewer.close()


def said(data, path):
    """Decodes bytes from a file."""
    with open(path, "wb") as file:
        file.write(data)
    equal(without_guess(ffmpeg.decode_file(path)), "", f"what ffmpeg had to say about {os.path.basename(path)}")


def without_guess(text):
    """ffmpeg tells that it guesses the layout of one channel; that is no complaint."""
    return "\n".join(line for line in text.splitlines() if "Guessed Channel Layout" not in line)


main(scenario)
