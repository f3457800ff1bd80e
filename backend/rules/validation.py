"""Checks a rule against what exists and puts ids where external ids or keys stood; finds every problem at once."""

from collections.abc import Sequence

import msgspec

from backend.rules import limits
from backend.rules.filter_checks import FilterChecks
from backend.rules.filters.base import Filter
from backend.rules.filters.nested import Nested
from backend.rules.names import Names
from backend.rules.problems import Problem
from backend.rules.steps import Steps, finish
from backend.rules.tree import Block, Rule, leaves_of
from backend.words import Message
from backend.words.nouns import there_is_no

# In the whole rule, or in one block of it.
TOO_MANY_GROUPS = Message(
    "A rule holds at most {most:,} groups: name a group above them, or enroll the rest in a new session.",
    most=limits.GROUPS,
)


def resolve(
    rule: Rule, names: Names, *, path: str = "rule", inside_segment: int | None = None
) -> tuple[Rule, list[Problem]]:
    """The rule with ids for external ids and without repetitions, and all its problems (the first `limits.PROBLEMS`).

    `inside_segment` is the segment that the rule is going to define: using it, even through others, is a problem.
    The rule is to be used only when there are no problems.
    """
    return finish(resolve_steps(rule, names, path=path, inside_segment=inside_segment))


def resolve_steps(
    rule: Rule, names: Names, *, path: str = "rule", inside_segment: int | None = None
) -> Steps[tuple[Rule, list[Problem]]]:
    """`resolve` in steps of a filter, or of as many people."""
    resolver = _Resolver(names, inside_segment)
    resolved = yield from resolver.rule(rule, path)
    return resolved, resolver.problems


def count_values(rule: Rule) -> int:
    """How many values, paths, certificates, managers, segments and groups the rule's filters hold."""
    return sum(
        len(listed)
        for leaf in leaves_of(rule)
        for name in leaf.__struct_fields__
        if isinstance(listed := getattr(leaf, name), list)
    )


def nobody_unsaid(rule: Rule, path: str = "rule") -> Problem | None:
    """What is wrong with a rule that is to be kept, names nobody, and does not say that it means to."""
    if rule.blocks or rule.include or rule.nobody:
        return None
    message = Message(
        "An audience needs at least one block or one person. If it is to hold nobody, say so with “nobody”: true."
    )
    return Problem(path, "empty", message)


class _Resolver(FilterChecks):
    def __init__(self, names: Names, inside_segment: int | None) -> None:
        super().__init__(names, inside_segment)
        self.filters_used = 0

    # ── the rule and its blocks ──────────────────────────────────────────────────────────────────────────────────

    def rule(self, rule: Rule, path: str) -> Steps[Rule]:
        if len(rule.blocks) > limits.BLOCKS:
            self.add(
                f"{path}.blocks",
                "too_many",
                Message("A rule holds at most {most} blocks.", most=limits.BLOCKS),
            )
            return rule
        if count_values(rule) > limits.RULE_VALUES:
            # Looking all of them up to say more about each would only be slow.
            message = Message(
                "The filters of a rule hold at most {most:,} values in all.",
                most=limits.RULE_VALUES,
            )
            self.add(f"{path}.blocks", "too_many", message)
            return rule
        blocks = []
        for i, block in enumerate(rule.blocks):
            blocks.append((yield from self.block(block, f"{path}.blocks[{i}]")))
        if self.groups_used > limits.GROUPS:
            self.add(
                f"{path}.blocks",
                "too_many",
                TOO_MANY_GROUPS,
            )
        if rule.nobody and (rule.blocks or rule.include):
            self.add(
                f"{path}.nobody",
                "contradiction",
                Message("An audience of nobody holds no blocks and no people."),
            )
        return Rule(
            blocks,
            (yield from self.people(rule.include, f"{path}.include")),
            (yield from self.people(rule.exclude, f"{path}.exclude")),
            rule.nobody,
        )

    def people(self, ids: Sequence[int], path: str) -> Steps[list[int]]:
        if len(ids) > limits.HAND_PICKED:
            self.add(
                path,
                "too_many",
                Message(
                    "At most {most:,} people can be picked by hand: describe them by a rule instead, or enroll the rest in a new session.",
                    most=limits.HAND_PICKED,
                ),
            )
            return list(ids)
        for i, learner_id in enumerate(ids):
            if not self.names.knows_learner(learner_id):
                self.add(
                    f"{path}[{i}]",
                    "unknown",
                    there_is_no("learner", learner_id),
                )
            if i % limits.VALUES == 0:
                yield
        return list(dict.fromkeys(ids))

    def block(self, block: Block, path: str) -> Steps[Block]:
        if block.everyone and block.groups:
            self.add(
                f"{path}.groups",
                "everyone_with_groups",
                Message("A block is about everyone or about groups, not both."),
            )
        elif not block.groups and not block.everyone:
            self.add(f"{path}.groups", "empty", Message("A block needs at least one group."))
        if len(block.groups) > limits.GROUPS:
            self.add(
                f"{path}.groups",
                "too_many",
                TOO_MANY_GROUPS,
            )
        groups = self.references(
            block.groups, f"{path}.groups", "group", self.names.find_group, limits.GROUPS
        )
        yield
        self.groups_used += len(groups)
        self.filters_used = 0
        filters = yield from self.filters(block.filters, f"{path}.filters", 1)
        if self.filters_used > limits.FILTERS:
            self.add(
                f"{path}.filters",
                "too_many",
                Message("A block holds at most {most} filters.", most=limits.FILTERS),
            )
        return msgspec.structs.replace(block, groups=groups, filters=filters)

    # ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────

    def filters(self, filters: Sequence[Filter], path: str, depth: int) -> Steps[list[Filter]]:
        checked: list[Filter] = []
        for i, found in enumerate(filters):
            place = f"{path}[{i}]"
            self.filters_used += 1
            if isinstance(found, Nested):
                checked.append((yield from self.nested(found, place, depth)))
            else:
                checked.append(found.resolved(self, place))
            yield
        return checked

    def nested(self, found: Nested, path: str, depth: int) -> Steps[Filter]:
        if depth >= limits.DEPTH:
            self.add(
                f"{path}.of", "too_deep", Message("Filters can be nested {depth} deep.", depth=limits.DEPTH)
            )
            return found
        if not found.of:
            self.add(f"{path}.of", "empty", Message("A group of filters needs at least one filter."))
        found.check_combination(self, path)
        return msgspec.structs.replace(found, of=(yield from self.filters(found.of, f"{path}.of", depth + 1)))
