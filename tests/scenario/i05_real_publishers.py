# SPDX-License-Identifier: Apache-2.0
"""rtmpdump's librtmp (by itself and in rtmpsink) and GStreamer's rtmp2sink publish; ffmpeg plays without a warning."""

from lib import ffmpeg, flv, media
from lib.expect import check, equal, main
from lib.librtmp import Librtmp, flv_tag
from lib.node import Node
from lib.viewer import Viewer


def scenario():
    with Node() as node:
        library(node)
    ffmpeg.need("gst-launch-1.0", "ffprobe")
    ffmpeg.need_elements("x264enc", "flvmux", "avenc_aac", "videotestsrc", "audiotestsrc")
    with Node() as node:
        url = "rtmp://%s:%d/real" % node.rtmp
        ffmpeg.need_elements("rtmp2sink")
        publish(node, "rtmp2sink", ["rtmp2sink", f"location={url}/rtmp2sink"])
        ffmpeg.need_elements("rtmpsink")
        publish(node, "rtmpsink", ["rtmpsink", f"location={url}/rtmpsink live=1"])


def library(node):
    """librtmp itself: its handshake, its chunks of 128 bytes, its headers of every form."""
    publisher = Librtmp("rtmp://%s:%d/real/librtmp live=1" % node.rtmp)
    publisher.connect()
    feed = media.Feed(gop=5)
    send = lambda frames: [publisher.write(flv_tag(kind, stamp, body)) for kind, stamp, body in frames]
    send([(kind, 0, body) for kind, body in feed.config()] + feed.take(40))
    viewer = Viewer(node.http, "/real/librtmp.flv").wait_frames(1)
    send(feed.take(1960))
    viewer.wait_frames(49, kind=media.VIDEO).check_ok()
    flv.check_stream(viewer.tags)
    publisher.close()
    node.wait_logged("session ended", kind="publisher", stream="real/librtmp", reason="client_closed")


def pipeline(sink):
    """A test picture and a tone, muxed as FLV, into the sink."""
    return ["gst-launch-1.0", "-q",
            "videotestsrc", "is-live=true", "!", "video/x-raw,width=320,height=180,framerate=15/1", "!",
            "x264enc", "tune=zerolatency", "speed-preset=ultrafast", "key-int-max=15", "!", "h264parse", "!",
            "flvmux", "name=m", "streamable=true", "!", *sink,
            "audiotestsrc", "is-live=true", "!", "avenc_aac", "!", "aacparse", "!", "queue", "!", "m."]


def publish(node, name, sink):
    """The publisher's stream is complete and decodes without a warning."""
    target = "http://%s:%d/real/%s.flv" % (*node.http, name)
    with ffmpeg.Running(pipeline(sink)) as source:
        node.wait_stream(f"real/{name}", lambda entry: len(entry["tracks"]) == 2, 15)
        viewer = Viewer(node.http, f"/real/{name}.flv").wait_frames(60, timeout=15)
        flv.check_start(viewer.tags)
        flv.check_growing(viewer.tags)
        streams, _ = ffmpeg.probe(target)
        equal(sorted(stream["codec_name"] for stream in streams), ["aac", "h264"], f"codecs of {name}")
        equal(ffmpeg.play(target, 2), "", f"what ffmpeg had to say about {name}'s stream")
        check(source.process.poll() is None, f"{name} ended: {source.output()}")
        source.interrupt()
        source.wait(10)
    node.wait_logged("session ended", kind="publisher", stream=f"real/{name}")


main(scenario)
