# SPDX-License-Identifier: Apache-2.0
"""A second publisher of a live name is refused or takes over, as the policy says; viewers are kept across a take-over."""

from lib import flv, media
from lib.expect import check, equal, main, wait_until
from lib.node import Node
from lib.publisher import Publisher, Refused
from lib.viewer import Viewer

CONFIG = """
stream:
  publish: refuse
  viewer_grace: 1s
streams:
  cams/always: {publish: always}
  cams/same: {publish: same-address}
"""


def scenario():
    with Node(CONFIG) as node:
        refuse(node, "cams/gate", "127.0.0.1")
        take_over(node, "cams/always", "127.0.0.2")
        refuse(node, "cams/same", "127.0.0.2")
        take_over(node, "cams/same", "127.0.0.1")
        same_instant(node)


def refuse(node, name, source):
    """The second publisher is told so, and the first one goes on without a hitch."""
    first = Publisher(node.rtmp, name).open().run()
    node.wait_stream(name)
    viewer = Viewer(node.http, f"/{name}.flv").wait_frames(10)
    try:
        Publisher(node.rtmp, name, source=(source, 0)).open()
        check(False, f"a second publisher of {name} from {source} was accepted")
    except Refused as refusal:
        equal(str(refusal), "NetStream.Publish.BadName", "answer to the second publisher")
    viewer.wait_more(30).check_ok()
    flv.check_stream(viewer.tags)
    viewer.close()
    first.stop()
    node.wait_no_stream(name)


def take_over(node, name, source):
    """The second publisher gets the name; the first is closed, the viewer stays."""
    first = Publisher(node.rtmp, name).open().run()
    node.wait_stream(name)
    viewer = Viewer(node.http, f"/{name}.flv").wait_frames(10)
    second = Publisher(node.rtmp, name, media.Feed(first=1000), source=(source, 0)).open().run()
    first.wait_cut()
    node.wait_logged("session ended", kind="publisher", stream=name, reason="taken_over")
    wait_until(lambda: any(tag.number >= 1000 for tag in viewer.frames(media.VIDEO)), "no picture of the new publisher")
    viewer.wait_more(20).check_ok()
    flv.check_growing(viewer.tags)
    equal(len(node.sessions(kind="publisher", stream=name)), 1, "publishers after the take-over")
    second.stop()
    viewer.close()
    node.wait_no_stream(name)


def same_instant(node):
    """The name is free again as soon as its publisher has gone, while viewers wait for its return."""
    for _ in range(10):
        publisher = Publisher(node.rtmp, "cams/again").open()
        publisher.push(200)
        publisher.stop()
        node.wait_stream("cams/again", lambda entry: entry["state"] == "waiting")


main(scenario)
