"""The people of an audience as they are shown: who they are, and what the rule uses of them."""

from collections.abc import Iterable, Iterator, Sequence
from typing import Any

from asyncpg import Record

from backend.database import fetch
from backend.index import FacetIndex
from backend.rules import (
    AddedFilter,
    AllFilter,
    AnyFilter,
    CertificateFilter,
    FieldFilter,
    Filter,
    GroupFilter,
    LanguageFilter,
    ManagerFilter,
    NoneFilter,
    PathResultFilter,
    Rule,
)
from backend.schemas.audience import AudienceGroup, AudienceMember, Fact
from backend.services.sealing import Sight

_PEOPLE = """
SELECT l.id, l.email, l.first_name, l.last_name, l.language, l.status, l.added_at, l.external_id, l.manager_id,
       coalesce((SELECT jsonb_object_agg(f.key, field_json(v)) FROM field_value v JOIN field f ON f.id = v.field_id
                 WHERE v.learner_id = l.id), '{}') AS fields,
       coalesce((SELECT jsonb_agg(jsonb_build_array(m.group_id, m.role) ORDER BY m.group_id) FROM membership m
                 WHERE m.learner_id = l.id), '[]') AS groups
FROM learner l JOIN unnest($1::integer[]) WITH ORDINALITY AS wanted(id, place) USING (id) ORDER BY wanted.place
"""
_AWARDS = """
SELECT DISTINCT ON (certificate_id, learner_id) certificate_id, learner_id, expires_at FROM award
WHERE certificate_id = ANY($1::integer[]) AND learner_id = ANY($2::integer[])
ORDER BY certificate_id, learner_id, issued_at DESC, id DESC
"""
# The same person's standing on more than this many activities is not read in a list.
FACTS_MOST = 12

Awards = dict[tuple[int, int], Any]


async def people_of(
    sight: Sight, index: FacetIndex, rule: Rule, learners: Sequence[int]
) -> list[AudienceMember]:
    """Summaries of `learners` in this order; those deleted meanwhile are missing."""
    if not learners:
        return []
    asked = list(_leaves(rule))[:FACTS_MOST]
    rows = await fetch(_PEOPLE, list(learners))
    awards = await _awards([leaf for _, leaf in asked], learners)
    return [_member(sight, index, row, asked, awards) for row in rows]


async def _awards(leaves: Iterable[Filter], learners: Sequence[int]) -> Awards:
    wanted = {c for leaf in leaves if isinstance(leaf, CertificateFilter) for c in leaf.certificates}
    if not wanted:
        return {}
    rows = await fetch(_AWARDS, sorted(wanted), list(learners))
    return {(row["certificate_id"], row["learner_id"]): row["expires_at"] for row in rows}


def _member(
    sight: Sight, index: FacetIndex, row: Record, asked: list[tuple[str, Filter]], awards: Awards
) -> AudienceMember:
    groups = [AudienceGroup(id=group, role=role) for group, role in row["groups"]]
    hidden = sight.hidden(index, [group.id for group in groups])
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
        facts=[Fact(path=path, actual=_actual(index, leaf, row, awards)) for path, leaf in asked],
    )


def _leaves(rule: Rule) -> Iterator[tuple[str, Filter]]:
    for i, block in enumerate(rule.blocks):
        yield from _leaves_of(block.filters, f"rule.blocks[{i}].filters")


def _leaves_of(filters: Sequence[Filter], path: str) -> Iterator[tuple[str, Filter]]:
    for i, found in enumerate(filters):
        if isinstance(found, AllFilter | AnyFilter | NoneFilter):
            yield from _leaves_of(found.of, f"{path}[{i}].of")
        else:
            yield f"{path}[{i}]", found


def _actual(  # noqa: PLR0911 - one for each kind of filter
    index: FacetIndex, leaf: Filter, row: Record, awards: Awards
) -> Any:
    """What the filter looks at: the value, the names of the groups, the standing, the expiry."""
    learner: int = row["id"]
    match leaf:
        case FieldFilter():
            field = index.find_field(leaf.field)
            return None if field is None else row["fields"].get(field.key)
        case LanguageFilter():
            return row["language"]
        case AddedFilter():
            return row["added_at"]
        case ManagerFilter():
            return row["manager_id"]
        case GroupFilter():
            own = {group for group, _ in row["groups"]}
            return [
                named.name for group in leaf.groups if group in own and (named := index.find_group(group))
            ]
        case PathResultFilter():
            return {str(path): _standing(index, path, learner) for path in leaf.paths}
        case CertificateFilter():
            return {
                str(c): {"expires_at": awards[c, learner]}  # type: ignore[index]  # resolved
                for c in leaf.certificates
                if (c, learner) in awards
            }
        case _:
            return None


def _standing(index: FacetIndex, activity: Any, learner: int) -> str | None:
    results = index.facts.results.get(activity)
    if results is None:
        return None
    return "successful" if learner in results.successful else results.statuses.of(learner)
