"""The people of an audience as they are shown: who they are, and what the rule uses of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from asyncpg import Record

from backend.database import fetch
from backend.index import FacetIndex, ListedPerson
from backend.rules import Filter, Nested, Rule, named_by
from backend.schemas.audiences import AudienceGroup, AudienceMember, Fact
from backend.services.audiences import statements
from backend.services.audiences.visibility import AudienceScope

# The same person's standing on more than this many activities is not read in a list.
FACTS_MOST = 12

Awards = dict[tuple[int, int], Any]


async def people_of(
    sight: AudienceScope, index: FacetIndex, rule: Rule, learners: Sequence[int]
) -> list[AudienceMember]:
    """Summaries of `learners` in this order; those deleted meanwhile are missing."""
    if not learners:
        return []
    asked = list(_leaves(rule))[:FACTS_MOST]
    rows = await fetch(statements.PEOPLE_SHOWN, list(learners))
    awards = await _awards([leaf for _, leaf in asked], learners)
    return [_member(sight, index, row, asked, awards) for row in rows]


async def _awards(leaves: Iterable[Filter], learners: Sequence[int]) -> Awards:
    wanted = {certificate for leaf in leaves for certificate in named_by(leaf, "certificate")}
    if not wanted:
        return {}
    rows = await fetch(statements.LATEST_AWARDS, sorted(wanted), list(learners))
    return {(row["certificate_id"], row["learner_id"]): row["expires_at"] for row in rows}


def _member(
    sight: AudienceScope, index: FacetIndex, row: Record, asked: list[tuple[str, Filter]], awards: Awards
) -> AudienceMember:
    groups = [AudienceGroup(id=group, role=role) for group, role in row["groups"]]
    hidden = sight.hidden(index, [group.id for group in groups])
    person = ListedPerson(row, awards)
    return AudienceMember(
        id=row["id"],
        email=row["email"],
        first_name=row["first_name"],
        last_name=row["last_name"],
        language=row["language"],
        status=row["status"],
        added_at=row["added_at"],
        external_id=row["external_id"],
        manager_id=row["manager_id"],
        fields=row["fields"],
        groups=[group for group in groups if group.id not in hidden],
        facts=[Fact(path=path, actual=index.listed(leaf, person)) for path, leaf in asked],
    )


def _leaves(rule: Rule) -> Iterator[tuple[str, Filter]]:
    for i, block in enumerate(rule.blocks):
        yield from _leaves_of(block.filters, f"rule.blocks[{i}].filters")


def _leaves_of(filters: Sequence[Filter], path: str) -> Iterator[tuple[str, Filter]]:
    for i, found in enumerate(filters):
        if isinstance(found, Nested):
            yield from _leaves_of(found.of, f"{path}[{i}].of")
        else:
            yield f"{path}[{i}]", found
