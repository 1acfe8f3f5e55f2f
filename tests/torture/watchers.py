# SPDX-License-Identifier: Apache-2.0
"""Viewers of every output who come again when they are sent away by the rules, and know the newest picture they were given.

Each has `newest`, the highest number of a picture that it has seen (or `size`, for single pictures), `restarts`,
and `error`, what nobody should see.
"""

import re
import threading
import time

from lib import flv, hls, http, pictures, ws
from lib.viewer import Viewer

STREAMS = {"http-flv": ("flv", "http"), "ws-flv": ("flv", "ws"), "http-fmp4": ("mp4", "http"), "ws-fmp4": ("mp4", "ws"),
           "ws-flussonic": ("mp4?framing=flussonic", "ws"), "ws-ivideon": ("mp4?framing=ivideon", "ws"), "http-ts": ("ts", "http")}
LISTS = ("hls", "hls-ll", "hls-ts")
OUTPUTS = [*STREAMS, *LISTS, "picture"]
BREATH_S = 0.1


class _Numbers:
    """Finds the numbers in bytes that come in any pieces."""

    def __init__(self):
        self.newest = -1
        self._tail = b""
        self.tags = ()  # for who takes this for a reader of FLV

    def feed(self, data):
        data = self._tail + data
        found = pictures.MARK.findall(data)
        self._tail = data[1 - pictures.MARK_BYTES:]
        if found:
            self.newest = max(self.newest, int(found[-1], 16))


class _Flv(flv.FlvReader):
    """As strict as its parent, and keeps nothing."""

    def __init__(self):
        super().__init__()
        self.newest = -1

    def feed(self, data):
        super().feed(data)
        numbers = [tag.number for tag in self.tags if tag.is_frame and tag.type == flv.media.VIDEO]
        self.newest = max(numbers, default=self.newest)
        self.tags.clear()


class _Endless(Viewer):
    """One connection of a StreamWatcher."""

    def __init__(self, address, target, transport, reader):
        super().__init__(address, target, transport, reading=False)
        self.reader = reader
        self._waits = "flussonic" in target
        self.resume()

    def on_readable(self):
        goes_on = super().on_readable()
        self.raw.clear()
        if self._waits and self.status == 101 and goes_on:
            self._waits = False
            self.socket.send(ws.frame(ws.TEXT, b"resume"))  # nothing comes before
        return goes_on


class StreamWatcher:
    """An endless answer, or a WebSocket. `look` comes again after an end."""

    def __init__(self, address, stream, output):
        self.output, self.restarts, self.error = output, 0, None
        self._address, (ending, self._transport) = address, STREAMS[output]
        self._target = f"/{stream}.{ending}"
        self._newest = -1
        self._open()

    def _open(self):
        reader = _Flv() if "flv" in self.output else _Numbers()
        self._viewer = _Endless(self._address, self._target, self._transport, reader)

    @property
    def newest(self):
        return max(self._newest, self._viewer.reader.newest)

    def look(self):
        """To be called again and again."""
        viewer = self._viewer
        if not viewer.closed:
            return
        expected = viewer.status == 503 or (viewer.status == 200 and self.output == "http-fmp4" and viewer.ended_cleanly)
        if viewer.error or not expected:
            self.error = self.error or viewer.describe()
        self._newest = self.newest
        self.restarts += 1
        viewer.close()
        self._open()

    def close(self):
        """Goes away."""
        self._viewer.close()

    def describe(self):
        """One line for messages."""
        return f"{self.output}: newest {self.newest}, {self.error or self._viewer.describe()}"


class _Asking(threading.Thread):
    """Who asks again and again over connections that are kept, in a thread of its own."""

    def __init__(self, address, stream, output):
        super().__init__(daemon=True)
        self.output, self.restarts, self.error = output, 0, None
        self.newest, self.size = -1, None
        self._address, self._stream = address, stream
        self._over = threading.Event()
        self._connection = None
        self.start()

    def run(self):
        while not self._over.is_set():
            try:
                self._turn()
            except (OSError, http.HttpError):  # an idle connection's time is over
                self._drop()
            except Exception as error:  # reported by the test, which looks at all watchers
                self.error = f"{type(error).__name__}: {error}"
                return
        self._drop()

    def _drop(self):
        if self._connection:
            self._connection.close()
        self._connection = None

    def _get(self, target):
        self._connection = self._connection or http.Connection(self._address, timeout=30)
        self._connection.request("GET", target)
        return self._connection.read_response()

    def _refused(self, response, allowed):
        """Waits a little before the next question; another status is an error."""
        if response.status != allowed:
            raise ValueError(f"{self.output}: {response}")
        self._over.wait(BREATH_S)

    def look(self):
        """Nothing to do: the thread does it."""

    def close(self):
        """Goes away after the answer that it waits for."""
        self._over.set()

    def describe(self):
        """One line for messages."""
        return f"{self.output}: newest {self.newest}, size {self.size}, {self.error}"


class ListWatcher(_Asking):
    """HLS: the playlist, and the newest segment in it; with low latency the newest part, and playlists of the future."""

    def __init__(self, address, stream, output):
        self._base = self._uri = self._wait_for = None
        self._init = None
        super().__init__(address, stream, output)

    def _turn(self):
        if self._uri is None:
            self._enter()
            return
        response = self._get(self._base + self._uri + (self._wait_for or ""))
        self._wait_for = None
        if response.status != 200:
            self._refused(response, 503)
            return
        self._take(hls.Playlist(response.body.decode()).check())

    def _enter(self):
        query = "?container=ts" if self.output == "hls-ts" else ""
        response = self._get(f"/{self._stream}/index.m3u8{query}")
        if response.status != 200:
            self._refused(response, 503)
            return
        session, self._uri = re.search(r"^(~[^/]+)/(\S+)$", response.body.decode(), re.M).groups()
        self._base = f"/{self._stream}/{session}/"
        self.restarts += 1

    def _take(self, playlist):
        parts = [(segment, part["URI"]) for segment in [*playlist.segments[-1:], playlist.open] if segment
                 for part in segment.parts]
        low_latency = self.output == "hls-ll" and parts
        segment, uri = parts[-1] if low_latency else (playlist.segments[-1], playlist.segments[-1].uri)
        if segment.init and segment.init != self._init:
            self._fetch(segment.init)
            self._init = segment.init
        self._fetch(uri)
        if low_latency:
            number, part = playlist.last_part()
            self._wait_for = f"?_HLS_msn={number}&_HLS_part={part + 1}"
        else:
            self._over.wait(BREATH_S * 2)

    def _fetch(self, uri):
        response = self._get(self._base + uri)
        if response.status != 200:
            self._refused(response, 404)  # a watcher that is so slow that its segment has left the list
            return
        numbers = _Numbers()
        numbers.feed(response.body)
        self.newest = max(self.newest, numbers.newest)


class PictureWatcher(_Asking):
    """The newest key frame as a JPEG, every now and then."""

    def _turn(self):
        response = self._get(f"/{self._stream}.jpg")
        if response.status != 200:
            self._refused(response, 503)
            return
        self.size = pictures.jpeg_size(response.body)
        self._over.wait(BREATH_S * 3)


def watch(address, stream, output):
    """A watcher of that output."""
    kind = StreamWatcher if output in STREAMS else ListWatcher if output in LISTS else PictureWatcher
    return kind(address, stream, output)


def wait_all(watchers, has_seen, seconds):
    """Looks at all of them until each has seen it; returns those who have not in time."""
    deadline = time.monotonic() + seconds
    while True:
        for watcher in watchers:
            watcher.look()
        late = [watcher for watcher in watchers if not has_seen(watcher) or watcher.error]
        if not late or any(watcher.error for watcher in late) or time.monotonic() > deadline:
            return late
        time.sleep(0.02)
