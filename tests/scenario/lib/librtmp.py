# SPDX-License-Identifier: Apache-2.0
# SPDX-License-Identifier: Apache-2.0
"""rtmpdump's librtmp as a publisher, called in the process: the library that half the world's encoders were built on."""

import ctypes
import ctypes.util
import struct

from .expect import check, skip


def flv_tag(kind, timestamp, body):
    """One FLV tag with its trailing size, as RTMP_Write takes it."""
    head = bytes([kind]) + struct.pack(">I", len(body))[1:] + struct.pack(">I", timestamp)[1:]
    head += bytes([timestamp >> 24 & 0xff]) + b"\0\0\0"
    return head + body + struct.pack(">I", 11 + len(body))


class Librtmp:
    """One publishing connection."""

    def __init__(self, url):
        name = ctypes.util.find_library("rtmp")
        if not name:
            skip("librtmp is not installed")
        self._library = ctypes.CDLL(name)
        self._library.RTMP_Alloc.restype = ctypes.c_void_p
        self._url = ctypes.create_string_buffer(url.encode())  # the library writes into it and keeps pointers
        self._handle = ctypes.c_void_p(self._library.RTMP_Alloc())
        self._library.RTMP_Init(self._handle)
        check(self._library.RTMP_SetupURL(self._handle, self._url), f"librtmp does not understand {url}")
        self._library.RTMP_EnableWrite(self._handle)

    def connect(self):
        """Connects and publishes."""
        check(self._library.RTMP_Connect(self._handle, None), "librtmp could not connect")
        check(self._library.RTMP_ConnectStream(self._handle, 0), "librtmp was not allowed to publish")

    def write(self, data):
        """Sends whole FLV tags."""
        check(self._library.RTMP_Write(self._handle, data, len(data)) > 0, "librtmp could not send")

    def close(self):
        """FCUnpublish, deleteStream, close."""
        self._library.RTMP_Close(self._handle)
        self._library.RTMP_Free(self._handle)
