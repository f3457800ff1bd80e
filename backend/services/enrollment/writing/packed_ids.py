"""Many ids in little space: what a large run has to do is kept with it as bitmaps."""

import base64
from array import array
from collections.abc import Sequence

from pyroaring import BitMap

# What is done to people, in this order.
PHASES = ("entering", "leaving", "releasing", "settling", "undoing")


def pack(learner_ids: Sequence[int]) -> str:
    """Ids as text; a million take about 130 KB."""
    return base64.b64encode(BitMap(array("I", learner_ids)).serialize()).decode()


def unpack(packed: str) -> BitMap:
    """The ids again."""
    return BitMap.deserialize(base64.b64decode(packed))


def slice_of(phases: dict[str, str], done: int, size: int) -> dict[str, list[int]]:
    """The next `size` people after the first `done`, by phase."""
    found: dict[str, list[int]] = {}
    for name in PHASES:
        if name not in phases:
            continue
        people = unpack(phases[name])
        some = list(people[done : done + size]) if done < len(people) else []
        if some:
            found[name] = some
        size -= len(some)
        done = max(0, done - len(people))
        if size == 0:
            break
    return found
