# SPDX-License-Identifier: Apache-2.0
"""ffmpeg and GStreamer's rtspclientsink push by RTSP, over TCP and UDP; ffmpeg plays what comes without a warning."""

from lib import ffmpeg, flv
from lib.expect import check, equal, main
from lib.node import Node
from lib.viewer import Viewer

GSTREAMER = ["gst-launch-1.0", "-q",
             "videotestsrc", "is-live=true", "!", "video/x-raw,width=320,height=180,framerate=15/1", "!",
             "x264enc", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=15", "!", "h264parse", "!", "s."]
SOUND = ["audiotestsrc", "is-live=true", "!", "avenc_aac", "!", "aacparse", "!", "s."]


def scenario():
    ffmpeg.need("ffmpeg", "ffprobe")
    with Node() as node:
        base = "rtsp://%s:%d/push" % node.rtsp
        for transport in ("tcp", "udp"):
            # Nobody asks for the login, and nobody is told of it.
            login = base.replace("rtsp://", "rtsp://someone:hunter2@")
            source = ffmpeg.Running(ffmpeg.test_source(rate=15, gop=15) +
                                    ["-f", "rtsp", "-rtsp_transport", transport, f"{login}/ffmpeg-{transport}?x=y/z"])
            publish(node, f"ffmpeg-{transport}", source)
        check("hunter2" not in node.log_text(), "a publisher's password is in the log")
        gst(node, base)


def gst(node, base):
    ffmpeg.need_elements("rtspclientsink", "x264enc", "avenc_aac")
    for transport in ("tcp", "udp"):
        sink = ["rtspclientsink", "name=s", f"location={base}/gst-{transport}", f"protocols={transport}", "latency=0"]
        publish(node, f"gst-{transport}", ffmpeg.Running(GSTREAMER + SOUND + sink))


def publish(node, name, source):
    """The publisher's stream is complete, decodes without a warning, and ends with its publisher."""
    target = "http://%s:%d/push/%s.flv" % (*node.http, name)
    with source:
        node.wait_stream(f"push/{name}", lambda entry: len(entry["tracks"]) == 2, 20)
        viewer = Viewer(node.http, f"/push/{name}.flv").wait_frames(60, timeout=20)
        flv.check_start(viewer.tags)
        flv.check_growing(viewer.tags)
        streams, _ = ffmpeg.probe(target)
        equal(sorted(stream["codec_name"] for stream in streams), ["aac", "h264"], f"codecs of {name}")
        equal(ffmpeg.play(target, 2), "", f"what ffmpeg had to say about {name}'s stream")
        check(source.process.poll() is None, f"{name} ended: {source.output()}")
        source.interrupt()
        source.wait(10)
    node.wait_logged("session ended", kind="publisher", protocol="rtsp", stream=f"push/{name}", reason="client_closed")


main(scenario)
