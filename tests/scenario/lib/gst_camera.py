#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""A camera of GStreamer's RTSP server, as a program of its own: it needs Debian's python3-gi, which only Debian's Python has.

Prints "READY PORT" when it listens, runs until it is ended. `lib.gst.Camera` starts it from a scenario.
"""

import argparse
import random
import sys

import gi

gi.require_version("Gst", "1.0")
gi.require_version("GstRtsp", "1.0")
gi.require_version("GstRtspServer", "1.0")
from gi.repository import Gio, GLib, Gst, GstRtsp, GstRtspServer  # noqa: E402

VIDEO = {
    "h264": "videotestsrc is-live=true pattern=smpte ! video/x-raw,format=I420,width={width},height={height},framerate=25/1 ! "
            "x264enc tune=zerolatency sliced-threads=false speed-preset=ultrafast key-int-max=25 bitrate=200 ! h264parse ! "
            "rtph264pay name=pay{n} pt={pt} config-interval=-1",
    "h265": "videotestsrc is-live=true ! video/x-raw,format=I420,width={width},height={height},framerate=25/1 ! "
            "x265enc tune=zerolatency speed-preset=ultrafast key-int-max=25 bitrate=200 option-string=log-level=none ! "
            "h265parse ! rtph265pay name=pay{n} pt={pt} config-interval=-1",
    "mjpeg": "videotestsrc is-live=true ! video/x-raw,format=I420,width={width},height={height},framerate=10/1 ! jpegenc ! "
             "rtpjpegpay name=pay{n} pt=26",
}
AUDIO = {
    "pcma": "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! alawenc ! rtppcmapay name=pay{n} pt=8",
    "pcmu": "audiotestsrc is-live=true ! audio/x-raw,rate=8000,channels=1 ! mulawenc ! rtppcmupay name=pay{n} pt=0",
    "aac": "audiotestsrc is-live=true ! audio/x-raw,rate=44100,channels=1 ! avenc_aac ! aacparse ! rtpmp4gpay name=pay{n} pt={pt}",
    "latm": "audiotestsrc is-live=true ! audio/x-raw,rate=44100,channels=1 ! avenc_aac ! aacparse ! rtpmp4apay name=pay{n} pt={pt}",
    "opus": "audiotestsrc is-live=true ! audio/x-raw,rate=48000,channels=2 ! opusenc ! rtpopuspay name=pay{n} pt={pt}",
}
PROTOCOLS = {"udp": GstRtsp.RTSPLowerTrans.UDP, "tcp": GstRtsp.RTSPLowerTrans.TCP}


def parse():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--port", default="0")
    parser.add_argument("--path", default="/cam", help="with --cameras a number is added to it")
    parser.add_argument("--cameras", type=int, default=1)
    parser.add_argument("--codec", default="h264", choices=[*VIDEO, "none"])
    parser.add_argument("--audio", default="none", choices=[*AUDIO, "none"])
    parser.add_argument("--size", default="320x180")
    parser.add_argument("--file", help="an H.264 file (Annex B with delimiters) that is sent over and over")
    parser.add_argument("--login", help="user:password")
    parser.add_argument("--basic", action="store_true")
    parser.add_argument("--protocols", default="udp,tcp")
    parser.add_argument("--certificate", help="file with certificate and key; speaks TLS")
    parser.add_argument("--srtp", action="store_true")
    parser.add_argument("--loss", type=float, default=0.0, help="share of RTP packets that are not sent")
    parser.add_argument("--disorder", type=float, default=0.0, help="share of RTP packets that come one too late")
    parser.add_argument("--jump-at", type=float, help="seconds after which the time stamps jump")
    parser.add_argument("--jump-by", type=float, default=20.0)
    parser.add_argument("--stall-at", type=float, help="seconds after which nothing more is sent")
    return parser.parse_args()


def pipeline(options):
    """The description of one camera's media."""
    width, height = options.size.split("x")
    parts, number = [], 0
    if options.file:
        parts.append("appsrc name=file is-live=true format=time caps=video/x-h264,stream-format=byte-stream,alignment=au,"
                     "framerate=25/1 ! h264parse ! rtph264pay name=pay0 pt=96 config-interval=-1")
        number = 1
    elif options.codec != "none":
        parts.append(VIDEO[options.codec].format(n=0, pt=96, width=width, height=height))
        number = 1
    if options.audio != "none":
        parts.append(AUDIO[options.audio].format(n=number, pt=96 + number))
    return "( " + "  ".join(parts) + " )"


class Faults:
    """Spoils the packets of one payloader, on its source pad."""

    def __init__(self, options):
        self._options = options
        self._random = random.Random(7)
        self._first = None
        self._held = None

    def probe(self, pad, info):
        """Loss, disorder, jump, stall."""
        packet = info.get_buffer()
        if packet is None:  # a list of packets: spoil it as a whole
            return Gst.PadProbeReturn.DROP if self._random.random() < self._options.loss else Gst.PadProbeReturn.OK
        now = GLib.get_monotonic_time() / 1e6
        self._first = self._first or now
        if self._options.stall_at is not None and now - self._first > self._options.stall_at:
            return Gst.PadProbeReturn.DROP
        if self._random.random() < self._options.loss:
            return Gst.PadProbeReturn.DROP
        if self._held is not None:
            held, self._held = self._held, None
            pad.push(held)
        elif self._random.random() < self._options.disorder:
            self._held = packet.copy()
            return Gst.PadProbeReturn.DROP
        return Gst.PadProbeReturn.OK

    def install(self, payloader):
        """Looks at everything that leaves this payloader."""
        if self._options.loss or self._options.disorder or self._options.stall_at is not None:
            kinds = Gst.PadProbeType.BUFFER | Gst.PadProbeType.BUFFER_LIST
            payloader.get_static_pad("src").add_probe(kinds, self.probe)
        if self._options.jump_at is not None:
            rate = payloader.get_property("pt") and 90000
            GLib.timeout_add(int(self._options.jump_at * 1000), self._jump, payloader, rate)

    def _jump(self, payloader, rate):
        offset = payloader.get_property("timestamp-offset")
        payloader.set_property("timestamp-offset", (offset + int(self._options.jump_by * rate)) & 0xffffffff)
        return False


class File:
    """Pictures of a file into an appsrc, 25 a second, without an encoder."""

    def __init__(self, path, element):
        with open(path, "rb") as file:
            self._pictures = [b"\0\0\0\1\x09" + part for part in file.read().split(b"\0\0\0\1\x09")[1:]]
        self._element, self._sent = element, 0
        GLib.timeout_add(40, self._push)

    def _push(self):
        buffer = Gst.Buffer.new_wrapped(self._pictures[self._sent % len(self._pictures)])
        buffer.pts = buffer.dts = self._sent * Gst.SECOND // 25
        buffer.duration = Gst.SECOND // 25
        self._sent += 1
        return self._element.emit("push-buffer", buffer) == Gst.FlowReturn.OK


def on_configure(_, media, options):
    """Each payloader gets its faults when the media are made."""
    element = media.get_element()
    if options.file:
        File(options.file, element.get_by_name("file"))
    for number in range(2):
        payloader = element.get_by_name(f"pay{number}")
        if payloader:
            Faults(options).install(payloader)


def make_factory(options):
    """What serves one path."""
    factory = GstRtspServer.RTSPMediaFactory.new()
    factory.set_launch(pipeline(options))
    factory.set_shared(True)
    flags = GstRtsp.RTSPLowerTrans(0)
    for name in options.protocols.split(","):
        flags |= PROTOCOLS[name]
    factory.set_protocols(flags)
    if options.srtp:
        factory.set_profiles(GstRtsp.RTSPProfile.SAVP)
    if options.login:
        permissions = GstRtspServer.RTSPPermissions()
        permissions.add_permission_for_role("viewer", "media.factory.access", True)
        permissions.add_permission_for_role("viewer", "media.factory.construct", True)
        factory.set_permissions(permissions)
    factory.connect("media-configure", on_configure, options)
    return factory


def make_auth(options):
    """Logins and TLS."""
    auth = GstRtspServer.RTSPAuth.new()
    if options.certificate:
        auth.set_tls_certificate(Gio.TlsCertificate.new_from_file(options.certificate))
    token = GstRtspServer.RTSPToken()
    token.set_string("media.factory.role", "viewer")
    if not options.login:
        auth.set_default_token(token)
    elif options.basic:
        auth.add_basic(GstRtspServer.RTSPAuth.make_basic(*options.login.split(":")), token)
    else:
        auth.set_supported_methods(GstRtsp.RTSPAuthMethod.DIGEST)
        auth.add_digest(*options.login.split(":"), token)
    return auth


def main():
    options = parse()
    Gst.init(None)
    server = GstRtspServer.RTSPServer.new()
    server.set_address("127.0.0.1")
    server.set_service(options.port)
    if options.login or options.certificate:
        server.set_auth(make_auth(options))
    mounts = server.get_mount_points()
    for number in range(options.cameras):
        path = options.path + (str(number) if options.cameras > 1 else "")
        mounts.add_factory(path, make_factory(options))
    if not server.attach(None):
        sys.exit("cannot listen")
    print("READY", server.get_bound_port(), flush=True)
    GLib.MainLoop().run()


main()
