"""Undo, one person at a time: back to before the run, unless somebody has changed them since."""

from collections.abc import Iterator
from typing import Any, Literal

from msgspec import Struct

# An enrollment as it was: the columns of its row that an act can change; None where there was none.
Snapshot = dict[str, Any]
Since = Literal[
    "completed", "source_ended", "source_again", "other_source", "elsewhere", "excluded", "changed", "gone"
]

# What somebody else could have changed; `since`, `until` of what lives and `completed_at` follow from these.
_TELLING = ("state", "role", "due_at", "due_by_hand", "mandatory", "course_group_id")


class Undoable(Struct, frozen=True, kw_only=True):
    """What a run did to one person, and how they stand now.

    `opened`/`closed`: how many sources it opened and ended; `opened_live` how many of those it opened still live;
    `closed_again`: whether a method whose source it ended holds them again; `others`: whether a source that is not the
    run's own has appeared since; `elsewhere`: whether they are now enrolled in another session of the activity; `excluded`: whether this
    one leaves them out now.
    """

    before: Snapshot | None
    after: Snapshot | None
    now: Snapshot | None
    opened: int = 0
    opened_live: int = 0
    closed: int = 0
    closed_again: bool = False
    others: bool = False
    elsewhere: bool = False
    excluded: bool = False


def same(left: Snapshot | None, right: Snapshot | None) -> bool:
    """Whether two snapshots tell the same of an enrollment."""
    if left is None or right is None:
        return left is right
    telling = (*_TELLING, "until") if left["state"] == "expired" else _TELLING
    return all(left.get(name) == right.get(name) for name in telling)


def is_live(snapshot: Snapshot | None) -> bool:
    """Whether an enrollment counts."""
    return snapshot is not None and snapshot["state"] != "expired"


def changed_since(person: Undoable) -> Since | None:
    """Why the person is left alone, or None: then they go back to `before`."""
    return next(_reasons(person), None)


def _reasons(person: Undoable) -> Iterator[Since]:
    if person.opened_live < person.opened:
        yield "source_ended"
    if person.closed_again:
        yield "source_again"
    if not same(person.now, person.after):
        if person.now is None:
            yield "gone"
        yield "completed" if person.now is not None and person.now["state"] == "completed" else "changed"
    if not is_live(person.before) and is_live(person.now) and person.others:
        yield "other_source"
    if is_live(person.before) and not is_live(person.now) and person.elsewhere:
        yield "elsewhere"
    if is_live(person.before) and not is_live(person.now) and person.excluded:
        yield "excluded"
