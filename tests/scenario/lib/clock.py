# SPDX-License-Identifier: Apache-2.0
"""A picture with a clock that a page can read, as raw yuv420p on standard output: python3 clock.py SECONDS

Each frame is painted when it is due and carries the wall clock of that moment: 20 blocks of 16 x 16 pixels in the first
row, the highest bit first, white is 1. 16 bits are milliseconds; 4 bits are the sum of their nibbles and 5. What is below
moves, so that a screenshot shows which moment it is of. The encoder's delay is thus part of what a page measures.
"""

import os
import sys
import time

WIDTH, HEIGHT, RATE = 320, 180, 25
BLOCK, BITS = 16, 20
_DARK, _LIGHT = 16, 235
_RAMP = bytes(40 + 160 * (x % WIDTH) // WIDTH for x in range(2 * WIDTH))
_GREY = bytes([128]) * (WIDTH // 2 * (BLOCK // 2))  # the clock is black and white
_ROWS = HEIGHT // 2 - BLOCK // 2
_COLOURS = _GREY + bytes(64 + 128 * x // (WIDTH // 2) for x in range(WIDTH // 2)) * _ROWS + \
    _GREY + b"".join(bytes([64 + 128 * y // _ROWS]) * (WIDTH // 2) for y in range(_ROWS))


def word_of(wall_ms):
    """The 20 bits that say a time."""
    clock = wall_ms & 0xffff
    return clock << 4 | (sum(clock >> shift & 15 for shift in (0, 4, 8, 12)) + 5) & 15


def picture(number, wall_ms):
    """A whole frame."""
    word = word_of(wall_ms)
    clock = b"".join(bytes([_LIGHT if word >> (BITS - 1 - bit) & 1 else _DARK]) * BLOCK for bit in range(BITS))
    at = number * 4 % WIDTH
    return clock * BLOCK + _RAMP[at:at + WIDTH] * (HEIGHT - BLOCK) + _COLOURS


def write(data):
    """All of it to standard output, past any buffer."""
    view = memoryview(data)
    while view:
        view = view[os.write(1, view):]


def main():
    started = time.monotonic()
    for number in range(int(sys.argv[1]) * RATE):
        time.sleep(max(0.0, started + number / RATE - time.monotonic()))
        write(picture(number, int(time.time() * 1000)))


if __name__ == "__main__":
    try:
        main()
    except BrokenPipeError:  # the encoder has ended
        pass
