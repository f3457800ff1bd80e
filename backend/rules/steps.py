"""Work on a rule in short steps: done in one go, or in slices between which an event loop serves others.

A generator yields after each step and returns the result.
"""

from collections.abc import Generator
from typing import TypeVar

T = TypeVar("T")
Steps = Generator[None, None, T]


def finish(steps: Steps[T]) -> T:
    """The result, in one go."""
    while True:
        try:
            next(steps)
        except StopIteration as done:
            found: T = done.value
            return found
