# SPDX-License-Identifier: Apache-2.0
"""Audio only and video only play; a track that comes late is announced inside the running stream."""

import time

from lib import flv, media
from lib.expect import check, equal, main, wait_until, within
from lib.node import Node
from lib.publisher import Publisher
from lib.viewer import Viewer


def scenario():
    with Node() as node:
        only(node, "audio", media.Feed(video=False), 4)
        only(node, "video", media.Feed(audio=False), 1)
        late_audio(node)
        late_video(node)


def only(node, name, feed, flags):
    """One track: the FLV header's flags name it alone, and the first viewer does not wait for the other for ever."""
    publisher = Publisher(node.rtmp, f"single/{name}", feed).open().run()
    asked = time.monotonic()
    viewer = Viewer(node.http, f"/single/{name}.flv").wait_frames(20)
    within(viewer.first_frame_at - asked, 0, 3, f"seconds until the first frame of {name} only")
    equal(viewer.reader.header[4], flags, f"FLV header flags of {name} only")
    flv.check_stream(viewer.tags, video=feed.video, audio=feed.audio)
    values = viewer.tags[0].script()[1]
    equal(("videocodecid" in values, "audiocodecid" in values), (feed.video, feed.audio), "codecs in the metadata")
    equal([track["kind"] for track in node.stream(f"single/{name}")["tracks"]], [name], "tracks in the API")
    second = Viewer(node.http, f"/single/{name}.flv").wait_frames(5)
    flv.check_start(second.tags, video=feed.video, audio=feed.audio)
    publisher.stop()


def late_audio(node):
    """Video plays for three seconds before the audio header comes (Reolink): viewers get the header in mid-stream."""
    publisher = Publisher(node.rtmp, "single/late-audio", media.Feed(audio=False)).open().run()
    viewer = Viewer(node.http, "/single/late-audio.flv").wait_frames(30)
    publisher.pause()
    start = round(publisher.feed.position_ms())
    publisher.send(media.AUDIO, start, media.aac_config())
    publisher.feed = media.Feed(start_ms=start, first=1000)
    publisher.run()
    wait_until(lambda: viewer.frames(media.AUDIO), "no audio after its late header")
    before = viewer.tags
    first_audio = before.index(viewer.frames(media.AUDIO)[0])
    check(any(tag.is_config and tag.type == media.AUDIO for tag in before[:first_audio]), "audio without its header")
    flv.check_growing(viewer.check_ok().tags)
    fresh = Viewer(node.http, "/single/late-audio.flv").wait_frames(10)
    equal(fresh.reader.header[4], 5, "flags for a viewer that comes after the audio")
    flv.check_start(fresh.tags)
    publisher.stop()


def late_video(node):
    """Audio for seconds, then the first picture (OpenIPC)."""
    publisher = Publisher(node.rtmp, "single/late-video", media.Feed(video=False)).open().run()
    viewer = Viewer(node.http, "/single/late-video.flv").wait_frames(80)
    publisher.pause()
    start = round(publisher.feed.position_ms())
    publisher.send(media.VIDEO, start, media.avc_config())
    publisher.feed = media.Feed(start_ms=start, first=1000)
    publisher.run()
    wait_until(lambda: len(viewer.frames(media.VIDEO)) > 5, "no video after its late header")
    check(viewer.frames(media.VIDEO)[0].is_key, "the first late picture is no key frame")
    flv.check_growing(viewer.check_ok().tags)
    publisher.stop()


main(scenario)
