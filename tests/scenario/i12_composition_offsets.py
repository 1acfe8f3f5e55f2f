# SPDX-License-Identifier: Apache-2.0
"""Composition offsets are kept as they came: positive for B-frames, zero, and negative from old encoders."""

from lib import flv, media
from lib.expect import equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import attend

OFFSETS = [80, 160, 0, 40, 80, -40, -1, 1, 0x7fffff // 90, -3000, 0, 0]


class Reordered(media.Feed):
    """Pictures with a cycle of composition offsets."""

    def __init__(self, frame):
        super().__init__(gop=12)
        self._frame = frame

    def video_body(self, number, key):
        return self._frame(number, key, 300, OFFSETS[number % len(OFFSETS)])


def hvc1_frame(number, key, size, offset):
    """Enhanced H.265 with packet type 1."""
    unit = media.nal(b"\x26\x01" if key else b"\x02\x01", media.numbered(number, size))
    return media.enhanced_video(1, b"hvc1", media.signed24(offset) + unit, key)


ROWS = [
    ("avc", media.avc_frame, media.avc_config()),
    ("hevc-12", media.hevc_legacy_frame, media.hevc_legacy_config()),
    ("hvc1", hvc1_frame, media.enhanced_video(0, b"hvc1", media.HVCC)),
]


def scenario():
    with Node() as node:
        for name, frame, config in ROWS:
            publisher = Publisher(node.rtmp, f"offsets/{name}", Reordered(frame)).open(config=False)
            publisher.send(media.VIDEO, 0, config)
            publisher.send(media.AUDIO, 0, media.aac_config())
            viewer = attend(node, publisher)
            publisher.push(2000)
            viewer.wait_frames(48, kind=media.VIDEO).check_ok()
            flv.check_stream(viewer.tags)
            for tag in viewer.frames(media.VIDEO):
                equal(tag.composition_ms, OFFSETS[tag.number % len(OFFSETS)], f"offset of {tag} in {name}")
            publisher.stop()


main(scenario)
