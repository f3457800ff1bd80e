"""E-mail addresses that somebody pasted: found in any text, sorted by what enrolling them would mean."""

import re
from collections.abc import Iterable, Mapping
from typing import Literal

from msgspec import Struct

from backend.text import TextError, address_key, clean_address
from backend.words import Message

Kind = Literal["known", "new", "duplicate", "invalid", "excluded", "other_session", "ask"]
# A pasted column of a large company; more is a sheet to import.
MOST_ADDRESSES = 20_000

_SEPARATORS = re.compile(r"[\s,;]+")
_BRACKETED = re.compile(r"<([^<>]*)>")
_NAMED = re.compile(r"([^<>]*)<([^<>]*)>")


class Sorted(Struct, frozen=True):
    """One pasted address in its normal form; `learner_id` where an account has it, `problem` where it is none.

    `pasted` is what was pasted where that differs.
    """

    email: str
    kind: Kind
    learner_id: int | None = None
    problem: str | None = None
    pasted: str | None = None


def addresses_in(text: str) -> list[str]:
    """What looks meant as an address, as pasted: `Ann <a@x.org>, b@x.org` gives two, names around brackets are dropped."""
    found: list[str] = []
    for line in text.splitlines():
        for part in re.split(r"[,;]", line):
            bracketed = _BRACKETED.findall(part)
            found += bracketed or [piece for piece in _SEPARATORS.split(part) if piece]
    return [piece.strip().removeprefix("mailto:").strip("\"'()") for piece in found]


def names_in(text: str) -> dict[str, str]:
    """What stands before addresses in brackets, by the key of the address: `Ann Lee <a@x.org>` is called Ann Lee."""
    return {
        address_key(address.removeprefix("mailto:")): name
        for part in re.split(r"[,;\n\r]", text)
        for before, address in _NAMED.findall(part)
        if (name := before.strip().strip("\"'").strip())
    }


def sort_addresses(
    pasted: Iterable[str],
    *,
    accounts: Mapping[str, int],
    uncountable: frozenset[int],
    elsewhere: frozenset[int],
    unreachable: frozenset[int] = frozenset(),
) -> list[Sorted]:
    """One line for each pasted address, in order.

    `accounts` maps keys of addresses to learners; `uncountable` are those whose status keeps them out;
    `elsewhere` those enrolled in another session of the activity; `unreachable` those whom the asker may not enroll: of them
    nothing is told but that somebody has to be asked.
    """
    seen: set[str] = set()
    lines: list[Sorted] = []
    for text in pasted:
        key = address_key(text)
        learner_id = accounts.get(key)
        is_strange = learner_id in unreachable
        if is_strange:
            learner_id = None
        email, problem = _address(text, known=learner_id is not None)
        kind: Kind
        if problem is not None:
            kind = "invalid"
        elif key in seen:
            kind = "duplicate"
        elif learner_id is None:
            kind = "ask" if is_strange else "new"
        elif learner_id in uncountable:
            kind = "excluded"
        elif learner_id in elsewhere:
            kind = "other_session"
        else:
            kind = "known"
        seen.add(key)
        lines.append(Sorted(email, kind, learner_id, problem, text if text != email else None))
    return lines


def _address(text: str, *, known: bool) -> tuple[str, str | None]:
    """The address in its normal form, or the text and what is wrong with it."""
    try:
        email = clean_address(text)
    except TextError as error:
        return text, None if known else error.message
    # Within one's own network a domain may be one word; of somebody unknown it is a slip.
    if "." not in email.rpartition("@")[2] and not known:
        return text, Message("This is not an e-mail address: its domain has no dot.")
    return email, None
