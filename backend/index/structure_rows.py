"""Rows of structure: groups, fields, activities, sessions, segments, methods.

Each Struct is a row of its table; JSON of a whole row (the change log's form) converts into it.
"""

from collections.abc import Mapping
from datetime import datetime
from typing import Any

import msgspec

from backend.rules import InvalidRule, Rule, convert
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
    state_reason: str = ""
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


def row_of(facet: str, row: Mapping[str, Any]) -> Any:
    """The row of the table `facet` from the change log's form."""
    if facet in {"segment", "enrollment_method"}:
        row = _with_rule(facet, row)
    return msgspec.convert(row, KINDS[facet])


def _with_rule(facet: str, row: Mapping[str, Any]) -> dict[str, Any]:
    made = dict(row)
    if made.get("rule") is not None:
        try:
            # Ids only: what is stored has been resolved.
            made["rule"] = msgspec.to_builtins(convert(made["rule"]))
        except InvalidRule:
            made["rule"] = None
            made["rule_broken"] = True
    if facet == "segment":
        made.pop("rule_broken", None)
    return made
