"""What the load was told is done: the truth that the tables are held against."""

from collections import Counter
from dataclasses import dataclass, field
from typing import Any

# What is known of a person: a facet, and what it refers to (as in the change log).
Fact = tuple[str, int, int | None]


@dataclass
class Confirmed:
    """One confirmed plan: who was picked, and whether it was taken back."""

    run_id: int
    method_id: int
    people: frozenset[int]
    undone: bool = False


@dataclass
class Ledger:
    """Acknowledged writes. Each fact has one client that writes it, one after the other, so the last one is the truth."""

    facts: dict[Fact, Any] = field(default_factory=dict)
    newcomers: set[str] = field(default_factory=set)
    confirmed: list[Confirmed] = field(default_factory=list)
    acknowledged: int = 0
    # Requests that had to be sent again, by what came instead of an answer.
    unanswered: Counter[str] = field(default_factory=Counter)
