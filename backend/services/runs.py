"""Runs: what was done to whom, by whom and why; undone, approved or rejected by those who may enroll there."""

from collections.abc import Sequence
from typing import Any

from asyncpg import Record
from msgspec import UNSET, Struct
from pyroaring import BitMap

from backend import clock
from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.enrollment.state_causes import Stated
from backend.index import BrokenRule, FacetIndex, Follower
from backend.schemas.commons import Page
from backend.schemas.enrolling import RunState
from backend.schemas.enrolling import runs as wire
from backend.schemas.people import Person
from backend.services import audit, holding, undoing
from backend.services.actor import Actor
from backend.services.audiences import Broken, caught_up
from backend.services.change_kinds import FIGURES
from backend.services.chunks import CHUNK, begin_large
from backend.services.conditions import Conditions
from backend.services.enrollment_writer import Write, lock_sessions, write
from backend.services.errors import Conflict, Forbidden, NotFound
from backend.services.learner_lists import visible_among
from backend.services.method_seals import sealed_methods
from backend.services.paging import decode_cursor, page_of
from backend.services.people import people
from backend.services.reach import instructed_sessions, led_groups, team_groups
from backend.services.rights import is_session_staff, session_for
from backend.services.run_rights import permit_to_decide, undo_reach, visible_in_session
from backend.services.sealing import reading_sight

# Who was left alone by an undo is listed by name up to this many; the run keeps more.
MOST_NAMED = 100
LARGEST_RUN_ID = 2**63 - 1

_RUNS = """
SELECT r.*, m.name AS method_name, m.kind AS method_kind, s.name AS session_name, a.title AS activity_title,
       l.email, l.first_name, l.last_name, (SELECT u.id FROM run u WHERE u.undo_of = r.id) AS undone_by, to_jsonb(f) AS figures
"""
_FROM = """
FROM run r
LEFT JOIN enrollment_method m ON m.id = r.method_id
LEFT JOIN session s ON s.id = r.session_id
LEFT JOIN activity a ON a.id = s.activity_id
LEFT JOIN learner l ON l.id = r.actor_id
"""
_FIGURES = f"CROSS JOIN LATERAL ({FIGURES}) AS f"
_SEARCHED = (
    "coalesce(m.name, '')", "coalesce(s.name, '')", "coalesce(a.title, '')",
    "coalesce(l.first_name, '')", "coalesce(l.last_name, '')", "coalesce(l.email, '')",
)  # fmt: skip
# Others do not search for what they may not read: who did it, and what a sealed method is called.
_SEARCHED_BY_ALL = ("coalesce(s.name, '')", "coalesce(a.title, '')")


class RunQuery(Struct, frozen=True):
    """What the list of runs is asked for."""

    session_id: int | None = None
    method_id: int | None = None
    state: RunState | None = None
    q: str | None = None
    limit: int = 100
    cursor: str | None = None


async def list_runs(actor: Actor, query: RunQuery) -> Page[wire.Run]:
    """Runs of the sessions one may enroll in, the latest first."""
    conditions = Conditions()
    if query.session_id is not None:
        await session_for(actor, query.session_id, "enroll")
        conditions.add("r.session_id = {}", query.session_id)
    if not actor.is_admin:
        # Of sessions where they enroll their team managers see what they did themselves.
        conditions.add(
            "s.group_id = ANY({}::integer[]) OR s.id = ANY({}::integer[]) OR (r.actor_id = {} AND s.catalog <> 'hidden'"
            " AND s.group_id = ANY({}::integer[]))",
            list(await led_groups(actor)),
            list(await instructed_sessions(actor)),
            actor.id,
            list(await team_groups(actor)),
        )
    sight = await reading_sight(actor)
    if query.method_id is not None:
        if await sealed_methods(sight, [query.method_id]):
            # Which runs are a sealed method's would tell whom it enrolled.
            return Page(items=[], total=0)
        conditions.add("r.method_id = {}", query.method_id)
    if query.state is not None:
        conditions.add("r.state = {}", query.state)
    conditions.add_search(query.q, *(_SEARCHED if actor.is_admin else _SEARCHED_BY_ALL))
    total = await fetch_value(f"SELECT count(*) {_FROM} WHERE {conditions.sql}", *conditions.values)
    key = decode_cursor(query.cursor, tuple[int])
    if key is not None:
        conditions.add("r.id < {}", key[0])
    limit = conditions.value(query.limit + 1)
    rows = await fetch(
        f"{_RUNS} {_FROM} {_FIGURES} WHERE {conditions.sql} ORDER BY r.id DESC LIMIT {limit}",
        *conditions.values,
    )
    sealed = await _sealed(actor, rows)
    seen = await _seen_actors(actor, rows)
    return page_of(
        rows,
        query.limit,
        total,
        item=lambda row: wire.Run(**_fields(actor, row, seen, sealed)),
        key=lambda row: [row["id"]],
    )


async def get_run(actor: Actor, run_id: int) -> wire.RunDetail:
    """One run; of an undo with whom it left alone."""
    row = await visible_run(actor, run_id)
    fields = _fields(actor, row, await _seen_actors(actor, [row]), await _sealed(actor, [row]))
    return wire.RunDetail(**fields, **await _left_alone(actor, row["session_id"], row["detail"]))


# ── deciding ─────────────────────────────────────────────────────────────────────────────────────────────────────


async def undo(actor: Actor, follower: Follower, run_id: int) -> wire.Undone:
    """Take the run back as one act, of the people who are the actor's; the rest is left alone and counted.

    Raises `Forbidden` where nothing of it is theirs, `Conflict` for a run that is not applied, or undone already.
    """
    async with transaction():
        run = await _locked(actor, run_id, "applied", "undone")
        among = await undo_reach(actor, follower, run)
        undo_id = await undoing.undo_run(run, actor.id or None, among)
        await audit.record(actor, "run.undo", "run", run_id, undo_id=undo_id)
    return await undone(actor, undo_id)


async def undone(actor: Actor, undo_id: int) -> wire.Undone:
    """What an undo has done so far."""
    row = await visible_run(actor, undo_id)
    detail: dict[str, Any] = row["detail"]
    return wire.Undone(
        **_fields(actor, row, await _seen_actors(actor, [row]), await _sealed(actor, [row])),
        **await _left_alone(actor, row["session_id"], detail),
        people=row["total"] - detail["left_alone_total"],
        cancelled_mail=detail["cancelled_mail"],
        method_restored=detail["method_restored"],
    )


async def _left_alone(actor: Actor, session_id: int, detail: dict[str, Any]) -> dict[str, Any]:
    """Whom an undo left alone, as far as the actor sees them; of any other run, nobody."""
    beyond = detail.get("beyond", [])
    alone = dict([*detail.get("left_alone", []), *beyond][:MOST_NAMED])
    seen = await visible_in_session(actor, session_id, list(alone))
    named = [
        wire.LeftAlone(learner=person, reason=alone[person.id])
        for person in await people(list(alone))
        if person.id in seen
    ]
    total = detail.get("left_alone_total", 0) + detail.get("beyond_total", 0)
    return {"left_alone_total": total, "left_alone": named}


async def approve(actor: Actor, follower: Follower, run_id: int, request: wire.Approve) -> wire.RunDetail:
    """Let those on the held list come and go who still would; with `learner_ids` only these, and the rest stays held."""
    async with transaction():
        run = await _locked(actor, run_id, "held", "approved")
        index = await caught_up(follower)
        permit = await permit_to_decide(actor, index, run)
        listed = {change: BitMap(await holding.listed(run_id, change)) for change in holding.CHANGES}
        chosen = {
            change: some if request.learner_ids is UNSET else some & BitMap(request.learner_ids)
            for change, some in listed.items()
        }
        permit.require_people(entering=chosen["entered"], leaving=chosen["left"])
        partly = chosen != listed
        entering, leaving = await _would_change(index, run["method_id"])
        for change, some in chosen.items():
            await holding.take_off(run_id, change, list(some))
        one = Write(
            method_id=run["method_id"],
            session_id=run["session_id"],
            cause="approve",
            actor_id=actor.id,
            position=index.position,
            entering=list(entering & chosen["entered"]),
            leaving=list(leaving & chosen["left"]),
            run_id=None if partly else run_id,
        )
        answered = await _approved(one, partly)
        if partly:
            await holding.count_list(run_id)
        else:
            await holding.set_state(run["method_id"], "live")
        people, of = (sum(len(some) for some in sets.values()) for sets in (chosen, listed))
        await audit.record(actor, "run.approve", "run", run_id, people=people, of=of)
    return await get_run(actor, answered)


async def _approved(one: Write, partly: bool) -> int:
    if len(one.entering) + len(one.leaving) > CHUNK:
        return await begin_large(one)
    (written,) = await write([one])
    assert written.run_id is not None  # noqa: S101 - approvals leave a run
    if not partly:
        await execute(
            "UPDATE run SET state = 'applied', cause = 'approve', actor_id = $2, finished_at = $3 WHERE id = $1",
            written.run_id,
            one.actor_id or None,
            clock.now(),
        )
    return written.run_id


async def _would_change(index: FacetIndex, method_id: int) -> tuple[BitMap, BitMap]:
    """Who is in the method's audience now without its source, and who holds that without being in it. Raises `Broken`."""
    method = index.structure.methods.get(method_id)
    if method is None or method.rule is None:
        return BitMap(), BitMap()
    rule = method.rule
    try:
        desired = await index.sliced(lambda: index.evaluate_steps(rule, clock.today(index.timezone)))
    except BrokenRule as broken:
        raise Broken(broken.problems) from broken
    actual = index.sources(method_id) & index.countable
    return desired - actual, actual - desired


async def reject(actor: Actor, follower: Follower, run_id: int, request: wire.Reject) -> wire.RunDetail:
    """Nobody of the list comes or goes; the method is frozen until somebody confirms a plan of it."""
    async with transaction():
        run = await _locked(actor, run_id, "held", "rejected")
        await permit_to_decide(actor, await caught_up(follower), run)
        await holding.close(run_id, "rejected")
        why = Stated("rejected", {"run_id": run_id, "people": run["total"], "note": request.reason})
        await holding.set_state(run["method_id"], "frozen", why)
        await audit.record(actor, "run.reject", "run", run_id, reason=request.reason)
    return await get_run(actor, run_id)


# ── access and showing ───────────────────────────────────────────────────────────────────────────────────────────


async def visible_run(actor: Actor, run_id: int) -> Record:
    """The run with the names on it, or `NotFound`; for its session's staff, and managers who did it themselves."""
    row = (
        await fetch_row(f"{_RUNS} {_FROM} {_FIGURES} WHERE r.id = $1", run_id)
        if 0 < run_id <= LARGEST_RUN_ID
        else None
    )
    if row is None:
        raise NotFound(f"There is no run {run_id}.")
    if row["session_id"] is None:
        raise NotFound(f"There is no run {run_id}.")
    try:
        session = await session_for(actor, row["session_id"], "enroll")
    except (Forbidden, NotFound):
        # Somebody else's: that it exists is not theirs to know.
        raise NotFound(f"There is no run {run_id}.") from None
    if not await is_session_staff(actor, session) and row["actor_id"] != actor.id:
        raise NotFound(f"There is no run {run_id}.")
    return row


async def _locked(actor: Actor, run_id: int, state: str, done: str) -> Record:
    """The run with its session's lock, if it is in this state. Raises `Conflict` otherwise.

    Sessions are locked before runs, by everybody.
    """
    seen = await visible_run(actor, run_id)
    await lock_sessions([seen["session_id"]])
    row = await fetch_row("SELECT * FROM run WHERE id = $1 FOR UPDATE", run_id)
    if row is None or row["state"] != state:
        now = "gone" if row is None else row["state"]
        raise Conflict(f"Only a run that is {state} can be {done}; this one is {now}.", extra={"state": now})
    return row


async def _seen_actors(actor: Actor, rows: Sequence[Record]) -> frozenset[int]:
    return await visible_among(actor, [row["actor_id"] for row in rows if row["actor_id"] is not None])


async def _sealed(actor: Actor, rows: Sequence[Record]) -> frozenset[int]:
    methods = {row["method_id"] for row in rows if row["method_id"] is not None}
    return await sealed_methods(await reading_sight(actor), methods)


def _figures(row: Record) -> dict[str, int]:
    """What the run did to people; of a held one, what it would do."""
    if row["state"] == "held":
        figures: dict[str, int] = row["figures"]
        return figures
    same = {name: row[name] for name in ("gaining", "losing", "completed_stay")}
    return {"entering": row["entered"], "leaving": row["left_count"], **same}


def _fields(actor: Actor, row: Record, seen: frozenset[int], sealed: frozenset[int]) -> dict[str, Any]:
    """The values of a `Run`; who did it only where the reader may see them, and no `sealed` method."""
    by = None
    if row["actor_id"] in seen:
        by = Person(
            id=row["actor_id"],
            email=row["email"],
            first_name=row["first_name"],
            last_name=row["last_name"],
        )
    plain = (
        "id", "method_id", "method_name", "method_kind", "session_id", "session_name", "activity_title", "cause", "state", "entered",
        "blocked", "total", "done", "position", "undo_of", "undone_by", "created_at", "finished_at",
    )  # fmt: skip
    progress = 1.0 if row["state"] != "applying" or not row["total"] else row["done"] / row["total"]
    hidden = dict.fromkeys(("method_id", "method_name", "method_kind")) if row["method_id"] in sealed else {}
    return (
        {name: row[name] for name in plain}
        | hidden
        | _figures(row)
        | {
            "actor": by,
            "left": row["left_count"],
            "progress": progress,
            # What a sealed method did is not the reader's to take back, unless they did it themselves.
            "can_undo": row["state"] == "applied"
            and (row["method_id"] not in sealed or row["actor_id"] == actor.id),
        }
    )
