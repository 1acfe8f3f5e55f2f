# SPDX-License-Identifier: Apache-2.0
"""What a camera says and sends, read from a data file. tests/scenario/cameras/README.md explains the members.

A file may hold variants: each is the file with some members laid over it, and a camera of its own.
"""

import copy
import glob
import json
import os
import re

FOLDER = os.path.join(os.path.dirname(os.path.abspath(__file__)), "..", "..", "cameras")

DEFAULTS = {
    "about": "", "family": "", "quirks": [], "path": "/cam", "url_path": None, "scheme": "rtsp", "host": "127.0.0.1",
    "transports": ["tcp", "udp"],
    "case_sensitive": [],          # header names that are not known in another letter case
    "needs": {},                   # header -> status that a request without it gets, or {"status", "methods"}
    "auth": None,                  # see auth.py
    "answers": {},                 # method -> answer, or list of answers for the first, second … time
    "answer_tail": "",             # text behind each answer
    "setup_paths": None,           # request targets that SETUP knows, in the order of the tracks; None: all that end so; each a list of those that it takes
    "refused_tracks": [],          # numbers of tracks whose SETUP is refused
    "refused_in_transport": None,  # a word in Transport that is refused
    "describe_again": False,       # after a 461 SETUP is taken only after a new DESCRIBE
    "transport_answers": {},       # "tcp", "udp" -> template of the Transport header
    "session": {"id": "{session}", "timeout": 60, "enforced_s": None, "keepalive": None, "ids": None},
    "busy_s": 0,                   # until when a new session is refused after one that was not torn down
    "sdp": {"head": None, "tail": [], "eol": "\r\n", "last_eol": True},
    "tracks": [{"media": "h264"}],
    "clock": [], "rtcp": "normal", "rtp_info": "url={control_url};seq={sequence};rtptime={timestamp}",
    "before_play": 0,              # pictures sent before PLAY is answered
    "interleaved_faults": [],      # see transport.py
    "udp_faults": [], "tunnel": False, "srtp": None, "burst_s": 0, "loop": True,
    "stall": None, "close_after_s": None, "seconds": None,
    "config": {},                  # what the node's stream gets besides its source
    "expect": {},
}


def merge(base, patch):
    """Objects are merged member by member, everything else is replaced."""
    result = copy.copy(base)
    for key, value in patch.items():
        if isinstance(value, dict) and isinstance(result.get(key), dict):
            result[key] = merge(result[key], value)
        else:
            result[key] = value
    return result


def fill(template, values):
    """Puts values in the place of {names}; names that are not known stay as they are."""
    return re.sub(r"\{(\w+)\}", lambda m: str(values[m[1]]) if m[1] in values else m[0], template)


class Plan:
    """One camera's plan. Members are read as attributes."""

    def __init__(self, data=None, name="camera"):
        data = data or {}
        unknown = set(data) - set(DEFAULTS) - {"quirk", "variants"}
        if unknown:
            raise ValueError(f"{name}: unknown members {sorted(unknown)}")
        self.name = name
        self.data = merge(DEFAULTS, {key: value for key, value in data.items() if key not in ("quirk", "variants")})

    def __getattr__(self, key):
        try:
            return self.__dict__["data"][key]
        except KeyError:
            raise AttributeError(key) from None

    def changed(self, **patch):
        """The same plan with other members."""
        changed = Plan({}, self.name)
        changed.data = merge(self.data, patch)
        return changed


def load(path):
    """The plans of a file: one, or one for each variant. Its name is the file's, with the variant's behind it."""
    with open(path, encoding="utf-8") as file:
        data = json.load(file)
    name = os.path.splitext(os.path.basename(path))[0]
    variants = data.get("variants")
    if not variants:
        return [Plan(data, name)]
    base = {key: value for key, value in data.items() if key != "variants"}
    return [Plan(merge(base, patch), f"{name}-{word}") for word, patch in variants.items()]


def files():
    """All data files."""
    return sorted(glob.glob(os.path.join(FOLDER, "*.json")))


def family(name):
    """The plans of all files of a family."""
    return [one for path in files() for one in load(path) if one.family == name]
