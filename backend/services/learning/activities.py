"""Courses, programs and paths."""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import Any

from asyncpg import Record
from msgspec import UNSET
from pyroaring import BitMap

from backend import tables
from backend.database import fetch_row, fetch_value, transaction
from backend.index import FacetIndex, Follower
from backend.index.steps import Steps
from backend.rules import Dependency
from backend.schemas.base import Page
from backend.schemas.learning.activities import (
    Activity,
    ActivityChange,
    ActivityInput,
    Certificate,
    CertificateInput,
    ListedActivity,
    Step,
)
from backend.schemas.problem import Dependent, Dependents
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import containing_groups, is_staff, team_groups
from backend.services.access.rights import activity_for, require_admin
from backend.services.audiences import dependents
from backend.services.audiences.index_access import latest_index
from backend.services.errors import Conflict, Invalid
from backend.services.learning import statements
from backend.services.learning.activity_steps import write_steps
from backend.services.paging import page_of
from backend.services.sorted_rows import sorted_rows
from backend.services.statements import some_rows
from backend.services.versions import lock_row, write_columns
from backend.services.where_clauses import Conditions, chosen_sort
from backend.text import code_key
from backend.words import Message
from backend.words.nouns import activity_kind

_SORTS = {"title": (("lower(a.title)", "text"), ("a.id", "integer")), "id": (("a.id", "integer"),)}


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
        sessions = index.sessions_of(activity)
        everybody = BitMap.union(BitMap(), *map(index.enrolled, sessions))
        found[activity] = len(sessions), everybody.intersection_cardinality(index.countable)
        yield
    return found


async def list_activities(actor: Actor, follower: Follower, query: ActivityQuery) -> Page[ListedActivity]:
    """A page of the activities one may know of: staff all, learners those they can be enrolled in or are part of."""
    conditions = Conditions()
    if not await is_staff(actor):
        conditions.add(
            statements.SEEN_ACTIVITIES,
            list(await containing_groups(actor) | await team_groups(actor)),
            *[actor.id] * 3,
        )
    conditions.add_search(query.q, "a.title", "coalesce(a.external_id, '')")
    if query.kinds:
        conditions.add("a.kind = ANY({})", list(query.kinds))
    if query.external_id is not None:
        conditions.add("a.external_id = {}", code_key(query.external_id))
    order = chosen_sort(query.sort, _SORTS, "title")
    rows, total = await sorted_rows(
        statements.ACTIVITY_COLUMNS, "activity a", conditions, order, limit=query.limit, cursor=query.cursor
    )
    crowds: dict[int, tuple[int, int]] = {}
    # Others do not see every session of an activity, and so not how many there are.
    if actor.is_admin:
        index = await latest_index(follower)
        shown = [row["id"] for row in rows[: query.limit]]
        crowds = await index.sliced(lambda: _crowds(index, shown))

    def listed(row: Record) -> ListedActivity:
        sessions, enrolled = crowds.get(row["id"], (None, None))
        return ListedActivity(**_values(row), session_count=sessions, enrolled=enrolled)

    return page_of(rows, query.limit, total, item=listed, key=order.key)


async def get_activity(actor: Actor, activity_id: int) -> Activity:
    """One activity, or `NotFound`."""
    await activity_for(actor, activity_id)
    row = await fetch_row(some_rows(statements.ACTIVITY_COLUMNS, "activity a", "a.id = $1"), activity_id)
    if row is None:
        raise RuntimeError("the activity was deleted between two queries")
    return Activity(**_values(row))


async def _write_certificate(activity_id: int, title: str, data: CertificateInput | None) -> None:
    if data is not None:
        certificate = tables.Certificate(
            activity_id=activity_id, title=data.title or title, valid_months=data.valid_months
        )
        await tables.Certificate.insert(certificate).on_conflict(
            target=tables.Certificate.activity_id,
            action="DO UPDATE",
            values=[tables.Certificate.title, tables.Certificate.valid_months],
        )
        return
    row = await _certificate(activity_id)
    if row is None:
        return
    what = Message("Certificate “{name}”", name=row["title"])
    await dependents.refuse_if_rules_refer(what, Dependency("certificate", row["id"]))
    issued = await tables.Award.count().where(tables.Award.certificate_id == row["id"])
    if issued:
        raise Conflict(
            Message.plural(
                "{what} was issued {count:,} times, so it has to stay.",
                "{what} was issued {count:,} times, so it has to stay.",
                issued,
                what=what,
            )
        )
    await tables.Certificate.delete().where(tables.Certificate.id == row["id"])


async def _certificate(activity_id: int) -> dict[str, Any] | None:
    return await tables.Certificate.select().where(tables.Certificate.activity_id == activity_id).first()


async def create_activity(actor: Actor, data: ActivityInput) -> Activity:
    """A new activity with its steps and certificate."""
    require_admin(actor)
    async with transaction():
        made = await tables.Activity.insert(
            tables.Activity(
                kind=data.kind,
                title=data.title,
                description=data.description,
                external_id=data.external_id,
                min_minutes=data.min_minutes,
                max_minutes=data.max_minutes,
                several_sessions=data.several_sessions,
                created_by=actor.id or None,
            )
        ).returning(tables.Activity.id)
        activity_id: int = made[0]["id"]
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
        row = await lock_row(tables.Activity, activity_id, if_match)
        after = {**row, **given}
        await write_columns(
            tables.Activity, activity_id, {name: value for name, value in given.items() if name in row}
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
        raise Invalid.at(
            "kind", "fixed", Message("This is a {kind}, and stays one.", kind=activity_kind(row["kind"]))
        )
    change = ActivityChange(**{name: getattr(data, name) for name in ActivityChange.__struct_fields__})
    return await change_activity(actor, activity_id, change, if_match)


async def _allow_several(activity_id: int, *, several: bool) -> None:
    """Enrollments carry a copy, on which the one-live-enrollment index stands."""
    if not several:
        twice = await fetch_value(
            statements.IN_SEVERAL_SESSIONS,
            activity_id,
        )
        if twice:
            raise Conflict(Message("{count:,} learners are in several sessions of it already.", count=twice))
    sessions = tables.Session.select(tables.Session.id).where(tables.Session.activity_id == activity_id)
    await tables.Enrollment.update({tables.Enrollment.exclusive: not several}).where(
        tables.Enrollment.session_id.is_in(sessions)
    )


async def delete_activity(actor: Actor, activity_id: int) -> None:
    """Delete an activity that nothing depends on and nobody has results on. Raises `HasDependents`, `Conflict`."""
    row = await activity_for(actor, activity_id, "manage")
    async with transaction():
        await lock_row(tables.Activity, activity_id, None)
        awarded = await _certificate(activity_id)
        certificate: int | None = awarded["id"] if awarded else None
        await dependents.refuse(
            Message("“{name}”", name=row["title"]), await _dependents(activity_id, certificate)
        )
        people = await fetch_value(
            statements.PEOPLE_WITH_RESULTS,
            activity_id,
            certificate,
        )
        if people:
            raise Conflict(
                Message("{count:,} learners have results on it, which would be lost.", count=people)
            )
        await tables.EnrollmentMethod.update({tables.EnrollmentMethod.after_activity_id: None}).where(
            tables.EnrollmentMethod.after_activity_id == activity_id,
            tables.EnrollmentMethod.deleted_at.is_not_null(),
        )
        await tables.Activity.delete().where(tables.Activity.id == activity_id)
        await audit.record(actor, "activity.delete", "activity", activity_id, title=row["title"])


async def _dependents(activity_id: int, certificate_id: int | None) -> list[Dependent]:
    found = [
        *await dependents.named("session", statements.SESSIONS_OF_ACTIVITY, activity_id),
        *await dependents.named("activity", statements.ACTIVITIES_WITH_STEP, activity_id),
        *await dependents.named("group", statements.QUALIFICATIONS_REQUIRING, activity_id),
        *await dependents.named("method", statements.METHODS_AFTER_ACTIVITY, activity_id),
    ]
    named = [Dependency("activity", activity_id)]
    if certificate_id is not None:
        named.append(Dependency("certificate", certificate_id))
    return [*found, *await dependents.rules_that_refer(*named)]


async def list_dependents(actor: Actor, activity_id: int) -> Dependents:
    """What uses the activity or its certificate: what deleting it would break. For those who may manage it."""
    await activity_for(actor, activity_id, "manage")
    awarded = await _certificate(activity_id)
    found = await _dependents(activity_id, awarded["id"] if awarded else None)
    return await dependents.listed(actor, found)


async def list_certificate_dependents(actor: Actor, activity_id: int) -> Dependents:
    """What asks for the certificate of the activity: what taking it away would break. None where it awards none."""
    await activity_for(actor, activity_id, "manage")
    awarded = await _certificate(activity_id)
    if awarded is None:
        return await dependents.listed(actor, [])
    asked = Dependency("certificate", awarded["id"])
    return await dependents.listed(actor, await dependents.rules_that_refer(asked))
