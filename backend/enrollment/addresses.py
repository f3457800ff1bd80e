"""E-mail addresses that somebody pasted: found in any text, sorted by what enrolling them would mean."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

Kind = Literal["known", "new", "duplicate", "invalid", "excluded", "other_session"]
# A pasted column of a large company; more is a sheet to import.
MOST_ADDRESSES = 20_000
LONGEST_ADDRESS = 254

_SEPARATORS = re.compile(r"[\s,;]+")
_BRACKETED = re.compile(r"<([^<>]*)>")
_LOCAL = r"[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+(?:\.[A-Za-z0-9!#$%&'*+/=?^_`{|}~-]+)*"
_LABEL = r"[A-Za-z0-9](?:[A-Za-z0-9-]{0,61}[A-Za-z0-9])?"
_ADDRESS = re.compile(rf"(?=.{{1,64}}@){_LOCAL}@{_LABEL}(?:\.{_LABEL})+")


class Sorted(Struct, frozen=True):
    """One pasted address; `learner_id` where an account has it."""

    email: str
    kind: Kind
    learner_id: int | None = None


def addresses_in(text: str) -> list[str]:
    """What looks meant as an address, as pasted: `Ann <a@x.org>, b@x.org` gives two, names around brackets are dropped."""
    found: list[str] = []
    for line in text.splitlines():
        for part in re.split(r"[,;]", line):
            bracketed = _BRACKETED.findall(part)
            found += bracketed or [piece for piece in _SEPARATORS.split(part) if piece]
    return [piece.strip().removeprefix("mailto:").strip("\"'()") for piece in found]


def is_address(text: str) -> bool:
    """Whether it can be sent to: an ordinary address with a domain."""
    return len(text) <= LONGEST_ADDRESS and _ADDRESS.fullmatch(text) is not None


def sort_addresses(
    pasted: Iterable[str],
    *,
    accounts: Mapping[str, int],
    uncountable: frozenset[int],
    elsewhere: frozenset[int],
) -> list[Sorted]:
    """One line for each pasted address, in order.

    `accounts` maps lower-case addresses to learners; `uncountable` are those whose status keeps them out;
    `elsewhere` those enrolled in another session of the activity.
    """
    seen: set[str] = set()
    lines: list[Sorted] = []
    for email in pasted:
        lowered = email.lower()
        learner_id = accounts.get(lowered)
        kind: Kind
        if not is_address(email):
            kind, learner_id = "invalid", None
        elif lowered in seen:
            kind = "duplicate"
        elif learner_id is None:
            kind = "new"
        elif learner_id in uncountable:
            kind = "excluded"
        elif learner_id in elsewhere:
            kind = "other_session"
        else:
            kind = "known"
        seen.add(lowered)
        lines.append(Sorted(email, kind, learner_id))
    return lines
