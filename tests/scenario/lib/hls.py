# SPDX-License-Identifier: Apache-2.0
"""An HLS client that checks what it is given against RFC 8216bis: lists, parts, held requests, deltas, bytes that stay."""

import math
import re

from . import http
from .expect import check, equal

_SLACK = 0.00002  # durations are printed with five decimals


def attributes(text):
    """The attribute list of a tag."""
    found = re.findall(r'([A-Z0-9-]+)=("[^"]*"|[^,]*)', text)
    return {key: value.strip('"') for key, value in found}


class Segment:
    """A segment as listed. `uri` is None for the one that is still cut; `parts` are attribute lists."""

    def __init__(self, number):
        self.number, self.uri, self.duration = number, None, 0.0
        self.parts, self.discontinuity, self.init, self.date = [], False, None, None

    def key(self):
        """What must never change."""
        return self.uri, self.duration, self.discontinuity, self.init, self.date


class Playlist:
    """A media playlist, taken apart strictly."""

    def __init__(self, text):
        self.text = text
        lines = text.split("\n")
        equal(lines[0], "#EXTM3U", "first line")
        equal(lines[-1], "", "what follows the last line")
        self.tags, self.segments, self.open, self.hint, self.skipped = {}, [], None, None, 0
        self.reports = []  # of other renditions: attribute lists
        current, init, number = None, None, None
        for line in lines[1:-1]:
            if number is None and "MEDIA-SEQUENCE:" in line:
                number = int(line.split(":")[1])
            name, _, value = line.partition(":")
            if line.startswith("#EXT-X-SKIP"):
                self.skipped = int(attributes(value)["SKIPPED-SEGMENTS"])
                number += self.skipped
            elif name in ("#EXT-X-DISCONTINUITY", "#EXT-X-MAP", "#EXT-X-PROGRAM-DATE-TIME", "#EXT-X-PART", "#EXTINF"):
                current = current or Segment(number)
                if name == "#EXT-X-DISCONTINUITY":
                    current.discontinuity = True
                elif name == "#EXT-X-MAP":
                    init = attributes(value)["URI"]
                elif name == "#EXT-X-PROGRAM-DATE-TIME":
                    current.date = value
                elif name == "#EXT-X-PART":
                    current.parts.append(attributes(value))
                else:
                    current.duration = float(value.rstrip(","))
                current.init = init
            elif name == "#EXT-X-PRELOAD-HINT":
                check(self.hint is None, "two hints")
                self.hint = attributes(value)
            elif name == "#EXT-X-RENDITION-REPORT":
                self.reports.append(attributes(value))
            elif line.startswith("#"):
                check(name not in self.tags, f"{name} twice")
                self.tags[name] = value
            else:
                check(current is not None and current.duration > 0, f"a URI without EXTINF: {line}")
                current.uri = line
                self.segments.append(current)
                current, number = None, number + 1
        self.open = current
        self.next = number
        self.first = int(self.tags["#EXT-X-MEDIA-SEQUENCE"])
        self.target = int(self.tags["#EXT-X-TARGETDURATION"])
        self.control = attributes(self.tags.get("#EXT-X-SERVER-CONTROL", ""))
        self.part_target = float(attributes(self.tags.get("#EXT-X-PART-INF", "")).get("PART-TARGET", 0))

    def check(self):
        """The rules that hold within one list."""
        check("#EXT-X-ENDLIST" not in self.tags, "a live list has an end")
        for segment in self.segments:
            check(round(segment.duration) <= self.target, f"segment of {segment.duration} s, target {self.target}")
            if segment.parts:
                total = sum(float(part["DURATION"]) for part in segment.parts)
                check(abs(total - segment.duration) <= _SLACK * (len(segment.parts) + 1),
                      f"parts of {total} s in a segment of {segment.duration} s")
        if not self.part_target:
            equal(self.reports, [], "reports of other renditions without parts")
            return self
        for report in self.reports:
            equal(sorted(report), ["LAST-MSN", "LAST-PART", "URI"], "attributes of a report")
            check(not re.match(r"[a-z]+:|/", report["URI"]), f"the URI of a report is not relative: {report}")
        check(float(self.control["PART-HOLD-BACK"]) >= 3 * self.part_target - 1e-9, f"hold back: {self.control}")
        check(float(self.control["HOLD-BACK"]) >= 3 * self.target, f"hold back: {self.control}")
        check(float(self.control["CAN-SKIP-UNTIL"]) >= 6 * self.target, f"skip: {self.control}")
        equal(self.control["CAN-BLOCK-RELOAD"], "YES", "CAN-BLOCK-RELOAD")
        for segment in self.segments + [self.open] * (self.open is not None):
            for i, part in enumerate(segment.parts):
                length = float(part["DURATION"])
                is_last = segment.uri is not None and i == len(segment.parts) - 1
                check(length <= self.part_target + _SLACK, f"part of {length} s, target {self.part_target}")
                check(is_last or length >= 0.85 * self.part_target - _SLACK,
                      f"part {part['URI']} of {length} s, target {self.part_target}")
        return self

    def last_part(self):
        """(media sequence number, index) of the newest part."""
        if self.open is not None and self.open.parts:
            return self.open.number, len(self.open.parts) - 1
        return self.segments[-1].number, len(self.segments[-1].parts) - 1


class Variant:
    """A stream in a master playlist: its attributes and where its media playlist is."""

    def __init__(self, values, uri):
        self.values, self.uri = values, uri
        self.size = tuple(int(side) for side in values["RESOLUTION"].split("x"))
        self.peak, self.mean = int(values["BANDWIDTH"]), int(values.get("AVERAGE-BANDWIDTH", 0))


def variants(master):
    """Those of a master playlist, taken apart strictly: the largest picture first, each with all that is known."""
    lines = master.split("\n")
    equal((lines[0], lines[-1]), ("#EXTM3U", ""), "first line, and what follows the last")
    check(lines[1].startswith("#EXT-X-VERSION:"), f"second line: {lines[1]}")
    found = []
    for tag, uri in zip(lines[2:-1:2], lines[3:-1:2], strict=True):
        check(tag.startswith("#EXT-X-STREAM-INF:") and not uri.startswith("#"), f"{tag} is followed by {uri}")
        check(not re.match(r"[a-z]+:|/", uri), f"the URI of a variant is not relative: {uri}")
        variant = Variant(attributes(tag.partition(":")[2]), uri)
        check(variant.values.get("CODECS"), f"no codecs: {tag}")
        check(0 < variant.mean <= variant.peak, f"mean and peak: {tag}")
        found.append(variant)
    equal([v.size for v in found], sorted((v.size for v in found), reverse=True), "order of the variants")
    return found


class Client:
    """One viewer. `open` follows the master playlist; `reload` and `follow` check each list against those before."""

    def __init__(self, address, stream, query=""):
        self.address, self.stream = address, stream
        self.master, self.variants = None, []
        self.base = f"/{stream}/"
        self.query = query
        self.uri = None
        self.seen = {}    # segment number: what was listed
        self.bytes = {}   # URI: body
        self.lists = []

    def get(self, target, timeout=30.0, headers=None):
        """One request on a connection of its own."""
        return http.get(self.address, target, timeout=timeout, headers=headers)

    def open(self):
        """Reads the master playlist and the first media playlist."""
        response = self.get(f"/{self.stream}/index.m3u8{self.query}")
        equal(response.status, 200, f"status of the master playlist ({response})")
        equal(response.header("Content-Type"), "application/vnd.apple.mpegurl", "type of the master playlist")
        equal(response.header("Cache-Control"), "no-store", "caching of the master playlist")
        self.master = response.body.decode()
        self.variants = variants(self.master)
        return self.switch(self.variants[0])

    def switch(self, variant):
        """Goes on with a variant of its master playlist; what was seen before is of another one."""
        name = r"[A-Za-z0-9._-]+"
        check(re.fullmatch(rf"~[A-Za-z0-9_-]{{22}}/({name}/{name}/)?(live|ts)\.m3u8", variant.uri), f"URI of the media playlist: {variant.uri}")
        folder, _, self.uri = variant.uri.rpartition("/")
        self.base = f"/{self.stream}/{folder}/"
        self.seen, self.bytes, self.lists = {}, {}, []
        return self.reload()

    def reload(self, directives="", whole=True):
        """The media playlist, checked."""
        response = self.get(self.base + self.uri + directives)
        equal(response.status, 200, f"status of the playlist {directives} ({response})")
        playlist = Playlist(response.body.decode()).check()
        if whole:
            self._compare(playlist)
            self.lists.append(playlist)
        return playlist

    def _compare(self, playlist):
        if self.lists:
            before = self.lists[-1]
            check(playlist.first >= before.first, f"media sequence went from {before.first} to {playlist.first}")
            check(playlist.next >= before.next, f"the end went from {before.next} to {playlist.next}")
            gone = [self.seen[n] for n in range(before.first, playlist.first) if n in self.seen]
            grown = int(playlist.tags["#EXT-X-DISCONTINUITY-SEQUENCE"]) - int(before.tags["#EXT-X-DISCONTINUITY-SEQUENCE"])
            equal(grown, sum(segment.discontinuity for segment in gone), "growth of the discontinuity sequence")
        for segment in playlist.segments:
            before = self.seen.setdefault(segment.number, segment)
            equal(segment.key(), before.key(), f"segment {segment.number}, listed again")

    def fetch(self, uri):
        """The bytes of a file, which must be the same each time."""
        response = self.get(self.base + uri)
        equal(response.status, 200, f"status of {uri} ({response})")
        check("immutable" in response.header("Cache-Control"), f"caching of {uri}")
        equal(self.bytes.setdefault(uri, response.body), response.body, f"bytes of {uri}, fetched again")
        return response.body

    def fetch_all(self, playlist):
        """Everything listed; parts must be their segment's bytes."""
        for segment in playlist.segments:
            if segment.init:
                self.fetch(segment.init)
            whole = self.fetch(segment.uri)
            if segment.parts:
                equal(b"".join(self.fetch(part["URI"]) for part in segment.parts) == whole, True,
                      f"parts make up segment {segment.number}")

    def follow(self, playlist):
        """A blocking reload for the part after the newest; the answer must have it."""
        number, part = playlist.last_part()
        fresh = self.reload(f"?_HLS_msn={number}&_HLS_part={part + 1}")
        check(fresh.last_part() > (number, part), f"asked for {number}.{part + 1}, got up to {fresh.last_part()}")
        return fresh

    def check_delta(self):
        """A delta must be the end of the whole list. The two are asked for until they are of one moment."""
        while True:
            before, delta, after = self.reload(), self.reload("?_HLS_skip=YES", whole=False), self.reload()
            if before.text == after.text:
                break
        check(delta.skipped > 0, "the delta skips nothing")
        rest = delta.text.split(f"#EXT-X-SKIP:SKIPPED-SEGMENTS={delta.skipped}\n", 1)[1]
        check(before.text.endswith(rest), f"a delta that is not of its list:\n{delta.text}\n{before.text}")
        equal([s.number for s in delta.segments], [s.number for s in before.segments[delta.skipped:]], "segments of the delta")


def seconds_of(playlists):
    """How much media the lists have shown, rounded down."""
    return math.floor(sum(s.duration for s in {s.number: s for p in playlists for s in p.segments}.values()))
