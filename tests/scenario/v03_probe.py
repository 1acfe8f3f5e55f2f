# SPDX-License-Identifier: Apache-2.0
"""`sluice probe` says what a camera is, which ways work and what is odd; its bundle holds no secret and plays again."""

import json
import os
import tempfile

from lib import media
from lib.camera import House, Plan
from lib.camera.family import config_of
from lib.camera.replay import Bundle, Replay
from lib.expect import check, equal, main
from lib.node import Node, command
from lib.viewer import Viewer

LOGIN = {"user": "keeper", "password": "hunter2", "uri": "request",
         "challenges": ['Basic realm="zoo"', 'Digest realm="zoo-4711", nonce="{nonce}", qop="auth"']}
TRACKS = [{"media": "h264"}, {"media": "aac"}]


def scenario():
    plans = [Plan({"tracks": TRACKS, "auth": LOGIN}, "whole"), Plan({"tracks": TRACKS, "transports": ["udp"]}, "only_udp"),
             Plan({"tracks": TRACKS, "answers": {"DESCRIBE": {"status": 404}}}, "no_path")]
    with House(plans) as house, tempfile.TemporaryDirectory(prefix="sluice-scenario-") as folder:
        path = os.path.join(folder, "bundle.json")
        whole, report = probe(house.cameras["whole"].url, "--bundle", path)
        equal(whole.returncode, 0, f"exit code; {whole.stderr}")
        describe_whole(report)
        check_no_secrets(whole.stdout + whole.stderr, "what the probe printed")
        with open(path, encoding="utf-8") as file:
            check_no_secrets(file.read(), "the bundle")
        only_udp, report = probe(house.cameras["only_udp"].url)
        equal((only_udp.returncode, ways(report)), (0, {"tcp": False, "udp": True}), "a camera without TCP")
        no_path, report = probe(house.cameras["no_path"].url)
        equal((no_path.returncode, report["transports"][0]["end"]), (1, "not_found"), "a camera without the path")
        from_config(house.cameras["whole"], folder)
        plays_again(house, path)


def probe(url, *more):
    """Runs the probe; returns how it ended and what it says as JSON."""
    done = command("probe", url, "--seconds", "3", "--json", *more, timeout=40)
    check(done.stdout, f"the probe printed nothing and ended with {done.returncode}: {done.stderr}")
    return done, json.loads(done.stdout)


def ways(report):
    return {way["transport"]: way["works"] for way in report["transports"]}


def describe_whole(report):
    equal(ways(report), {"tcp": True, "udp": True}, "ways that work")
    equal(report["authentication"], "Digest MD5", "login")
    check("PLAY" in report["methods"], report["methods"])
    tracks = report["transports"][0]["tracks"]
    equal([track["kind"] for track in tracks], ["video", "audio"], "tracks")
    video = tracks[0]
    check(video["usable"] and video["codec"] == "h264" and video["width"] == 320, f"video: {video}")
    check(20 < video["frames_per_second"] < 30, f"frames a second: {video}")
    check(video["key_frames"] >= 2 and video["key_interval_s"][1] > 0, f"key frames: {video}")
    equal(video["lost"], 0, "lost packets")
    check("localhost" not in report["url"] and "keeper" not in report["url"], report["url"])


def check_no_secrets(text, what):
    for secret in ("keeper", "hunter2", "zoo-4711", "response="):
        check(secret not in text, f"{what} holds {secret}")


def from_config(camera, folder):
    """A stream's name stands for its source, so that no password is typed."""
    path = os.path.join(folder, "sluice.yaml")
    with open(path, "w", encoding="utf-8") as file:
        file.write(config_of([("zoo/lion", camera, {})]))
    done = command("probe", "zoo/lion", "--config", path, "--seconds", "1", "--transport", "tcp", timeout=30)
    equal(done.returncode, 0, f"probe by name; {done.stderr}")
    check("h264" not in done.stderr and "avc1" in done.stdout, done.stdout)
    missing = command("probe", "zoo/tiger", "--config", path, timeout=30)
    check(missing.returncode == 2 and "zoo/tiger" in missing.stderr, missing.stderr)


def plays_again(house, path):
    bundle = Bundle(path)
    replay = house.call(Replay(bundle).start())
    done, report = probe(replay.url, "--transport", "tcp")
    equal(done.returncode, 0, f"probe of the replay; {done.stderr}")
    before, after = bundle.report["transports"][0]["tracks"], report["transports"][0]["tracks"]
    for member in ("codec", "codec_string", "width", "height", "sample_rate", "payload_type"):
        equal([t[member] for t in after], [t[member] for t in before], f"{member} of the replay")
    equal(report["authentication"], bundle.report["authentication"], "login of the replay")
    with Node(config_of([("zoo/again", replay, {"transport": "tcp"})])) as node:
        viewer = Viewer(node.http, "/zoo/again.flv").wait_frames(40, kind=media.VIDEO, timeout=20)
        check(viewer.frames(media.VIDEO)[0].is_key, "the first picture is no key frame")
        viewer.close()


main(scenario)
