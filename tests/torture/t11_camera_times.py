# SPDX-License-Identifier: Apache-2.0
# runner: alone
"""T11, cameras' times (demand 26): jumps, loss, disorder, corruption, stalls, changes of size and codec, B-frames.

All cameras play at once, each with a viewer: time stamps grow, no viewer is closed, sound and picture are less than
100 ms apart at the end where numbers tell, memory is flat, and no camera is connected to again that did not stall.
ci: 14 s. full: 180 s.
"""

from torture import Level, TorturedNode, Witness, arguments, spin
from lib import flv, media
from lib.camera import House, Plan
from lib.camera.family import config_of, stream_name
from lib.camera.judge import Judge
from lib.expect import Failure, check, main, wait_until
from lib.hostile import Growth
from lib.viewer import Viewer

TWO = [{"media": "h264"}, {"media": "aac"}]


def jumps(seconds, every, by):
    """Clock events: alternately by each of the steps. The last one is 6 s before the end, and sound and picture must have
    found together by then."""
    moments = range(every, int(seconds) - 5, every)
    return [{"at_s": at, "jump_s": by[number % len(by)]} for number, at in enumerate(moments)]


def plans(seconds):
    """The cameras. Those with offset_ms have numbers that can be trusted to the end."""
    good = {"video": 0, "offset_ms": 100, "lossy": True, "pictures_whole": True}
    free = {"video": 0, "free": True}  # only the time line and the connection are judged
    table = {
        "jumps": ({"clock": jumps(seconds, 2, (20, -1.5)), "tracks": TWO}, good),
        "jumps_back": ({"clock": jumps(seconds, 3, (-30, -0.5)), "tracks": TWO}, good),
        "thousandfold": ({"clock": [{"at_s": 3, "rate": 1000}, {"at_s": 4, "rate": -998}], "tracks": TWO}, free),
        "wraps": ({"tracks": [{"media": "h264", "timestamp": 2**32 - 270000}, {"media": "aac", "timestamp": 2**32 - 132300}]}, good),
        "freezes": ({"clock": [{"at_s": at, "freeze_s": 1} for at in range(2, int(seconds), 4)], "tracks": TWO}, free),
        "loss": ({"tracks": [{"media": "h264", "loss": 0.05}, {"media": "aac", "loss": 0.05}]}, good),
        "disorder": ({"transports": ["udp"], "tracks": [{"media": "h264", "disorder": 0.05}, {"media": "aac", "disorder": 0.05}]}, good),
        "corrupt": ({"tracks": [{"media": "h264", "faults": [["corrupt", 0.3]]}, {"media": "aac", "faults": [["corrupt", 0.3]]}]}, free),
        "stall": ({"stall": {"after_s": 3, "for_s": 2}, "tracks": TWO}, free),
        "size": ({"tracks": [{"media": "h264", "then": {"at_s": 4, "media": "h264_small"}}, {"media": "aac"}]}, good),
        "no_key_frame": ({"tracks": [{"media": "h264", "faults": ["key_frames_only_once"]}, {"media": "aac"}]}, good),
        "b_frames": ({"tracks": [{"media": "h264_b"}, {"media": "aac"}]}, good),
        "only_sound": ({"tracks": [{"media": "aac"}]}, free),
        "only_picture": ({"tracks": [{"media": "h264"}]}, free),
        "wrong_rate": ({"tracks": [{"media": "h264", "sdp_more": ["a=framerate:5"]}, {"media": "aac"}]}, good),
        "no_reports": ({"rtcp": "none", "tracks": TWO}, good),
        "wild_reports": ({"rtcp": "wild", "tracks": TWO}, good),
    }
    return [Plan({**data, "expect": expect}, name) for name, (data, expect) in table.items()]


# "free" is no word of the judge: it means that the judge is left out.
def judged(plan, viewer):
    """Fails with what is wrong with one viewer."""
    viewer.check_ok()
    flv.check_growing(viewer.tags)
    check(len(viewer.frames()) > 50, f"too little came: {viewer.describe()}")
    if not plan.expect.get("free"):
        Judge(plan, viewer).check()
    if len(plan.tracks) == 2 and plan.name not in ("corrupt",):
        check(viewer.frames(media.AUDIO), "no sound came")


def scenario(seconds):
    cameras = plans(seconds)
    with House(cameras) as house:
        config = config_of([(stream_name(plan), house.cameras[plan.name], {"on_demand": "true", "stop_after": "0s"})
                            for plan in cameras])
        with TorturedNode(config) as node:
            run(node, house, cameras, seconds)


def run(node, house, cameras, seconds):
    """The run itself, between the checks that every run has."""
    level = Level(node)
    witness = Witness(node)
    viewers = [Viewer(node.http, f"/{stream_name(plan)}.flv") for plan in cameras]
    for viewer in viewers:
        viewer.wait_frames(25, timeout=20)
    spin(4, witness.look)
    growth = Growth(node)
    spin(seconds - 4, witness.look)
    growth.check_below(16 << 20, "cameras with wild clocks")
    faults = []
    for plan, viewer in zip(cameras, viewers):
        try:
            judged(plan, viewer)
            sessions = house.cameras[plan.name].plays
            check(sessions == 1, f"connected to {sessions} times")
        except (Failure, IndexError, KeyError, TypeError) as failure:
            faults.append(f"  {plan.name}: {failure}")
    check(not faults, "cameras:\n" + "\n".join(faults))
    for viewer in viewers:
        viewer.close()
    witness.check()
    witness.end()
    wait_until(lambda: not any(camera.sessions for camera in house.cameras.values()), "cameras are still pulled", 10)
    level.check_back()


SIZE = arguments(__doc__).size
main(lambda: scenario(14 if SIZE == "ci" else 180))
