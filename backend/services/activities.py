"""Courses, programs and paths."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncpg import Record
from msgspec import UNSET
from pyroaring import BitMap

from backend.database import execute, fetch_row, fetch_value, transaction
from backend.index import FacetIndex, Follower
from backend.index.steps import Steps
from backend.rules import Dependency
from backend.schemas.commons import Page
from backend.schemas.learning import (
    Activity,
    ActivityChange,
    ActivityInput,
    Certificate,
    CertificateInput,
    ListedActivity,
    Step,
)
from backend.services import audit, dependents
from backend.services.actor import Actor
from backend.services.audiences import latest
from backend.services.conditions import Conditions, chosen_sort
from backend.services.errors import Conflict, Invalid
from backend.services.paging import page_of
from backend.services.reach import containing_groups, is_staff, team_groups
from backend.services.rights import activity_for, require_admin
from backend.services.sorted_rows import sorted_rows
from backend.services.steps import write_steps
from backend.services.versions import lock_row, write_columns
from backend.text import code_key

_SORTS = {"title": (("lower(a.title)", "text"), ("a.id", "integer")), "id": (("a.id", "integer"),)}
_COLUMNS = """
a.id, a.kind, a.title, a.description, a.external_id, a.min_minutes, a.max_minutes, a.several_sessions, a.version,
(SELECT jsonb_build_object('id', c.id, 'title', c.title, 'valid_months', c.valid_months)
 FROM certificate c WHERE c.activity_id = a.id) AS certificate,
(SELECT coalesce(jsonb_agg(jsonb_build_object(
     'id', s.id, 'kind', s.kind, 'activity_id', s.child_activity_id, 'title', s.title, 'body', s.body,
     'mandatory', s.mandatory, 'min_score', s.min_score) ORDER BY s.position), '[]')
 FROM step s WHERE s.activity_id = a.id) AS steps
"""
# Enrollments are found by their session.
_OF_ACTIVITY = "session_id IN (SELECT id FROM session WHERE activity_id = $1)"
# What `rights.activity_for` allows one by one: activities with a session one sees, and their steps.
_SEEN = """
a.id IN (
    WITH RECURSIVE below(id) AS (
        SELECT s.activity_id FROM session s
        WHERE s.catalog = 'everyone' OR (s.catalog = 'group' AND s.group_id = ANY({}::integer[]))
           OR s.id IN (SELECT session_id FROM enrollment WHERE learner_id = {})
        UNION
        SELECT t.child_activity_id FROM step t JOIN below ON t.activity_id = below.id
        WHERE t.child_activity_id IS NOT NULL
    )
    SELECT id FROM below
)
"""


@dataclass(slots=True)
class ActivityQuery:
    """What a list of activities is asked for."""

    q: str | None = None
    kinds: Sequence[str] = ()
    external_id: str | None = None
    sort: str | None = None
    limit: int = 100
    cursor: str | None = None


def _values(row: Record) -> dict[str, Any]:
    values = {name: row[name] for name in Activity.__struct_fields__}
    values["steps"] = [Step(**step) for step in row["steps"]]
    values["certificate"] = Certificate(**row["certificate"]) if row["certificate"] else None
    return values


def _crowds(index: FacetIndex, activities: Sequence[int]) -> Steps[dict[int, tuple[int, int]]]:
    """Of each activity, how many sessions it has, and how many people are enrolled in any of them."""
    found = {}
    for activity in activities:
        sessions = index.structure.sessions_of(activity)
        everybody = BitMap.union(BitMap(), *map(index.enrolled, sessions))
        found[activity] = len(sessions), everybody.intersection_cardinality(index.countable)
        yield
    return found


async def list_activities(actor: Actor, follower: Follower, query: ActivityQuery) -> Page[ListedActivity]:
    """A page of the activities one may know of: staff all, learners those they can be enrolled in or are part of."""
    conditions = Conditions()
    if not await is_staff(actor):
        conditions.add(_SEEN, list(await containing_groups(actor) | await team_groups(actor)), actor.id)
    conditions.add_search(query.q, "a.title", "coalesce(a.external_id, '')")
    if query.kinds:
        conditions.add("a.kind = ANY({})", list(query.kinds))
    if query.external_id is not None:
        conditions.add("a.external_id = {}", code_key(query.external_id))
    order = chosen_sort(query.sort, _SORTS, "title")
    rows, total = await sorted_rows(
        _COLUMNS, "activity a", conditions, order, limit=query.limit, cursor=query.cursor
    )
    crowds: dict[int, tuple[int, int]] = {}
    # Others do not see every session of an activity, and so not how many there are.
    if actor.is_admin:
        index = await latest(follower)
        shown = [row["id"] for row in rows[: query.limit]]
        crowds = await index.sliced(lambda: _crowds(index, shown))

    def listed(row: Record) -> ListedActivity:
        sessions, enrolled = crowds.get(row["id"], (None, None))
        return ListedActivity(**_values(row), session_count=sessions, enrolled=enrolled)

    return page_of(rows, query.limit, total, item=listed, key=order.key)


async def get_activity(actor: Actor, activity_id: int) -> Activity:
    """One activity, or `NotFound`."""
    await activity_for(actor, activity_id)
    row = await fetch_row(f"SELECT {_COLUMNS} FROM activity a WHERE a.id = $1", activity_id)
    if row is None:
        raise RuntimeError("the activity was deleted between two queries")
    return Activity(**_values(row))


async def _write_certificate(activity_id: int, title: str, data: CertificateInput | None) -> None:
    if data is not None:
        await execute(
            "INSERT INTO certificate (activity_id, title, valid_months) VALUES ($1, $2, $3)"
            " ON CONFLICT (activity_id) DO UPDATE SET title = excluded.title, valid_months = excluded.valid_months",
            activity_id,
            data.title or title,
            data.valid_months,
        )
        return
    row = await fetch_row("SELECT id, title FROM certificate WHERE activity_id = $1", activity_id)
    if row is None:
        return
    what = f"Certificate “{row['title']}”"
    await dependents.refuse_if_rules_refer(what, Dependency("certificate", row["id"]))
    issued = await fetch_value("SELECT count(*) FROM award WHERE certificate_id = $1", row["id"])
    if issued:
        raise Conflict(f"{what} was issued {issued:,} times, so it has to stay.")
    await execute("DELETE FROM certificate WHERE id = $1", row["id"])


async def create_activity(actor: Actor, data: ActivityInput) -> Activity:
    """A new activity with its steps and certificate."""
    require_admin(actor)
    async with transaction():
        activity_id = await fetch_value(
            "INSERT INTO activity (kind, title, description, external_id, min_minutes, max_minutes, several_sessions,"
            " created_by) VALUES ($1, $2, $3, $4, $5, $6, $7, $8) RETURNING id",
            data.kind,
            data.title,
            data.description,
            data.external_id,
            data.min_minutes,
            data.max_minutes,
            data.several_sessions,
            actor.id or None,
        )
        await write_steps(activity_id, data.steps)
        if data.certificate is not None:
            await _write_certificate(activity_id, data.title, data.certificate)
        await audit.record(actor, "activity.create", "activity", activity_id, title=data.title)
        return await get_activity(actor, activity_id)


async def change_activity(
    actor: Actor, activity_id: int, data: ActivityChange, if_match: int | None
) -> Activity:
    """Change what is given; results and standings follow the new steps and limits."""
    await activity_for(actor, activity_id, "manage")
    given = {name: value for name in data.__struct_fields__ if (value := getattr(data, name)) is not UNSET}
    async with transaction():
        row = await lock_row("activity", activity_id, if_match)
        after = {**row, **given}
        await write_columns(
            "activity", activity_id, {name: value for name, value in given.items() if name in row}
        )
        if after["several_sessions"] != row["several_sessions"]:
            await _allow_several(activity_id, several=after["several_sessions"])
        if data.steps is not UNSET:
            await write_steps(activity_id, given["steps"])
        if data.certificate is not UNSET:
            await _write_certificate(activity_id, after["title"], given["certificate"])
        await audit.record(actor, "activity.change", "activity", activity_id, changed=sorted(given))
        return await get_activity(actor, activity_id)


async def replace_activity(
    actor: Actor, activity_id: int, data: ActivityInput, if_match: int | None
) -> Activity:
    """Replace everything but the kind, which is fixed."""
    row = await activity_for(actor, activity_id, "manage")
    if data.kind != row["kind"]:
        raise Invalid.at("kind", "fixed", f"This is a {row['kind']}, and stays one.")
    change = ActivityChange(**{name: getattr(data, name) for name in ActivityChange.__struct_fields__})
    return await change_activity(actor, activity_id, change, if_match)


async def _allow_several(activity_id: int, *, several: bool) -> None:
    """Enrollments carry a copy, on which the one-live-enrollment index stands."""
    if not several:
        twice = await fetch_value(
            f"SELECT count(*) FROM (SELECT FROM enrollment WHERE {_OF_ACTIVITY} AND state <> 'expired'"
            " GROUP BY learner_id HAVING count(*) > 1) found",
            activity_id,
        )
        if twice:
            raise Conflict(f"{twice:,} learners are in several sessions of it already.")
    await execute(f"UPDATE enrollment SET exclusive = $2 WHERE {_OF_ACTIVITY}", activity_id, not several)


async def delete_activity(actor: Actor, activity_id: int) -> None:
    """Delete an activity that nothing depends on and nobody has results on. Raises `HasDependents`, `Conflict`."""
    row = await activity_for(actor, activity_id, "manage")
    async with transaction():
        await lock_row("activity", activity_id, None)
        certificate = await fetch_value("SELECT id FROM certificate WHERE activity_id = $1", activity_id)
        found = [
            *await dependents.named(
                "session", "SELECT id, name FROM session WHERE activity_id = $1", activity_id
            ),
            *await dependents.named(
                "activity",
                "SELECT DISTINCT a.id, a.title FROM step s JOIN activity a ON a.id = s.activity_id"
                " WHERE s.child_activity_id = $1",
                activity_id,
            ),
            *await dependents.named(
                "method",
                "SELECT m.id, coalesce(nullif(m.name, ''), s.name) FROM enrollment_method m"
                " JOIN session s ON s.id = m.session_id WHERE m.after_activity_id = $1 AND m.deleted_at IS NULL",
                activity_id,
            ),
            *await dependents.rules_that_refer(
                Dependency("activity", activity_id), Dependency("certificate", certificate or 0)
            ),
        ]
        await dependents.refuse(f"“{row['title']}”", found)
        people = await fetch_value(
            "SELECT count(*) FROM (SELECT learner_id FROM standing WHERE activity_id = $1"
            " UNION SELECT learner_id FROM award WHERE certificate_id = $2) known",
            activity_id,
            certificate,
        )
        if people:
            raise Conflict(f"{people:,} learners have results on it, which would be lost.")
        await execute(
            "UPDATE enrollment_method SET after_activity_id = NULL WHERE after_activity_id = $1"
            " AND deleted_at IS NOT NULL",
            activity_id,
        )
        await execute("DELETE FROM activity WHERE id = $1", activity_id)
        await audit.record(actor, "activity.delete", "activity", activity_id, title=row["title"])
