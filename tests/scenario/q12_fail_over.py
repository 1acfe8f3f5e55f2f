# SPDX-License-Identifier: Apache-2.0
"""A list of cameras for one stream: the first that plays is taken; when it dies the next one is, and viewers stay."""

from lib import flv, media
from lib.camera import House, Plan
from lib.camera.family import CONFIG
from lib.expect import equal, main, wait_until
from lib.node import Node
from lib.viewer import Viewer


def scenario():
    with House() as house:
        dead, main_camera, spare = (house.add(Plan({"path": path}, path)) for path in ("/dead", "/main", "/spare"))
        dead.stop()
        urls = ", ".join(f'"{camera.url}"' for camera in (dead, main_camera, spare))
        with Node(CONFIG.format(limit=20) + f'  "q/cam": {{ source: [{urls}] }}\n') as node:
            viewer = Viewer(node.http, "/q/cam.flv").wait_frames(30, timeout=15)
            equal((len(main_camera.playing()), len(spare.playing())), (1, 0), "sessions of the main and the spare camera")
            main_camera.stop()
            wait_until(spare.playing, "the spare camera was not asked", 10)
            viewer.wait_more(50, timeout=15)
            viewer.check_ok()
            main_camera.start()
            spare.stop()
            wait_until(main_camera.playing, "the main camera was not asked again", 15)
            viewer.wait_more(50, timeout=15)
            viewer.check_ok()
            flv.check_growing(viewer.tags)
            equal(viewer.frames(media.VIDEO)[0].is_key, True, "key frame at the start")


main(scenario)
