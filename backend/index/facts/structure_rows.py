"""Rows of structure: groups, fields, activities, sessions, segments, methods.

Each Struct is a row of its table; JSON of a whole row (the change log's form) converts into it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any, NamedTuple

import msgspec

from backend.database.codecs import FIRST, LAST
from backend.database.stored_json import deeper_than
from backend.enrollment.follow_modes import Follow, Reenter
from backend.enrollment.state_causes import StateCause
from backend.index.facts.logged_values import instant
from backend.index.facts.set_aside import why_unreadable
from backend.rules import InvalidRule, Rule, convert
from backend.rules.limits import BODY_DEPTH
from backend.runtime import clock
from backend.schemas.enrollment import MethodState, OnLeave
from backend.words import Message, joined


class Group(msgspec.Struct, frozen=True):
    id: int
    name: str
    kind: str = "group"
    parent_id: int | None = None
    environment_id: int | None = None
    color: str | None = None
    private: bool = False
    external_id: str | None = None
    after_end: str = "freeze"
    ended: bool = False

    @property
    def freezes(self) -> bool:
        """Whether it has ended, and rules that name it wait for somebody."""
        return self.ended and self.after_end == "freeze"


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
    capacity: int | None = None
    legacy: bool = False
    fuse_count: int = 50
    fuse_percent: float = 10.0
    fuse_most: int | None = None
    fuse_entering: int | None = None


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
    due_field: int | None = None
    due_field_days: int | None = None
    priority: int = 0
    recertify_months: int | None = None
    course_group_id: int | None = None
    segment_id: int | None = None
    group_id: int | None = None
    after_activity_id: int | None = None
    parent_session_id: int | None = None
    state: MethodState = "draft"
    state_cause: StateCause | None = None
    state_details: dict[str, Any] | None = None
    hand_picked: bool = False
    follow: Follow = "both"
    reenter: Reenter = "always"
    reenter_days: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    version: int = 1
    rule_broken: bool = False


class Organisation(msgspec.Struct, frozen=True):
    name: str = "Muster"
    timezone: str = "UTC"
    language: str = "en"
    managers_enroll: bool = False
    fuse_most: int = 1_000
    fuse_entering: int = 1_000


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


class ReadRow(NamedTuple):
    """A row as far as it can be read (None: not at all), and what of it cannot (None: nothing)."""

    row: Any
    unreadable: Message | None = None


def read_row(facet: str, stored: Any) -> ReadRow:
    """The row of the table `facet` from the change log's form. Never raises: a row may hold what means nothing here."""
    if not isinstance(stored, Mapping):
        return ReadRow(None, Message("it is no row that can be read"))
    row = _with_rule(facet, stored) if facet in {"segment", "enrollment_method"} else dict(stored)
    # A method may have none; a segment is one.
    ruled = facet == "segment" or stored.get("rule") is not None
    unreadable = Message("its rule is no rule") if ruled and row.get("rule") is None else None
    try:
        return ReadRow(msgspec.convert(row, _KINDS[facet]), unreadable)
    except (msgspec.ValidationError, OverflowError, RecursionError):
        return _as_far_as_possible(facet, row)


def _as_far_as_possible(facet: str, row: dict[str, Any]) -> ReadRow:
    """Column by column: instants beyond the calendar are its ends, other columns without a meaning to rules what they are by default."""
    wrong: list[Message] = []
    for field in msgspec.structs.fields(_KINDS[facet]):
        if field.encode_name not in row:
            continue
        value = row[field.encode_name]
        try:
            msgspec.convert(value, field.type)
            continue
        except (msgspec.ValidationError, OverflowError, RecursionError):
            wrong.append(
                Message("{column} is {value}", column=field.encode_name, value=repr(str(value)[:100]))
            )
        if isinstance(value, str) and field.type == datetime | None:
            row[field.encode_name] = min(max(instant(value) or FIRST, FIRST), LAST)
        elif field.required or field.encode_name in _MEANING:
            return ReadRow(None, joined(", ", wrong))
        else:
            del row[field.encode_name]
    try:
        return ReadRow(msgspec.convert(row, _KINDS[facet]), joined(", ", wrong) if wrong else None)
    except (msgspec.ValidationError, OverflowError, RecursionError) as error:
        return ReadRow(None, joined(", ", [*wrong, why_unreadable(error)]))


def known_timezone(name: str) -> str:
    """The time zone in which days are told: UTC where nobody knows the organisation's."""
    return name if clock.is_zone(name) else "UTC"


def _with_rule(facet: str, row: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(row)
    if made.get("rule") is not None:
        try:
            # Ids only: what is stored has been resolved.
            too_deep = deeper_than(made["rule"], BODY_DEPTH)
            rule = None if too_deep else msgspec.to_builtins(convert(made["rule"]))
        except InvalidRule:
            rule = None
        made["rule"], made["rule_broken"] = rule, rule is None
    if facet == "segment":
        made.pop("rule_broken", None)
    return made


_KINDS: dict[str, type[Any]] = {**KINDS, "organisation": Organisation}
# Columns that say who is in what: without one of them the row says nothing.
_MEANING = frozenset({"parent_id", "activity_id", "type", "timezone"})
