# SPDX-License-Identifier: Apache-2.0
"""Holds what a viewer got against what a camera sent, by the plan's "expect". Members of it:

video, audio: so many frames (60 and 0 by default); audio_by_bytes: the same for sound whose frames carry no number.
lossy: numbers may be missing. restarts: they may begin anew, as another session does. pictures_whole: false when the bytes of the pictures are not compared. offset_ms: sound and
picture belong together within so much. span_s: the viewer's time has not run further. b_frames: there are composition
offsets. configs, sizes: sequence headers, and the sizes in their parameter sets. plays_s: so long in one session.
"""

from .. import media
from ..expect import check, equal, within
from ..flv import check_growing
from . import source

VIDEO_FRAMES = 60


def nal_units(tag):
    """The NAL units of an H.264 or H.265 tag."""
    at = (8 if tag.body[0] & 0x0f == 1 else 5) if tag.enhanced else 5
    found = []
    while at + 4 <= len(tag.body):
        size = int.from_bytes(tag.body[at:at + 4], "big")
        check(at + 4 + size <= len(tag.body), f"a NAL unit of {size} bytes goes beyond the end of {tag}")
        found.append(tag.body[at + 4:at + 4 + size])
        at += 4 + size
    equal(at, len(tag.body), f"end of the last NAL unit of {tag}")
    return found


def _slices(track_source, units):
    h265 = track_source.encoding == "H265"
    return [bytes(unit).rstrip(b"\0") for unit in units
            if unit and ((unit[0] >> 1 & 63) < 32 if h265 else unit[0] & 31 in (1, 5))]


class Judge:
    """Judges one viewer of one camera."""

    def __init__(self, plan, viewer):
        self.plan, self.viewer, self.expect = plan, viewer, plan.expect
        self.sources = {}  # kind -> sources of the plan's tracks that FLV carries, in turn
        for options in plan.tracks:
            found = [source.make(options.get("media", "h264"), options.get("packet_s"))]
            if "then" in options:
                found.append(source.make(options["then"]["media"]))
            self.sources.setdefault(found[0].kind, (options, found))

    def wanted(self, kind):
        """How many frames of a kind must come."""
        if kind == media.VIDEO:
            return self.expect.get("video", max(VIDEO_FRAMES, int(self.expect.get("plays_s", 0) * 25)))
        return self.expect.get("audio", self.expect.get("audio_by_bytes", 0))

    def done(self):
        """Whether enough has come (or never will)."""
        frames = self.viewer.frames()
        counts = {kind: sum(tag.type == kind for tag in frames) for kind in (media.VIDEO, media.AUDIO)}
        return self.viewer.error or self.viewer.closed or all(
            counts[kind] >= self.wanted(kind) for kind in counts)

    def check(self):
        """Fails with the first thing that is wrong."""
        viewer = self.viewer
        check(viewer.status in (200, 101), f"the viewer was answered {viewer.status}, error {viewer.error}")
        check(not viewer.error and not viewer.closed, f"viewer: {viewer.describe()}")
        tags = viewer.tags
        for kind, what in ((media.VIDEO, "pictures"), (media.AUDIO, "frames of sound")):
            got = sum(tag.type == kind and tag.is_frame for tag in tags)
            check(got >= self.wanted(kind), f"{got} {what} of {self.wanted(kind)}: {viewer.describe()}")
        check_growing(tags)
        pictures, sounds = (self._numbered(viewer.frames(kind)) for kind in (media.VIDEO, media.AUDIO))
        if self.wanted(media.VIDEO):
            first = viewer.frames(media.VIDEO)[0]
            check(first.is_key, f"the first picture is no key frame: {first}")
            self._check_numbers(pictures, "picture")
            self._check_pictures(pictures)
        if self.expect.get("audio"):
            self._check_numbers(sounds, "sound")
        if self.expect.get("audio_by_bytes"):
            self._check_bytes(sounds)
        self._check_times(pictures, sounds)
        self._check_configs(tags)

    def _numbered(self, frames):
        """Where packets are lost, so is here and there the one that had a picture's number in it."""
        return [frame for frame in frames if frame.number is not None] if self.expect.get("lossy") else frames

    def _check_numbers(self, frames, what):
        numbers = [frame.number for frame in frames]
        check(None not in numbers, f"a {what} without a number: {frames[numbers.index(None) if None in numbers else 0]}")
        for before, after in zip(numbers, numbers[1:]):
            good = after > before if self.expect.get("lossy") else after == before + 1
            good = good or self.expect.get("restarts") and after < 30
            check(good, f"{what} {before} is followed by {after}")

    def _check_bytes(self, frames):
        """Sound without numbers: the bytes say which frame it is."""
        found = self.sources["audio"][1][0]
        heads = 5 if frames[0].enhanced else 1
        places = [found.index_of(frame.body[heads:]) for frame in frames]
        check(None not in places, f"a frame of sound that the camera has not sent: {frames[places.index(None) if None in places else 0]}")
        for before, after in zip(places, places[1:]):
            equal(after, (before + 1) % len(found), f"frame of sound behind {before}")

    def _source_at(self, options, found, number):
        then = options.get("then")
        return found[1] if then and number * found[0].step_s >= then["at_s"] - 1e-6 else found[0]

    def _check_pictures(self, pictures):
        if not self.expect.get("pictures_whole", True) or "video" not in self.sources:
            return
        options, found = self.sources["video"]
        if not hasattr(found[0], "sets"):
            return
        for tag in pictures:
            sent = self._source_at(options, found, tag.number).unit(tag.number)
            got = _slices(found[0], nal_units(tag))
            wanted = _slices(found[0], sent.nals)
            equal([len(one) for one in got], [len(one) for one in wanted], f"sizes of the slices in {tag}")
            check(got == wanted, f"{tag} has other bytes than were sent")
            equal(tag.is_key, sent.key, f"key frame mark of {tag}")

    def _moment(self, tag):
        """When a frame is to be shown, by its number, in the camera's own time."""
        options, found = self.sources["video" if tag.type == media.VIDEO else "audio"]
        return self._source_at(options, found, tag.number).unit(tag.number).pts_s

    def _check_times(self, pictures, sounds):
        limit = self.expect.get("offset_ms")
        if limit is not None:
            late = [[tag.timestamp + (tag.composition_ms if tag.type == media.VIDEO else 0) - self._moment(tag) * 1000
                     for tag in frames[-20:]] for frames in (pictures, sounds)]
            offset = sorted(late[0])[len(late[0]) // 2] - sorted(late[1])[len(late[1]) // 2]
            within(offset, -limit, limit, "picture after sound, in ms")
        span = self.expect.get("span_s")
        for frames in (pictures, sounds):
            if span is not None and frames:
                within((frames[-1].timestamp - frames[0].timestamp) / 1000, 0, span, "seconds that the viewer's time ran")
        if self.expect.get("b_frames"):
            check(any(tag.composition_ms > 0 for tag in pictures), "no picture has a composition offset")
            check(all(tag.composition_ms >= 0 for tag in pictures), "a picture is shown before it is decoded")
            # The last ones may still lack pictures that are shown before them and come behind.
            moments = sorted(tag.timestamp + tag.composition_ms for tag in pictures[5:])[:-8]
            steps = [after - before for before, after in zip(moments, moments[4:])]
            within(max(steps, default=160), 120, 240, "ms between every fourth moment of display")

    def _check_configs(self, tags):
        wanted = self.expect.get("configs")
        if wanted is None:
            return
        configs = [tag for tag in tags if tag.type == media.VIDEO and tag.is_config]
        bodies = [config.body for at, config in enumerate(configs) if at == 0 or config.body != configs[at - 1].body]
        equal(len(bodies), wanted, "different video sequence headers")
