# SPDX-License-Identifier: Apache-2.0
"""A page of the node's own in a headless Chromium, which is looked at and handled as a person would.

`with Page(url) as page:` opens it; `page.wait(expression)` awaits that an expression in JavaScript is true. Without the
flag that allows it, sound does not begin by itself, as with everybody's browser.
"""

import json
import os
import shutil
import subprocess
import tempfile

from .browser import modules
from .expect import Failure, check, scenario_name, wait_until

_DRIVER = os.path.join(os.path.dirname(os.path.dirname(os.path.abspath(__file__))), "browser", "drive.mjs")


class Page:
    """One page; `before` is a script that runs before its own, `device` a phone that Playwright knows."""

    def __init__(self, url, before=None, device=None):
        self._url = url
        self._before = before
        self._device = device

    def __enter__(self):
        self._profile = tempfile.mkdtemp(prefix="sluice-chromium-")
        wish = {"chromium": shutil.which("chromium"), "modules": modules(), "profile": self._profile,
                "before": self._before, "device": self._device}
        self._log = tempfile.TemporaryFile()
        self._driver = subprocess.Popen(
            ["node", _DRIVER, json.dumps(wish)], stdin=subprocess.PIPE, stdout=subprocess.PIPE, stderr=self._log, text=True,
            env={**os.environ, "HOME": self._profile, "XDG_CONFIG_HOME": self._profile})
        try:
            self.goto(self._url)
        except BaseException:
            self.__exit__()
            raise
        return self

    def __exit__(self, *exc):
        if exc and exc[0]:
            self._last_look()
        self._driver.stdin.close()  # it ends then, and its browser with it
        try:
            self._driver.wait(20)
        except subprocess.TimeoutExpired:
            self._driver.kill()
            self._driver.wait(10)
        self._driver.stdout.close()
        self._log.close()
        shutil.rmtree(self._profile, ignore_errors=True)

    def _last_look(self):
        """After a failure: what the page complained of."""
        try:
            print(f"the browser's errors: {self.errors()}", flush=True)
            self.screenshot("failed")
        except Failure as error:
            print(f"no last look: {error}", flush=True)

    def _do(self, deed, **details):
        try:
            self._driver.stdin.write(json.dumps({"do": deed, **details}) + "\n")
            self._driver.stdin.flush()
            line = self._driver.stdout.readline()
        except BrokenPipeError:
            line = ""
        if not line:
            self._log.seek(0)
            raise Failure(f"the browser could not be driven: {self._log.read().decode('utf-8', 'replace')[-3000:]}")
        answer = json.loads(line)
        check("failed" not in answer, f"{deed} {details}: {answer.get('failed')}")
        return answer["value"]

    def goto(self, url):
        """Opens a URL; returns the answer's status."""
        return self._do("goto", url=url)

    def evaluate(self, expression):
        """The value of an expression in JavaScript."""
        return self._do("evaluate", expression=expression)

    def wait(self, expression, timeout=20.0, about="document.title"):
        """Waits until an expression is true; says what `about` is when it does not get so."""
        wait_until(lambda: self.evaluate(expression) or None,
                   lambda: f"not so: {expression}; {about} is {self.evaluate(about)!r}", timeout)

    def press(self, key):
        """Presses and releases a key."""
        self._do("press", key=key)

    def tap(self, name):
        """Touches a button, as a finger does."""
        self._do("tap", name=name)

    def choose(self, label, value):
        """Chooses an entry of a menu."""
        self._do("choose", label=label, value=value)

    def audit(self):
        """What breaks a rule of WCAG 2.2 AA, as far as a program can tell."""
        return self._do("audit")

    def scheme(self, scheme):
        """The wish for "light" or "dark"."""
        self._do("scheme", scheme=scheme)

    def resize(self, width, height):
        """Another size of the window."""
        self._do("size", width=width, height=height)

    def errors(self):
        """Exceptions, dialogs and errors in the console so far."""
        return self._do("errors")

    def screenshot(self, name):
        """Keeps a picture of the page, where pictures are kept."""
        kept = os.environ.get("SLUICE_ARTIFACTS")
        if kept:
            folder = os.path.join(kept, scenario_name())
            os.makedirs(folder, exist_ok=True)
            self._do("screenshot", path=os.path.join(folder, f"{name}.png"))
