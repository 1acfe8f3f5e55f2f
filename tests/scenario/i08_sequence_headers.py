# SPDX-License-Identifier: Apache-2.0
"""Sequence headers that are repeated make no noise; changed ones reach every viewer; wrong ones stop no stream."""

from lib import flv, media
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer, attend

BROKEN = [
    ("empty-record", b""),
    ("version-0", b"\0\0\0\0\0"),
    ("cut", media.avcc()[:9]),
    ("length-lies", media.avcc()[:6] + b"\xff\xff" + media.avcc()[8:]),
    ("sps-of-ones", b"\x01\x42\xc0\x1e\xff\xe1\x00\x20" + b"\x67" + b"\xff" * 31 + b"\x01\x00\x04" + media.H264_PPS),
    ("sps-of-zeros", b"\x01\x42\xc0\x1e\xff\xe1\x00\x20" + b"\x67" + bytes(31) + b"\x01\x00\x04" + media.H264_PPS),
    ("huge-picture", media.avcc(65520, 65520)),
]


def scenario():
    with Node() as node:
        repeated(node)
        changed(node)
        for name, record in BROKEN:
            broken(node, name, record)
        end_of_sequence(node)


def repeated(node):
    """The same header before every key frame, and empty messages, change nothing for the viewer."""
    publisher = Publisher(node.rtmp, "headers/repeated").open()
    viewer = attend(node, publisher)
    for _ in range(8):
        publisher.send_config()
        publisher.send(media.VIDEO, round(publisher.feed.position_ms()), b"")
        publisher.send(media.AUDIO, round(publisher.feed.position_ms()), b"")
        publisher.push(400)
    viewer.wait_frames(75, kind=media.VIDEO).check_ok()
    flv.check_stream(viewer.tags)
    equal(len([tag for tag in viewer.tags if tag.is_config]), 2, "sequence headers that the viewer got")
    publisher.stop()


def changed(node):
    """Day turns to night: another size. Running viewers get the new header before its first frame, later ones only it."""
    publisher = Publisher(node.rtmp, "headers/changed").open()
    viewer = attend(node, publisher)
    publisher.push(360)
    viewer.wait_frames(8, kind=media.VIDEO)
    new = media.avc_config(media.avcc(640, 480))
    publisher.send(media.VIDEO, round(publisher.feed.position_ms()), new)
    publisher.push(800)
    viewer.wait_frames(25, kind=media.VIDEO).check_ok()
    tags = viewer.tags
    places = [index for index, tag in enumerate(tags) if tag.is_config and tag.type == media.VIDEO]
    equal([tags[index].body for index in places], [media.avc_config(), new], "video headers that the viewer got")
    after = flv.frames(tags[places[1]:], media.VIDEO)
    equal((after[0].number, after[0].is_key), (10, True), "first picture after the new header")
    flv.check_growing(tags)
    flv.check_no_gap(tags, media.VIDEO)
    track = node.stream("headers/changed")["tracks"][0]
    equal((track["width"], track["height"]), (640, 480), "size in the API")
    late = Viewer(node.http, "/headers/changed.flv").wait_frames(5)
    equal([tag.body for tag in late.tags if tag.is_config and tag.type == media.VIDEO], [new], "a later viewer's header")
    equal(late.tags[0].script()[1]["width"], 640, "width in a later viewer's metadata")
    publisher.stop()


def broken(node, name, record):
    """A record that cannot be parsed: the frames are relayed or left out, and the audio plays in any case."""
    publisher = Publisher(node.rtmp, f"headers/{name}").open(config=False)
    publisher.send(media.VIDEO, 0, media.avc_config(record))
    publisher.send(media.AUDIO, 0, media.aac_config())
    publisher.run(2)
    viewer = Viewer(node.http, f"/headers/{name}.flv").wait_frames(20, kind=media.AUDIO)
    viewer.check_ok()
    publisher.pause()
    publisher.send(media.VIDEO, round(publisher.feed.position_ms()), media.avc_config())
    publisher.run(2)
    seen = len(viewer.frames(media.VIDEO))
    viewer.wait_frames(seen + 10, kind=media.VIDEO).check_ok()
    check(not publisher.error, f"publisher of {name} was cut: {publisher.error}")
    publisher.stop()
    node.check_alive()


def end_of_sequence(node):
    """The end marker in mid-stream ends nothing."""
    publisher = Publisher(node.rtmp, "headers/end").open()
    viewer = attend(node, publisher)
    publisher.push(400)
    publisher.send(media.VIDEO, round(publisher.feed.position_ms()), media.AVC_END)
    publisher.push(400)
    viewer.wait_frames(18, kind=media.VIDEO).check_ok()
    flv.check_stream(viewer.tags)
    publisher.stop()


main(scenario)
