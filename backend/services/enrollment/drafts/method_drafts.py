"""A method as it would be stored, and as it is."""

from datetime import datetime
from typing import Any

import msgspec

from backend.database import Row
from backend.enrollment import follow_modes
from backend.enrollment.method_kinds import METHOD_KINDS
from backend.enrollment.method_kinds.kind import AfterStatus
from backend.index.steps import Steps
from backend.rules import InvalidRule, Rule, canonical_steps, convert
from backend.schemas.enrollment import MethodKind, OnLeave, Role
from backend.schemas.enrollment.methods import Policy


class MethodDraft(msgspec.Struct, frozen=True, kw_only=True):
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
    # The key of the field until the draft is validated, where it was asked for so.
    due_field: int | str | None = None
    due_field_days: int | None = None
    priority: int = 0
    recertify_months: int | None = None
    course_group_id: int | None = None
    segment_id: int | None = None
    group_id: int | None = None
    subgroups: bool | None = None
    after_activity_id: int | None = None
    after_status: AfterStatus | None = None
    delay_days: int | None = None
    earlier: bool | None = None
    parent_session_id: int | None = None
    key: str | None = None
    open: bool | None = None
    capacity: int | None = None
    opens_at: datetime | None = None
    closes_at: datetime | None = None
    follow: follow_modes.Follow = "both"
    reenter: follow_modes.Reenter = "always"
    reenter_days: int | None = None
    starts_at: datetime | None = None
    ends_at: datetime | None = None
    hand_picked: bool = False
    enrollment_rule_id: int | None = None
    qualification_id: int | None = None

    def columns(self) -> dict[str, Any]:
        """What is written to the method's row."""
        return {name: getattr(self, name) for name in COLUMNS}

    def policy_bytes(self) -> bytes:
        """Everything but the rule, for the plan's hash; the version too, so that an edit in between is noticed.

        The hand-picked method may be made by somebody else in between: what it is like is the same.
        """
        left_out = {"rule", *(("id", "version") if self.hand_picked else ())}
        told = {name: value for name, value in msgspec.structs.asdict(self).items() if name not in left_out}
        return msgspec.json.encode(told, order="sorted")

    def same_policy(self, other: "MethodDraft") -> bool:
        """Whether only the rules differ, if anything does."""
        return all(getattr(self, name) == getattr(other, name) for name in COLUMNS if name != "rule")

    def rule_bytes_steps(self) -> Steps[bytes]:
        """The rule's one spelling, in steps."""
        return b"" if self.rule is None else (yield from canonical_steps(self.rule))


# Stored in the rule, and nowhere else.
IN_RULE = frozenset({"subgroups"})
COLUMNS = tuple(name for name in Policy.__struct_fields__ if name not in IN_RULE)


def stored_draft(row: Row) -> MethodDraft:
    """A method's row as a draft. A stored rule that is no rule any more becomes None: it has to be given anew."""
    # Rows that runs keep may be older than a column.
    values = {name: row[name] for name in COLUMNS if name != "rule" and name in row}
    hand_picked = row.get("hand_picked") or False
    # A process of the previous release may have switched it off; it comes back with whoever is picked next.
    values["active"] = row["active"] or hand_picked
    rule: Rule | None = None
    if row["rule"] is not None:
        try:
            rule = convert(row["rule"])
        except InvalidRule:
            rule = None
    if rule is not None:
        values |= METHOD_KINDS[row["kind"]].told_by_rule(rule)
    return MethodDraft(
        id=row["id"],
        version=row["version"],
        session_id=row["session_id"],
        kind=row["kind"],
        rule=rule,
        hand_picked=hand_picked,
        enrollment_rule_id=row.get("enrollment_rule_id"),
        qualification_id=row.get("qualification_id"),
        **(values | _never_erasing(row)),
    )


def _never_erasing(row: Row) -> dict[str, OnLeave]:
    """A rule never erases: what was stored as such before that was refused does what it always did, and expires."""
    return {"on_leave": "expire"} if row["dynamic"] and row["on_leave"] == "erase" else {}
