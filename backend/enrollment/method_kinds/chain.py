"""What follows another activity: after X, enrolled in Y, at once or some days later."""

from collections.abc import Iterator, Mapping, Sequence
from datetime import date
from types import MappingProxyType
from typing import Any

from backend.enrollment.method_kinds.group import left_out_by, parts_beyond
from backend.enrollment.method_kinds.kind import (
    AfterStatus,
    Definition,
    MethodKind,
    OwnFields,
    ReasonNames,
    UnusedPart,
)
from backend.rules import Block, Filter, PathResultFilter, PersonFilter, Rule, leaves_of
from backend.rules.values import Reference
from backend.words import Message


class Chain(MethodKind):
    """Holds whoever completed the activity before, or succeeded in it, so many days ago.

    Unless it counts who did so earlier, its rule says since when it counts, and who had done so on that very day.
    """

    name = "chain"
    noun = Message.in_context("a kind of method", "chain")
    is_dynamic = True
    only_dynamic = True
    needs = "after_activity_id"
    own_fields = OwnFields(
        ("after_activity_id", "after_status", "delay_days", "earlier"),
        Message("Only a chain follows another activity."),
    )
    defaults = MappingProxyType({"after_status": "completed", "earlier": True})

    def derived_rule(self, method: Definition) -> Rule | None:
        """Whoever stands so on the activity; a given rule adds who is left out."""
        if method.after_activity_id is None:
            return method.rule
        return Rule([_block(method)], exclude=(method.rule or Rule()).exclude)

    def restored_by(self, rule: Rule) -> Mapping[str, Any]:
        asked = next((one for one in leaves_of(rule) if isinstance(one, PathResultFilter)), None)
        if asked is None or len(asked.paths) != 1:
            return {}
        return {
            "after_activity_id": asked.paths[0],
            "after_status": asked.status,
            "delay_days": asked.days_ago,
            "rule": left_out_by(rule),
        }

    def unused_parts(self, rule: Rule, method: Definition) -> Iterator[UnusedPart]:
        differs = bool(rule.blocks) and rule.blocks[0] != _block(method)
        yield from parts_beyond(self, rule, "rule.blocks" if differs else None)

    def reason(self, names: ReasonNames) -> Message:
        return Message("You completed “{name}”.", name=names.after or names.method)


def begin_on(method: Definition, day: date, done: Sequence[int]) -> Rule:
    """A rule from which its own is derived, for a chain that counts from now on: `done` are those who had done it that day."""
    begun = _filters(method, day, list(done))
    return Rule([Block(everyone=True, filters=begun)], exclude=(method.rule or Rule()).exclude)


def has_begun(method: Definition) -> bool:
    """Whether its rule says since when it counts."""
    return _beginning(method) is not None


def _block(method: Definition) -> Block:
    day, done = _beginning(method) or (None, [])
    return Block(everyone=True, filters=_filters(method, day, done))


def _filters(method: Definition, day: date | None, done: list[int]) -> list[Filter]:
    status: AfterStatus = method.after_status or "completed"
    after: list[Reference] = [method.after_activity_id or 0]
    asked: list[Filter] = [
        PathResultFilter(status=status, paths=after, days_ago=method.delay_days or None, since=day)
    ]
    return [*asked, PersonFilter(done, "not_in")] if done else asked


def _beginning(method: Definition) -> tuple[date, list[int]] | None:
    """Since when it counts, and who had done it on that day, where its rule says so of this very activity."""
    if method.earlier is not False or method.rule is None or not method.rule.blocks:
        return None
    filters = method.rule.blocks[0].filters
    asked = filters[0] if filters else None
    if not isinstance(asked, PathResultFilter) or asked.since is None:
        return None
    if asked.paths != [method.after_activity_id] or asked.status != (method.after_status or "completed"):
        return None
    done = [one for other in filters if isinstance(other, PersonFilter) for one in other.learners]
    return asked.since, done
