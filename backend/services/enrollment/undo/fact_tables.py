"""The tables of which a run's writes are kept row by row, as `migrations/act_runs.sql` has it, and the statements that take them back."""

from functools import cache
from typing import NamedTuple

from piccolo.columns import ForeignKey, OnDelete
from piccolo.columns.base import Column
from piccolo.table import Table

from backend.services.enrollment.undo import fact_statements as sql
from backend.tables import (
    Award,
    CourseGroup,
    CourseGroupInstructor,
    EnrollmentMethod,
    EnrollmentRule,
    Exclusion,
    Field,
    FieldValue,
    Learner,
    LearnerGroup,
    Membership,
    Result,
    ResultAttempt,
    Segment,
    Session,
    SessionInstructor,
)

_UNKEPT = "password_hash"


class FactTable(NamedTuple):
    """How its rows are told apart, whose they are to change (a column), and under which facet the log tells of them."""

    table: type[Table]
    key: tuple[str, ...]
    object: str
    facet: str
    # The columns of the person and of what the fact refers to.
    person: str | None = None
    ref: str | None = None


FACT_TABLES = {
    one.table._meta.tablename: one  # noqa: SLF001 - Piccolo keeps it there
    for one in (
        FactTable(Learner, ("id",), "id", "profile", "id"),
        FactTable(FieldValue, ("learner_id", "field_id"), "learner_id", "field", "learner_id", "field_id"),
        FactTable(Membership, ("group_id", "learner_id"), "group_id", "membership", "learner_id", "group_id"),
        FactTable(Result, ("id",), "session_id", "result", "learner_id", "activity_id"),
        FactTable(ResultAttempt, ("id",), "session_id", "result", "learner_id", "activity_id"),
        FactTable(
            Exclusion, ("session_id", "learner_id"), "session_id", "exclusion", "learner_id", "session_id"
        ),
        FactTable(Award, ("id",), "learner_id", "award", "learner_id", "certificate_id"),
        FactTable(LearnerGroup, ("id",), "id", "learner_group", ref="id"),
        FactTable(Field, ("id",), "id", "field", ref="id"),
        FactTable(Segment, ("id",), "id", "segment", ref="id"),
        FactTable(Session, ("id",), "id", "session", ref="id"),
        FactTable(SessionInstructor, ("session_id", "learner_id"), "session_id", "access", ref="session_id"),
        FactTable(EnrollmentMethod, ("id",), "id", "enrollment_method", ref="id"),
        FactTable(CourseGroup, ("id",), "session_id", "course_group", ref="id"),
        FactTable(
            CourseGroupInstructor,
            ("course_group_id", "learner_id"),
            "course_group_id",
            "access",
            ref="course_group_id",
        ),
        # The log tells nothing of it.
        FactTable(EnrollmentRule, ("id",), "id", "enrollment_rule", ref="id"),
    )
}
# Of a person, where the log tells of the column by a name of its own.
FACET_OF_COLUMN = {"status": "status", "language": "language", "manager_id": "manager", "added_at": "added"}


def _columns(one: FactTable) -> list[Column]:
    return [
        column
        for column in one.table._meta.columns  # noqa: SLF001 - likewise
        if column._meta.db_column_name != _UNKEPT  # noqa: SLF001 - likewise
    ]


def _names(one: FactTable) -> list[str]:
    return [column._meta.db_column_name for column in _columns(one)]  # noqa: SLF001 - likewise


def _match(one: FactTable, side: str) -> str:
    return " AND ".join(f"t.{key} = (s.{side}->>'{key}')::bigint" for key in one.key)


@cache
def put_back(name: str) -> str:
    """The statement for rows that the run changed."""
    one = FACT_TABLES[name]
    written = [column for column in _names(one) if column not in (*one.key, "version")]
    return sql.PUT_BACK.format(
        table=name,
        object=one.object,
        match=_match(one, "after"),
        key=", ".join(f"t.{key}" for key in one.key),
        columns=", ".join(written),
        values=", ".join(f"r.{column}" for column in written),
        version=", version = t.version + 1" if "version" in _names(one) else "",
    )


@cache
def take_away(name: str) -> str:
    """The statement for rows that the run added."""
    one = FACT_TABLES[name]
    used = [
        f"NOT EXISTS (SELECT FROM {table} u WHERE u.{column} = t.id)" for table, column in _USED.get(name, ())
    ]
    return sql.TAKE_AWAY.format(
        table=name, object=one.object, match=_match(one, "after"), unused=" AND ".join(used) or "true"
    )


@cache
def bring_back(name: str) -> str:
    """The statement for rows that the run deleted."""
    one = FACT_TABLES[name]
    columns = _names(one)
    values = {column: f"r.{column}" for column in columns}
    if "version" in values:
        values["version"] = "r.version + 1"
    parents = []
    for column in _columns(one):
        if not isinstance(column, ForeignKey):
            continue
        named = column._meta.db_column_name  # noqa: SLF001 - likewise
        parent = column._foreign_key_meta.resolved_references._meta.tablename  # noqa: SLF001 - likewise
        found = f"(SELECT p.id FROM {parent} p WHERE p.id = r.{named})"
        if column._foreign_key_meta.on_delete == OnDelete.set_null:  # noqa: SLF001 - likewise
            values[named] = found
        else:
            parents.append(f"(r.{named} IS NULL OR EXISTS {found})")
    # Piccolo knows one column of a composite key as no reference.
    parents += [
        f"EXISTS (SELECT FROM {table} p WHERE p.id = r.{key})" for key, table in _UNKNOWN.get(name, ())
    ]
    return sql.BRING_BACK.format(
        table=name,
        object=one.object,
        columns=", ".join(columns),
        values=", ".join(values.values()),
        parents=" AND ".join(parents) or "true",
        keys=", ".join(one.key),
        order=", ".join(f"r.{key}" for key in one.key),
        match_before=_match(one, "before"),
        same=" AND ".join(f"b.{key} = (s.before->>'{key}')::bigint" for key in one.key),
        missing=f"t.{one.key[0]} IS NULL",
    )


# What would go with it, and is not of the act.
_USED = {
    "learner_group": (("membership", "group_id"),),
    "field": (("field_value", "field_id"),),
    "session": (("enrollment", "session_id"), ("enrollment_method", "session_id")),
    "enrollment_method": (("source", "method_id"),),
    "course_group": (("enrollment", "course_group_id"), ("enrollment_method", "course_group_id")),
}
_UNKNOWN = {
    "field_value": (("learner_id", "learner"),),
    "membership": (("group_id", "learner_group"),),
    "session_instructor": (("session_id", "session"),),
    "exclusion": (("session_id", "session"),),
    "course_group_instructor": (("course_group_id", "course_group"),),
}


@cache
def kept_references() -> tuple[list[str], list[str], list[str]]:
    """Which columns refer to rows that are kept, too: tables, columns and what they refer to, parallel."""
    found = [
        (name, column._meta.db_column_name, parent)  # noqa: SLF001 - likewise
        for name, one in FACT_TABLES.items()
        for column in _columns(one)
        if isinstance(column, ForeignKey)
        and (parent := column._foreign_key_meta.resolved_references._meta.tablename) in FACT_TABLES  # noqa: SLF001 - likewise
    ]
    found += [(name, column, parent) for name, some in _UNKNOWN.items() for column, parent in some]
    tables, columns, parents = zip(*found, strict=True)
    return list(tables), list(columns), list(parents)


def beyond(name: str) -> str:
    """The statement for rows of objects that may not be changed."""
    return sql.BEYOND.format(object=FACT_TABLES[name].object)


def objects(name: str) -> str:
    """The statement for the objects of a step."""
    return sql.OBJECTS.format(object=FACT_TABLES[name].object)
