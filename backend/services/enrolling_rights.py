"""Whom somebody may enroll: admins anybody, others members of the groups they lead, managers their team."""

from pyroaring import BitMap

from backend.database import fetch
from backend.index import FacetIndex
from backend.schemas.problem import Mistake
from backend.services.actor import Actor
from backend.services.errors import Forbidden
from backend.services.method_drafts import Draft
from backend.services.reach import is_staff
from backend.services.sealing import Sight, sight_of


async def check_rights(actor: Actor, index: FacetIndex, draft: Draft) -> None:
    """Raises `Forbidden` with the place of whatever reaches beyond the actor's groups and team."""
    if actor.is_admin or draft.rule is None:
        return
    sight = await _sight(actor)
    problems = [
        _mistake(f"rule.blocks[{i}]", "You may enroll only members of groups you are admin or coach of.")
        for i, block in enumerate(draft.rule.blocks)
        if not sight.opens(block)
    ]
    within = await within_reach(actor, index)
    problems += [
        _mistake(f"rule.include[{i}]", "You may enroll only members of your groups and your team.")
        for i, learner_id in enumerate(draft.rule.include)
        if learner_id not in within
    ]
    if problems:
        raise Forbidden(problems[0].message, errors=problems)


async def within_reach(actor: Actor, index: FacetIndex) -> BitMap:
    """Whom the actor may enroll by name."""
    if actor.is_admin:
        return index.facts.status.present
    return (await _sight(actor)).people(index) | await team(actor)


async def _sight(actor: Actor) -> Sight:
    """Managers organise nothing else: they see no groups."""
    return await sight_of(actor) if await is_staff(actor) else Sight(frozenset())


async def team(actor: Actor) -> BitMap:
    """Whom the actor manages."""
    return BitMap(
        [row["id"] for row in await fetch("SELECT id FROM learner WHERE manager_id = $1", actor.id)]
    )


def _mistake(path: str, message: str) -> Mistake:
    return Mistake(path=path, code="forbidden", message=message)
