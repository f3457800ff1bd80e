"""What a method is to become: what was asked, on top of what it is, checked as a whole before anything is planned."""

from datetime import datetime
from typing import Any, get_args

import msgspec
from asyncpg import Record
from msgspec import UNSET

from backend.database import fetch_value
from backend.enrollment.circles import circle_through
from backend.index import FacetIndex
from backend.index.predicates import all_segments
from backend.index.steps import Steps
from backend.rules import (
    Block,
    InvalidRule,
    PathResultFilter,
    Rule,
    SegmentFilter,
    canonical_steps,
    convert,
    nobody_unsaid,
    resolve_steps,
)
from backend.rules.dependencies import leaves
from backend.schemas.enrolling import MethodKind, OnLeave, Role
from backend.schemas.enrolling.methods import Policy
from backend.schemas.problem import Mistake
from backend.services.errors import Invalid
from backend.services.unfitting_fields import Kind, unfitting

# Kinds that a later release fills with life; until then they are refused rather than stored and forgotten.
NOT_YET = frozenset({"chain", "subpath"})
# People of these enter one by one and by name: there is no rule to keep true.
BY_NAME = frozenset({"manual", "self"})
LATEST_YEAR = 9_000
KEPT_TRUE = frozenset({"group", "segment"})


class Draft(msgspec.Struct, frozen=True, kw_only=True):
    """A method as it would be stored; `rule` is resolved, `id` and `version` are 0 for a new one."""

    id: int = 0
    version: int = 0
    session_id: int
    kind: MethodKind = "audience"
    name: str = ""
    active: bool = True
    visible: bool = True
    role: Role = "learner"
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
    key: str | None = None

    def columns(self) -> dict[str, Any]:
        """What is written to the method's row."""
        return {name: getattr(self, name) for name in COLUMNS}

    def policy_bytes(self) -> bytes:
        """Everything but the rule, for the plan's hash; the version too, so that an edit in between is noticed."""
        told = {name: value for name, value in msgspec.structs.asdict(self).items() if name != "rule"}
        return msgspec.json.encode(told, order="sorted")

    def rule_bytes_steps(self) -> Steps[bytes]:
        """The rule's one spelling, in steps."""
        return b"" if self.rule is None else (yield from canonical_steps(self.rule))


COLUMNS = tuple(Policy.__struct_fields__)


def stored_draft(row: Record) -> Draft:
    """A method's row as a draft. A stored rule that is no rule any more becomes None: it has to be given anew."""
    values = {name: row[name] for name in COLUMNS if name != "rule"}
    rule: Rule | None = None
    if row["rule"] is not None:
        try:
            rule = convert(row["rule"])
        except InvalidRule:
            rule = None
    return Draft(
        id=row["id"],
        version=row["version"],
        session_id=row["session_id"],
        kind=row["kind"],
        rule=rule,
        **(values | _never_erasing(row)),
    )


def _never_erasing(row: Record) -> dict[str, OnLeave]:
    """A rule never erases: what was stored as such before that was refused does what it always did, and expires."""
    return {"on_leave": "expire"} if row["dynamic"] and row["on_leave"] == "erase" else {}


def asked(base: Draft, policy: Policy, kind: MethodKind | None = None) -> Draft:
    """`base` with what was asked for put in place. Raises `Invalid` for what does not fit the kind; the rest is not checked yet."""
    given = {name: value for name in COLUMNS if (value := getattr(policy, name)) is not UNSET}
    if kind is not None:
        given["kind"] = kind
    if base.id == 0 and policy.dynamic is UNSET:
        given["dynamic"] = (kind or base.kind) in KEPT_TRUE
    # One of the two ways to say when it is due replaces the other.
    if given.get("due_at") is not None and "due_days" not in given:
        given["due_days"] = None
    if given.get("due_days") is not None and "due_at" not in given:
        given["due_at"] = None
    draft = msgspec.structs.replace(base, **given)
    problems = unfitting(policy, Kind(kind=draft.kind, group_id=draft.group_id, segment_id=draft.segment_id))
    if problems:
        raise _invalid(problems)
    return draft


async def checked(draft: Draft, index: FacetIndex) -> Draft:
    """The draft with its rule derived and resolved. Raises `Invalid` with every problem found."""
    problems = list(_shape_problems(draft))
    if problems:
        raise _invalid(problems)
    draft = msgspec.structs.replace(draft, rule=derived_rule(draft))
    if (unsaid := _nobody_unsaid(draft, index)) is not None:
        raise _invalid([unsaid])
    if draft.rule is not None:
        asked_rule = draft.rule
        rule, found = await index.sliced(lambda: resolve_steps(asked_rule, index))
        problems += [Mistake(path=p.path, code=p.code, message=p.message) for p in found]
        draft = msgspec.structs.replace(draft, rule=rule)
    problems += await _reference_problems(draft, index)
    if not problems and draft.dynamic:
        problems += _circle_problems(draft, index)
    if problems:
        raise _invalid(problems)
    return draft


def in_calendar(instant: datetime) -> bool:
    """Whether the instant exists in every time zone: at the calendar's very end, it is told as a year 10000."""
    return instant.year <= LATEST_YEAR


def _invalid(problems: list[Mistake]) -> Invalid:
    return Invalid(problems[0].message, errors=problems)


def _shape_problems(draft: Draft) -> list[Mistake]:
    found: list[Mistake] = []
    if draft.kind in NOT_YET:
        found.append(
            Mistake(
                path="kind", code="not_supported", message=f"Methods of kind {draft.kind} cannot be made yet."
            )
        )
    if draft.kind not in get_args(MethodKind):
        found.append(Mistake(path="kind", code="choice", message="There is no such kind of method."))
    if draft.kind in BY_NAME and draft.dynamic:
        found.append(
            Mistake(
                path="dynamic",
                code="by_name",
                message="People chosen one by one cannot follow a rule: use an audience.",
            )
        )
    if draft.due_at is not None and not in_calendar(draft.due_at):
        found.append(Mistake(path="due_at", code="range", message="This date is out of range."))
    if draft.due_at is not None and draft.due_days is not None:
        found.append(
            Mistake(
                path="due_days", code="either_or", message="Give a due date or a number of days, not both."
            )
        )
    needed = {
        "audience": ("rule", draft.rule),
        "group": ("group_id", draft.group_id),
        "segment": ("segment_id", draft.segment_id),
    }
    if draft.kind in needed and needed[draft.kind][1] is None:
        path = needed[draft.kind][0]
        found.append(
            Mistake(path=path, code="required", message=f"A method of kind {draft.kind} needs {path}.")
        )
    if draft.dynamic and draft.on_leave == "erase":
        message = (
            "A dynamic method never erases progress: choose keep or expire. Erasing is an act of its own."
        )
        found.append(Mistake(path="on_leave", code="dynamic", message=message))
    return found


def _nobody_unsaid(draft: Draft, index: FacetIndex) -> Mistake | None:
    """A rule without anybody ends the access of all whom the method holds, so it is said in so many words."""
    if draft.rule is None or draft.kind not in ("audience", "manual"):
        return None
    if draft.kind == "manual" and not (draft.id and index.sources(draft.id)):
        # A list that nobody has been put on yet.
        return None
    unsaid = nobody_unsaid(draft.rule)
    return None if unsaid is None else Mistake(path=unsaid.path, code=unsaid.code, message=unsaid.message)


def derived_rule(draft: Draft) -> Rule | None:
    """The rule that the kind stands for; a given one adds who is left out, and whether subgroups count."""
    given = draft.rule or Rule()
    if draft.kind == "group" and draft.group_id is not None:
        subgroups = given.blocks[0].subgroups if given.blocks else True
        return Rule([Block(groups=[draft.group_id], subgroups=subgroups)], exclude=given.exclude)
    if draft.kind == "segment" and draft.segment_id is not None:
        block = Block(everyone=True, filters=[SegmentFilter(segments=[draft.segment_id])])
        return Rule([block], exclude=given.exclude)
    return None if draft.kind == "self" else draft.rule


async def _reference_problems(draft: Draft, index: FacetIndex) -> list[Mistake]:
    """Ids that the database would refuse, said with their place instead."""
    session = index.structure.sessions.get(draft.session_id)
    activity_id = None if session is None else session.activity_id
    found: list[Mistake] = []
    if draft.course_group_id is not None and not await fetch_value(
        "SELECT 1 FROM course_group WHERE id = $1 AND activity_id = $2", draft.course_group_id, activity_id
    ):
        found.append(
            Mistake(path="course_group_id", code="unknown", message="This activity has no such course group.")
        )
    return found


def _circle_problems(draft: Draft, index: FacetIndex) -> list[Mistake]:
    """A rule that asks who is enrolled must not, through dynamic rules, ask about its own activity."""
    session = index.structure.sessions.get(draft.session_id)
    if session is None or draft.rule is None:
        return []
    asks = {session.activity_id: asked_activities(draft.rule, index)}
    if not asks[session.activity_id]:
        return []
    for method in index.structure.methods.values():
        own = index.structure.sessions.get(method.session_id)
        if own is None or method.id == draft.id or not method.dynamic or method.state == "draft":
            continue
        if method.active and method.rule is not None:
            before = asks.get(own.activity_id, frozenset())
            asks[own.activity_id] = before | asked_activities(method.rule, index)
    circle = circle_through(session.activity_id, asks)
    if not circle:
        return []
    titles = [
        index.structure.activities[a].title if a in index.structure.activities else str(a) for a in circle
    ]
    message = (
        "This rule would decide by who is enrolled in what it enrolls in itself: " + " → ".join(titles) + "."
    )
    return [Mistake(path="rule", code="circular_enrollment", message=message)]


def asked_activities(rule: Rule, index: FacetIndex) -> frozenset[int]:
    """The activities whose enrollments the rule asks about, inside segments too."""
    segments = (index.structure.segments.get(segment) for segment in all_segments(rule, index.structure))
    rules = [
        rule,
        *(segment.rule for segment in segments if segment is not None and segment.rule is not None),
    ]
    return frozenset(
        path
        for one in rules
        for block in one.blocks
        for leaf in leaves(block.filters)
        if isinstance(leaf, PathResultFilter) and leaf.status in ("enrolled", "not_enrolled")
        for path in leaf.paths
        if isinstance(path, int)
    )
