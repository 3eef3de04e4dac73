"""Waiting for a condition in another thread or process, and never longer than it takes."""

import select
import time


def until(condition, *, within=10.0):
    """What the condition answers, as soon as that is true. Fails after `within` seconds."""
    ends = time.monotonic() + within
    while not (answer := condition()):
        assert time.monotonic() < ends, f"not within {within} s: {getattr(condition, '__doc__', None) or condition}"
        select.select([], [], [], 0.01)
    return answer
