"""How things stood at the end of a day: an index of only what some rules need, with later changes undone."""

import asyncio
from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, Any

from backend.index.evaluating.history import end_of_day, facts_then, structure_then
from backend.index.evaluating.predicates import opened_facets
from backend.index.facts.learner_facts import Facts
from backend.index.facts.structure import Structure
from backend.index.steps import Steps
from backend.rules import Facet, Rule

if TYPE_CHECKING:
    from backend.index.facet_index import FacetIndex

# The shape of groups and sessions is undone as well; rules, fields and activities are asked as they are now.
_SHAPE = ("learner_group", "session")
# Undone changes between two turns of the event loop; about 2 ms.
SLICE = 1_000


async def as_of(index: "FacetIndex", rules: Iterable[Rule], day: date) -> "FacetIndex":
    """An index that answers these rules as of the end of `day` in the organisation's time zone.

    Built from copies: the live index is not touched, and need not stand still.
    """
    end = end_of_day(day, index.timezone)
    rules = list(rules)
    shape = await structure_then(_SHAPE, end)
    made, facets = await index.sliced(lambda: _copied_steps(index, rules, shape))
    done = 0
    async for facet, learner_id, ref, old in facts_then(facets, end, made.position):
        made.facts.set(facet, learner_id, ref, old)
        done += 1
        if done % SLICE == 0:
            await asyncio.sleep(0)
    return made


def _copied_steps(
    index: "FacetIndex", rules: Iterable[Rule], shape: Iterable[tuple[str, int, Any]]
) -> Steps[tuple["FacetIndex", set[Facet]]]:
    """An index of copies at the position of this one, and the facets it holds."""
    then = structure_at(index.structure, shape)
    yield
    facets = {Facet("status")}
    for rule in rules:
        facets |= opened_facets(rule, index.structure) | opened_facets(rule, then)
        yield
    made = type(index)(index.timezone)
    made.position = index.position
    made.structure = then
    made.everybody = index.learners.copy()
    made.facts = yield from copied_steps(index.facts, facets)
    made.facts.kinds = then.kinds
    return made, facets


def structure_at(now: Structure, shape: Iterable[tuple[str, int, Any]]) -> Structure:
    """The structure with the given rows put back; groups made since then stay, empty and at their place."""
    then = now.copy()
    for facet, ref, row in shape:
        if row is not None:
            then.put(facet, ref, row)
    return then


def copied_steps(facts: Facts, facets: Iterable[Facet]) -> Steps[Facts]:
    """Copies of the bitmaps of these facets, and of nothing else."""
    made = Facts(facts.timezone)
    made.set_aside = facts.set_aside.copy()
    made.status = facts.status.copy()
    made.countable = facts.countable.copy()
    tables: dict[str, tuple[dict[int, Any], dict[int, Any]]] = {
        "membership": (facts.groups, made.groups),
        "field": (facts.fields, made.fields),
        "result": (facts.results, made.results),
        "award": (facts.awards, made.awards),
        "enrollment": (facts.enrollments, made.enrollments),
    }
    for name, ref in facets:
        if name in {"language", "added", "manager"}:
            setattr(made, name, getattr(facts, name).copy())
        elif name in tables and ref is not None and ref in tables[name][0]:
            tables[name][1][ref] = tables[name][0][ref].copy()
        yield
    return made
