# SPDX-License-Identifier: Apache-2.0
"""Expectations, bounded waiting, and the frame around each scenario.

A scenario is a function given to `main`. It fails by raising, skips by calling `skip`, and passes by returning. Exit
codes: 0 passed, 1 failed, 77 skipped, which is what meson's test runner understands.
"""

import os
import sys
import time
import traceback

POLL_S = 0.01


class Failure(AssertionError):
    """An expectation was not met."""


class Skipped(Exception):
    """The scenario cannot run here, for the reason given."""


_unjudged = set()


def leave_unjudged(what):
    """A part of the scenario cannot be judged with this build. When all else holds, it ends as skipped and says so, so
    that a runner can run it once more with a build in which it can."""
    _unjudged.add(what)


def full_size():
    """True when the sizes of an acceptance run are wanted: SLUICE_FULL=1."""
    return os.environ.get("SLUICE_FULL", "") not in ("", "0")


def sized(ci, full):
    """The first value in a CI run, the second in a full-size run."""
    return full if full_size() else ci


def skip(reason):
    """Ends the scenario as skipped."""
    raise Skipped(reason)


def check(condition, what):
    """Fails with `what` unless the condition holds."""
    if not condition:
        raise Failure(what)


def equal(actual, expected, what):
    """Fails unless both are equal, and shows both."""
    if actual != expected:
        raise Failure(f"{what}: expected {expected!r}, got {actual!r}")


def one_of(actual, allowed, what):
    """Fails unless actual is among the allowed values."""
    if actual not in allowed:
        raise Failure(f"{what}: expected one of {sorted(allowed)!r}, got {actual!r}")


def within(actual, low, high, what):
    """Fails unless low <= actual <= high."""
    if not low <= actual <= high:
        raise Failure(f"{what}: expected {low} to {high}, got {actual}")


def wait_until(predicate, what, timeout=5.0):
    """Polls until predicate() is truthy and returns that value; fails with `what` at the deadline."""
    deadline = time.monotonic() + timeout
    while True:
        value = predicate()
        if value:
            return value
        if time.monotonic() >= deadline:
            raise Failure(f"not within {timeout:g} s: {what() if callable(what) else what}")
        time.sleep(POLL_S)


def holds_for(predicate, what, seconds):
    """Fails when predicate() is false at any moment of the given time: for things that must not happen."""
    deadline = time.monotonic() + seconds
    while time.monotonic() < deadline:
        if not predicate():
            raise Failure(what() if callable(what) else what)
        time.sleep(POLL_S)


def scenario_name():
    """The name of the running script without its suffix; artifacts are kept under it."""
    return os.path.splitext(os.path.basename(sys.argv[0]))[0]


def main(scenario):
    """Runs the scenario and leaves the process with the exit code that says how it went."""
    started = time.monotonic()
    code, verdict = 0, "passed"
    try:
        scenario()
        if _unjudged:
            code, verdict = 77, f"skipped: all else held, but not judged with this build: {', '.join(sorted(_unjudged))}"
    except Skipped as reason:
        code, verdict = 77, f"skipped: {reason}"
    except Failure as failure:
        traceback.print_exc()
        code, verdict = 1, f"FAILED: {failure}"
    except Exception as error:  # a broken scenario is a failed one, and its nodes must still be stopped
        traceback.print_exc()
        code, verdict = 1, f"FAILED: {type(error).__name__}: {error}"
    print(f"{scenario_name()}: {verdict} ({time.monotonic() - started:.1f} s)", flush=True)
    sys.stderr.flush()
    os._exit(code)  # background threads of peers must not keep the process alive
