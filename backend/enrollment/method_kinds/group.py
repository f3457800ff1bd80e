"""A group, with its subgroups unless that is switched off."""

from collections.abc import Iterator, Mapping
from types import MappingProxyType
from typing import Any

from backend.enrollment.method_kinds.kind import Definition, MethodKind, OwnFields, ReasonNames, UnusedPart
from backend.rules import Block, Rule
from backend.words import Message
from backend.words.nouns import thing


class Group(MethodKind):
    """Holds the members of one group."""

    name = "group"
    noun = Message.in_context("a kind of method", "group")
    is_dynamic = True
    made_by = "staff"
    needs = "group_id"
    own_fields = OwnFields(
        ("group_id", "subgroups"),
        Message("Only a method of kind group names a group: in an audience, groups stand in its rule."),
    )
    defaults = MappingProxyType({"subgroups": True})

    def derived_rule(self, method: Definition) -> Rule | None:
        """The group; a given rule adds who is left out."""
        if method.group_id is None:
            return method.rule
        left_out = [] if method.rule is None else method.rule.exclude
        block = Block(groups=[method.group_id], subgroups=method.subgroups is not False)
        return Rule([block], exclude=left_out)

    def told_by_rule(self, rule: Rule) -> Mapping[str, Any]:
        return {"subgroups": rule.blocks[0].subgroups} if rule.blocks else {}

    def restored_by(self, rule: Rule) -> Mapping[str, Any]:
        groups = rule.blocks[0].groups if len(rule.blocks) == 1 else []
        if len(groups) != 1:
            return {}
        return {"group_id": groups[0], "subgroups": rule.blocks[0].subgroups, "rule": left_out_by(rule)}

    def unused_parts(self, rule: Rule, method: Definition) -> Iterator[UnusedPart]:
        yield from parts_beyond(self, rule, _difference(rule, method))

    def reason(self, names: ReasonNames) -> Message:
        if names.is_private:
            return Message("You are a member of a private group.")
        return Message("You are a member of {name}.", name=names.group or names.method)


def left_out_by(rule: Rule) -> Rule:
    """What of a derived rule was asked for."""
    return Rule(exclude=rule.exclude)


def parts_beyond(kind: MethodKind, rule: Rule, difference: str | None) -> Iterator[UnusedPart]:
    """What a rule says beyond the one block that its kind derives; `difference` is where that block says something else."""
    if rule.include:
        message = Message(
            "A method of kind {kind} holds nobody by name: pick people in a method of their own.",
            kind=kind.noun,
        )
        yield UnusedPart("rule.include", "derived", message)
    path = difference or ("rule.blocks" if len(rule.blocks) > 1 else None)
    if path is not None:
        message = Message(
            "The rule follows from the {kind}: it can only leave people out. Use an audience for more.",
            kind=thing(kind.name),
        )
        yield UnusedPart(path, "derived", message)


def _difference(rule: Rule, method: Definition) -> str | None:
    """Where the first block says something else than the group, which a client may send back as it was told."""
    block = rule.blocks[0] if rule.blocks else None
    if block is None:
        return None
    if block.filters:
        return "rule.blocks[0].filters"
    if block.everyone or any(group != method.group_id for group in block.groups):
        return "rule.blocks[0].groups"
    return None
