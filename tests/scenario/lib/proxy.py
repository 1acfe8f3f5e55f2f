# SPDX-License-Identifier: Apache-2.0
"""Reverse proxies in front of a node."""

import contextlib
import os
import shutil
import socket
import tempfile

from . import ffmpeg
from .expect import wait_until

os.environ["PATH"] += ":/usr/sbin:/sbin"

# What the configuration of every nginx begins with; what stands behind it is within http, which it ends with "}}".
NGINX = """
daemon off; master_process off; pid {folder}/pid; error_log {folder}/error.log;
events {{ worker_connections 200; }}
http {{
  access_log off; client_body_temp_path {folder}/body; proxy_temp_path {folder}/proxy;
  fastcgi_temp_path {folder}/f; uwsgi_temp_path {folder}/u; scgi_temp_path {folder}/s;
"""


def free_port():
    """A port that was free a moment ago."""
    with socket.socket() as probe:
        probe.bind(("127.0.0.1", 0))
        return probe.getsockname()[1]


def answers(address):
    """True when the proxy takes connections."""
    try:
        socket.create_connection(address, 1).close()
        return True
    except OSError:
        return False


@contextlib.contextmanager
def running(node, name, config, arguments):
    """The program of that name in front of the node. Its configuration and its arguments may say {folder}, {config}, {host}, {port} and
    {listen}; yields its address."""
    with tempfile.TemporaryDirectory() as folder:
        listen = free_port()
        path = os.path.join(folder, "proxy.conf")
        with open(path, "w", encoding="ascii") as file:
            file.write(config.format(folder=folder, listen=listen, host=node.http[0], port=node.http[1]))
        command = [shutil.which(name)] + [word.format(config=path, folder=folder) for word in arguments]
        with ffmpeg.Running(command) as proxy:
            address = ("127.0.0.1", listen)
            wait_until(lambda: answers(address), lambda: f"{name} does not listen: {proxy.output()}", 10)
            yield address
