"""What would break if something were deleted: nothing is deleted from under others silently."""

from collections.abc import Callable, Collection

from backend.database import fetch
from backend.rules import Dependency, InvalidRule, Rule, convert, depends_on
from backend.rules.dependencies import DependencyKind, values_of
from backend.rules.tree import Value
from backend.schemas.problem import Dependent
from backend.services.actor import Actor
from backend.services.errors import HasDependents
from backend.services.method_seals import sealed_methods
from backend.services.reach import instructed_sessions, led_groups
from backend.services.sealing import reading_sight

# The answer names the first ones; a person clears them and asks again.
MOST_NAMED = 100

_RULES = """
SELECT 'segment' AS kind, id, name, rule FROM segment
UNION ALL
SELECT 'method', m.id, coalesce(nullif(m.name, ''), s.name), m.rule
FROM enrollment_method m JOIN session s ON s.id = m.session_id WHERE m.rule IS NOT NULL AND m.deleted_at IS NULL
ORDER BY 1 DESC, 2
"""
_PLACES = """
SELECT m.id, s.id AS session_id, s.group_id FROM enrollment_method m JOIN session s ON s.id = m.session_id
WHERE m.id = ANY($1::integer[])
"""


async def refuse_if_rules_refer(what: str, *found: Dependency) -> None:
    """Raises `HasDependents` if a segment's or method's rule refers to any of these."""
    await refuse(what, await rules_that_refer(*found))


async def rules_that_refer(*found: Dependency) -> list[Dependent]:
    """Segments and methods whose rule refers to any of these."""
    wanted = set(found)
    return await _rules_where(lambda rule: not wanted.isdisjoint(depends_on(rule)))


async def rules_that_name(field_id: int, values: Collection[Value]) -> list[Dependent]:
    """Segments and methods, drafts too, whose rule names one of these values of the field."""
    return await _rules_where(lambda rule: not values_of(rule, field_id).isdisjoint(values))


async def _rules_where(holds: Callable[[Rule], bool]) -> list[Dependent]:
    found = []
    for row in await fetch(_RULES):
        try:
            rule = convert(row["rule"])
        except InvalidRule:
            # What is no rule refers to nothing, and is told of elsewhere.
            continue
        if holds(rule):
            found.append(Dependent(row["kind"], row["id"], row["name"]))
    return found


async def named(kind: str, sql: str, *arguments: object) -> list[Dependent]:
    """The rows of `sql` (id, name) as dependents of this kind."""
    rows = await fetch(f"{sql} ORDER BY 1 LIMIT {MOST_NAMED}", *arguments)
    return [Dependent(kind, row[0], row[1]) for row in rows]


async def refuse(what: str, dependents: list[Dependent]) -> None:
    """Raises `HasDependents` if there are any; for platform admins, who may know of all of them."""
    if dependents:
        raise HasDependents(what, dependents[:MOST_NAMED])


async def refuse_to(actor: Actor, what: str, dependents: list[Dependent]) -> None:
    """Raises `HasDependents` if there are any, which names those that the actor may know of."""
    if not dependents or actor.is_admin:
        await refuse(what, dependents)
        return
    methods = [one.id for one in dependents if one.kind == "method"]
    places = {row["id"]: row for row in await fetch(_PLACES, methods)}
    sealed = await sealed_methods(await reading_sight(actor), methods)
    groups, sessions = await led_groups(actor), await instructed_sessions(actor)

    def shown(one: Dependent) -> bool:
        if one.kind != "method":
            return True
        place = places[one.id]
        return one.id not in sealed and (place["session_id"] in sessions or place["group_id"] in groups)

    known = [one for one in dependents if shown(one)]
    raise HasDependents(what, known[:MOST_NAMED], hidden=len(known) < len(dependents))


__all__ = [
    "Dependency",
    "DependencyKind",
    "named",
    "refuse",
    "refuse_if_rules_refer",
    "refuse_to",
    "rules_that_name",
    "rules_that_refer",
]
