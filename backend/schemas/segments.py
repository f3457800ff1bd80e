"""Segments on the wire: named audiences."""

from msgspec import UNSET, UnsetType

from backend.rules import Rule
from backend.schemas.base import Input, Name, Output


class Segment(Output):
    """A named audience. `total` is null where its rule is broken, and then `problem` says why."""

    id: int
    name: str
    rule: Rule
    total: int | None
    version: int
    problem: str | None = None


class SegmentInput(Input):
    """A new segment."""

    name: Name
    rule: Rule


class SegmentChange(Input):
    """Changes to a segment; what is left out stays."""

    name: Name | UnsetType = UNSET
    rule: Rule | UnsetType = UNSET
    # Pinned people would not be where they must be, and that is meant.
    accept_broken_pins: bool = False
