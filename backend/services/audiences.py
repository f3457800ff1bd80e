"""Questions about an audience, on behalf of a person: how many, who, why, when."""

from datetime import date

import msgspec

from backend import clock
from backend.index import BrokenRule, FacetIndex, Follower
from backend.rules import Problem, Rule, resolve
from backend.schemas.audience import (
    BlockCounts,
    FilterCounts,
    Preview,
    PreviewRequest,
)
from backend.schemas.problem import Mistake
from backend.services.actor import Actor
from backend.services.audience_people import people_of
from backend.services.errors import Conflict, Invalid
from backend.services.rights import session_for
from backend.services.sealing import Sight, sight_of

# A forecast is a line on a screen.
FORECAST_DAYS_MOST = 366 * 3


class Broken(Conflict):
    """The rule refers to something that is gone: it cannot be counted, which is not the same as nobody."""

    type, title = "broken_rule", "The rule is broken"

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            "; ".join(problem.message for problem in problems) or self.title, errors=mistakes(problems)
        )


def mistakes(problems: list[Problem]) -> list[Mistake]:
    """Problems of a rule as the contract's errors."""
    return [Mistake(path=problem.path, code=problem.code, message=problem.message) for problem in problems]


def checked(rule: Rule, index: FacetIndex, *, inside_segment: int | None = None) -> Rule:
    """The rule with ids for external ids. Raises `Invalid` with every problem's path."""
    resolved, problems = resolve(rule, index, inside_segment=inside_segment)
    if problems:
        raise Invalid("; ".join(problem.message for problem in problems[:3]), errors=mistakes(problems))
    return resolved


class Draft(msgspec.Struct, frozen=True):
    """A checked question: what was asked, and the part of it that the asking person may see evaluated."""

    rule: Rule
    opened: Rule
    sight: Sight
    session_id: int | None
    at: date | None
    sample: int

    def day(self, index: FacetIndex) -> date:
        """The day the question is about."""
        return self.at or clock.today(index.timezone)

    def counted(self, index: FacetIndex) -> tuple[Preview, list[int]]:
        """The counts and the ids of the sample, without its people. Raises `Broken`."""
        return self.answer(index, index)

    def answer(self, index: FacetIndex, world: FacetIndex) -> tuple[Preview, list[int]]:
        """The counts in `world`: the index itself, or what it was on a day past."""
        try:
            found = world.preview(self.opened, self.day(index), self.session_id, self.sample)
        except BrokenRule as broken:
            raise Broken(broken.problems) from None
        opened = iter(found.blocks)
        blocks = []
        for block in self.rule.blocks:
            if not self.sight.opens(block):
                groups = self.sight.sealed_groups(block, index)
                blocks.append(
                    BlockCounts(total=None, groups_total=None, filters=[], sealed=True, groups=groups)
                )
                continue
            counts = next(opened)
            filters = [FilterCounts(remaining=f.remaining, without=f.without) for f in counts.filters]
            blocks.append(BlockCounts(total=counts.total, groups_total=counts.groups_total, filters=filters))
        preview = Preview(
            total=found.total,
            position=found.position,
            as_of=clock.now(),
            blocks=blocks,
            included=found.included,
            excluded=found.excluded,
            blocked=found.blocked,
            sample=[],
        )
        return preview, found.sample


async def draft(actor: Actor, index: FacetIndex, request: PreviewRequest) -> Draft:
    """Check the question and the right to ask it. Raises `Forbidden`, `NotFound` or `Invalid`."""
    sight = await sight_of(actor)
    if request.session_id is not None:
        await session_for(actor, request.session_id, "view")
    rule = checked(request.rule, index)
    _everyone_is_for_admins(actor, rule)
    return Draft(rule, sight.opened(rule, index), sight, request.session_id, request.at, request.sample)


def _everyone_is_for_admins(actor: Actor, rule: Rule) -> None:
    for i, block in enumerate(rule.blocks):
        if block.everyone and not actor.is_admin:
            raise Invalid.at(
                f"rule.blocks[{i}].everyone", "not_allowed", "Only platform admins may ask about everyone."
            )


async def preview(actor: Actor, follower: Follower, request: PreviewRequest) -> Preview:
    """How many people the rule holds, now, on a day to come, or on a day past."""
    await follower.catch_up()
    index = follower.index
    question = await draft(actor, index, request)
    world = await world_on(index, question.at, question.opened)
    found, sample = question.answer(index, world)
    found.sample = await people_of(question.sight, index, question.opened, sample)
    return found


async def world_on(index: FacetIndex, at: date | None, rule: Rule) -> FacetIndex:
    """The index, or what of it `rule` uses as it was at the end of a day past."""
    if at is None or at >= clock.today(index.timezone):
        return index
    return await index.past(rule, at)
