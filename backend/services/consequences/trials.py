"""Trials: an act is done, what it would log is read, and nothing of it is kept. For acts that change much in many ways."""

from collections.abc import Awaitable, Callable, Iterable
from typing import Any

from pyroaring import BitMap

from backend.database import execute, fetch, fetch_value, transaction
from backend.index import Change
from backend.index.facts.changes import change_of
from backend.services.consequences import trial_statements
from backend.services.consequences.world import SupposedWorld

# What follows from sources and results: the supposed world finds it itself.
_FOLLOWING = frozenset({"enrollment", "blocked"})
# Tables whose rows name others of the same trial, and the column that does.
_NAMED_BY = {"learner_group": "parent_id"}


async def tried(write: Callable[[], Awaitable[object]]) -> list[Change]:
    """What the write would log, in order. Its exceptions end the transaction, as they would its own."""
    async with transaction():
        before = await fetch_value(trial_statements.NEWEST)
        await execute("SAVEPOINT supposed")
        await write()
        rows = await fetch(trial_statements.LOGGED_SINCE, before)
        await execute("ROLLBACK TO SAVEPOINT supposed")
    return [change_of(row) for row in rows]


def suppose_changes(world: SupposedWorld, changes: Iterable[Change]) -> None:
    """Let what was logged hold. What is new has provisional ids there: those of a trial differ each time."""
    _Supposing(world).take(list(changes))


class _Supposing:
    def __init__(self, world: SupposedWorld) -> None:
        self._world = world
        # What there is really: a provisional number may be that of something new in the trial.
        self._known = world.index.learners.copy()
        self._stored = {
            "learner_group": BitMap(world.index.groups),
            "enrollment_method": BitMap(world.index.methods),
        }
        self._learners: dict[int, int] = {}
        self._rows: dict[tuple[str, int], int] = {}

    def take(self, changes: list[Change]) -> None:
        for change in changes:
            if change.facet == "source":
                self._source(change)
            elif not change.is_fact:
                # Of some tables only that something has changed is told: there is nothing to suppose.
                if change.ref_id is None:
                    continue
                row_id = self._row_id(change.facet, change.ref_id)
                self._world.change_row(change.facet, row_id, self._row(change))
            elif change.facet not in _FOLLOWING:
                self._fact(change)

    def _fact(self, change: Change) -> None:
        ref = change.ref_id
        if change.facet == "membership":
            ref = self._row_id("learner_group", ref or 0)
        people = self._people(change)
        self._world.change_facts(change.facet, people, ref, change.new)
        if change.facet == "status" and change.new == "invited":
            self._world.invite(people)

    def _source(self, change: Change) -> None:
        method_id = self._row_id("enrollment_method", change.ref_id or 0)
        people = self._people(change)
        if change.new is not None:
            self._world.enter(method_id, people)
        else:
            self._world.leave(method_id, people, "expire")

    def _row(self, change: Change) -> dict[str, Any] | None:
        if change.new is None:
            return None
        row: dict[str, Any] = dict(change.new)
        row["id"] = self._row_id(change.facet, row["id"])
        named_by = _NAMED_BY.get(change.facet)
        if named_by is not None and row[named_by] is not None:
            row[named_by] = self._row_id(change.facet, row[named_by])
        return row

    def _row_id(self, table: str, row_id: int) -> int:
        if table not in self._stored or row_id in self._stored[table]:
            return row_id
        key = (table, row_id)
        if key not in self._rows:
            self._rows[key] = self._world.new_row_id(table)
        return self._rows[key]

    def _people(self, change: Change) -> BitMap:
        return BitMap([one if one in self._known else self._new(one) for one in change.people])

    def _new(self, learner_id: int) -> int:
        if learner_id not in self._learners:
            self._learners[learner_id] = self._world.new_learner()
        return self._learners[learner_id]
