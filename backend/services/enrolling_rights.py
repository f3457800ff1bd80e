"""Whom somebody may enroll: admins anybody, others members of the groups they lead, managers their team."""

from pyroaring import BitMap

from backend.database import fetch
from backend.index import FacetIndex
from backend.rules import Block, GroupFilter, Rule, SegmentFilter
from backend.rules.dependencies import leaves
from backend.schemas.problem import Mistake
from backend.services.actor import Actor
from backend.services.errors import Forbidden
from backend.services.method_drafts import Draft
from backend.services.reach import led_groups
from backend.services.rights import is_inside


async def check_rights(actor: Actor, index: FacetIndex, draft: Draft) -> None:
    """Raises `Forbidden` with the place of whatever reaches beyond the actor's groups and team."""
    if actor.is_admin or draft.rule is None:
        return
    problems = [
        *await _block_problems(actor, index, draft.rule),
        *await _include_problems(actor, index, draft.rule),
    ]
    if problems:
        raise Forbidden(problems[0].message, errors=problems)


async def _block_problems(actor: Actor, index: FacetIndex, rule: Rule) -> list[Mistake]:
    led = await led_groups(actor)
    found: list[Mistake] = []
    for b, block in enumerate(rule.blocks):
        path = f"rule.blocks[{b}]"
        if block.everyone:
            found.append(_mistake(f"{path}.everyone", "Only platform admins may enroll everyone."))
        found += [
            _mistake(
                f"{path}.groups[{g}]", "You may enroll only members of groups you are admin or coach of."
            )
            for g, group in enumerate(block.groups)
            if group not in led
        ]
        found += await _filter_problems(actor, index, block, path)
    return found


async def _filter_problems(actor: Actor, index: FacetIndex, block: Block, path: str) -> list[Mistake]:
    """A filter must not tell who is in a private group, nor ask an audience whose rule only admins see."""
    found: list[Mistake] = []
    for leaf in leaves(block.filters):
        if isinstance(leaf, SegmentFilter):
            found.append(_mistake(f"{path}.filters", "Only platform admins may use site-wide segments."))
        elif isinstance(leaf, GroupFilter):
            for reference in leaf.groups:
                group = index.structure.find_group(reference)
                if group is not None and group.private and not await is_inside(actor, group.id):
                    found.append(_mistake(f"{path}.filters", "A filter uses a private group you are not in."))
    return found


async def _include_problems(actor: Actor, index: FacetIndex, rule: Rule) -> list[Mistake]:
    strangers = BitMap(rule.include) - await reachable(actor, index)
    return [
        _mistake(f"rule.include[{i}]", "You may enroll only members of your groups and your team.")
        for i, learner_id in enumerate(rule.include)
        if learner_id in strangers
    ]


async def reachable(actor: Actor, index: FacetIndex) -> BitMap:
    """Members of the groups the actor leads, and their team."""
    found = BitMap()
    for group_id in await led_groups(actor):
        found |= index.facts.members(group_id)
    team = await fetch("SELECT id FROM learner WHERE manager_id = $1", actor.id)
    return found | BitMap([row["id"] for row in team])


def _mistake(path: str, message: str) -> Mistake:
    return Mistake(path=path, code="forbidden", message=message)
