# SPDX-License-Identifier: Apache-2.0
"""Real peers: ffmpeg, ffprobe, GStreamer, rtmpdump. Every run has a time limit; whoever runs on is ended by `with`."""

import json
import shutil
import signal
import subprocess
import tempfile

from .expect import check, skip, wait_until


def need(*programs):
    """Skips the scenario unless these programs are installed."""
    for program in programs:
        if not shutil.which(program):
            skip(f"{program} is not installed")


def need_elements(*elements):
    """Skips the scenario unless these GStreamer elements are installed."""
    need("gst-inspect-1.0")
    for element in elements:
        if subprocess.run(["gst-inspect-1.0", "--exists", element], check=False).returncode != 0:
            skip(f"GStreamer's {element} is not installed")


def run(arguments, timeout=30.0):
    """Runs a program to its end; returns (exit code, standard output, standard error)."""
    done = subprocess.run(arguments, stdin=subprocess.DEVNULL, capture_output=True, timeout=timeout, check=False)
    return done.returncode, done.stdout, done.stderr.decode("utf-8", "replace")


class Running:
    """A program in the background; its output goes to a file that messages quote."""

    def __init__(self, arguments):
        self.arguments = arguments
        self._log = tempfile.TemporaryFile()
        self.process = subprocess.Popen(arguments, stdin=subprocess.DEVNULL, stdout=self._log, stderr=self._log)

    def __enter__(self):
        return self

    def __exit__(self, *exc):
        self.kill()

    def output(self):
        """Everything it has printed."""
        self._log.seek(0)
        return self._log.read().decode("utf-8", "replace")

    def kill(self):
        """kill -9, if it still runs."""
        if self.process.poll() is None:
            self.process.kill()
        self.process.wait(10)

    def interrupt(self):
        """Ctrl-C."""
        self.process.send_signal(signal.SIGINT)

    def wait(self, timeout=30.0):
        """Waits for its own end; returns the exit code."""
        wait_until(lambda: self.process.poll() is not None,
                   lambda: f"{self.arguments[0]} did not end:\n{self.output()[-2000:]}", timeout)
        return self.process.returncode


def test_source(seconds=None, size="320x180", rate=25, gop=25, audio=True, video_options=()):
    """ffmpeg's arguments for a live test picture with a tone, up to the output."""
    limit = ["-t", str(seconds)] if seconds else []
    arguments = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", "-re",
                 "-f", "lavfi", "-i", f"testsrc2=s={size}:r={rate}"]
    if audio:
        arguments += ["-f", "lavfi", "-i", "sine=500:r=44100"]
    arguments += ["-c:v", "libx264", "-preset", "ultrafast", "-tune", "zerolatency", "-pix_fmt", "yuv420p",
                  "-g", str(gop), *video_options]
    if audio:
        arguments += ["-c:a", "aac", "-ar", "44100"]
    return arguments + limit


def publish(url, **source):
    """Starts ffmpeg as a publisher."""
    return Running(test_source(**source) + ["-f", "flv", url])


def probe(url, timeout=20.0):
    """ffprobe's streams of a URL."""
    code, out, err = run(["ffprobe", "-v", "error", "-of", "json", "-show_streams", url], timeout)
    check(code == 0, f"ffprobe {url}: {err}")
    return json.loads(out)["streams"], err


def play(url, seconds, timeout=60.0, extra=()):
    """Decodes a live URL for so long; returns what ffmpeg had to warn about."""
    command = ["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", "-i", url, *extra, "-t", str(seconds),
               "-f", "null", "-"]
    code, _, err = run(command, timeout)
    check(code == 0, f"ffmpeg could not play {url}: {err}")
    return err


def decode_file(path, timeout=60.0):
    """Decodes a file and returns what ffmpeg had to warn about."""
    code, _, err = run(["ffmpeg", "-hide_banner", "-nostdin", "-v", "warning", "-i", path, "-f", "null", "-"], timeout)
    check(code == 0, f"ffmpeg could not decode {path}: {err}")
    return err
