# SPDX-License-Identifier: Apache-2.0
"""Sound and picture belong together: RTP clocks that begin anywhere, told by sender reports, and B-frames.

After 5 s they are less than 100 ms apart, also when the reports of one track are wild, and when one of the clocks runs
a little too fast.
"""

from lib import flv
from lib.camera import House, Plan
from lib.camera.family import config_of, stream_name
from lib.camera.judge import Judge
from lib.expect import Failure, main, wait_until
from lib.node import Node
from lib.viewer import Viewer

PLANS = {
    "far_apart": {"rtp_info": None, "tracks": [{"media": "h264", "timestamp": 123456789}, {"media": "aac", "timestamp": 4294960000}]},
    "sound_late": {"rtp_info": None, "tracks": [{"media": "h264"}, {"media": "aac", "starts_s": 1.2}]},
    "wild": {"tracks": [{"media": "h264"}, {"media": "aac", "rtcp": "wild"}]},
    "none": {"rtcp": "none", "tracks": [{"media": "h264_b"}, {"media": "aac"}]},
    "b_frames": {"tracks": [{"media": "h264_b"}, {"media": "pcma"}]},
    "jumps": {"clock": [{"at_s": 1, "jump_s": -3}, {"at_s": 2, "jump_s": 100}], "tracks": [{"media": "h264"}, {"media": "aac"}]},
}
SECONDS = 6


def scenario():
    plans = [Plan({**data, "expect": {"video": SECONDS * 25, "audio": 150, "offset_ms": 100}}, name)
             for name, data in PLANS.items()]
    with House(plans) as house:
        with Node(config_of([(stream_name(plan), house.cameras[plan.name], {}) for plan in plans])) as node:
            judges = [Judge(plan, Viewer(node.http, f"/{stream_name(plan)}.flv")) for plan in plans]
            wait_until(lambda: all(judge.done() for judge in judges),
                       lambda: "; ".join(judge.viewer.describe() for judge in judges), SECONDS + 20)
            faults = []
            for judge in judges:
                try:
                    judge.check()
                except Failure as failure:
                    faults.append(f"  {judge.plan.name}: {failure}")
            if faults:
                raise Failure("not together:\n" + "\n".join(faults))
            for judge in judges:
                flv.check_start(judge.viewer.tags, audio=False)


main(scenario)
