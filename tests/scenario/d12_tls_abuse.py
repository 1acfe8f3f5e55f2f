# SPDX-License-Identifier: Apache-2.0
"""Half handshakes, silence, garbage and clear text on TLS listeners end in time, are counted, and harm nobody."""

import shutil
import socket
import tempfile
import time

from lib import hostile, http, tls
from lib.expect import check, equal, main, one_of, within
from lib.ffmpeg import need
from lib.node import Node

CONFIG = "http:\n  header_timeout: 1s\nrtmp:\n  handshake_timeout: 1s\n"


def scenario():
    need("openssl")
    folder = tempfile.mkdtemp(prefix="sluice-scenario-")
    try:
        with Node(tls.config(tls.Certificate(folder, "one")) + CONFIG) as node:
            innocent = hostile.Innocent(node)
            hello = client_hello()
            for address in (node.https, node.rtmps):
                silence(address, b"")
                silence(address, hello[:40])
                silence(address, hello)
                trickle(address, hello)
                garbage(node, address)
                odd_records(address)
                innocent.look()
            clear_text(node)
            crowd(node, hello)
            innocent.finish()
            check(node.metric("tls_handshakes_total", result="abandoned") >= 206, "handshakes that were abandoned")
            node.check_alive()
    finally:
        shutil.rmtree(folder)


def client_hello():
    """The first message of a real client."""
    incoming, outgoing = tls.ssl.MemoryBIO(), tls.ssl.MemoryBIO()
    client = tls.client_context().wrap_bio(incoming, outgoing, server_hostname="a.example")
    try:
        client.do_handshake()
    except tls.ssl.SSLWantReadError:
        pass
    return outgoing.read()


def plain(address):
    """A connection without TLS to a listener with it."""
    return socket.create_connection(tuple(address), 5)


def read_to_end(connection):
    """Everything until the node closes."""
    data = b""
    try:
        while more := connection.recv(65536):
            data += more
    except ConnectionResetError:
        pass
    return data


def silence(address, start):
    """A client that begins and says no more."""
    began = time.monotonic()
    with plain(address) as connection:
        connection.sendall(start)
        read_to_end(connection)
    within(time.monotonic() - began, 0.5, 4, f"seconds until a client that stopped after {len(start)} bytes was closed")


def trickle(address, hello):
    """A byte now and then does not buy time."""
    began = time.monotonic()
    with plain(address) as connection:
        connection.settimeout(0.05)
        try:
            for byte in hello:
                connection.sendall(bytes([byte]))
                try:
                    if not connection.recv(1):
                        break
                except TimeoutError:
                    pass
        except OSError:
            pass
    within(time.monotonic() - began, 0.5, 4, "seconds that a trickle lasted")


def garbage(node, address):
    """What is no TLS is told so and closed at once."""
    failed = node.metric("tls_handshakes_total", result="failed")
    began = time.monotonic()
    with plain(address) as connection:
        connection.sendall(b"\x16\x03\x01\x01\x00" + b"\xff" * 256 + b"no TLS at all" * 100)
        read_to_end(connection)
    check(time.monotonic() - began < 0.9, "garbage was kept until the deadline")
    node.wait_metric("tls_handshakes_total", lambda value: value == failed + 1, result="failed")
    node.wait_logged("tls handshake failed")


def odd_records(address):
    """Good records in the wrong place, thousands of empty ones, and records that are too large."""
    for data in (b"\x17\x03\x03\x00\x10" + b"x" * 16, b"\x16\x03\x03\x00\x00" * 5000, b"\x16\x03\x01\xff\xff" + b"x" * 65535,
                 b"\x15\x03\x01\x00\x02\x01\x00" * 1000, b"\x80\x2e\x01\x03\x01" + b"\x00" * 41):
        with plain(address) as connection:
            try:
                connection.sendall(data)
            except OSError:
                pass
            read_to_end(connection)


def clear_text(node):
    """HTTP without TLS is answered; RTMP without TLS is not."""
    with plain(node.https) as connection:
        connection.sendall(b"GET / HTTP/1.1\r\nHost: a.example\r\n\r\n")
        answer = read_to_end(connection)
    check(answer.startswith(b"HTTP/1.0 400 ") and b"HTTPS" in answer, f"answer in clear text: {answer}")
    with plain(node.rtmps) as connection:
        connection.sendall(b"\x03" + b"x" * 1536)
        one_of(len(read_to_end(connection)), (0, 7), "bytes of an answer to RTMP in clear text")


def crowd(node, hello):
    """200 half handshakes at once; the node answers others meanwhile, over TLS too."""
    connections = [plain(node.https) for _ in range(200)]
    for connection in connections:
        connection.sendall(hello)
    equal(http.get(node.https, "/nothing").status, 404, "an answer beside 200 half handshakes")
    for connection in connections:
        read_to_end(connection)
        connection.close()


main(scenario)
