# SPDX-License-Identifier: Apache-2.0
"""Extended time stamps on type-3 chunks may be there or not (Adobe's and FFmpeg's ways): frames arrive whole either way."""

from lib import flv, media, rtmp
from lib.expect import equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import attend


def scenario():
    with Node() as node:
        for repeated in (True, False):
            for start in (0xffffff - 200, 0xffffff, 0x1000000, 0x12345678, 0x7fffff00, 0xffffff00):
                publish(node, start, repeated)
        deltas(node)


def publish(node, start, repeated):
    """Frames of many chunks around the place where time stamps no longer fit 24 bits."""
    name = f"ext/{start:x}-{repeated}"
    feed = media.Feed(gop=50, size=900, start_ms=start)
    publisher = Publisher(node.rtmp, name, feed, chunk_size=128).open(metadata=False, config=False)
    publisher.connection.extended_on_type3 = repeated
    publisher.send_metadata()
    publisher.send_config()
    viewer = attend(node, publisher)
    publisher.push(760)
    viewer.wait_frames(20, kind=media.VIDEO).check_ok()
    flv.check_stream(viewer.tags)
    for tag in viewer.frames(media.VIDEO):
        equal(tag.body, media.avc_frame(tag.number, tag.is_key, 900), f"frame {tag.number} from {start:#x}, {repeated}")
    stamps = [tag.timestamp for tag in viewer.frames(media.VIDEO)]
    equal({b - a for a, b in zip(stamps, stamps[1:])}, {40}, f"steps from {start:#x}")
    publisher.stop()


def deltas(node):
    """A delta that needs an extended time stamp, and one that follows it with three bytes again."""
    publisher = Publisher(node.rtmp, "ext/delta", media.Feed(audio=False), chunk_size=128).open()
    viewer = attend(node, publisher)
    send = lambda number, stamp, fmt: publisher.connection.send(b"".join(
        rtmp.chunks(media.VIDEO, media.avc_frame(number, False, 500), stamp, publisher.stream_id, 6, 128, fmt)))
    send(1, 0x1000000, 1)
    send(2, 40, 1)
    send(3, 40, 2)
    send(4, 40, 3)
    viewer.wait_frames(5).check_ok()
    equal(flv.numbers(viewer.tags, media.VIDEO), [0, 1, 2, 3, 4], "pictures")
    flv.check_growing(viewer.tags)
    stamps = [tag.timestamp for tag in viewer.frames(media.VIDEO)]
    equal([b - a for a, b in zip(stamps[1:], stamps[2:])], [40, 40, 40], "steps after the large one")
    publisher.stop()


main(scenario)
