#!/usr/bin/python3
# SPDX-License-Identifier: Apache-2.0
"""Writes the seeds of the fuzz targets of RTSP, SDP, RTP, RTCP, MIKEY and SDES into corpus/<target>/seed-*: messages in the
style of cameras of several makers, of GStreamer, live555, FFmpeg and VLC. Run it from anywhere; it writes the same
bytes each time."""
import base64
import pathlib
import struct

CORPUS = pathlib.Path(__file__).resolve().parent / "corpus"


def seed(target, name, data):
    folder = CORPUS / target
    folder.mkdir(parents=True, exist_ok=True)
    (folder / f"seed-{name}").write_bytes(data)


def lines(*parts):
    return "".join(part + "\r\n" for part in parts).encode()


def with_body(head, body):
    return head[:-2] + b"Content-Length: %d\r\n\r\n" % len(body) + body


def interleaved(channel, payload):
    return struct.pack(">cBH", b"$", channel, len(payload)) + payload


def rtp(marker_and_type, sequence, payload, first=0x80):
    return struct.pack(">BBHII", first, marker_and_type, sequence, 90000, 0x1234) + payload


SENDER_REPORT = struct.pack(">BBHIQIII", 0x80, 200, 6, 0x1234, 0xe1c2d3e480000000, 90000, 100, 10000)
DESCRIPTION = struct.pack(">BBHIBB", 0x81, 202, 3, 0x1234, 1, 4) + b"cam1\0\0"
REPORT = struct.pack(">BBHIIBBHIIII", 0x81, 201, 7, 5, 6, 64, 0xff, 0xfffe, 65538, 7, 8, 9)
BYE = struct.pack(">BBHIB", 0x81, 203, 3, 0x1234, 4) + b"done\0\0\0"

H264_SDP = lines(
    "v=0", "o=- 1109162014219182 1109162014219192 IN IP4 192.0.2.64", "s=Media Presentation", "e=NONE", "b=AS:5100", "t=0 0",
    "a=control:rtsp://192.0.2.64:554/Streaming/Channels/101/", "m=video 0 RTP/AVP 96", "c=IN IP4 0.0.0.0", "b=AS:5000",
    "a=recvonly", "a=x-dimensions:1920,1080", "a=control:rtsp://192.0.2.64:554/Streaming/Channels/101/trackID=1",
    "a=rtpmap:96 H264/90000",
    "a=fmtp:96 profile-level-id=420029; packetization-mode=1; sprop-parameter-sets=Z2QAKqwspQHgCJ+WagICAgQ=,aO48sA==",
    "m=audio 0 RTP/AVP 8", "a=rtpmap:8 PCMA/8000", "a=control:trackID=2",
    "a=Media_header:MEDIAINFO=494D4B48010200000400000111710110401F000000FA000000000000000000000000000000000000;",
    "a=appversion:1.0")
H265_SDP = lines(
    "v=0", "o=- 2251938191 2251938191 IN IP4 0.0.0.0", "s=RTSP Session/2.0", "c=IN IP4 0.0.0.0", "t=0 0", "a=control:*",
    "a=range:npt=now-", "m=video 0 RTP/AVP 98", "a=control:trackID=0", "a=framerate:25.000000", "a=rtpmap:98 H265/90000",
    "a=fmtp:98 profile-id=1;sprop-sps=QgEBAWAAAAMAsAAAAwAAAwB7oAPAgBDljb5JMvTcBAQEAg==;sprop-pps=RAHA8vA8kAA=;"
    "sprop-vps=QAEMAf//AWAAAAMAsAAAAwAAAwB7rAk=", "a=recvonly", "m=audio 0 RTP/AVP 97", "a=control:trackID=1",
    "a=rtpmap:97 MPEG4-GENERIC/48000", "a=fmtp:97 streamtype=5;profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;"
    "indexdeltalength=3;config=1190", "m=application 0 RTP/AVP 107", "a=rtpmap:107 vnd.onvif.metadata/90000")
MULTICAST_SDP = lines(
    "v=0", "o=- 1 1 IN IP4 192.0.2.90", "s=Session streamed with GStreamer", "i=rtsp-server", "t=0 0", "a=tool:GStreamer",
    "a=type:broadcast", "a=control:*", "m=video 5000 RTP/SAVP 96", "c=IN IP4 239.1.2.3/16/2", "b=AS:4000", "a=rtpmap:96 H264/90000",
    "a=crypto:1 AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4 UNENCRYPTED_SRTCP",
    "a=ts-refclk:local", "a=mediaclk:sender", "a=framerate:30/1", "a=control:stream=0")
BROKEN_SDP = (b"v=0\no=-\ns=\ns=x\nc=IN c=IN IP4 10.0.0.1\nt=now-\nm=application/TP-LINK 0 RTP/AVP smart/1/90000\n"
              b"m=audio 0 RTP/AVP 97\nb=AS:128\na=fmtp:96 packetization-mode=1\nm=video 0 RTP/AVP 96\na=rtpmap: 97 H264/90000 \n"
              b"a=fmtp:96 \na=control:\na=control:x\na=framerate:nan\nm=audio 0 RTP/AVP 0 8 14\na=rtpmap:96 opus/16000/1")
ANNOUNCE_SDP = lines(
    "v=0", "o=- 0 0 IN IP4 127.0.0.1", "s=No Name", "c=IN IP4 127.0.0.1", "t=0 0", "a=tool:libavformat 59.27.100",
    "m=video 0 RTP/AVP 96", "b=AS:800", "a=rtpmap:96 H264/90000",
    "a=fmtp:96 packetization-mode=1; sprop-parameter-sets=Z0LAH9oBQBbsBEAAAAMAQAAADAPGDKg=,aM48gA==; profile-level-id=42C01F",
    "a=control:streamid=0", "m=audio 0 RTP/AVP 97", "a=rtpmap:97 MPEG4-GENERIC/44100/2",
    "a=fmtp:97 profile-level-id=1;mode=AAC-hbr;sizelength=13;indexlength=3;indexdeltalength=3; config=121056E500",
    "a=control:streamid=1")

MIKEY_KEY = bytes(range(30))


def mikey(key=b"\0\x20\0\x1e" + MIKEY_KEY, streams=b"\x01\0" + b"\0" + struct.pack(">II", 5, 0),
          policy=bytes.fromhex("000101" "010110" "020101" "03010a" "070101" "080101" "0a0101")):
    return (bytes.fromhex("01000500" "0000002a") + streams + b"\x0b\0" + bytes.fromhex("ebfe6f2db1c13fd0") + b"\x0a\x10" +
            bytes(16) + b"\x01\0\0" + struct.pack(">H", len(policy)) + policy + b"\0\0" + struct.pack(">H", len(key)) + key +
            b"\0")


MIKEYS = [
    ("gstreamer", mikey()), ("milestone", mikey() + b"\0"), ("axis", mikey(b"\0\x21\0\x1e" + MIKEY_KEY + b"\x04\0\0\0\x01")),
    ("salt", mikey(b"\0\x30\0\x10" + MIKEY_KEY[:16] + b"\0\x0e" + MIKEY_KEY[16:])),
    ("aes256", mikey(b"\0\x20\0\x2e" + bytes(46), policy=bytes.fromhex("000101" "010120" "0b0104"))),
    ("gcm", mikey(b"\0\x20\0\x1c" + bytes(28), policy=bytes.fromhex("000106" "010110" "140110"))),
    ("interval", mikey(b"\0\x22\0\x1e" + MIKEY_KEY + b"\x02aa\x01b")),
    ("two-streams", mikey(streams=b"\x02\0" + bytes(18))),
]

# (name, what a server says)
RESPONSES = [
    ("options", lines("RTSP/1.0 200 OK", "CSeq: 1", "Public: OPTIONS, DESCRIBE, PLAY, PAUSE, SETUP, TEARDOWN, SET_PARAMETER, "
                      "GET_PARAMETER", "Date:  Tue, Nov 24 2026 05:42:13 GMT", "")),
    ("unauthorized", lines("RTSP/1.0 401 Unauthorized", "CSeq: 2",
                           'WWW-Authenticate: Digest realm="IP Camera(C6496)", nonce="4e5a8b7b1a6b9c", stale="FALSE"',
                           'WWW-Authenticate: Basic realm="/"', "")),
    ("describe", with_body(lines("RTSP/1.0 200 OK", "CSeq: 3", "Content-Type: application/sdp",
                                 "Content-Base: rtsp://192.0.2.64:554/Streaming/Channels/101/", ""), H264_SDP)),
    ("setup", lines("RTSP/1.0 200 OK", "CSeq: 4", "Session:        1185787968;timeout=60",
                    "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;ssrc=      1d;mode=\"play\"", "")),
    ("play", lines("RTSP/1.0 200 OK", "CSeq: 5", "Session: 1185787968", "RTP-Info: url=rtsp://192.0.2.64:554/Streaming/"
                   "Channels/101/trackID=1;seq=45102;rtptime=3450012", "") +
     interleaved(0, rtp(0x60, 1, b"\x67\x42\x00\x29")) + interleaved(1, SENDER_REPORT + DESCRIPTION) +
     b"\r\n" + interleaved(0, rtp(0xe0, 2, b"\x65" + bytes(40))) + lines("RTSP/1.0 200 OK", "CSeq: 6", "")),
    ("lf-only", b"RTSP/1.0 200\ncseq:   7 \nServer: \xb3\xc9\nX: a\n  b\n\n"),
    ("torn", lines("RTSP/1.0 200 OK", "CSeq: 5", "") + interleaved(0, rtp(0x60, 1, b"abcd")) + b"RTSP/1.0 200 OK\r\nCSe" +
     interleaved(0, rtp(0x60, 2, bytes(30))) + b"garbage $$ \x01\x02" + interleaved(1, SENDER_REPORT) +
     lines("RTSP/1.0 200 OK", "CSeq: 6", "")),
    ("redirect", lines("RTSP/1.0 302 Moved Temporarily", "CSeq: 1", "Location: rtsp://192.0.2.65:554/live", "")),
    ("tunnel", lines("HTTP/1.0 200 OK", "Cache-Control: no-store", "Content-Type: application/x-rtsp-tunnelled", "") +
     lines("RTSP/1.0 200 OK", "CSeq: 1", "")),
    ("server-request", lines("OPTIONS * RTSP/1.0", "CSeq: 1", "") + lines("REDIRECT rtsp://h/a RTSP/1.0", "CSeq: 2", "")),
]

# (name, what a client says)
REQUESTS = [
    ("ffmpeg-options", lines("OPTIONS rtsp://127.0.0.1:8554/s/c RTSP/1.0", "CSeq: 1", "User-Agent: Lavf59.27.100", "")),
    ("ffmpeg-announce", with_body(lines("ANNOUNCE rtsp://127.0.0.1:8554/s/c RTSP/1.0", "Content-Type: application/sdp",
                                        "CSeq: 2", "User-Agent: Lavf59.27.100", ""), ANNOUNCE_SDP)),
    ("ffmpeg-record", lines("SETUP rtsp://127.0.0.1:8554/s/c/streamid=0 RTSP/1.0",
                            "Transport: RTP/AVP/TCP;unicast;interleaved=0-1;mode=record", "CSeq: 3", "Session: abcdef", "") +
     lines("RECORD rtsp://127.0.0.1:8554/s/c RTSP/1.0", "Range: npt=0.000-", "CSeq: 5", "Session: abcdef", "") +
     interleaved(0, rtp(0x60, 1, b"\x67\x42")) + interleaved(1, SENDER_REPORT)),
    ("vlc", lines("DESCRIBE rtsp://127.0.0.1:8554/s/c RTSP/1.0", "CSeq: 3", "User-Agent: LibVLC/3.0.18 (LIVE555 Streaming Media "
                  "v2016.11.28)", "Accept: application/sdp", "") +
     lines("SETUP rtsp://127.0.0.1:8554/s/c/ RTSP/1.0", "CSeq: 4", 'Authorization: Digest username="u", realm="Sluice", '
           'nonce="0123", uri="rtsp://127.0.0.1:8554/s/c/", response="00112233445566778899aabbccddeeff"',
           "Transport: RTP/AVP;unicast;client_port=56032-56033", "")),
    ("gstreamer", lines("SETUP rtsp://127.0.0.1:8554/s/c/stream=0 RTSP/1.0", "CSeq: 3", "User-Agent: GStreamer/1.22.0",
                        "Transport: RTP/AVP;unicast;client_port=5000-5001,RTP/AVP/TCP;unicast;interleaved=0-1", "Session: x",
                        'KeyMgmt: prot=mikey; uri="rtsps://h/s/c/stream=0"; data="' + base64.b64encode(mikey()).decode() + '"',
                        "")),
    ("tunnel", lines("GET /s/c HTTP/1.0", "x-sessioncookie: 1234", "Accept: application/x-rtsp-tunnelled", "")),
]

VALUES = [
    "RTP/AVP/TCP;ssrc=12;unicast;interleaved=0-1", "RTP/AVP;unicast;client_port=5000-5001;server_port=6970",
    "RTP/AVP;multicast;destination=239.1.1.1;port=7000-7001;ttl=16", "RTP/SAVPF/UDP;unicast;source=[fe80::1];mode=\"PLAY\"",
    "RTP/AVP;unicast;client_port=0-1,RTP/AVP/TCP;unicast;interleaved=4-5;append",
    'Digest realm="a", nonce="n", algorithm=SHA-256, qop="auth,auth-int", Basic realm="/"',
    'Digest realm="a\\"b", nonce="n==", algorithm=MD5-sess, stale="TRUE", opaque="o"', "Negotiate, NTLM TlRM=",
    'Digest username="u", realm="r", nonce="n", uri="rtsp://h/a", response="00", qop=auth, nc=00000001, cnonce="c"',
    "Basic QWxhZGRpbjpvcGVuIHNlc2FtZQ==", "1185787968;timeout=60", "OPTIONS, DESCRIBE, SETUP, PLAY", "npt=now-", "npt=1:02:03.5-20",
    "url=rtsp://h/a/trackID=1;seq=45102;rtptime=3450012,url=\"b;c\";seq=1;", 'prot=mikey;uri="rtsps://h/a";data="AQAFAA=="',
    "rtsp://admin:secret@h/a?password=x",
]

# The URL that was asked, the control, the session's control, Content-Base.
URLS = [
    "rtsp://admin:p%40ss@192.0.2.64:8554/Streaming/Channels/101?a=b\ntrackID=1\n*\nrtsp://192.0.2.64/Streaming/",
    "rtsps://[2001:db8::1]/a\n/trackID=1\nrtsp://10.0.0.1/b\n", "rtsp://u:a/b@h/c\n?ctype=video\n\n192.0.2.10:554/stream0/",
    "rtsp://h/user=admin_password=x_channel=1_stream=0.sdp\nrtsp://rtsp://10.0.0.1/x\n\nrtsp://rtsp://10.0.0.1/a/",
    "rtsp://h\nstreamid=0\n\n",
]

SDES = [
    "AES_CM_128_HMAC_SHA1_80 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz|2^20|1:4 UNENCRYPTED_SRTCP",
    "AES_CM_128_HMAC_SHA1_32 inline:WVNfX19zZW1jdGwgKCkgewkyMjA7fQp9CnVubGVz",
    "AES_256_CM_HMAC_SHA1_80 inline:" + base64.b64encode(bytes(46)).decode(),
    "AEAD_AES_128_GCM inline:" + base64.b64encode(bytes(28)).decode() + "|258:2 WSH=64 -KDR=1",
    "AEAD_AES_256_GCM inline:" + base64.b64encode(bytes(44)).decode() + ";inline:x",
]


def main():
    for i, (name, data) in enumerate(RESPONSES):
        seed("rtsp", f"server-{name}", bytes([5 * (i | 1)]) + data)
    for i, (name, data) in enumerate(REQUESTS):
        seed("rtsp", f"client-{name}", bytes([5 * i + 1]) + data)
    for i, value in enumerate(VALUES):
        seed("rtsp", f"value-{i:02}", b"\x02" + value.encode())
    for i, value in enumerate(URLS):
        seed("rtsp", f"url-{i}", b"\x03" + value.encode())
    seed("rtsp", "writer", b"\x04Sluice\nrtsp://h/a\nv=0\r\n")
    for name, data in [("h264", H264_SDP), ("h265", H265_SDP), ("multicast", MULTICAST_SDP), ("broken", BROKEN_SDP),
                       ("announce", ANNOUNCE_SDP),
                       ("mikey", H264_SDP + b"a=key-mgmt:mikey " + base64.b64encode(mikey()) + b"\r\n")]:
        seed("sdp", name, data)
    for name, data in [("plain", rtp(0x60, 1, b"payload")), ("sources", rtp(0x60, 1, bytes(8) + b"p", 0x82)),
                       ("extension", rtp(0x60, 1, b"\xbe\xde\0\x01\xf0\x10\0\0p", 0x90)),
                       ("padding", rtp(0x60, 1, b"p\0\0\x03", 0xa0)), ("all", rtp(0xe0, 1, bytes(4) + b"\x10\0\0\0p\x01", 0xb1))]:
        seed("rtcp", f"rtp-{name}", b"\0" + data)
    for name, data in [("sender", SENDER_REPORT + DESCRIPTION), ("receiver", REPORT + DESCRIPTION), ("bye", REPORT + BYE),
                       ("app", SENDER_REPORT + struct.pack(">BBHI", 0x80, 204, 2, 5) + b"name"),
                       ("padded", struct.pack(">BBHII", 0xa0, 201, 2, 5, 4)), ("no-end", DESCRIPTION[:3] + b"\x02" + DESCRIPTION[4:10] + b"ab")]:
        seed("rtcp", name, b"\x01" + data)
    for name, data in MIKEYS:
        seed("mikey", name, b"\0" + data)
    seed("mikey", "base64", b"\x01" + base64.b64encode(mikey()))
    for i, value in enumerate(SDES):
        seed("mikey", f"sdes-{i}", b"\x02" + value.encode())


if __name__ == "__main__":
    main()
