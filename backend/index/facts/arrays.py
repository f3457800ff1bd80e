"""Bitmaps of learners, and spans of numbers, as arrays."""

import array

import numpy as np
import numpy.typing as npt
from pyroaring import BitMap

Ids = npt.NDArray[np.uint32]
Numbers = npt.NDArray[np.intp]
# Ids of learners fit into so many bits: bitmaps hold no others.
ID_BITS = 32
Flags = npt.NDArray[np.bool_]
NONE: Numbers = np.zeros(0, np.intp)
# ndim, flags, element type, length, lower bound: what PostgreSQL sends before the elements of an array.
_ARRAY_HEADER = 5


def ids_of(learners: BitMap) -> Ids:
    """The ids in order."""
    return np.frombuffer(learners.to_array(), np.uint32)


def bitmap_of(learners: Ids) -> BitMap:
    """The bitmap of ids; an array of Python's own is read at once, one of numpy number by number."""
    return BitMap(array.array("I", learners.astype(np.uint32).tobytes()))


def bitmap_sent(sent: bytes) -> BitMap:
    """The ids in an integer array as PostgreSQL sends it: each element is its length (4), then its value.

    Millions of ids arrive so without becoming Python numbers one by one.
    """
    ids = np.frombuffer(sent, dtype=">u4")[_ARRAY_HEADER + 1 :: 2].astype(np.uint32)
    ids.sort()
    return BitMap(array.array("I", ids.tobytes()))


def spans(starts: Numbers, counts: Numbers) -> Numbers:
    """The numbers start, start + 1, … of each span, one span after the other."""
    ends = np.cumsum(counts)
    total = int(ends[-1]) if len(ends) else 0
    found = np.repeat(starts - (ends - counts), counts)
    found += np.arange(total)
    return found


def starts_of(counts: Numbers) -> Numbers:
    """Where spans of these lengths start, one after the other."""
    return np.cumsum(counts) - counts
