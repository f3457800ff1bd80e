"""What a rule can rest on: things that may be deleted, and kinds of facts that may change."""

from collections.abc import Sequence
from typing import Literal, NamedTuple

DependencyKind = Literal["group", "field", "activity", "certificate", "segment", "learner"]


class Dependency(NamedTuple):
    """Something a rule refers to, by the name of its table (`group` for a learner group)."""

    kind: DependencyKind
    id: int


class References(NamedTuple):
    """What a filter refers to, of one kind; until it is resolved there may be external ids among the ids."""

    kind: DependencyKind
    ids: Sequence[int | str]


class Facet(NamedTuple):
    """A kind of fact in the change log, of one thing (`ref`) or of every kind of it (None)."""

    name: str
    ref: int | None = None
