# SPDX-License-Identifier: Apache-2.0
"""A TLS session is resumed on every worker and after a reload, and never on another listener or under another certificate."""

import shutil
import signal
import ssl
import tempfile

from lib import tls
from lib.expect import check, equal, main
from lib.ffmpeg import need
from lib.node import Node

REQUEST = b"GET /nothing HTTP/1.1\r\nHost: a.example\r\n\r\n"


class Client:
    """A client of one version that carries its session from one connection to the next."""

    def __init__(self, version):
        self.context = tls.client_context()
        self.context.minimum_version = self.context.maximum_version = version
        self.session = None

    def visit(self, address, name="a.example"):
        """Connects; returns whether the session was resumed, and the certificate. HTTP answers bring a new session."""
        plain = tls.socket.create_connection(address, 5)
        with self.context.wrap_socket(plain, server_hostname=name, session=self.session) as connection:
            resumed, certificate = connection.session_reused, connection.getpeercert(binary_form=True)
            return resumed, certificate

    def learn(self, address):
        """A first visit, whose session is kept."""
        plain = tls.socket.create_connection(address, 5)
        with self.context.wrap_socket(plain, server_hostname="a.example") as connection:
            connection.sendall(REQUEST)
            check(connection.recv(65536).startswith(b"HTTP/1.1 404"), "no answer")
            check(not connection.session_reused, "a first visit was resumed")
            self.session = connection.session
            connection.unwrap()


def scenario():
    need("openssl")
    folder = tempfile.mkdtemp(prefix="sluice-scenario-")
    try:
        one = tls.Certificate(folder, "one", ["a.example"])
        two = tls.Certificate(folder, "two", ["b.example"])
        config = tls.config(one, two).replace('["127.0.0.1:0"]', '["127.0.0.1:0", "127.0.0.1:0"]', 1)
        with Node(config, workers=3) as node:
            second = node.api("/api/v1/node")["listen"]["https"][1].rsplit(":", 1)
            for version in (ssl.TLSVersion.TLSv1_2, ssl.TLSVersion.TLSv1_3):
                visits(node, Client(version), (second[0], int(second[1])))
            renewal(node, folder, one)
    finally:
        shutil.rmtree(folder)


def visits(node, client, second):
    """The same session everywhere."""
    client.learn(node.https)
    for _ in range(12):  # over the three workers, as the kernel spreads them
        equal(client.visit(node.https)[0], True, "resumed on its own listener")
    for address, name, what in ((node.rtmps, "a.example", "on another protocol's listener"),
                                (second, "a.example", "on another listener of the protocol"),
                                (node.https, "b.example", "for another name")):
        equal(client.visit(address, name)[0], False, f"resumed {what}")
    reload(node)
    equal(client.visit(node.https)[0], True, "resumed after a reload")


def reload(node):
    before = node.metric("config_reloads_total", result="ok")
    node.signal(signal.SIGHUP)
    node.wait_metric("config_reloads_total", lambda value: value == before + 1, result="ok")


def renewal(node, folder, certificate):
    """Who resumes would not see the renewed certificate."""
    client = Client(ssl.TLSVersion.TLSv1_3)
    client.learn(node.https)
    before = client.visit(node.https)[1]
    renewed = tls.Certificate(folder, "renewed", ["a.example"])
    shutil.copy(renewed.key, certificate.key)
    shutil.copy(renewed.file, certificate.file)
    reload(node)
    resumed, after = client.visit(node.https)
    equal((resumed, after != before), (False, True), "resumed, new certificate, after the renewal")


main(scenario)
