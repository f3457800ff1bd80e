"""Where the facts of each facet are in the tables: one definition for loading them and for checking them."""

from typing import NamedTuple

from backend.index.slots import FACETS, KEYED, PLAIN

# Multiplies ids before they are put together by exclusive or; odd, and small enough that no product leaves bigint.
SPREAD = 2_654_435_761


class Source(NamedTuple):
    """Rows of `table` say that the learner in the column `learner` is in the slot (facet, `ref`, `value`)."""

    facet: str
    table: str
    ref: str = "0"
    # None: being there says it all.
    value: str = "NULL"
    learner: str = "learner_id"
    where: str = "true"

    def loading(self) -> str:
        """Ref, value and the ids of each slot."""
        return self._grouped(f"array_send(array_agg({self.learner}))", self.where)

    def digesting(self) -> str:
        """Ref, value and digest (count, sum, exclusive or) of the slots whose refs are from $1 to $2."""
        digest = f"count(*), sum({self.learner}), bit_xor({self.learner}::bigint * {SPREAD})"
        return self._grouped(digest, f"{self.where} AND {self.ref} BETWEEN $1 AND $2")

    def _grouped(self, what: str, where: str) -> str:
        return f"SELECT {self.ref}, {self.value}, {what} FROM {self.table} WHERE {where} GROUP BY 1, 2"


_LATEST_AWARDS = """(
    SELECT DISTINCT ON (certificate_id, learner_id) certificate_id, learner_id, expires_at FROM award
    ORDER BY certificate_id, learner_id, issued_at DESC, id DESC) latest"""


def sources(timezone: str) -> list[Source]:
    """Every facet's source; days are told in `timezone`."""
    zone = "'" + timezone.replace("'", "''") + "'"
    return [
        Source("status", "learner", value="status", learner="id"),
        Source("language", "learner", value="language", learner="id"),
        Source(
            "added",
            "learner",
            # The bounds are those of Python's calendar.
            value=f"(least(greatest(added_at, '0001-01-02'), '9999-12-30') AT TIME ZONE {zone})::date",
            learner="id",
        ),
        Source("manager", "learner", value="manager_id", learner="id", where="manager_id IS NOT NULL"),
        Source("membership", "membership", "group_id"),
        # One by one: of several columns at once PostgreSQL expects so many groups that it sorts on disk.
        *(
            Source("field", "field_value", "field_id", value, where=where)
            for value, where in (
                # An empty text is no value.
                ("text_value", "text_value <> ''"),
                ("number_value", "number_value IS NOT NULL"),
                ("date_value::text", "date_value IS NOT NULL"),
                ("boolean_value", "boolean_value IS NOT NULL"),
            )
        ),
        Source("result", "standing", "activity_id", "status"),
        Source("successful", "standing", "activity_id", where="successful"),
        Source(
            "award",
            _LATEST_AWARDS,
            "certificate_id",
            f"CASE WHEN expires_at < '9999-12-30' THEN (expires_at AT TIME ZONE {zone})::date ELSE '9999-12-31' END",
        ),
        Source("enrollment", "enrollment", "session_id", "state"),
        Source("due", "enrollment", "session_id", "due_at", where="due_at < '9999-12-30'"),
        Source("source", "source", "method_id", where="until IS NULL"),
        Source("blocked", "blocked", "method_id", "other_session_id"),
    ]


# What has references: tables of structure whose ids they are.
REFERENCED = {
    "membership": "learner_group",
    "field": "field",
    "result": "activity",
    "successful": "activity",
    "award": "certificate",
    "enrollment": "session",
    "due": "session",
    "source": "enrollment_method",
    "blocked": "enrollment_method",
}
assert {source.facet for source in sources("UTC")} == set(FACETS)  # noqa: S101 - a facet without a source would never be checked
assert set(REFERENCED) == {*PLAIN, *KEYED}  # noqa: S101 - likewise
