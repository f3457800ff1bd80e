"""What a sheet says about whether somebody is still there: one status from all columns that speak of it."""

from collections.abc import Mapping
from datetime import date
from typing import Literal

from backend.services.imports.columns import plain

# `present`: the sheet lists them as there. Whoever waits for approval or has only been invited goes on doing so.
Standing = Literal["present", "suspended", "deactivated", "deleted"]
_WORST: tuple[Standing, ...] = ("deleted", "deactivated", "suspended", "present")
_WORDS: Mapping[str, Standing] = {
    "active": "present", "actif": "present", "enabled": "present", "accepted": "present", "current": "present",
    "inscrit": "present",
    "suspended": "suspended", "suspendu": "suspended", "blocked": "suspended", "locked": "suspended", "bloque": "suspended",
    "deactivated": "deactivated", "inactive": "deactivated", "inactif": "deactivated", "desactive": "deactivated",
    "disabled": "deactivated", "terminated": "deactivated", "left": "deactivated", "parti": "deactivated",
    "deleted": "deleted", "tobedeleted": "deleted", "removed": "deleted", "archived": "deleted", "supprime": "deleted",
}  # fmt: skip
# Of an enrollment or a membership, not of a person.
_WORDS_OF_PLACES: Mapping[str, Standing] = {
    "completed": "deactivated", "concluded": "deactivated", "ended": "deactivated", "rejected": "deactivated",
    "termine": "deactivated",
}  # fmt: skip
# The column, and what it means when it says yes and when it says no.
_FLAGS: Mapping[str, tuple[Standing, Standing]] = {
    "gone.active": ("present", "deactivated"),
    "gone.blocked": ("suspended", "present"),
    "gone.suspended": ("suspended", "present"),
    "gone.deleted": ("deleted", "present"),
}


def standing_of_word(cell: str, *, of_person: bool) -> Standing | None:
    """What a word in a column of statuses says, or None for another word."""
    word = plain(cell)
    return _WORDS.get(word) or (None if of_person else _WORDS_OF_PLACES.get(word))


def standing_of_flag(meaning: str, yes: bool) -> Standing:
    """What a yes or a no in such a column says."""
    return _FLAGS[meaning][0 if yes else 1]


def standing_of_end(day: date, today: date) -> Standing | None:
    """What the day says from which on somebody is gone; one to come says nothing about today."""
    return "deactivated" if day <= today else None


def together(found: set[Standing]) -> Standing | None:
    """One column that says no outweighs others that say yes."""
    return next((one for one in _WORST if one in found), None)
