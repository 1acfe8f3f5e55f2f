# SPDX-License-Identifier: Apache-2.0
"""200 viewers get equal bytes from the same frame on, and not one payload byte more is copied than for a single one."""

from lib import flv, media
from lib.expect import check, equal, main, wait_until, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer, crowd


def scenario():
    with Node() as node:
        publisher = Publisher(node.rtmp, "cams/gate", media.Feed(gop=25, size=4000)).open()
        publisher.push(1000)
        node.wait_stream("cams/gate")
        viewers = [Viewer(node.http, "/cams/gate.flv").wait_frames(1)]
        alone = copies_per_byte(node, publisher, viewers)
        viewers += crowd(199, node.http, "/cams/gate.flv")
        together = copies_per_byte(node, publisher, viewers)
        for where, before, after in zip(("into the stream", "onto the tape"), alone, together):
            within(before, 0.98, 1.01, f"copies {where} per payload byte, with one viewer")
            within(after, before - 0.001, before + 0.001, f"copies {where} per payload byte, with 200 viewers")
        check_equal_bytes(viewers)
        publisher.stop()


def counters(node):
    """What the ratio is made of, in one scrape."""
    metrics = node.metrics()
    return {"payload": metrics.value("ingest_payload_bytes_total"), "frames": metrics.value("frames_in_total"),
            "ingest": metrics.value("payload_copied_bytes_total", where="ingest"),
            "tape": metrics.value("payload_copied_bytes_total", where="tape")}


def copies_per_byte(node, publisher, viewers):
    """Pushes two seconds of media between two quiet moments; returns the ratios for ingest and tape."""
    settle(node, publisher, viewers)
    before = counters(node)
    publisher.push(2000)
    settle(node, publisher, viewers)
    after = counters(node)
    grown = {key: after[key] - before[key] for key in after}
    check(grown["payload"] > 150_000, f"too little payload to judge: {grown}")
    return grown["ingest"] / grown["payload"], grown["tape"] / grown["payload"]


def settle(node, publisher, viewers):
    """Waits until the node has taken all that was sent and every viewer has the newest picture."""
    node.wait_metric("frames_in_total", lambda value: value == publisher.sent_frames)
    newest = publisher.feed.video_frames - 1
    for viewer in viewers:
        wait_until(lambda: viewer.frames(media.VIDEO) and viewer.frames(media.VIDEO)[-1].number == newest,
                   lambda: f"viewer has not the newest picture {newest}: {viewer.describe()}", 15)


def check_equal_bytes(viewers):
    """Every viewer's bytes from the last one's first frame on are the same bytes."""
    for viewer in viewers:
        viewer.check_ok()
        flv.check_stream(viewer.tags)
    start = max(viewer.frames(media.VIDEO)[0].number for viewer in viewers)
    tails = []
    for viewer in viewers:
        offset = next(tag.offset for tag in viewer.frames(media.VIDEO) if tag.number == start)
        tails.append(bytes(viewer.raw[offset:]))
    shortest = min(len(tail) for tail in tails)
    check(shortest > 100_000, f"only {shortest} bytes to compare")
    different = [index for index, tail in enumerate(tails) if tail[:shortest] != tails[0][:shortest]]
    equal(different, [], "viewers whose bytes differ from the first viewer's")


main(scenario)
