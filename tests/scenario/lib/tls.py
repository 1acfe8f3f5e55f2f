# SPDX-License-Identifier: Apache-2.0
"""TLS: certificates made on the spot by openssl, and addresses that every peer of this library connects to over TLS."""

import os
import socket
import ssl
import subprocess

from .expect import check

_CA = """\
[ca]
default_ca = here
[here]
database = {folder}/index
serial = {folder}/serial
new_certs_dir = {folder}
default_md = sha256
policy = any
copy_extensions = copy
[any]
commonName = supplied
"""


class Address(tuple):
    """(host, port) of a listener that speaks TLS. `context` decides how a client behaves."""

    context = None
    name = "a.example"  # what the client asks for

    def using(self, context=None, name=None):
        """The same address for a client of another mind."""
        other = Address(self)
        other.context, other.name = context or self.context, name or self.name
        return other


def client_context(authority=None):
    """A client that believes everybody, or the certificates in one file."""
    context = ssl.SSLContext(ssl.PROTOCOL_TLS_CLIENT)
    if authority:
        context.load_verify_locations(authority)
        return context
    context.check_hostname = False
    context.verify_mode = ssl.CERT_NONE
    return context


def wrap(connection, address):
    """The connected socket itself, or TLS on it when the address says so."""
    if not isinstance(address, Address):
        return connection
    context = address.context or client_context()
    return context.wrap_socket(connection, server_hostname=address.name)


def connect(address, timeout=5.0, source=None):
    """A connected socket, under TLS when the address says so."""
    return wrap(socket.create_connection(address, timeout, source_address=source), address)


class Certificate:
    """A self-signed certificate below a folder: `file` and `key` are paths. kind: "ec" or "rsa"."""

    def __init__(self, folder, name, hosts=("a.example",), kind="ec", expired=False):
        self.file, self.key = os.path.join(folder, name + ".pem"), os.path.join(folder, name + ".key")
        algorithm = ["ec", "-pkeyopt", "ec_paramgen_curve:P-256"] if kind == "ec" else ["rsa:2048"]
        names = ",".join("DNS:" + host for host in hosts)
        request = ["openssl", "req", "-newkey", *algorithm, "-nodes", "-keyout", self.key, "-subj", f"/CN={name}",
                   "-addext", "subjectAltName=" + names]
        if expired:
            self._sign_in_the_past(folder, request)
        else:
            _openssl([*request, "-x509", "-days", "30", "-out", self.file])

    def _sign_in_the_past(self, folder, request):
        """Only openssl's own authority signs for dates that are gone."""
        config, asked = os.path.join(folder, "ca.cnf"), self.file + ".csr"
        for path, text in ((config, _CA.format(folder=folder)), (os.path.join(folder, "index"), ""),
                           (os.path.join(folder, "serial"), "01\n")):
            with open(path, "w", encoding="ascii") as file:
                file.write(text)
        _openssl([*request, "-out", asked])
        _openssl(["openssl", "ca", "-batch", "-selfsign", "-config", config, "-keyfile", self.key, "-in", asked,
                  "-startdate", "200101000000Z", "-enddate", "200201000000Z", "-notext", "-out", self.file])


def _openssl(arguments):
    done = subprocess.run(arguments, capture_output=True, text=True, timeout=30, check=False)
    check(done.returncode == 0, f"{' '.join(arguments)}: {done.stderr}")


def config(*certificates, extra=""):
    """The configuration of a node with an HTTPS and an RTMPS listener on free ports."""
    files = ", ".join(f'"{certificate.file}"' for certificate in certificates)
    keys = ", ".join(f'"{certificate.key}"' for certificate in certificates)
    return ('listen:\n  https: ["127.0.0.1:0"]\n  rtmps: ["127.0.0.1:0"]\n'
            f"tls:\n  certificates: [{files}]\n  keys: [{keys}]\n{extra}")
