# SPDX-License-Identifier: Apache-2.0
"""What a track does wrong. A plan's track has "faults": names, or [name, argument] of the functions here.

Functions of UNITS change an access unit before it is packetised, those of PACKETS the packets made of it. Each gets the
track, what it shall change, and its argument.
"""

from . import source
from .packets import Packet

UNITS, PACKETS = {}, {}


def _unit(function):
    UNITS[function.__name__] = function
    return function


def _packets(function):
    PACKETS[function.__name__] = function
    return function


def _is_set(track, nal):
    return track.source.nal_type(nal) in track.source.parameter_types[track.source.encoding]


def _is_slice(track, nal):
    kind = track.source.nal_type(nal)
    return kind < 32 if track.source.encoding == "H265" else kind in (1, 5)


@_unit
def no_sets(track, unit, _):
    """Parameter sets never come in the stream."""
    unit.nals = [nal for nal in unit.nals if not _is_set(track, nal)]


@_unit
def sets_once(track, unit, _):
    """Parameter sets come with the first picture only."""
    if unit.index:
        no_sets(track, unit, None)


@_unit
def delimiter_first(track, unit, _):
    """Each picture begins with an access unit delimiter."""
    unit.nals.insert(0, b"\x46\x01\x50" if track.source.encoding == "H265" else b"\x09\xf0")


@_unit
def number_last(track, unit, _):
    """No SEI in front, so that a slice is the first NAL unit of a picture (its number is lost)."""
    unit.nals = [nal for nal in unit.nals if _is_slice(track, nal) or _is_set(track, nal)]


@_unit
def key_frames_only_once(track, unit, _):
    """A very long GOP: the key frames after the first are left out."""
    if unit.key and unit.index:
        unit.nals = []


@_unit
def start_codes(track, unit, argument):
    """Start codes in front of NAL units: 4, 3, "mixed", or "trailing" for zero bytes behind them."""
    for at, nal in enumerate(unit.nals):
        size = {"mixed": 3 + at % 2, "trailing": 0}.get(argument, argument)
        code = b"\0\0\0\1"[4 - size:] if size else b""
        unit.nals[at] = code + nal + (b"\0\0\0" if argument in ("trailing", "mixed") else b"")


@_unit
def one_packet(_, unit, argument):
    """All NAL units of a key picture ("key") or of each ("all") behind the first one, parted by start codes."""
    if unit.key or argument == "all":
        unit.nals = [b"\0\0\0\1".join(unit.nals)]


@_unit
def adts(_, unit, __):
    """AAC frames with an ADTS header."""
    unit.payload = source.adts_header(len(unit.payload)) + unit.payload


@_packets
def no_marker(_, packets, __):
    """The marker bit is never set."""
    for packet in packets:
        packet.marker = False
    return packets


@_packets
def marker_on_each(_, packets, __):
    """The marker bit is set on every packet that ends a NAL unit: parameter sets and SEI too."""
    for packet in packets:
        if not _is_fragment(packet) or packet.payload[1] & 0x40:
            packet.marker = True
    return packets


@_packets
def marker_on_first(_, packets, __):
    """The marker bit is set on the first packet of a picture and on no other."""
    for packet in packets:
        packet.marker = packet is packets[0]
    return packets


def _is_fragment(packet):
    return bool(packet.payload) and packet.payload[0] & 31 == 28


@_packets
def single_as_fragment(track, packets, __):
    """NAL units that fit are sent as fragments with start and end both set."""
    for packet in packets:
        nal = packet.payload
        if track.source.encoding == "H265" and nal[0] >> 1 & 63 < 48:
            packet.payload = bytes([nal[0] & 0x81 | 49 << 1, nal[1], 0xc0 | nal[0] >> 1 & 63]) + nal[2:]
        elif track.source.encoding == "H264" and nal[0] & 31 < 24:
            packet.payload = bytes([nal[0] & 0xe0 | 28, 0xc0 | nal[0] & 31]) + nal[1:]
    return packets


@_packets
def empty_fragments(track, packets, _):
    """A fragment without a byte comes between the fragments of a NAL unit."""
    header, out = (3 if track.source.encoding == "H265" else 2), []
    for packet in packets:
        out.append(packet)
        kind = packet.payload[0] >> 1 & 63 if header == 3 else packet.payload[0] & 31
        edge = packet.payload[header - 1]
        if kind == (49 if header == 3 else 28) and not edge & 0x40:
            empty = Packet(packet.payload[:header - 1] + bytes([edge & 0x3f]))
            empty.unit = packet.unit
            out.append(empty)
    return out


@_packets
def fragment_type_changes(_, packets, __):
    """The type in a fragment's header is another one than the first fragment's from the second on."""
    for packet in packets:
        if _is_fragment(packet) and not packet.payload[1] & 0x80:
            packet.payload = packet.payload[:1] + bytes([packet.payload[1] & 0xe0 | 1]) + packet.payload[2:]
    return packets


@_packets
def reserved_bit(_, packets, __):
    """The reserved bit of a fragment's header is set."""
    for packet in packets:
        if _is_fragment(packet):
            packet.payload = packet.payload[:1] + bytes([packet.payload[1] | 0x20]) + packet.payload[2:]
    return packets


@_packets
def padding(_, packets, count):
    """RTP padding."""
    for packet in packets:
        packet.padding = count
    return packets


@_packets
def contributors(_, packets, count):
    """A CSRC list."""
    for packet in packets:
        packet.csrc = list(range(1, count + 1))
    return packets


@_packets
def extension(_, packets, profile):
    """A header extension: profile 0xbede with elements of the reserved ids 0 and 15, or another with anything."""
    for packet in packets:
        body = bytes.fromhex("0012aabbccf0ffffff000000") if profile == 0xbede else bytes(range(8))
        packet.extension = (profile, body + bytes(-len(body) % 4))
    return packets


@_packets
def unknown_payload_type(track, packets, every):
    """A packet of a payload type that no line of the SDP has comes every so often."""
    if packets and packets[0].unit.index % every == 0:
        foreign = Packet(bytes(range(64)))
        foreign.payload_type, foreign.unit = 50, packets[0].unit
        return [foreign, *packets]
    return packets


@_packets
def stranger(track, packets, every):
    """The same from another SSRC, with numbers of its own."""
    if packets and packets[0].unit.index % every == 0:
        foreign = Packet(b"")
        foreign.raw, foreign.unit = b"\x80\x32\x00\x07\x00\x00\x00\x01\xde\xad\xbe\xef" + bytes(64), packets[0].unit
        return [foreign, *packets]
    return packets


@_packets
def no_headers_section(_, packets, __):
    """AAC packets whose AU-headers length is 0, the frame behind it."""
    for packet in packets:
        packet.payload = b"\0\0" + packet.payload[4:]
    return packets


@_packets
def wrong_index(_, packets, __):
    """AU-Index is 1 where it must be 0."""
    for packet in packets:
        packet.payload = packet.payload[:3] + bytes([packet.payload[3] | 1]) + packet.payload[4:]
    return packets


@_packets
def without_headers(_, packets, __):
    """The AAC frame alone, no AU headers."""
    for packet in packets:
        packet.payload = packet.payload[4:]
    return packets


@_packets
def rounded_time(_, packets, __):
    """Time stamps counted in whole milliseconds."""
    for packet in packets:
        packet.unit.pts_s = int(packet.unit.pts_s * 1000) / 1000
    return packets


@_packets
def cut_short(_, packets, every):
    """Every so often a packet ends in the middle of its RTP header, and another right behind it."""
    if packets and packets[0].unit.index % every == every - 1:
        torn = [Packet(b""), Packet(b"")]
        torn[0].raw, torn[1].raw = b"\x80\x60\x00", b"\x8f" + bytes(11)
        for one in torn:
            one.unit = packets[0].unit
        return torn + packets
    return packets


@_packets
def corrupt(track, packets, share):
    """Some bytes of some payloads are other ones."""
    for packet in packets:
        if packet.payload and track.chance.random() < share:
            spoiled = bytearray(packet.payload)
            for _ in range(1 + len(spoiled) // 100):
                spoiled[track.chance.randrange(len(spoiled))] ^= track.chance.randrange(1, 256)
            packet.payload = bytes(spoiled)
    return packets


def apply_units(track, unit):
    """Spoils an access unit."""
    for name, argument in track.faults:
        if name in UNITS:
            UNITS[name](track, unit, argument)


def apply_packets(track, packets):
    """Spoils its packets."""
    for name, argument in track.faults:
        if name in PACKETS:
            packets = PACKETS[name](track, packets, argument)
    return packets


def parse(entries):
    """(name, argument) of a plan's list; a name that is not known fails at once."""
    found = [(entry, None) if isinstance(entry, str) else tuple(entry) for entry in entries]
    for name, _ in found:
        if name not in UNITS and name not in PACKETS:
            raise ValueError(f"no such fault: {name}")
    return found
