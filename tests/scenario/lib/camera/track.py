# SPDX-License-Identifier: Apache-2.0
"""One track of a camera in one session: access units to RTP bytes with their due times, and its sender reports."""

import random
import struct
import time

from . import faults, packets, source, srtp

NTP_EPOCH = 2208988800


class Track:
    """A track. `number` is its place in the plan; options are the members of its object there."""

    def __init__(self, plan, number):
        self.plan, self.number = plan, number
        self._options = plan.tracks[number]
        self.source = source.make(self.option("media", "h264"), self.option("packet_s"))
        self.payload_type = self.option("payload_type", {"pcmu": 0, "pcma": 8, "mp3": 14, "jpeg": 26, "l16": 10}.get(
            self.source.name, 96 + number))
        self.control = self.option("control", f"trackID={number}")
        self.profile = self.option("protocol", "RTP/SAVP" if plan.srtp else "RTP/AVP")
        self.faults = faults.parse(self.option("faults", []))
        self.keys = srtp.make_keys(plan.srtp, number) if plan.srtp else None
        self.sequence = self.option("sequence", 1000 * (number + 1))
        self.first_timestamp = self.option("timestamp", 90000 * (number + 1))
        self.ssrc = self.option("ssrc", 0x5c000001 + number)
        self.sent_packets = self.sent_bytes = self.lost = 0
        self.index = 0
        self.chance = random.Random(number + 1)
        self._held = None  # a packet that waits to be overtaken

    def option(self, key, default=None):
        """A member of the track's plan."""
        return self._options.get(key, default)

    # Keys, as the SDP tells them.

    def secrets(self):
        """What templates can name of the keys."""
        if not self.keys:
            return {}
        settings = self.plan.srtp
        return {"crypto": srtp.sdes(self.keys), "mikey": srtp.mikey(self.keys, self.ssrc, settings.get("padding", 0))}

    def secret_lines(self):
        """Lines of the SDP that tell the keys."""
        kind = (self.plan.srtp or {}).get("keys")
        return {"sdes": ["a=crypto:{crypto}"], "mikey": ["a=key-mgmt:mikey {mikey}"]}.get(kind, [])

    # Media.

    def due_s(self):
        """When the next unit is to be sent, in seconds since the start; None when the track has ended."""
        ends, starts = self.option("ends_s"), self.option("starts_s", 0)
        if starts is None:
            return None
        at = starts if self.index == 0 else self.index * self.source.step_s
        return None if ends is not None and at >= ends else at

    def take(self):
        """The next unit's packets, spoiled and numbered, as bytes (protected when keys are set)."""
        starts = self.option("starts_s", 0)
        if self.index == 0 and starts:  # the media before the start were never sent
            self.index = int(starts / self.source.step_s)
            if self.source.kind == "video":
                self.index = -(-self.index // 25) * 25
        self._change_media()
        unit = self.source.unit(self.index)
        self.index += 1
        faults.apply_units(self, unit)
        made = faults.apply_packets(self, packets.packetize(self, unit))
        return [data for packet in made for data in self._finish(packet)]

    def _change_media(self):
        then = self.option("then")
        if then and self.index * self.source.step_s >= then["at_s"] - 1e-6 and self.source.name != then["media"]:
            self.source = source.make(then["media"])
            if "ssrc" in then:
                self.ssrc = then["ssrc"]
            if "sequence" in then:
                self.sequence = then["sequence"]

    def timestamp_of(self, media_s):
        """The RTP time stamp at a moment of the media, with all that goes wrong with the clock before it."""
        if self.option("frozen"):
            return self.first_timestamp
        shown = media_s
        for event in self.plan.clock + self.option("clock", []):
            if media_s < event["at_s"]:
                continue
            shown += event.get("jump_s", 0)
            if "rate" in event:
                shown += (media_s - event["at_s"]) * (event["rate"] - 1)
            if "freeze_s" in event:
                shown -= min(media_s - event["at_s"], event["freeze_s"])
        return int(self.first_timestamp + round(shown * self.option("clock_rate", self.source.clock_rate))) & 0xffffffff

    def _finish(self, packet):
        packet.timestamp = self.timestamp_of(packet.unit.pts_s)
        packet.payload_type = packet.payload_type or self.option("sent_payload_type", self.payload_type)
        packet.ssrc, packet.sequence = self._identity(packet.unit.at_s)
        self.sequence += packet.raw is None  # what is no RTP takes no number
        data = packet.bytes()
        self.sent_packets += 1
        self.sent_bytes += len(packet.payload)
        if self.keys:
            data = self.keys.rtp(data)
        return self._network(data)

    def _identity(self, media_s):
        for event in self.option("resets", []):
            if media_s >= event["at_s"] and not event.get("done"):
                event["done"] = True
                self.ssrc, self.sequence = event.get("ssrc", self.ssrc), event.get("sequence", self.sequence)
        return self.ssrc, self.sequence

    def _network(self, data):
        """Loss, doubling and disorder by their shares."""
        if self.chance.random() < self.option("loss", 0):
            self.lost += 1
            return []
        out = [data, data] if self.chance.random() < self.option("double", 0) else [data]
        if self._held is not None:
            out, self._held = out + [self._held], None
        elif self.chance.random() < self.option("disorder", 0):
            self._held, out = data, []
        return out

    # Reports.

    def report(self, wall_s, media_s):
        """A sender report with a name, or what the plan has in its place; b"" for none."""
        kind = self.option("rtcp", self.plan.rtcp)
        if kind == "none":
            return b""
        ntp = {"zero": 0, "wild": 0x0102030405060708}.get(kind)
        if ntp is None:
            ntp = int((wall_s + NTP_EPOCH + self.option("wall_offset_s", 0)) * (1 << 32)) & (1 << 64) - 1
        ssrc = 0xdeadbeef if kind == "unknown_ssrc" else self.ssrc
        body = struct.pack(">IQIII", ssrc, ntp, self.timestamp_of(media_s), self.sent_packets & 0xffffffff,
                           self.sent_bytes & 0xffffffff)
        name = b"\x01\x06camera" + (b"" if kind == "unterminated" else b"\0")
        name += b"" if kind == "unterminated" else bytes(-len(name) % 4)
        found = struct.pack(">BBH", 0x80, 200, 6) + body
        found += struct.pack(">BBHI", 0x81, 202, (4 + len(name)) // 4, ssrc) + name
        return self.keys.rtcp(found) if self.keys else found

    def goodbye(self):
        """An RTCP BYE."""
        data = struct.pack(">BBHI", 0x80, 201, 1, self.ssrc) + struct.pack(">BBHI", 0x81, 203, 1, self.ssrc)
        return self.keys.rtcp(data) if self.keys else data


def now():
    """Wall-clock time, by which reports are stamped."""
    return time.time()
