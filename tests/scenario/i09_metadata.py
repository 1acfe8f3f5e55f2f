# SPDX-License-Identifier: Apache-2.0
"""Metadata in every shape that cameras send, and metadata that lies: the stream plays, and viewers are told the truth."""

import struct

from lib import amf, flv, media, rtmp
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer, attend

GOOD = media.metadata()
ARRAY = amf.EcmaArray(GOOD)


def announced(count):
    """An ECMA array whose count is wrong."""
    array = amf.EcmaArray(GOOD)
    array.announced = count
    return array


SHAPES = [
    ("no-marker", amf.encode_all("onMetaData", ARRAY)),
    ("object", amf.encode_all("@setDataFrame", "onMetaData", GOOD)),
    ("extra-number", amf.encode_all("@setDataFrame", 0.0, "onMetaData", ARRAY)),
    ("number-first", amf.encode_all(1.0, "onMetaData", ARRAY)),
    ("count-0", amf.encode_all("@setDataFrame", "onMetaData", announced(0))),
    ("count-1000", amf.encode_all("@setDataFrame", "onMetaData", announced(1000))),
    ("strict-array", amf.encode_all("@setDataFrame", "onMetaData", [1.0, "two", [3.0]])),
    ("undefined", amf.encode_all("@setDataFrame", "onMetaData", {**GOOD, "x": amf.Undefined(), "y": None})),
    ("nested", amf.encode_all("@setDataFrame", "onMetaData", {**GOOD, "more": {"a": {"b": ["c"]}}, "at": amf.Date(1e12)})),
    ("no-codec-ids", amf.encode_all("@setDataFrame", "onMetaData",
                                    media.metadata(videocodecid=None, audiocodecid=None, stereo=None))),
    ("codecs-as-text", amf.encode_all("@setDataFrame", "onMetaData",
                                      media.metadata(videocodecid="avc1", audiocodecid="mp4a", stereo=1.0))),
    ("long-string", amf.encode_all("@setDataFrame", "onMetaData", {**GOOD, "comment": "x" * 70000})),
    ("empty", b""),
    ("one-byte", b"\x02"),
    ("cut", amf.encode_all("@setDataFrame", "onMetaData", ARRAY)[:-40]),
    ("not-utf8", amf.encode_all("@setDataFrame", "onMetaData") + b"\x03\0\x07encoder\x02\0\x03\xff\xfe\x80\0\0\x09"),
    ("cue-point", amf.encode_all("onCuePoint", {"name": "x", "time": 1.0})),
    ("timecode", amf.encode_all("onFI", {"sd": "21-11-2026", "st": "10:00:00.000"})),
    ("raw-timecode", struct.pack(">I", 12345)),
]
LIES = [
    ("size", media.metadata(width=99999.0, height=-3.0)),
    ("zero", media.metadata(width=0.0, height=0.0, framerate=0.0)),
    ("not-a-number", media.metadata(width=float("nan"), framerate=float("inf"), duration=float("-inf"))),
    ("other-codecs", media.metadata(videocodecid=12.0, audiocodecid=2.0, audiosamplerate=8000.0, stereo=False)),
    ("no-video", media.metadata(videocodecid=None, width=None, height=None, hasVideo=False)),
    ("types", media.metadata(width="wide", height=True, audiosamplerate={}, encoder=7.0)),
    ("recorded", media.metadata(duration=3600.0, filesize=1e12, canSeekToEnd=True)),
]


def scenario():
    with Node() as node:
        for name, body in SHAPES:
            publish(node, f"shape-{name}", media.SCRIPT, body)
        for name, values in LIES:
            publish(node, f"lie-{name}", media.SCRIPT,
                    amf.encode_all("@setDataFrame", "onMetaData", amf.EcmaArray(values)))
        publish(node, "amf3", rtmp.DATA_AMF3, b"\0" + amf.encode_all("@setDataFrame", "onMetaData", ARRAY))
        publish(node, "amf3-object", rtmp.DATA_AMF3,
                b"\0" + amf.encode_all("@setDataFrame", "onMetaData", amf.amf3_object({"encoder": "cam", "width": 320})))
        publish(node, "none", None, None)
        metadata_in_mid_stream(node)


def publish(node, name, kind, body):
    """Whatever came as metadata, the viewer gets the tracks' own numbers, and every frame."""
    publisher = Publisher(node.rtmp, f"meta/{name}").open(metadata=False, config=False)
    if kind is not None:
        publisher.send(kind, 0, body)
    publisher.send_config()
    publisher.push(400)
    viewer = Viewer(node.http, f"/meta/{name}.flv").wait_frames(5)
    publisher.push(400)
    viewer.wait_frames(15, kind=media.VIDEO).check_ok()
    flv.check_stream(viewer.tags)
    values = viewer.tags[0].script()[1]
    shown = tuple(values.get(key) for key in ("width", "height", "videocodecid", "audiocodecid", "audiosamplerate", "stereo"))
    equal(shown, (320, 192, 7, 10, 44100, True), f"metadata that viewers of {name} get")
    check("duration" not in values or values["duration"] in (0, None), f"a live stream with a duration: {values}")
    equal(len(node.stream(f"meta/{name}")["tracks"]), 2, f"tracks of {name}")
    publisher.stop()


def metadata_in_mid_stream(node):
    """Data messages between frames, known and unknown, do not disturb the media."""
    publisher = Publisher(node.rtmp, "meta/often").open()
    viewer = attend(node, publisher)
    for name, body in SHAPES:
        publisher.push(200)
        publisher.send(media.SCRIPT, round(publisher.feed.position_ms()), body)
    publisher.push(200)
    viewer.wait_frames(80, kind=media.VIDEO).check_ok()
    flv.check_stream(viewer.tags)
    publisher.stop()


main(scenario)
