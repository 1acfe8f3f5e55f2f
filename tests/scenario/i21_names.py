# SPDX-License-Identifier: Apache-2.0
"""docs/torture.md 9, 10 over RTMP: the forms that encoders send are understood, every other name is refused alike."""

import os

from lib import rtmp
from lib.expect import check, equal, main
from lib.node import Node

CONFIG = """
stream:
  viewer_grace: 0s
  max_name_length: 128
"""
GOOD = [  # app, stream key, extra properties of connect, name that comes out
    ("cams", "gate", {}, "cams/gate"),
    ("cams/", "gate", {}, "cams/gate"),
    ("cams", "gate?token=secret&x=1", {}, "cams/gate"),
    ("cams?vhost=a.example", "gate", {"tcUrl": "rtmp://127.0.0.1/cams?vhost=a.example"}, "cams/gate"),
    ("cams", "gate", {"tcUrl": "rtmp://a.example:1935/cams?x=../../etc"}, "cams/gate"),
    ("cams", "mp4:gate", {}, "cams/gate"),
    ("cams", "flv:gate", {}, "cams/gate"),
    ("cams", "live:gate", {}, "cams/gate"),
    ("cams/gate", "", {}, "cams/gate"),
    ("Cam-1_a.b", "x~y@z:1+2=3", {}, "Cam-1_a.b/x~y@z:1+2=3"),
    ("a", "b", {}, "a/b"),
    ("s" * 60, "c" * 60, {}, "s" * 60 + "/" + "c" * 60),
]
BAD = [
    ("", "gate"), ("cams", ""), ("", ""), ("/", "gate"), ("cams", "/"), ("cams", "?token=x"),
    ("cams", "."), ("cams", ".."), ("..", "gate"), ("cams", ".hidden"), (".hidden", "gate"),
    ("cams", "../etc/passwd"), ("cams", "..%2fetc"), ("cams", "%2e%2e/x"), ("cams", "%252e%252e"), ("cams", "..\\etc"),
    ("cams", "a\\b"), ("cams", "/etc/passwd"), ("cams", "a\0b"), ("cams\0", "gate"), ("cams", "a b"), ("cams", "a\nb"),
    ("cams", "<img onerror=alert(1)>"), ("cams", "a'b\"c"), ("cams", "$(id)"), ("cams", "`id`"), ("cams", "a;b|c&d"),
    ("cams", "%n%s%x"), ("cams", "käse"), ("cams", "\u202egpj"), ("cams", "a,b"), ("cams", "a{b}"), ("cams", "*"),
    ("s" * 255, "gate"), ("cams", "c" * 129), ("cams", "c" * 255), ("cams", "c" * 256), ("cams", "c" * 4096),
    ("cams", "c" * 65535), ("s" * 4096, "gate"), ("a/b/c/d/e", "gate"), ("cams", "a/b/c/d"),
]


def scenario():
    with Node(CONFIG) as node:
        before = tree(node.folder)
        for app, key, properties, name in GOOD:
            connection, code = publish(node, app, key, properties)
            equal(code, "NetStream.Publish.Start", f"publish to {app!r} {key!r}")
            check(node.stream(name), f"{app!r} {key!r} is not {name}")
            connection.close()
            node.wait_no_stream(name)
        for app, key in BAD:
            connection, code = publish(node, app, key, {})
            check(code != "NetStream.Publish.Start", f"publish to {app!r} {key[:40]!r} was granted")
            connection.close()
        node.check_alive()
        equal(node.api("/api/v1/streams")["streams"], [], "streams")
        equal(tree(node.folder) - before, set(), "files that names have made")
        text = node.log_text()
        check("token=secret" not in text and "secret" not in text, "a publisher's token is in the log")
        check(all(line.startswith("{") for line in text.splitlines()), "a name has broken the log's lines")


def tree(folder):
    """All paths below the node's folder but its log."""
    return {os.path.join(base, name) for base, folders, files in os.walk(folder) for name in folders + files}


def publish(node, app, key, properties):
    """Tries to publish; returns the connection and the code of the answer, or "closed"."""
    connection = rtmp.Connection(node.rtmp)
    connection.handshake()
    try:
        if connection.connect(app, **properties)[0] != "_result":
            return connection, "refused"
        stream_id = connection.create_stream()
        return connection, connection.publish(stream_id, key)
    except (rtmp.RtmpError, OSError):
        return connection, "closed"


main(scenario)
