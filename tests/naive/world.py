"""Facts and structure as plain dictionaries, and the log of how they came about."""

from typing import Any

from backend.index import Change, FacetIndex
from backend.runtime import clock

Key = tuple[str, int, int | None]


class World:
    """`facts[facet, learner, ref]` is the value as the log writes it; `rows[table][id]` is the row of structure."""

    def __init__(self, timezone: str = "UTC") -> None:
        self.timezone = timezone
        self.facts: dict[Key, Any] = {}
        self.rows: dict[str, dict[int, dict[str, Any]]] = {}
        self.log: list[Change] = []

    def set(self, facet: str, learner: int, ref: int | None, value: Any) -> None:
        """Make a fact about a learner so (None: not so at all)."""
        old = self.facts.get((facet, learner, ref))
        if old == value:
            return
        if value is None:
            del self.facts[facet, learner, ref]
        else:
            self.facts[facet, learner, ref] = value
        self._write(facet, learner, ref, old, value)

    def put(self, table: str, row_id: int, row: dict[str, Any] | None) -> None:
        """Set a row of structure (None: delete it)."""
        rows = self.rows.setdefault(table, {})
        old = rows.pop(row_id, None)
        if row is not None:
            rows[row_id] = {"id": row_id, **row}
        self._write(table, None, row_id, old, rows.get(row_id))

    def _write(self, facet: str, learner: int | None, ref: int | None, old: Any, new: Any) -> None:
        self.log.append(Change(len(self.log) + 1, clock.now(), facet, learner, ref, old, new))

    def table(self, name: str) -> dict[int, dict[str, Any]]:
        """The rows of a table."""
        return self.rows.get(name, {})

    def learners(self) -> list[int]:
        """Everybody there is."""
        return sorted({learner for facet, learner, _ in self.facts if facet == "status"})

    def fact(self, facet: str, learner: int, ref: int | None = None) -> Any:
        """The value of a fact, or None."""
        return self.facts.get((facet, learner, ref))

    def index(self) -> FacetIndex:
        """The index after following the whole log."""
        index = FacetIndex(self.timezone)
        index.apply(self.log)
        return index

    def fresh(self) -> "World":
        """The same facts with a log that tells only how things are, in another order."""
        world = World(self.timezone)
        for table, rows in sorted(self.rows.items(), reverse=True):
            for row_id, row in rows.items():
                world.put(table, row_id, {key: value for key, value in row.items() if key != "id"})
        for (facet, learner, ref), value in sorted(self.facts.items(), key=str, reverse=True):
            world.set(facet, learner, ref, value)
        return world
