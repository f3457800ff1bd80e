"""Where the facts of each facet are in the tables: one definition for loading them and for checking them."""

from typing import NamedTuple

from backend.index.facts.slots import FACETS, KEYED, PLAIN

# Multiplies ids before they are put together by exclusive or; odd, and small enough that no product leaves bigint.
SPREAD = 2_654_435_761


class FactSource(NamedTuple):
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


_FIELD_VALUES = "field_value JOIN field ON field.id = field_value.field_id"
# The days that Python knows.
_DAYS = "'0001-01-01' AND '9999-12-31'"
# Values of fields that none of the sources takes: what they are, and whose.
UNREADABLE_VALUES = f"""
    SELECT field_id, min(coalesce(left(text_value, 100), number_value::text, date_value::text, boolean_value::text)),
           array_send(array_agg(learner_id))
    FROM {_FIELD_VALUES}
    WHERE CASE type
        WHEN 'number' THEN number_value IS NULL
        WHEN 'date' THEN date_value NOT BETWEEN {_DAYS} OR date_value IS NULL
        WHEN 'boolean' THEN boolean_value IS NULL
        ELSE text_value IS NULL
    END AND text_value IS DISTINCT FROM ''
    GROUP BY 1"""
_LATEST_AWARDS = """(
    SELECT DISTINCT ON (certificate_id, learner_id) certificate_id, learner_id, expires_at FROM award
    ORDER BY certificate_id, learner_id, issued_at DESC, id DESC) latest"""


def sources(timezone: str) -> list[FactSource]:
    """Every facet's source; days are told in `timezone`."""
    quoted = timezone.replace("'", "''")
    zone = f"(SELECT muster_timezone('{quoted}'))"
    return [
        FactSource("status", "learner", value="status", learner="id"),
        FactSource("language", "learner", value="language", learner="id"),
        FactSource(
            "added",
            "learner",
            # The bounds are those of Python's calendar.
            value=f"(least(greatest(added_at, '0001-01-02'), '9999-12-30') AT TIME ZONE {zone})::date",
            learner="id",
        ),
        FactSource("manager", "learner", value="manager_id", learner="id", where="manager_id IS NOT NULL"),
        FactSource("membership", "membership", "group_id"),
        # One by one: of several columns at once PostgreSQL expects so many groups that it sorts on disk.
        *(
            FactSource("field", _FIELD_VALUES, "field_id", value, where=where)
            for value, where in (
                # An empty text is no value.
                ("text_value", "text_value <> '' AND type IN ('choice', 'text')"),
                ("number_value", "number_value IS NOT NULL AND type = 'number'"),
                ("date_value::text", f"date_value BETWEEN {_DAYS} AND type = 'date'"),
                ("boolean_value", "boolean_value IS NOT NULL AND type = 'boolean'"),
            )
        ),
        FactSource("result", "standing", "activity_id", "status"),
        FactSource("successful", "standing", "activity_id", where="successful"),
        *(
            FactSource(
                facet,
                "standing",
                "activity_id",
                f"(least(greatest({at}, '0001-01-02'), '9999-12-30') AT TIME ZONE {zone})::date",
                where=f"{holds} AND {at} IS NOT NULL",
            )
            for facet, at, holds in (
                ("completed_on", "completed_at", "status = 'completed'"),
                ("succeeded_on", "coalesce(succeeded_at, completed_at)", "successful"),
            )
        ),
        FactSource(
            "award",
            _LATEST_AWARDS,
            "certificate_id",
            f"CASE WHEN expires_at < '9999-12-30' THEN (expires_at AT TIME ZONE {zone})::date ELSE '9999-12-31' END",
        ),
        FactSource("enrollment", "enrollment", "session_id", "state"),
        FactSource(
            "due", "enrollment", "session_id", "greatest(due_at, '0001-01-02')", where="due_at < '9999-12-30'"
        ),
        FactSource("source", "source", "method_id", where="until IS NULL"),
        FactSource("source", "course_group_place", "method_id"),
        FactSource("blocked", "blocked", "method_id", "other_session_id"),
        FactSource("exclusion", "exclusion", "session_id", "coalesce(until, '9999-12-31')"),
        FactSource("departure", "departure", "method_id", "left_on"),
    ]


# What has references: tables of structure whose ids they are.
REFERENCED = {
    "membership": "learner_group",
    "field": "field",
    "result": "activity",
    "successful": "activity",
    "completed_on": "activity",
    "succeeded_on": "activity",
    "award": "certificate",
    "enrollment": "session",
    "due": "session",
    "source": "enrollment_method",
    "blocked": "enrollment_method",
    "exclusion": "session",
    "departure": "enrollment_method",
}
assert {source.facet for source in sources("UTC")} == set(FACETS)  # noqa: S101 - a facet without a source would never be checked
assert set(REFERENCED) == {*PLAIN, *KEYED}  # noqa: S101 - likewise
