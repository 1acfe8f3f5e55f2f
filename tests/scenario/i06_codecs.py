# SPDX-License-Identifier: Apache-2.0
"""Every codec that FLV and enhanced RTMP carry is relayed; an unknown track is dropped and reported, never the stream."""

from lib import flv, media
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer

LEGACY_OUT = """
stream:
  h265_in_flv: legacy
"""
AV1C = bytes.fromhex("81000c00")
VPCC = bytes.fromhex("01000000001f80020202000000")
OPUS_HEAD = b"OpusHead\x01\x02\x38\x01\x80\xbb\0\0\0\0\0"
DFLA = b"fLaC" + bytes.fromhex("80000022100010000000000000000ac442f000000000") + bytes(16)


class Other(media.Feed):
    """A feed of other codecs: makers for the configuration (or None) and for the frames of each kind."""

    def __init__(self, video=None, audio=None):
        super().__init__(gop=5, video=video is not None, audio=audio is not None)
        self.makers = {media.VIDEO: video, media.AUDIO: audio}

    def config(self):
        made = [(kind, maker[0]) for kind, maker in self.makers.items() if maker]
        return [(kind, body) for kind, body in made if body is not None]

    def video_body(self, number, key):
        return self.makers[media.VIDEO][1](number, key)

    def audio_body(self, number):
        return self.makers[media.AUDIO][1](number)


def plain_audio(first_byte):
    """A sound format whose frames follow the first byte at once."""
    return None, lambda number: bytes([first_byte]) + media.numbered(number, 160)


def enhanced_sound(fourcc, config):
    """Enhanced audio with a configuration record, or without."""
    start = None if config is None else media.enhanced_audio(0, fourcc, config)
    return start, lambda number: media.enhanced_audio(1, fourcc, media.numbered(number, 160))


def hvc1(coded_x):
    """Enhanced H.265; packet type 3 has no composition offset."""
    def frame(number, key):
        unit = media.nal(b"\x26\x01" if key else b"\x02\x01", media.numbered(number, 500))
        if coded_x:
            return media.enhanced_video(3, b"hvc1", unit, key)
        return media.enhanced_video(1, b"hvc1", media.signed24(0) + unit, key)
    return media.enhanced_video(0, b"hvc1", media.HVCC), frame


def enhanced_picture(fourcc, config):
    """A codec whose frames follow the FourCC at once."""
    return (media.enhanced_video(0, fourcc, config),
            lambda number, key: media.enhanced_video(1, fourcc, media.numbered(number, 500), key))


def enhanced_avc():
    """H.264 by FourCC."""
    def frame(number, key):
        unit = media.nal(b"\x65" if key else b"\x41", media.numbered(number, 500))
        return media.enhanced_video(1, b"avc1", media.signed24(0) + unit, key)
    return media.enhanced_video(0, b"avc1", media.avcc()), frame


AVC = (media.avc_config(), lambda number, key: media.avc_frame(number, key))
AAC = (media.aac_config(), media.aac_frame)
LEGACY_HEVC = (media.hevc_legacy_config(), lambda number, key: media.hevc_legacy_frame(number, key))

VIDEO_ROWS = [  # name, maker, codec in the API, codec in the FLV that comes out
    ("avc1", enhanced_avc(), "h264", 7),
    ("hevc-12", LEGACY_HEVC, "h265", b"hvc1"),
    ("hvc1", hvc1(False), "h265", b"hvc1"),
    ("hvc1-x", hvc1(True), "h265", b"hvc1"),
    ("av01", enhanced_picture(b"av01", AV1C), "av1", b"av01"),
    ("vp09", enhanced_picture(b"vp09", VPCC), "vp9", b"vp09"),
]
AUDIO_ROWS = [
    ("mp3", plain_audio(0x2f), "mp3", 2),
    ("mp3-8k", plain_audio(0xe2), "mp3", None),
    ("alaw", plain_audio(0x72), "pcma", 7),
    ("mulaw", plain_audio(0x82), "pcmu", 8),
    ("opus", enhanced_sound(b"Opus", OPUS_HEAD), "opus", b"Opus"),
    ("flac", enhanced_sound(b"fLaC", DFLA), "flac", b"fLaC"),
    ("ac3", enhanced_sound(b"ac-3", None), "ac3", b"ac-3"),
    ("eac3", enhanced_sound(b"ec-3", None), "eac3", b"ec-3"),
    ("mp4a", enhanced_sound(b"mp4a", media.ASC), "aac", 10),
]
UNKNOWN_VIDEO = [
    ("sorenson", (None, lambda number, key: bytes([0x12 if key else 0x22]) + media.numbered(number, 200))),
    ("vp6", (None, lambda number, key: bytes([0x14 if key else 0x24]) + media.numbered(number, 200))),
    ("xyz1", enhanced_picture(b"xyz1", b"\x01")),
]
UNKNOWN_AUDIO = [
    ("speex", plain_audio(0xb2)),
    ("nelly", plain_audio(0x62)),
    ("xyz2", enhanced_sound(b"xyz2", b"\x01")),
]


def scenario():
    with Node() as node:
        for name, maker, codec, out in VIDEO_ROWS:
            relay(node, name, Other(maker, AAC), (codec, "aac"), {media.VIDEO: out, media.AUDIO: 10})
        for name, maker, codec, out in AUDIO_ROWS:
            relay(node, name, Other(AVC, maker), ("h264", codec), {media.VIDEO: 7, media.AUDIO: out})
        for name, maker in UNKNOWN_VIDEO:
            dropped(node, name, Other(maker, AAC), "aac")
        for name, maker in UNKNOWN_AUDIO:
            dropped(node, name, Other(AVC, maker), "h264")
    with Node(LEGACY_OUT) as node:
        for name, maker in (("hevc-12", LEGACY_HEVC), ("hvc1", hvc1(False)), ("hvc1-x", hvc1(True))):
            relay(node, name, Other(maker, AAC), ("h265", "aac"), {media.VIDEO: 12, media.AUDIO: 10})


def relay(node, name, feed, codecs, outgoing):
    """Both tracks are announced in the API and come out in the expected form, frame by frame."""
    publisher = Publisher(node.rtmp, f"codecs/{name}", feed).open()
    publisher.push(300)
    entry = node.wait_stream(f"codecs/{name}", lambda entry: len(entry["tracks"]) == 2)
    equal(tuple(track["codec"] for track in sorted(entry["tracks"], key=lambda track: track["kind"], reverse=True)),
          codecs, f"codecs of {name}")
    equal(entry["ignored"], [], f"ignored in {name}")
    viewer = Viewer(node.http, f"/codecs/{name}.flv").wait_frames(1)
    publisher.push(800)
    viewer.wait_frames(30).check_ok()
    flv.check_growing(viewer.tags)
    for kind in (media.VIDEO, media.AUDIO):
        flv.check_no_gap(viewer.tags, kind, name)
        for tag in viewer.frames(kind):
            if outgoing[kind] is not None:
                equal(tag.codec, outgoing[kind], f"codec of {tag} in {name}")
    check(viewer.frames(media.VIDEO)[0].is_key, f"{name} does not begin with a key frame")
    check_config(viewer.tags, name, feed)
    publisher.stop()


def check_config(tags, name, feed):
    """A configuration that was sent comes out before the first frame, with the end of its record unchanged."""
    out = {tag.type: tag.body for tag in tags if tag.is_config}
    for kind, body in feed.config():
        check(kind in out, f"{name}: no configuration for track {kind}")
        check(out[kind].endswith(body[-2:]), f"{name}: configuration {out[kind]!r} for {body!r}")


def dropped(node, name, feed, left):
    """The unknown track is named in the API; the other one plays."""
    publisher = Publisher(node.rtmp, f"codecs/{name}", feed).open()
    publisher.push(300)
    entry = node.wait_stream(f"codecs/{name}", lambda entry: entry["ignored"] and entry["tracks"])
    equal([track["codec"] for track in entry["tracks"]], [left], f"tracks beside {name}")
    viewer = Viewer(node.http, f"/codecs/{name}.flv").wait_frames(1)
    publisher.push(500)
    viewer.wait_frames(11).check_ok()
    kept = media.AUDIO if left == "aac" else media.VIDEO
    equal({tag.type for tag in viewer.frames()}, {kept}, f"kinds of frames beside {name}")
    publisher.stop()


main(scenario)
