# SPDX-License-Identifier: Apache-2.0
# runner: alone
# runner: limit 900 s
"""packaging/quickstart builds, shows that the picture plays, and leaves nothing running; busy ports are told."""
import os
import signal
import socket
import subprocess

import package_lib
from package_lib import ROOT, check, run
from lib import ffmpeg
from lib.expect import equal, main

# The package's program is a release of the same sources; a second build of it is for the full size.
FULL = os.environ.get("SLUICE_FULL", "") not in ("", "0")
QUICKSTART = [os.path.join(ROOT, "packaging", "quickstart")]
if not FULL:
    QUICKSTART += ["--binary", os.environ["SLUICE_BINARY"]]


def scenario():
    package_lib.need_root()
    ffmpeg.need("ffmpeg", "ffprobe", "ip")
    package_lib.own_network()
    shown = run(*QUICKSTART, "--once", timeout=850)
    print(shown)
    check("The picture plays" in shown, "no picture")
    check("demo/camera" in shown and "h264 1280x720" in shown, "the stream is not listed")
    nothing_listens()
    interrupt()
    busy()
    equal(subprocess.run([*QUICKSTART, "--nonsense"], stderr=subprocess.DEVNULL, check=False).returncode, 2, "usage")


def nothing_listens():
    equal(run("ss", "-Hltn"), "", "still listening")


def interrupt():
    """Ctrl-C reaches the whole foreground group; the end is clean and complete."""
    # A shell that runs this in the background has SIGINT ignored, and a script cannot take that back.
    process = subprocess.Popen(QUICKSTART, stdin=subprocess.DEVNULL, stdout=subprocess.PIPE, stderr=subprocess.STDOUT,
                               text=True, start_new_session=True,
                               preexec_fn=lambda: signal.signal(signal.SIGINT, signal.SIG_DFL))
    lines = []
    for line in process.stdout:
        lines.append(line)
        if "Ctrl-C" in line:
            break
    check("Ctrl-C" in lines[-1], f"quickstart ended:\n{''.join(lines)}")
    os.killpg(process.pid, signal.SIGINT)
    try:
        rest, _ = process.communicate(timeout=30)
    except subprocess.TimeoutExpired:
        os.killpg(process.pid, signal.SIGTERM)
        raise
    equal(process.returncode, 0, f"exit code after Ctrl-C ({rest})")
    nothing_listens()


def busy():
    """A port that somebody else has is named, together with the way out."""
    with socket.create_server(("127.0.0.1", 1935)):
        done = subprocess.run([*QUICKSTART, "--once"], stdin=subprocess.DEVNULL, capture_output=True, text=True, check=False)
        equal(done.returncode, 1, "exit code with a busy port")
        check("port 1935 (rtmp) is taken" in done.stderr and "--ports" in done.stderr, done.stderr)
        shown = run(*QUICKSTART, "--once", "--ports", "18080,11935,19090")
        check("http://127.0.0.1:18080/demo/camera.flv" in shown, shown)


main(scenario)
