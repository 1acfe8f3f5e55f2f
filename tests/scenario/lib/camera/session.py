# SPDX-License-Identifier: Apache-2.0
"""An RTSP session of a fake camera: its tracks with their sinks, and the task that sends."""

import asyncio
import time

from .track import Track, now

REPORT_EVERY_S = 1.0


class Session:
    """Made by the first SETUP. Lives on the camera's loop."""

    def __init__(self, camera, connection, name):
        self.camera, self.plan, self.connection, self.name = camera, camera.plan, connection, name
        self.names = {name}       # ids by which it is known; some cameras change them
        self.tracks = []          # those that were set up
        self.sinks = {}           # track -> sink
        self.playing = False
        self.started = None       # loop time of the first picture
        self.heard = time.monotonic()
        self._task = None
        self._watch = asyncio.ensure_future(self._expire())

    def set_up(self, number, sink):
        """A track with the way that its packets take."""
        track = next((one for one in self.tracks if one.number == number), None)
        if track is None:
            track = Track(self.plan, number)
            self.tracks.append(track)
            self.tracks.sort(key=lambda one: one.number)
        elif track in self.sinks:
            self.sinks[track].close()
        self.sinks[track] = sink
        return track

    def play(self):
        """Sends from now on."""
        if not self.playing:
            self.playing = True
            self._task = asyncio.ensure_future(self._send())

    def keep(self, how):
        """The peer gave a sign of life; whether it counts is the plan's matter."""
        wanted = self.plan.session["keepalive"]
        if wanted is None or how in wanted:
            self.heard = time.monotonic()

    async def _expire(self):
        limit = self.plan.session["enforced_s"]
        while limit is not None:
            left = self.heard + limit - time.monotonic()
            if left <= 0:
                self.connection.end("expired")
                self.connection.writer.close()
                return
            await asyncio.sleep(left + 0.01)

    def send_first(self, count):
        """Packets of the first pictures at once: before PLAY is answered, or as a burst."""
        for track in self.tracks:
            while track.index < count and track.due_s() is not None:
                self._emit(track)

    def _emit(self, track):
        for data in track.take():
            self.sinks[track].rtp(data)

    def _report(self, media_s):
        for track in self.tracks:
            data = track.report(now(), media_s)
            if data:
                self.sinks[track].rtcp(data)

    async def _send(self):
        loop = asyncio.get_running_loop()
        self.started = loop.time() - self.plan.burst_s
        next_report = self.plan.burst_s
        stall = self.plan.stall or {"after_s": 1e12, "for_s": 0}
        stalled = False
        while self.playing:
            due = [(track.due_s(), track.number, track) for track in self.tracks if track.due_s() is not None]
            if not due:
                await asyncio.sleep(0.2)
                continue
            at, _, track = min(due)
            wait = self.started + at - loop.time()
            if wait > 0:
                await asyncio.sleep(wait)
            if not stalled and at >= stall["after_s"]:
                stalled = True
                await asyncio.sleep(stall["for_s"])
                self.started += stall["for_s"] if stall.get("shift", True) else 0
            if self.plan.close_after_s is not None and at >= self.plan.close_after_s:
                self.connection.end("stopped")
                self.connection.writer.transport.abort()
                return
            self._emit(track)
            if at >= next_report:
                next_report = at + REPORT_EVERY_S
                self._report(at)

    def end(self):
        """Stops sending and gives everything back."""
        self.playing = False
        for task in (self._task, self._watch):
            if task and task is not asyncio.current_task():
                task.cancel()
        for sink in self.sinks.values():
            sink.close()
        self.sinks = {}
