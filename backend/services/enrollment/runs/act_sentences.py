"""What acts were, said to a reader: people whom they may not see have no name."""

from collections.abc import Mapping, Sequence
from typing import Any

from asyncpg import Record

from backend.database import any_of
from backend.database.stored_json import stored_object
from backend.enrollment.acts import person_of, sentence
from backend.schemas.enrollment import runs as wire
from backend.services.access.actor import Actor
from backend.services.enrollment.runs.left_facts import tell_fact
from backend.services.enrollment.undo.act_undo import is_act
from backend.services.people.learner_lists import visible_among
from backend.services.people.person_names import people
from backend.tables import Run
from backend.words import Message


async def acts_seen(actor: Actor, run_ids: Sequence[int]) -> dict[int, Mapping[str, Any]]:
    """Those of the acts that the reader sees: platform admins all, others their own."""
    if not run_ids:
        return {}
    asked = Run.select(Run.id, Run.detail, Run.actor_id, Run.undo_of).where(
        any_of(Run.id, sorted(set(run_ids)))
    )
    rows = await (asked if actor.is_admin else asked.where(Run.actor_id == actor.id))
    return {row["id"]: row for row in rows}


async def sentences(actor: Actor, acts: Mapping[int, Mapping[str, Any] | Record]) -> dict[int, str]:
    """What each of these runs, which the reader sees, was as an act."""
    kept = {run_id: stored_object(row["detail"]) or {} for run_id, row in acts.items()}
    named = {
        person for detail in kept.values() for act in _acts(detail) if (person := person_of(act)) is not None
    }
    seen = await visible_among(actor, sorted(named))
    known = {one.id: one.full_name for one in await people(sorted(seen))}
    found: dict[int, str] = {}
    for run_id, detail in kept.items():
        if not (told := _acts(detail)):
            continue
        said = sentence(told, _names(detail), known)
        if acts[run_id]["undo_of"] is not None:
            said = Message("Undid: {what}", what=said)
        found[run_id] = said.render(actor.reads)
    return found


async def acts_as_seen(actor: Actor, rows: Sequence[Record]) -> dict[int, dict[str, Any]]:
    """What the runs are as acts, what followed, and what they follow from: values of a `Run`, by run."""
    causes = await acts_seen(actor, [row["caused_by"] for row in rows if row["caused_by"] is not None])
    acts: dict[int, Any] = {row["id"]: row for row in rows if is_act(row)}
    said = await sentences(actor, causes | acts)
    by_ids = [one["actor_id"] for one in causes.values() if one["actor_id"] is not None]
    by = {person.id: person for person in await people(by_ids)}
    found: dict[int, dict[str, Any]] = {}
    for row in rows:
        cause = causes.get(row["caused_by"])
        # What followed in all sessions is theirs to know of their own act, as a sum, like its undo.
        sees_all = actor.is_admin or row["actor_id"] == actor.id
        found[row["id"]] = {
            "sentence": said.get(row["id"]),
            "caused_by": None if cause is None else cause["id"],
            "cause_sentence": None if cause is None else said.get(cause["id"]),
            "cause_actor": None if cause is None else by.get(cause["actor_id"] or 0),
            "runs": wire.RunTotals(**row["followed"]) if row["followed"] is not None and sees_all else None,
        }
    return found


def _acts(detail: Mapping[str, Any]) -> list[dict[str, Any]]:
    acts = detail.get("acts")
    return [act for act in acts if isinstance(act, dict)] if isinstance(acts, list) else []


def _names(detail: Mapping[str, Any]) -> dict[str, str]:
    names = detail.get("names")
    return {str(key): str(name) for key, name in names.items()} if isinstance(names, dict) else {}


async def left_facts(actor: Actor, detail: Any) -> dict[str, Any]:
    """What an undo of an act did not touch, as far as the reader sees whom it is about."""
    kept = stored_object(detail) or {}
    left = [one for one in kept.get("left_facts") or [] if isinstance(one, dict)]
    about = {one["row"].get("learner_id") for one in left} | {
        one["row"].get("id") for one in left if one["table"] == "learner"
    }
    ids = {one for one in about | {one.get("by") for one in left} if isinstance(one, int)}
    seen = await visible_among(actor, sorted(ids))
    known = {person.id: person for person in await people(sorted(seen))}
    told = [
        wire.LeftFact(
            what=(await tell_fact(one)).render(actor.reads),
            learner=known.get(_person(one) or 0),
            reason=one["why"],
            by=known.get(one.get("by") or 0),
            at=one.get("at"),
        )
        for one in left
    ]
    return {"left_facts_total": kept.get("left_facts_total", 0), "left_facts": told}


def _person(one: Mapping[str, Any]) -> int | None:
    row = one["row"]
    found = row.get("id") if one["table"] == "learner" else row.get("learner_id")
    return found if isinstance(found, int) else None
