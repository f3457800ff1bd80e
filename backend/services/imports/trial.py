"""What writing rows would do, or did, told person by person: the same writing, seen before and after."""

from collections.abc import Sequence
from contextlib import suppress
from typing import Any

import msgspec

from backend.database import fetch, plan_anew_for, transaction
from backend.schemas.base import BadRow
from backend.schemas.imports import ImportKind, SheetLearner
from backend.schemas.people import BulkAnswer
from backend.schemas.problem import RowMistake
from backend.services.access.actor import Actor
from backend.services.imports import statements
from backend.services.imports.applying import write_rows
from backend.text import address_key
from backend.words.stored import to_record

_OUT = frozenset({"suspended", "deactivated"})
_TOLD = (
    "email",
    "first_name",
    "last_name",
    "language",
    "status",
    "added_at",
    "external_id",
    "manager",
    "groups",
)


class WrittenPeople(msgspec.Struct):
    """What became of rows: counts and refusals, and by row what was done to whom (`actions`, `changes`), of learners only.

    `notes` are what was left out of rows that were written.
    """

    answer: BulkAnswer
    actions: dict[int, str] = {}
    changes: dict[int, list[dict[str, Any]]] = {}
    notes: dict[int, dict[str, Any]] = {}

    def count(self, action: str) -> int:
        """How many rows did this."""
        return sum(one == action for one in self.actions.values())


class _NotKeptError(Exception):
    """Ends the transaction of a trial."""


async def written(actor: Actor, kind: ImportKind, rows: Sequence[Any], lines: Sequence[int]) -> WrittenPeople:
    """Write rows as `write_rows` does, and tell what it did."""
    async with transaction():
        await plan_anew_for(len(rows))
        before = await _people(rows)
        answer = await write_rows(actor, kind, rows, lines)
        after = await _people(rows)
        found = WrittenPeople(
            answer, notes={one.row: kept_mistake(one) for one in answer.errors if _is_note(one)}
        )
        answer.errors = [one for one in answer.errors if not _is_note(one)]
        refused = {mistake.row for mistake in answer.errors}
        for at, row in enumerate(rows):
            if isinstance(row, SheetLearner) and at not in refused:
                old, new = before.find(row), after.find(row)
                if new is not None:
                    found.actions[at] = _action(old, new)
                    found.changes[at] = _changes(old, new) if old is not None else []
        return found


async def try_rows(
    actor: Actor, kind: ImportKind, rows: Sequence[Any], lines: Sequence[int]
) -> WrittenPeople:
    """What writing would do: everything is written, and nothing kept."""
    found = WrittenPeople(BulkAnswer(errors=[]))
    with suppress(_NotKeptError):
        async with transaction():
            found = await written(actor, kind, rows, lines)
            raise _NotKeptError
    return found


def kept_mistake(mistake: RowMistake | BadRow) -> dict[str, Any]:
    """What is kept of it beside its row."""
    return {"path": mistake.path, "code": mistake.code, **to_record(mistake.message)}


def _is_note(mistake: RowMistake) -> bool:
    """Nobody becomes their own manager, but the rest of such a row is written."""
    return mistake.path == "manager_external_id" and mistake.code in {"self", "circle"}


class _People:
    """Learners as they are, by external id, else by address."""

    def __init__(self, rows: Sequence[Any]) -> None:
        self._by_external = {row["external_id"]: row for row in rows if row["external_id"] is not None}
        self._by_email = {row["email"].lower(): row for row in rows}

    def find(self, row: SheetLearner) -> Any | None:
        """Whom a row is about."""
        return self._by_external.get(row.external_id) or self._by_email.get(address_key(row.email))


async def _people(rows: Sequence[Any]) -> _People:
    learners = [row for row in rows if isinstance(row, SheetLearner)]
    if not learners:
        return _People([])
    return _People(
        await fetch(
            statements.PEOPLE_BEFORE,
            [row.external_id for row in learners if row.external_id],
            [address_key(row.email) for row in learners if row.email],
        )
    )


def _action(old: Any | None, new: Any) -> str:
    if old is None:
        return "created"
    if old["status"] in _OUT and new["status"] not in _OUT:
        return "reactivated"
    if old["status"] not in _OUT and new["status"] in _OUT:
        return "left"
    return "updated" if _changes(old, new) else "unchanged"


def _changes(old: Any, new: Any) -> list[dict[str, Any]]:
    pairs = [(name, _text(old[name]), _text(new[name])) for name in _TOLD]
    before, after = old["fields"] or {}, new["fields"] or {}
    pairs += [(f"fields.{key}", before.get(key), after.get(key)) for key in sorted({*before, *after})]
    return [{"column": name, "here": here, "file": there} for name, here, there in pairs if here != there]


def _text(value: Any) -> str | None:
    return None if value is None else value.isoformat() if hasattr(value, "isoformat") else str(value)
