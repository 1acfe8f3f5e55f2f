# SPDX-License-Identifier: Apache-2.0
"""A published stream is played over HTTP-FLV: metadata, sequence headers, the newest key frame, then every frame once."""

from lib import flv, media
from lib.expect import check, equal, main
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer


def scenario():
    with Node() as node:
        publisher = Publisher(node.rtmp, "cams/gate").open()
        publisher.push(1000)
        node.wait_stream("cams/gate")
        publisher.run()
        viewer = Viewer(node.http, "/cams/gate.flv").wait_status(200)
        viewer.wait_frames(60).check_ok()
        equal(viewer.response.header("Content-Type"), "video/x-flv", "content type")
        equal(viewer.reader.header[4], 5, "FLV header flags for audio and video")
        flv.check_stream(viewer.tags)
        check_prefix(viewer.tags)
        first = viewer.frames(media.VIDEO)[0]
        check(first.number % publisher.feed.gop == 0, f"first picture is {first}")
        publisher.stop()
        viewer.wait_closed(5)


def check_prefix(tags):
    """The prefix says what the tracks say, and repeats the publisher's sequence headers byte by byte."""
    name, values = tags[0].script()
    equal(name, "onMetaData", "script name")
    equal((values["width"], values["height"]), (320, 192), "size in the metadata")
    equal((values["videocodecid"], values["audiocodecid"]), (7, 10), "codecs in the metadata")
    equal(values["audiosamplerate"], 44100, "sample rate in the metadata")
    configs = {tag.type: tag.body for tag in tags if tag.is_config}
    equal(configs[media.VIDEO], media.avc_config(), "video sequence header")
    equal(configs[media.AUDIO], media.aac_config(), "audio sequence header")
    bodies = [tag.body for tag in flv.frames(tags, media.VIDEO)]
    for number, body in zip((media.number_in(b) for b in bodies), bodies):
        check(body in (media.avc_frame(number, True), media.avc_frame(number, False)), f"frame {number} was changed")


main(scenario)
