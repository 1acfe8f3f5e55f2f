# SPDX-License-Identifier: Apache-2.0
"""The camera's SDP: an honest one, of which a plan replaces what it wants to be wrong.

plan["sdp"]["head"] replaces the session's lines, a track's "sdp" its own lines, "sdp_more" adds some; {names} in them are
filled in from `track_values` and the camera's own values. "body" replaces everything.
"""

import base64

from .plan import fill

HEAD = ["v=0", "o=- 1700000000 1 IN IP4 {host}", "s=Camera", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*",
        "a=range:npt=now-"]


def track_values(track):
    """What templates can name of a track."""
    source, number = track.source, track.number
    values = {"kind": source.kind, "pt": track.payload_type, "encoding": source.encoding, "clock": source.clock_rate,
              "channels": source.channels, "number": number, "control": track.control, "fmtp": source.format_parameters(),
              "profile": track.profile}
    if hasattr(source, "sets"):
        sets = source.sets
        code = lambda data: base64.b64encode(data).decode()
        values.update(sps=code(sets[-2]), pps=code(sets[-1]), vps=code(sets[0]),
                      sps_prefixed=code(b"\0\0\0\1" + sets[-2]), pps_prefixed=code(b"\0\0\0\1" + sets[-1]),
                      sps_trailing=code(sets[-2] + b"\0\0"), pps_trailing=code(sets[-1] + b"\0\0\0"),
                      sets_joined=code(b"".join(b"\0\0\0\1" + one for one in sets)))
    return values


def _track_lines(track):
    given = track.option("sdp")
    if given is not None:
        return given + track.option("sdp_more", [])
    channels = "/{channels}" if track.source.channels else ""
    lines = ["m={kind} {port} {profile} {pt}"]
    if track.payload_type >= 96 or track.option("rtpmap", False):
        lines.append("a=rtpmap:{pt} {encoding}/{clock}" + channels)
    if track.source.format_parameters():
        lines.append("a=fmtp:{pt} {fmtp}")
    return lines + ["a=control:{control}"] + track.option("sdp_more", [])


def text(plan, tracks, values):
    """The body of a DESCRIBE's answer."""
    shape = plan.sdp
    if shape.get("body") is not None:
        return fill(shape["body"], values)
    lines = [fill(line, values) for line in (HEAD if shape["head"] is None else shape["head"])]
    for track in tracks:
        own = {"port": 0, **values, **track_values(track), **track.secrets()}
        own["control"] = fill(own["control"], values)
        lines += [fill(line, own) for line in _track_lines(track) + track.secret_lines()]
    lines += [fill(line, values) for line in shape["tail"]]
    body = shape["eol"].join(lines)
    return body + (shape["eol"] if shape["last_eol"] else "")
