# SPDX-License-Identifier: Apache-2.0
"""SRTP as a camera sends it (RFC 3711: AES-CM 128, HMAC-SHA1-80), with its key told by SDES (RFC 4568) or MIKEY (RFC 3830).

A plan's "srtp" has "keys" ("sdes" or "mikey"), "where" of MIKEY ("media" or "session"), "mki" (its bytes in
hexadecimal), "padding" (bytes behind the MIKEY message). AES is libcrypto's, which the node needs too.
"""

import base64
import ctypes
import ctypes.util
import hashlib
import hmac
import struct


def _library():
    name = ctypes.util.find_library("crypto") or "libcrypto.so.3"
    try:
        library = ctypes.CDLL(name)
        library.EVP_CIPHER_CTX_new.restype = ctypes.c_void_p
        library.EVP_aes_128_ctr.restype = ctypes.c_void_p
        library.EVP_EncryptInit_ex.argtypes = [ctypes.c_void_p] * 3 + [ctypes.c_char_p] * 2
        library.EVP_EncryptUpdate.argtypes = [ctypes.c_void_p, ctypes.c_char_p, ctypes.c_void_p, ctypes.c_char_p, ctypes.c_int]
        library.EVP_CIPHER_CTX_free.argtypes = [ctypes.c_void_p]
        return library
    except (OSError, AttributeError):
        return None


_CRYPTO = _library()


def available():
    """Whether AES can be had."""
    return _CRYPTO is not None


def aes_ctr(key, counter, data):
    """AES-128 in counter mode from a 16-byte counter block."""
    context = _CRYPTO.EVP_CIPHER_CTX_new()
    out, size = ctypes.create_string_buffer(len(data) + 16), ctypes.c_int(0)
    _CRYPTO.EVP_EncryptInit_ex(context, _CRYPTO.EVP_aes_128_ctr(), None, key, counter)
    _CRYPTO.EVP_EncryptUpdate(context, out, ctypes.byref(size), data, len(data))
    _CRYPTO.EVP_CIPHER_CTX_free(context)
    return out.raw[:size.value]


class Keys:
    """The session keys of a master key and salt, and the packets protected with them."""

    def __init__(self, master, salt, mki=b""):
        self.master, self.salt, self.mki = master, salt, mki
        self._parts = [self._derive(label, size) for label, size in enumerate((16, 20, 14, 16, 20, 14))]
        self._rollover = {}   # ssrc -> (rollover counter, last sequence number)
        self._rtcp_index = 0

    def _derive(self, label, size):
        block = int.from_bytes(self.salt, "big") ^ label << 48
        return aes_ctr(self.master, (block << 16).to_bytes(16, "big"), bytes(size))

    @staticmethod
    def _counter(salt, ssrc, index):
        return (int.from_bytes(salt, "big") << 16 ^ ssrc << 64 ^ index << 16).to_bytes(16, "big")

    def rtp(self, packet):
        """A protected RTP packet."""
        if len(packet) < 12:
            return packet
        head = 12 + 4 * (packet[0] & 15)
        if packet[0] & 0x10:
            head += 4 + 4 * struct.unpack_from(">H", packet, head + 2)[0]
        sequence, ssrc = struct.unpack_from(">H", packet, 2)[0], struct.unpack_from(">I", packet, 8)[0]
        counter, last = self._rollover.get(ssrc, (0, sequence))
        counter += last > 0xf000 and sequence < 0x1000
        self._rollover[ssrc] = (counter, sequence)
        key, auth, salt = self._parts[0:3]
        body = aes_ctr(key, self._counter(salt, ssrc, counter << 16 | sequence), packet[head:])
        out = packet[:head] + body
        tag = hmac.new(auth, out + struct.pack(">I", counter), hashlib.sha1).digest()[:10]
        return out + self.mki + tag

    def rtcp(self, packet):
        """A protected RTCP packet."""
        key, auth, salt = self._parts[3:6]
        ssrc, index = struct.unpack_from(">I", packet, 4)[0], self._rtcp_index
        self._rtcp_index += 1
        out = packet[:8] + aes_ctr(key, self._counter(salt, ssrc, index), packet[8:]) + struct.pack(">I", index | 1 << 31)
        return out + self.mki + hmac.new(auth, out, hashlib.sha1).digest()[:10]


def make_keys(settings, number):
    """The keys of one track, always the same ones."""
    seed = hashlib.sha256(b"camera %d" % number).digest()
    return Keys(seed[:16], seed[16:30], bytes.fromhex(settings.get("mki", "")))


def sdes(keys):
    """The value of a=crypto."""
    text = base64.b64encode(keys.master + keys.salt).decode()
    mki = f"|{int.from_bytes(keys.mki, 'big')}:{len(keys.mki)}" if keys.mki else ""
    return f"1 AES_CM_128_HMAC_SHA1_80 inline:{text}{mki}"


def mikey(keys, ssrc, padding=0):
    """A MIKEY message without protection of its own: time stamp, random bytes, policy, key."""
    policy = b"".join(bytes(one) for one in ((0, 1, 1), (1, 1, 16), (2, 1, 1), (3, 1, 20), (4, 1, 14), (7, 1, 1), (8, 1, 1),
                                             (10, 1, 1), (11, 1, 10)))
    key = keys.master + keys.salt
    data = bytes([0, 2 << 4 | (1 if keys.mki else 0)]) + struct.pack(">H", len(key)) + key
    if keys.mki:
        data += bytes([len(keys.mki)]) + keys.mki
    message = bytes([1, 0, 5, 0]) + struct.pack(">I", 0x5ca3e2a) + bytes([1, 0]) + bytes([0]) + struct.pack(">II", ssrc, 0)
    message += bytes([11, 0]) + struct.pack(">Q", 0xe2a1b0c000000000)
    message += bytes([10, 16]) + bytes(range(16))
    message += bytes([1, 0, 0]) + struct.pack(">H", len(policy)) + policy
    message += bytes([0, 0]) + struct.pack(">H", len(data)) + data + bytes([0])
    return base64.b64encode(message + bytes(padding)).decode()
