"""Sessions as they are told to whoever asks: a page of them, and one."""

from dataclasses import dataclass

from asyncpg import Record
from msgspec.structs import replace

from backend.database import fetch_row
from backend.enrollment.method_kinds import METHOD_KINDS
from backend.index import Follower
from backend.schemas.base import Page
from backend.schemas.learning.sessions import Fuse, Session, SessionMay
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import (
    containing_groups,
    instructed_course_groups,
    instructed_sessions,
    led_groups,
    team_groups,
)
from backend.services.access.rights import course_groups_in, session_for
from backend.services.access.statements import IS_OFFERED, WAITS_IN
from backend.services.enrollment.methods.catalog_audience import catalog_as_seen
from backend.services.enrollment.self_enrollment import waiting_list
from backend.services.errors import Forbidden, NotFound
from backend.services.learning import statements
from backend.services.paging import page_of
from backend.services.sorted_rows import sorted_rows
from backend.services.statements import some_rows
from backend.services.where_clauses import Conditions, chosen_sort
from backend.text import code_key
from backend.words.nouns import there_is_no

# What is told of one session is worked out for who asks.
_OWN = {"fuse", "may", "method_kinds", "catalog_rule", "catalog_audience", "queue"}

_MAY: tuple[SessionMay, ...] = ("view", "enroll", "manage")

_SORTS = {
    "name": (("lower(s.name)", "text"), ("s.id", "integer")),
    "starts": (("coalesce(s.starts_at, '-infinity')", "timestamptz"), ("s.id", "integer")),
    "id": (("s.id", "integer"),),
}


@dataclass(slots=True)
class SessionQuery:
    """What a list of sessions is asked for; `mine`: those one instructs or whose group one leads; `enrollable`: those one enrolls in."""

    q: str | None = None
    activity: int | None = None
    group: int | None = None
    external_id: str | None = None
    mine: bool = False
    enrollable: bool = False
    sort: str | None = None
    limit: int = 100
    cursor: str | None = None


def _wire(row: Record) -> Session:
    values = {name: row[name] for name in Session.__struct_fields__ if name not in _OWN}
    return Session(**values, fuse=Fuse(**{name: row[f"fuse_{name}"] for name in Fuse.__struct_fields__}))


async def list_sessions(actor: Actor, query: SessionQuery) -> Page[Session]:
    """A page of the sessions one may see: the same as `rights.session_for` allows one by one."""
    conditions = Conditions()
    classes = (await instructed_course_groups(actor)).values()
    mine = (sorted({*await instructed_sessions(actor), *classes}), list(await led_groups(actor)))
    if query.mine:
        conditions.add("s.id = ANY({}::integer[]) OR s.group_id = ANY({}::integer[])", *mine)
    if not actor.is_admin:
        conditions.add(
            "s.id = ANY({}::integer[]) OR s.group_id = ANY({}::integer[]) OR s.catalog = 'everyone'"
            " OR (s.catalog = 'group' AND s.group_id = ANY({}::integer[]))"
            " OR EXISTS (SELECT FROM enrollment e WHERE e.session_id = s.id AND e.learner_id = {})"
            f" OR {IS_OFFERED.format('{}')} OR {WAITS_IN.format('{}')}"
            " OR (s.catalog IN ('group', 'everyone') AND s.group_id = ANY({}::integer[]))",
            *mine,
            list(await containing_groups(actor)),
            *[actor.id] * 3,
            list(await team_groups(actor)),
        )
        if query.enrollable:
            # As `session_for` allows `enroll`.
            conditions.add(
                "s.id = ANY({}::integer[]) OR s.group_id = ANY({}::integer[])"
                " OR (s.catalog IN ('group', 'everyone') AND s.group_id = ANY({}::integer[]))",
                list(await instructed_sessions(actor)),
                mine[1],
                list(await team_groups(actor)),
            )
    conditions.add_search(query.q, "s.name", "a.title", "coalesce(s.external_id, '')")
    for column, value in (
        ("activity_id", query.activity),
        ("group_id", query.group),
        ("external_id", None if query.external_id is None else code_key(query.external_id)),
    ):
        if value is not None:
            conditions.add(f"s.{column} = {{}}", value)
    order = chosen_sort(query.sort, _SORTS, "name")
    rows, total = await sorted_rows(
        statements.SESSION_COLUMNS,
        statements.SESSIONS,
        conditions,
        order,
        limit=query.limit,
        cursor=query.cursor,
    )
    return page_of(rows, query.limit, total, item=_wire, key=order.key)


async def get_session(actor: Actor, session_id: int, follower: Follower | None = None) -> Session:
    """One session, or `NotFound`. Without a `follower` nothing is told of the rule of its catalog."""
    await session_for(actor, session_id, "see")
    row = await fetch_row(some_rows(statements.SESSION_COLUMNS, statements.SESSIONS, "s.id = $1"), session_id)
    if row is None:
        raise NotFound(there_is_no("session", session_id))
    may = await _allowed(actor, session_id)
    leads = "enroll" in may and row["group_id"] in await led_groups(actor)
    kinds = [
        kind.name
        for kind in METHOD_KINDS.values()
        if "enroll" in may
        and not row["legacy"]
        and kind.is_available
        and not kind.of_session
        and kind.may_be_made(is_admin=actor.is_admin, leads=leads)
    ]
    queue = await waiting_list.waiting_in([session_id]) if "enroll" in may else {}
    rule, audience = None, None
    if row["catalog"] == "audience" and "enroll" in may and follower is not None:
        rule, audience = await catalog_as_seen(actor, follower, row)
    return replace(
        _wire(row),
        may=may,
        method_kinds=kinds,
        catalog_rule=rule,
        catalog_audience=audience,
        queue=queue.get(session_id, 0),
    )


async def _allowed(actor: Actor, session_id: int) -> list[SessionMay]:
    """What the actor may do in a session they see, so that nothing is offered that would be refused."""
    allowed: list[SessionMay] = []
    for need in _MAY:
        try:
            await session_for(actor, session_id, need)
        except Forbidden:
            continue
        allowed.append(need)
    if "view" not in allowed and await course_groups_in(actor, session_id):
        allowed.append("class")
    return allowed
