# SPDX-License-Identifier: Apache-2.0
"""RTMP handshakes as clients do them: simple, and with digests in either layout."""

import hashlib
import hmac
import os
import struct

SIZE = 1536
_FP_KEY = b"Genuine Adobe Flash Player 001"
_FMS_KEY = b"Genuine Adobe Flash Media Server 001"
_SUFFIX = bytes.fromhex("f0eec24a8068bee82e00d0d1029e7e576eec5d2d29806fab93b8e636cfeb31ae")


def simple_c1():
    """C1 without a digest: version 0."""
    return struct.pack(">II", 0, 0) + os.urandom(SIZE - 8)


def _digest_at(packet, schema):
    """Where the digest lies: in the first or the second half."""
    base = 8 if schema == 0 else 772
    return base + 4 + sum(packet[base:base + 4]) % 728


def _digest(packet, at, key):
    return hmac.new(key, packet[:at] + packet[at + 32:], hashlib.sha256).digest()


def digest_c1(schema):
    """C1 with a digest in the given layout (0 or 1), as Flash Player made it."""
    packet = bytearray(struct.pack(">I4B", 0, 0x80, 0, 7, 2) + os.urandom(SIZE - 8))
    at = _digest_at(packet, schema)
    packet[at:at + 32] = _digest(bytes(packet), at, _FP_KEY)
    return bytes(packet)


def find_server_digest(s1):
    """The digest in S1 if one of the layouts holds a right one, else None."""
    for schema in (0, 1):
        at = _digest_at(s1, schema)
        if hmac.compare_digest(s1[at:at + 32], _digest(s1, at, _FMS_KEY[:36])):
            return s1[at:at + 32]
    return None


def s2_is_right(s2, c1, schema):
    """True when S2's last 32 bytes sign it with a key made from C1's digest."""
    at = _digest_at(c1, schema)
    key = hmac.new(_FMS_KEY + _SUFFIX, c1[at:at + 32], hashlib.sha256).digest()
    return hmac.compare_digest(s2[-32:], hmac.new(key, s2[:-32], hashlib.sha256).digest())
