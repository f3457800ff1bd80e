"""Questions about an audience, on behalf of a person: how many, who, why, when."""

from collections.abc import Iterator
from contextlib import contextmanager
from datetime import date

import msgspec

from backend.database import any_of
from backend.index import BrokenRule, FacetIndex, Follower
from backend.index import Preview as Found
from backend.index.evaluating.forecast import FORECAST_DAYS
from backend.index.steps import Steps
from backend.rules import (
    Problem,
    Rule,
    depends_on,
    describe_parts_steps,
    nobody_unsaid,
    resolve_steps,
)
from backend.rules.names import Names
from backend.runtime import clock
from backend.schemas.audiences import (
    BlockCounts,
    DescribeRequest,
    Description,
    ExplainBlock,
    ExplainRequest,
    Explanation,
    FilterCounts,
    ForecastDay,
    ForecastRequest,
    HistoryRequest,
    Preview,
    PreviewCounts,
    PreviewRequest,
    SentencePart,
)
from backend.schemas.problem import Mistake
from backend.services.access.actor import Actor
from backend.services.access.rights import learner_for, session_for
from backend.services.audiences.audience_people import people_of
from backend.services.audiences.index_access import current_index
from backend.services.audiences.session_standing import session_standing
from backend.services.audiences.visibility import AudienceScope, scope_of
from backend.services.audiences.visible_names import SeenNames
from backend.services.errors import Conflict, Invalid
from backend.tables import Learner
from backend.words import Message, joined

SEALED = ExplainBlock(matches=None, groups=None, filters=[], sealed=True)


class BrokenAudience(Conflict):
    """The rule refers to something that is gone: it cannot be counted, which is not the same as nobody."""

    type, title = "broken_rule", Message("The rule is broken")

    def __init__(self, problems: list[Problem]) -> None:
        super().__init__(
            joined("; ", [problem.message for problem in problems]), errors=to_mistakes(problems)
        )


def to_mistakes(problems: list[Problem]) -> list[Mistake]:
    """Problems of a rule as the contract's errors."""
    return [Mistake(path=problem.path, code=problem.code, message=problem.message) for problem in problems]


async def check_rule(
    rule: Rule, index: FacetIndex, names: Names | None = None, *, inside_segment: int | None = None
) -> Rule:
    """The rule with ids for external ids, of what `names` knows. Raises `Invalid` with every problem's path."""
    resolved, problems = await index.sliced(
        lambda: resolve_steps(rule, names or index, inside_segment=inside_segment)
    )
    if problems:
        raise Invalid.about(to_mistakes(problems), told=3)
    return resolved


async def check_stored_rule(rule: Rule, index: FacetIndex, *, inside_segment: int | None = None) -> Rule:
    """`check_rule`, for a rule that is stored: one that holds nobody says so."""
    unsaid = nobody_unsaid(rule)
    if unsaid is not None:
        raise Invalid.about(to_mistakes([unsaid]))
    return await check_rule(rule, index, inside_segment=inside_segment)


@contextmanager
def _told_broken() -> Iterator[None]:
    try:
        yield
    except BrokenRule as broken:
        raise BrokenAudience(broken.problems) from None


class AudienceDraft(msgspec.Struct, frozen=True):
    """A checked question: what was asked, and the part of it that the asking person may see evaluated."""

    rule: Rule
    opened: Rule
    sight: AudienceScope
    session_id: int | None
    at: date | None
    sample: int

    def day(self, index: FacetIndex) -> date:
        """The day the question is about."""
        return self.at or clock.today(index.timezone)

    def counted_steps(self, index: FacetIndex) -> Steps[PreviewCounts]:
        """The counts, without a sample, in steps. Raises `BrokenAudience`."""
        with _told_broken():
            found = yield from self._steps(index, index)
        return (yield from self._counts_steps(found, index))

    async def answer(self, index: FacetIndex, world: FacetIndex) -> tuple[PreviewCounts, list[int], int]:
        """The counts in `world` (the index itself, or what it was on a day past), the ids of the sample, the position."""
        with _told_broken():
            return await world.sliced(lambda: self._answer_steps(index, world))

    def _answer_steps(
        self, index: FacetIndex, world: FacetIndex
    ) -> Steps[tuple[PreviewCounts, list[int], int]]:
        found = yield from self._steps(index, world)
        return (yield from self._counts_steps(found, index)), found.sample, found.position

    def _steps(self, index: FacetIndex, world: FacetIndex) -> Steps[Found]:
        return world.preview_steps(self.opened, self.day(index), self.session_id, self.sample)

    def _counts_steps(self, found: Found, index: FacetIndex) -> Steps[PreviewCounts]:
        opened = iter(found.blocks)
        blocks = []
        for block in self.rule.blocks:
            if not self.sight.opens(block, index):
                groups = yield from self.sight.sealed_steps(block, index)
                blocks.append(
                    BlockCounts(total=None, groups_total=None, filters=[], sealed=True, groups=groups)
                )
                continue
            one = next(opened)
            filters = [FilterCounts(remaining=f.remaining, without=f.without) for f in one.filters]
            blocks.append(BlockCounts(total=one.total, groups_total=one.groups_total, filters=filters))
        return PreviewCounts(
            total=found.total,
            blocks=blocks,
            included=found.included,
            excluded=found.excluded,
            blocked=found.blocked,
            sample=[],
        )


async def draft_audience(actor: Actor, index: FacetIndex, request: PreviewRequest) -> AudienceDraft:
    """Check the question and the right to ask it. Raises `Forbidden`, `NotFound` or `Invalid`."""
    sight = await scope_of(actor)
    if request.session_id is not None:
        # Who may plan there is told of people within reach who are enrolled elsewhere: so is who may only enroll a team.
        await session_for(actor, request.session_id, "enroll")
    given, names = _known(actor, sight, index, request.rule)
    rule = await check_rule(given, index, names)
    _everyone_is_for_admins(actor, rule)
    return AudienceDraft(
        rule, sight.opened(rule, index), sight, request.session_id, request.at, request.sample
    )


def _known(actor: Actor, sight: AudienceScope, index: FacetIndex, rule: Rule) -> tuple[Rule, Names]:
    """The rule without people by name whom the actor may not see, and what else of it they may know of.

    What is hidden from them and what does not exist are answered alike.
    """
    if sight.groups is None:
        return rule, index
    if rule.include or rule.exclude:
        people = sight.people(index)
        rule = Rule(
            rule.blocks,
            [learner for learner in rule.include if learner in people],
            [learner for learner in rule.exclude if learner in people],
            rule.nobody,
        )
    return rule, SeenNames(index, sight, actor.id)


def _everyone_is_for_admins(actor: Actor, rule: Rule) -> None:
    for i, block in enumerate(rule.blocks):
        if block.everyone and not actor.is_admin:
            raise Invalid.at(
                f"rule.blocks[{i}].everyone",
                "not_allowed",
                Message("Only platform admins may ask about everyone."),
            )


async def preview(actor: Actor, follower: Follower, request: PreviewRequest) -> Preview:
    """How many people the rule holds: now, on a day to come, or at the end of a day past."""
    index = await current_index(follower, actor.committed)
    question = await draft_audience(actor, index, request)
    world = await past_index(index, question)
    as_of = clock.now()
    counts, sample, position = await question.answer(index, world)
    counts.sample = await people_of(question.sight, index, question.opened, sample)
    return Preview(**msgspec.structs.asdict(counts), position=position, as_of=as_of)


async def past_index(index: FacetIndex, question: AudienceDraft) -> FacetIndex:
    """The index, or for a day past what of it the question's rule uses as it was at the end of that day."""
    if question.at is None or question.at >= clock.today(index.timezone):
        return index
    problems = index.check(question.opened)
    if problems:
        raise BrokenAudience(problems)
    then = await index.as_of([question.opened], question.at)
    if question.sight.groups is not None:
        # Who was in one's groups then and is no longer may not be seen now: neither their names nor that they counted.
        then.count_only(question.sight.people(index))
    return then


async def forecast(actor: Actor, follower: Follower, request: ForecastRequest) -> list[ForecastDay]:
    """The rule's total on each day from `from` to `to`, if only time goes on. Raises `Invalid` for other days."""
    index = await current_index(follower)
    question = await draft_audience(actor, index, PreviewRequest(rule=request.rule))
    try:
        totals = await index.forecast(question.opened, request.from_, request.to)
    except ValueError:
        message = Message("A forecast covers 1 to {days} days.", days=FORECAST_DAYS)
        raise Invalid.at("to", "range", message) from None
    except BrokenRule as broken:
        raise BrokenAudience(broken.problems) from None
    return [ForecastDay(date=day.date, total=day.total) for day in totals]


async def history(actor: Actor, follower: Follower, request: HistoryRequest) -> list[ForecastDay]:
    """The rule's total on each of the days, one answer after the other: what `preview` says at that day."""
    found = []
    for day in request.days:
        counts = await preview(actor, follower, PreviewRequest(rule=request.rule, at=day, sample=0))
        found.append(ForecastDay(date=day, total=counts.total))
    return found


async def explain(actor: Actor, follower: Follower, request: ExplainRequest) -> Explanation:
    """Why the learner is, or is not, in the audience. Raises `NotFound` for people the actor may not see."""
    index = await current_index(follower)
    asked = PreviewRequest(rule=request.rule, at=request.at, session_id=request.session_id)
    question = await draft_audience(actor, index, asked)
    await learner_for(actor, request.learner_id)
    sight, rule = question.sight, question.opened
    world = await past_index(index, question)
    managers = await _manager_names(actor, index, rule, request.learner_id)
    try:
        found = await world.explain(
            rule,
            request.learner_id,
            question.day(index),
            language=actor.reads,
            people=managers,
            sealed=sight.hidden(index, index.groups),
        )
    except BrokenRule as broken:
        raise BrokenAudience(broken.problems) from None
    told = msgspec.convert(msgspec.to_builtins(found), Explanation, strict=False)
    opened = iter(told.tree.blocks)
    told.tree.blocks = [
        next(opened) if sight.opens(block, index) else SEALED for block in question.rule.blocks
    ]
    if request.session_id is not None:
        told.standing = await session_standing(
            actor, index, request.session_id, request.learner_id, method_id=request.method_id
        )
    return told


async def _manager_names(actor: Actor, index: FacetIndex, rule: Rule, learner_id: int) -> dict[int, str]:
    """Names of the managers that the rule or the person's own fact mentions; only admins read them."""
    if not actor.is_admin:
        return {}
    wanted = {dependency.id for dependency in depends_on(rule) if dependency.kind == "learner"}
    if (own := index.manager_of(learner_id)) is not None:
        wanted.add(own)
    rows = await Learner.select(Learner.id, Learner.first_name, Learner.last_name).where(
        any_of(Learner.id, wanted)
    )
    return {row["id"]: f"{row['first_name']} {row['last_name']}".strip() for row in rows}


async def describe(actor: Actor, follower: Follower, request: DescribeRequest) -> Description:
    """The rule as one sentence. What is broken can be described too."""
    index = await current_index(follower)
    sight = await scope_of(actor)
    rule, _ = await index.sliced(lambda: resolve_steps(request.rule, index))
    people = await _manager_names(actor, index, rule, 0)
    language, hidden = request.language or actor.reads, sight.hidden(index, index.groups)
    parts = await index.sliced(
        lambda: describe_parts_steps(rule, index, language, people=people, sealed=hidden)
    )
    return Description(
        sentence="".join(part.text for part in parts),
        parts=[SentencePart(text=part.text, kind=part.kind, id=part.id, path=part.path) for part in parts],
    )
