"""Work in short steps: done in one go, or in slices between which the event loop serves others.

A generator yields after each step and returns the result. It only reads; what it reads must stand still until it ends.
"""

from collections.abc import Iterable
from typing import TypeVar

from backend.index.time_slices import TimeSlice
from backend.rules.steps import Steps, finish

__all__ = ["Steps", "each_of", "finish", "go_on"]

T = TypeVar("T")


def each_of(works: Iterable[Steps[T]]) -> Steps[list[T]]:
    """The results of several works, one after the other."""
    found: list[T] = []
    for steps in works:
        done = yield from steps
        found.append(done)
        yield
    return found


def go_on(steps: Steps[T], time_slice: TimeSlice) -> tuple[bool, T | None]:
    """The steps until `time_slice` is due; whether they have ended, and with what."""
    try:
        next(steps)
        while not time_slice.used_up():
            next(steps)
    except StopIteration as done:
        return True, done.value
    return False, None
