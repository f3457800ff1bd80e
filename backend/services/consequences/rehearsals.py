"""Rehearsals: acts collected under a name, looked at as a whole, and carried out as one run or thrown away. For platform admins."""

from collections.abc import Mapping, Sequence
from datetime import datetime
from typing import Any

import msgspec
from msgspec import UNSET

from backend.database import Row, any_of, as_json, row_by_id, transaction
from backend.database.stored_json import stored_as
from backend.enrollment.acts import person_of
from backend.enrollment.planned_acts import planned
from backend.rules.value_words import day_in_words
from backend.runtime import clock
from backend.schemas import consequence_acts
from backend.schemas import consequences as consequences_wire
from backend.schemas import rehearsals as wire
from backend.schemas.base import LARGEST_ID, Page
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.consequences.acts import act_of
from backend.services.consequences.consequences import ConsequenceEngine, ask, confirmed
from backend.services.enrollment.runs.act_names import names_of
from backend.services.errors import Conflict, Invalid, NotFound
from backend.services.paging import decode_cursor, page_of
from backend.services.people.person_names import people
from backend.services.versions import lock_row
from backend.tables import Field, LearnerGroup, Organisation, Rehearsal
from backend.words import Message, spoken_language


class _Seen(msgspec.Struct):
    """How it looked when somebody looked last, and at which version of the draft."""

    hash: str = ""
    version: int = 0
    at: datetime | None = None
    figures: consequences_wire.Figures = msgspec.field(default_factory=consequences_wire.Figures)


def _refuse_passwords(changes: Sequence[consequence_acts.Change]) -> None:
    """A draft is stored and read by others: a password is neither. Raises `Invalid`."""
    for number, change in enumerate(changes):
        if getattr(change, "password", UNSET) is not UNSET:
            message = Message("A rehearsal keeps no password: set it when the person is edited.")
            raise Invalid.at(f"changes[{number}].password", "secret", message)


async def list_rehearsals(actor: Actor, *, limit: int, cursor: str | None) -> Page[wire.Rehearsal]:
    """The latest first."""
    require_admin(actor)
    (before,) = decode_cursor(cursor, tuple[int]) or (LARGEST_ID,)
    rows = (
        await Rehearsal.select()
        .where(Rehearsal.id < before)
        .order_by(Rehearsal.id, ascending=False)
        .limit(limit + 1)
    )
    shown = {one.id: one for one in await _shown(rows[:limit], actor)}
    total = await Rehearsal.count()
    return page_of(rows, limit, total, item=lambda row: shown[row["id"]], key=lambda row: [row["id"]])


async def get_rehearsal(actor: Actor, rehearsal_id: int) -> wire.Rehearsal:
    """One, or `NotFound`."""
    require_admin(actor)
    (shown,) = await _shown([await _row(rehearsal_id)], actor)
    return shown


async def create_rehearsal(actor: Actor, data: wire.RehearsalInput) -> wire.Rehearsal:
    """A new draft; what it names is looked at when its consequences are asked for."""
    require_admin(actor)
    _refuse_passwords(data.changes)
    async with transaction():
        now = clock.now()
        made = await Rehearsal.insert(
            Rehearsal(
                name=data.name,
                changes=as_json(data.changes),
                created_by=actor.id or None,
                created_at=now,
                changed_at=now,
            )
        ).returning(Rehearsal.id)
        rehearsal_id: int = made[0]["id"]
        await audit.record(actor, "rehearsal.create", "rehearsal", rehearsal_id, name=data.name)
        return await get_rehearsal(actor, rehearsal_id)


async def change_rehearsal(
    actor: Actor, rehearsal_id: int, data: wire.RehearsalChange, if_match: int | None
) -> wire.Rehearsal:
    """Change what is given. Raises `Stale`, and `Conflict` for one that has been carried out."""
    require_admin(actor)
    async with transaction():
        await _draft(rehearsal_id, if_match)
        values: dict[Any, Any] = {Rehearsal.version: Rehearsal.version + 1, Rehearsal.changed_at: clock.now()}
        if data.name is not UNSET:
            values[Rehearsal.name] = data.name
        if data.changes is not UNSET:
            _refuse_passwords(data.changes)
            values[Rehearsal.changes] = as_json(data.changes)
        await Rehearsal.update(values).where(Rehearsal.id == rehearsal_id)
        await audit.record(actor, "rehearsal.change", "rehearsal", rehearsal_id)
        return await get_rehearsal(actor, rehearsal_id)


async def delete_rehearsal(actor: Actor, rehearsal_id: int) -> None:
    """Throw it away; what was carried out stays done."""
    require_admin(actor)
    async with transaction():
        row = await _row(rehearsal_id)
        await Rehearsal.delete().where(Rehearsal.id == rehearsal_id)
        await audit.record(actor, "rehearsal.delete", "rehearsal", rehearsal_id, name=row["name"])


async def consequences_of(
    actor: Actor, engine: ConsequenceEngine, rehearsal_id: int
) -> wire.RehearsalConsequences:
    """What would follow now; that somebody looked is kept, so that the next one hears what has changed underneath."""
    require_admin(actor)
    row = await _row(rehearsal_id)
    told = await ask(actor, engine, _changes_of(row))
    seen = stored_as(row["seen"], _Seen, _Seen())
    same = seen.version == row["version"]
    figures = {name: getattr(told, name) for name in consequences_wire.Figures.__struct_fields__}
    now = _Seen(told.hash, row["version"], clock.now(), consequences_wire.Figures(**figures))
    await Rehearsal.update({Rehearsal.seen: as_json(now)}).where(
        Rehearsal.id == rehearsal_id, Rehearsal.version == row["version"]
    )
    return wire.RehearsalConsequences(
        **{name: getattr(told, name) for name in consequences_wire.Consequences.__struct_fields__},
        changed_underneath=same and seen.hash != told.hash,
        looked_at=seen.at if same else None,
        before=seen.figures if same else None,
    )


async def apply_rehearsal(
    actor: Actor, engine: ConsequenceEngine, rehearsal_id: int, hash_: str
) -> int | None:
    """Do all of it as it was shown, as one run. Raises `ConsequencesChanged`, and `Conflict` for one that has been carried out."""
    require_admin(actor)
    async with transaction():
        row = await _draft(rehearsal_id, None)
        done = await confirmed(actor, engine, _changes_of(row), hash_)
        await Rehearsal.update(
            {
                Rehearsal.state: "applied",
                Rehearsal.run_id: done.run_id,
                Rehearsal.changed_at: clock.now(),
                Rehearsal.version: Rehearsal.version + 1,
            }
        ).where(Rehearsal.id == rehearsal_id)
        await audit.record(actor, "rehearsal.apply", "rehearsal", rehearsal_id, run_id=done.run_id)
        return done.run_id


async def _row(rehearsal_id: int) -> Row:
    row = await row_by_id(Rehearsal, rehearsal_id)
    if row is None:
        raise NotFound(Message("There is no rehearsal {id}.", id=rehearsal_id))
    return row


async def _draft(rehearsal_id: int, if_match: int | None) -> Row:
    """Its row, locked, while it has not been carried out."""
    await _row(rehearsal_id)
    row = await lock_row(Rehearsal, rehearsal_id, if_match)
    if row["state"] != "draft":
        raise Conflict(Message("This rehearsal has been carried out. Make a new one for further changes."))
    return row


def _stored(row: Row) -> list[consequence_acts.Change] | None:
    found: list[consequence_acts.Change] | None = stored_as(
        row["changes"], list[consequence_acts.Change], None
    )
    return found


def _changes_of(row: Row) -> list[consequence_acts.Change]:
    changes = _stored(row)
    if not changes:
        raise Conflict(Message("What this rehearsal holds can no longer be read. Make a new one."))
    return changes


async def _shown(rows: Sequence[Row], actor: Actor) -> list[wire.Rehearsal]:
    changes = {row["id"]: _stored(row) for row in rows}
    acts = {id_: [_summary(one) for one in some or ()] for id_, some in changes.items()}
    await _tell_of_groups(list(acts.values()), actor.reads)
    told = [act for some in acts.values() for act in some]
    names = await names_of(told) | await _field_names(told)
    named = {row["created_by"] for row in rows} | {person_of(act) for act in told}
    known = {person.id: person for person in await people(sorted(one for one in named if one is not None))}
    called = {person.id: person.full_name for person in known.values()}
    plain = ("id", "name", "state", "run_id", "created_at", "changed_at", "version")
    return [
        wire.Rehearsal(
            **{name: row[name] for name in plain},
            changes=changes[row["id"]],
            acts=[planned(act, names, called).render(actor.reads) for act in acts[row["id"]]],
            by=known.get(row["created_by"] or 0),
        )
        for row in rows
    ]


async def _field_names(acts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """Drafts name fields by their keys, as they were asked for."""
    named = {one for act in acts for one in act.get("changed") or () if one.startswith("field_key:")}
    keys = sorted(one.removeprefix("field_key:") for one in named)
    if not keys:
        return {}
    rows = await Field.select(Field.key, Field.name).where(any_of(Field.key, keys))
    return {f"field_key:{row['key']}": row["name"] for row in rows}


async def _tell_of_groups(drafts: Sequence[Sequence[dict[str, Any]]], language: str) -> None:
    """Where the groups are that go elsewhere, the acts before them done; and the days on which some end, as they are read."""
    of_groups = [[act for act in acts if act["act"] == "group"] for acts in drafts]
    moved = {act["group_id"] for acts in of_groups for act in acts if "parent_id" in act}
    rows = await LearnerGroup.select(LearnerGroup.id, LearnerGroup.parent_id).where(
        any_of(LearnerGroup.id, sorted(moved))
    )
    (organisation,) = await Organisation.select(Organisation.timezone)
    for acts in of_groups:
        parents: dict[int, int | None] = {row["id"]: row["parent_id"] for row in rows}
        for act in acts:
            if "parent_id" in act:
                old = parents.get(act["group_id"])
                # Of one that has been carried out it is where it goes.
                act["old_parent_id"] = old if old != act["parent_id"] else None
                parents[act["group_id"]] = act["parent_id"]
            if act.get("ends_at"):
                day = clock.day_of(datetime.fromisoformat(act["ends_at"]), organisation["timezone"])
                act["ends_at"] = day_in_words(day.isoformat(), spoken_language(language))


def _summary(change: consequence_acts.Change) -> dict[str, Any]:
    told = act_of(change).summary(change)
    return {"act": told.act, **told.values}
