# SPDX-License-Identifier: Apache-2.0
"""A kick ends exactly the session it names, by API and by the command, and the log says so."""

from lib.expect import check, equal, main, wait_until
from lib.node import Node, command
from lib.publisher import Publisher
from lib.viewer import Viewer


def scenario():
    with Node() as node:
        publisher = Publisher(node.rtmp, "cams/gate").open().run(2)
        node.wait_stream("cams/gate")
        viewers = [Viewer(node.http, "/cams/gate.flv", headers={"User-Agent": f"viewer-{i}"}).wait_frames(5)
                   for i in range(3)]
        by_api(node, viewers)
        by_command(node, viewers)
        viewers[2].wait_more(10).check_ok()
        unknown(node)
        (session,) = node.sessions(kind="publisher")
        equal(node.call("DELETE", f"/api/v1/sessions/{session['id']}").json(), {"kicked": session["id"]}, "answer")
        publisher.wait_cut()
        node.wait_logged("session ended", kind="publisher", session=session["id"], reason="kicked")
        viewers[2].wait_closed(5)
        equal(viewers[2].ended_cleanly, True, "end of the viewer whose publisher was kicked")


def session_of(node, agent):
    """The id of the viewer with that user agent."""
    return node.sessions(kind="viewer", user_agent=agent)[0]["id"]


def by_api(node, viewers):
    """DELETE on the session."""
    session = session_of(node, "viewer-0")
    response = node.call("DELETE", f"/api/v1/sessions/{session}")
    equal((response.status, response.json()), (200, {"kicked": session}), "answer to DELETE")
    viewers[0].wait_closed(5)
    node.wait_logged("session ended", kind="viewer", session=session, reason="kicked")
    wait_until(lambda: len(node.sessions(kind="viewer")) == 2, "the kicked session stays in the list")


def by_command(node, viewers):
    """sluice kick."""
    session = session_of(node, "viewer-1")
    done = command("kick", "--admin", "http://%s:%d" % node.admin, session)
    equal(done.returncode, 0, f"exit code of sluice kick ({done.stdout}{done.stderr})")
    viewers[1].wait_closed(5)
    again = command("kick", "--admin", "http://%s:%d" % node.admin, session)
    check(again.returncode != 0 and again.stderr, f"a second kick succeeded: {again.stdout}")


def unknown(node):
    """Sessions that are not there, and ids that are none."""
    for bad in ("1-ffffff", "99-1", "x", "%00", "..%2f", "1-1/2"):
        status = node.call("DELETE", f"/api/v1/sessions/{bad}").status
        check(status in (400, 404), f"DELETE of session {bad!r}: {status}")


main(scenario)
