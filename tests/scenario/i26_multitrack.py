# SPDX-License-Identifier: Apache-2.0
"""Enhanced RTMP's multitrack messages (OBS): track 0 is relayed, the others are reported and cost nothing."""

from lib import flv, media
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import attend

ONE_TRACK, MANY_TRACKS, MANY_CODECS = 0, 1, 2


def record(track, data, sized):
    """One track's part of a message."""
    return bytes([track]) + (len(data).to_bytes(3, "big") if sized else b"") + data


def multitrack(kind, packet_type, tracks, key=True, fourcc=b"hvc1"):
    """A video message that carries `tracks` ({id: body}) as the given kind of multitrack."""
    head = bytes([0x80 | (1 if key else 2) << 4 | 6, kind << 4 | packet_type])
    if kind == MANY_CODECS:
        return head + b"".join(fourcc + record(track, data, True) for track, data in tracks.items())
    return head + fourcc + b"".join(record(track, data, kind == MANY_TRACKS) for track, data in tracks.items())


class Tracks(media.Feed):
    """H.265 on tracks 0 and 1."""

    def __init__(self, kind):
        super().__init__(gop=5)
        self._kind = kind

    def _ids(self):
        return (0,) if self._kind == ONE_TRACK else (0, 1)

    def config(self):
        body = multitrack(self._kind, 0, {track: media.HVCC for track in self._ids()})
        return [(media.VIDEO, body), (media.AUDIO, media.aac_config())]

    def video_body(self, number, key):
        header = b"\x26\x01" if key else b"\x02\x01"
        units = {track: media.nal(header, media.numbered(number + 100_000 * track, 400)) for track in self._ids()}
        return multitrack(self._kind, 3, units, key)


def scenario():
    with Node() as node:
        for kind in (ONE_TRACK, MANY_TRACKS, MANY_CODECS):
            publisher = Publisher(node.rtmp, f"multi/kind-{kind}", Tracks(kind)).open()
            viewer = attend(node, publisher)
            publisher.push(800)
            viewer.wait_frames(50).check_ok()
            flv.check_stream(viewer.tags)
            pictures = viewer.frames(media.VIDEO)
            equal({tag.codec for tag in pictures}, {b"hvc1"}, "codec of the pictures")
            check(all(tag.number < 100_000 for tag in pictures), "a picture of another track")
            entry = node.stream(f"multi/kind-{kind}")
            equal(len(entry["tracks"]), 2, "tracks")
            equal(bool(entry["ignored"]), kind != ONE_TRACK, f"what is reported as ignored: {entry['ignored']}")
            publisher.stop()
        only_another_track(node)


def only_another_track(node):
    """A message of track 1 alone leaves the stream as it is."""
    publisher = Publisher(node.rtmp, "multi/other").open()
    viewer = attend(node, publisher)
    unit = media.nal(b"\x26\x01", media.numbered(100_000, 400))
    publisher.send(media.VIDEO, 10, multitrack(ONE_TRACK, 3, {1: unit}))
    publisher.push(400)
    viewer.wait_frames(25).check_ok()
    flv.check_stream(viewer.tags)
    check(node.stream("multi/other")["ignored"], "the other track is not reported")
    publisher.stop()


main(scenario)
