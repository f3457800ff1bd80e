"""Rows of structure: groups, fields, activities, sessions, segments, methods.

Each Struct is a row of its table; JSON of a whole row (the change log's form) converts into it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple
from zoneinfo import ZoneInfo

import msgspec

from backend.database.codecs import FIRST, LAST
from backend.enrollment.state_causes import StateCause
from backend.index.facts import instant
from backend.rules import InvalidRule, Rule, convert
from backend.rules.limits import BODY_DEPTH
from backend.schemas.enrolling import MethodState, OnLeave


class Group(msgspec.Struct, frozen=True):
    id: int
    name: str
    kind: str = "group"
    parent_id: int | None = None
    environment_id: int | None = None
    color: str | None = None
    private: bool = False
    external_id: str | None = None


class Field(msgspec.Struct, frozen=True):
    id: int
    key: str
    name: str
    type: str
    options: list[str] = []


class Activity(msgspec.Struct, frozen=True):
    id: int
    kind: str
    title: str
    external_id: str | None = None
    min_minutes: int | None = None
    max_minutes: int | None = None
    several_sessions: bool = False


class Step(msgspec.Struct, frozen=True):
    id: int
    activity_id: int
    position: int
    kind: str
    title: str
    child_activity_id: int | None = None
    mandatory: bool = True
    min_score: float | None = None


class Certificate(msgspec.Struct, frozen=True):
    id: int
    activity_id: int
    title: str
    valid_months: int | None = None


class Session(msgspec.Struct, frozen=True):
    id: int
    activity_id: int
    name: str
    external_id: str | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    group_id: int | None = None
    catalog: str = "hidden"
    fuse_count: int = 50
    fuse_percent: float = 10.0


class Segment(msgspec.Struct, frozen=True):
    """`rule` is None when what is stored is not a rule: whatever uses the segment is broken, never empty."""

    id: int
    name: str
    rule: Rule | None


class Method(msgspec.Struct, frozen=True):
    """An enrollment method; `rule` is None for kinds without one, `rule_broken` when what is stored is not a rule."""

    id: int
    session_id: int
    kind: str
    name: str = ""
    active: bool = True
    visible: bool = True
    role: str = "learner"
    rule: Rule | None = None
    dynamic: bool = False
    on_leave: OnLeave = "expire"
    mandatory: bool = False
    due_at: datetime | None = None
    due_days: int | None = None
    recertify_months: int | None = None
    course_group_id: int | None = None
    segment_id: int | None = None
    group_id: int | None = None
    after_activity_id: int | None = None
    state: MethodState = "draft"
    state_cause: StateCause | None = None
    state_details: dict[str, Any] | None = None
    version: int = 1
    rule_broken: bool = False


class Organisation(msgspec.Struct, frozen=True):
    name: str = "Muster"
    timezone: str = "UTC"
    language: str = "en"
    managers_enroll: bool = False


KINDS: dict[str, type[Any]] = {
    "learner_group": Group,
    "field": Field,
    "activity": Activity,
    "step": Step,
    "certificate": Certificate,
    "session": Session,
    "segment": Segment,
    "enrollment_method": Method,
}


def external_key(facet: str, row: Any) -> str | None:
    """What a row of the table `facet` is called from outside."""
    key: str | None = row.key if facet == "field" else getattr(row, "external_id", None)
    return key


class Read(NamedTuple):
    """A row as far as it can be read (None: not at all), and what of it cannot (empty: nothing)."""

    row: Any
    unreadable: str = ""


def read_row(facet: str, stored: Any) -> Read:
    """The row of the table `facet` from the change log's form. Never raises: a row may hold what means nothing here."""
    if not isinstance(stored, Mapping):
        return Read(None, "it is no row that can be read")
    row = _with_rule(facet, stored) if facet in {"segment", "enrollment_method"} else dict(stored)
    unreadable = "its rule is no rule" if row.get("rule") is None and stored.get("rule") is not None else ""
    try:
        return Read(msgspec.convert(row, _KINDS[facet]), unreadable)
    except (msgspec.ValidationError, OverflowError, RecursionError):
        return _as_far_as_possible(facet, row)


def _as_far_as_possible(facet: str, row: dict[str, Any]) -> Read:
    """Column by column: instants beyond the calendar are its ends, other columns without a meaning to rules what they are by default."""
    wrong = []
    for field in msgspec.structs.fields(_KINDS[facet]):
        if field.encode_name not in row:
            continue
        value = row[field.encode_name]
        try:
            msgspec.convert(value, field.type)
            continue
        except (msgspec.ValidationError, OverflowError, RecursionError):
            wrong.append(f"{field.encode_name} is {str(value)[:100]!r}")
        if isinstance(value, str) and field.type == datetime | None:
            row[field.encode_name] = min(max(instant(value) or FIRST, FIRST), LAST)
        elif field.required or field.encode_name in _MEANING:
            return Read(None, ", ".join(wrong))
        else:
            del row[field.encode_name]
    try:
        return Read(msgspec.convert(row, _KINDS[facet]), ", ".join(wrong))
    except (msgspec.ValidationError, OverflowError, RecursionError) as error:
        return Read(None, ", ".join([*wrong, str(error)]))


def usable_timezone(name: str) -> bool:
    """Whether days can be told in this time zone."""
    try:
        ZoneInfo(name)
    except (KeyError, ValueError, OSError):
        return False
    return True


def known_timezone(name: str) -> str:
    """The time zone in which days are told: UTC where nobody knows the organisation's."""
    return name if usable_timezone(name) else "UTC"


def _with_rule(facet: str, row: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(row)
    if made.get("rule") is not None:
        try:
            # Ids only: what is stored has been resolved.
            too_deep = _deeper_than(made["rule"], BODY_DEPTH)
            rule = None if too_deep else msgspec.to_builtins(convert(made["rule"]))
        except InvalidRule:
            rule = None
        made["rule"], made["rule_broken"] = rule, rule is None
    if facet == "segment":
        made.pop("rule_broken", None)
    return made


def _deeper_than(value: Any, most: int) -> bool:
    """Whether lists and objects are nested deeper than that; what is read next goes through them by recursion."""
    level, depth = [value], 0
    while level:
        if depth > most:
            return True
        depth += 1
        level = [
            child
            for node in level
            for child in (node.values() if isinstance(node, dict) else node)
            if isinstance(child, dict | list)
        ]
    return False


_KINDS: dict[str, type[Any]] = {**KINDS, "organisation": Organisation}
# Columns that say who is in what: without one of them the row says nothing.
_MEANING = frozenset({"parent_id", "activity_id", "type", "timezone"})
