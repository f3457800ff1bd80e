"""Paths and programs inside a path: who is enrolled in a session of the outer one is enrolled in the inner one."""

from collections.abc import Iterator, Mapping
from typing import Any

from backend.enrollment.method_kinds.group import parts_beyond
from backend.enrollment.method_kinds.kind import Definition, MethodKind, OwnFields, ReasonNames, UnusedPart
from backend.rules import Block, PathResultFilter, Rule
from backend.words import Message


class Subpath(MethodKind):
    """Holds whoever is enrolled in the parent session. Its rule names the parent's activity, which a session has one of."""

    name = "subpath"
    noun = Message.in_context("a kind of method", "subpath")
    is_dynamic = True
    only_dynamic = True
    needs = "parent_session_id"
    own_fields = OwnFields(("parent_session_id",), Message("Only a subpath follows a parent session."))

    def restored_by(self, rule: Rule) -> Mapping[str, Any]:
        return {}

    def unused_parts(self, rule: Rule, method: Definition) -> Iterator[UnusedPart]:
        yield from parts_beyond(self, rule, None)

    def reason(self, names: ReasonNames) -> Message:
        return Message("It is part of a path that you are enrolled in.")


def rule_of_parent(activity_id: int, session_id: int, asked: Rule | None) -> Rule:
    """Everybody enrolled in the session; of what was asked, whom it leaves out stays so."""
    inside = PathResultFilter(status="enrolled", paths=[activity_id], sessions=[session_id])
    return Rule([Block(everyone=True, filters=[inside])], exclude=(asked or Rule()).exclude)
