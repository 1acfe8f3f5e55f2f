# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 34: behind nginx, HAProxy and lighttpd the node and the proxy agree on where each message ends."""

import shutil

from lib import http, proxy
from lib.expect import check, equal, main, skip
from lib.node import Node
from lib.smuggling import BAD, FOLLOWER, GOOD

CONFIG = """
stream:
  unknown_wait: 20ms
"""
NGINX = proxy.NGINX + """  upstream node {{ server {host}:{port}; keepalive 1; }}
  server {{
    listen 127.0.0.1:{listen};
    location / {{ proxy_pass http://node; proxy_http_version 1.1; proxy_set_header Connection ""; proxy_request_buffering off; }}
  }}
}}
"""
HAPROXY = """
global
  maxconn 200
defaults
  mode http
  timeout connect 2s
  timeout client 5s
  timeout server 5s
  http-reuse always
frontend front
  bind 127.0.0.1:{listen}
  default_backend back
backend back
  server node {host}:{port} maxconn 1
"""
LIGHTTPD = """
server.document-root = "{folder}"
server.bind = "127.0.0.1"
server.port = {listen}
server.modules = ("mod_proxy")
server.stream-request-body = 2
proxy.server = ("" => (("host" => "{host}", "port" => {port})))
"""
PROXIES = [
    ("nginx", NGINX, ["-c", "{config}", "-p", "{folder}"]),
    ("haproxy", HAPROXY, ["-db", "-f", "{config}"]),
    ("lighttpd", LIGHTTPD, ["-D", "-f", "{config}"]),
]


def scenario():
    present = [row for row in PROXIES if shutil.which(row[0])]
    if not present:
        skip("neither nginx nor haproxy nor lighttpd is installed")
    with Node(CONFIG) as node:
        for name, config, arguments in present:
            behind(node, name, config, arguments)
        node.check_alive()
    print("behind:", ", ".join(name for name, _, _ in present))


def behind(node, name, config, arguments):
    """Each row through the proxy; after it, three requests of other clients must get their own answers."""
    with proxy.running(node, name, config, arguments) as address:
        rows = [(what, data) for what, data in BAD] + [(what, data) for what, data, _ in GOOD]
        for index, (what, data) in enumerate(rows):
            http.exchange(address, data + FOLLOWER, 0.1)
            for turn in range(3):
                own_answer(address, f"{name}-{index}-{turn}", f"after {what!r} through {name}")


def own_answer(address, identity, what):
    """A request of an innocent client gets the answer to this very request, and not one to smuggled bytes."""
    response = http.get(address, "/probe", {"X-Correlation-ID": identity})
    check(response.status in (404, 502, 503), f"{what}: {response}")
    if response.status == 404:
        equal(response.header("X-Correlation-ID"), identity, f"{what}: whose answer")


main(scenario)
