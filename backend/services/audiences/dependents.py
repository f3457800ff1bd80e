"""What would break if something were deleted: nothing is deleted from under others silently."""

import asyncio
from collections.abc import Callable, Collection

import msgspec

from backend.database import fetch
from backend.index.time_slices import TimeSlice
from backend.rules import Dependency, InvalidRule, Rule, convert, depends_on
from backend.rules.dependencies import sessions_of, values_of
from backend.rules.facets import DependencyKind
from backend.rules.values import Value
from backend.schemas.problem import Dependent, Dependents
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import instructed_sessions, led_groups
from backend.services.audiences import statements
from backend.services.audiences.method_visibility import sealed_methods
from backend.services.audiences.visibility import reading_scope
from backend.services.errors import HasDependents
from backend.words import Message

# The answer names the first ones; a person clears them and asks again.
MOST_NAMED = 100


async def refuse_if_rules_refer(what: Message, *found: Dependency) -> None:
    """Raises `HasDependents` if the rule of a segment, method or enrollment rule refers to any of these."""
    await refuse(what, await rules_that_refer(*found))


async def rules_that_refer(*found: Dependency) -> list[Dependent]:
    """Segments, methods and enrollment rules whose rule refers to any of these."""
    wanted = set(found)
    return await _rules_where(lambda rule: not wanted.isdisjoint(depends_on(rule)))


async def rules_that_name(field_id: int, values: Collection[Value]) -> list[Dependent]:
    """Segments, methods and enrollment rules, drafts too, whose rule names one of these values of the field."""
    return await _rules_where(lambda rule: not values_of(rule, field_id).isdisjoint(values))


async def rules_that_name_session(session_id: int) -> list[Dependent]:
    """Those whose rule asks who is enrolled in this session, as the rule of every subpath does of its parent."""
    return await _rules_where(lambda rule: session_id in sessions_of(rule))


async def _rules_where(holds: Callable[[Rule], bool]) -> list[Dependent]:
    found = []
    time_slice = TimeSlice()
    for row in await fetch(statements.ALL_RULES):
        if time_slice.used_up():
            await asyncio.sleep(0)
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


async def refuse(what: Message, dependents: list[Dependent]) -> None:
    """Raises `HasDependents` if there are any; for platform admins, who may know of all of them."""
    if dependents:
        raise HasDependents(what, await with_sessions(_once(dependents)[:MOST_NAMED]))


async def listed(actor: Actor, dependents: list[Dependent]) -> Dependents:
    """The first of them that the actor may know of, each once."""
    once = _once(dependents)
    known = once if actor.is_admin else await _known_to(actor, once)
    hidden = len(once) - len(known)
    return Dependents(
        items=await with_sessions(known[:MOST_NAMED]),
        total=len(known),
        hidden=hidden > 0,
        hidden_count=hidden,
    )


def _once(dependents: list[Dependent]) -> list[Dependent]:
    """A method may refer to it in its rule and by its kind."""
    return list({(one.kind, one.id): one for one in dependents}.values())


async def with_sessions(dependents: list[Dependent]) -> list[Dependent]:
    """Methods with their sessions, so that they can be opened."""
    methods = [one.id for one in dependents if one.kind == "method"]
    places = {row["id"]: row for row in await fetch(statements.PLACES_OF_METHODS, methods)} if methods else {}

    def with_place(one: Dependent) -> Dependent:
        place = places.get(one.id) if one.kind == "method" else None
        if place is None:
            return one
        return msgspec.structs.replace(
            one, session_id=place["session_id"], session_name=place["session_name"]
        )

    return [with_place(one) for one in dependents]


async def refuse_to(actor: Actor, what: Message, dependents: list[Dependent]) -> None:
    """Raises `HasDependents` if there are any, which names those that the actor may know of."""
    if not dependents or actor.is_admin:
        await refuse(what, dependents)
        return
    dependents = _once(dependents)
    known = await _known_to(actor, dependents)
    raise HasDependents(what, await with_sessions(known[:MOST_NAMED]), hidden=len(known) < len(dependents))


async def refuse_hidden(actor: Actor, what: Message, dependents: list[Dependent]) -> None:
    """Raises `HasDependents` if there are any that the actor may not know of: those one cannot have decided about."""
    if not actor.is_admin and len(await _known_to(actor, dependents)) < len(dependents):
        await refuse_to(actor, what, dependents)


async def _known_to(actor: Actor, dependents: list[Dependent]) -> list[Dependent]:
    methods = [one.id for one in dependents if one.kind == "method"]
    places = {row["id"]: row for row in await fetch(statements.PLACES_OF_METHODS, methods)}
    sealed = await sealed_methods(await reading_scope(actor), methods)
    groups, sessions = await led_groups(actor), await instructed_sessions(actor)

    def shown(one: Dependent) -> bool:
        if one.kind != "method":
            # Enrollment rules are for platform admins, whatever they are about.
            return one.kind != "enrollment_rule"
        place = places[one.id]
        return one.id not in sealed and (place["session_id"] in sessions or place["group_id"] in groups)

    return [one for one in dependents if shown(one)]


__all__ = [
    "Dependency",
    "DependencyKind",
    "listed",
    "named",
    "refuse",
    "refuse_hidden",
    "refuse_if_rules_refer",
    "refuse_to",
    "rules_that_name",
    "rules_that_name_session",
    "rules_that_refer",
    "with_sessions",
]
