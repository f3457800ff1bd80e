"""Enrollments with a history of their own: imported with the days people came and left, under a manual method."""

from collections import defaultdict
from collections.abc import Sequence
from datetime import datetime

import msgspec
from asyncpg import Record

from backend import clock
from backend.database import execute, fetch, transaction
from backend.services import enrollment_sql as sql
from backend.services import notices
from backend.services.actor import Actor
from backend.services.enrollment_writer import lock_sessions
from backend.services.hand_picked import hand_picked_methods

# One statement writes this many; the outbox and the followers take them in bites of this size.
BATCH = 10_000

_METHODS = """
WITH wanted AS (SELECT DISTINCT s FROM unnest($1::integer[]) AS w(s)),
found AS (
    SELECT DISTINCT ON (session_id) session_id, id FROM enrollment_method
    WHERE session_id = ANY($1::integer[]) AND kind = 'manual' AND name = $2 AND deleted_at IS NULL
    ORDER BY session_id, id
), made AS (
    INSERT INTO enrollment_method (session_id, kind, name, state, created_by, created_at)
    SELECT s, 'manual', $2, 'live', $3, $4 FROM wanted WHERE s NOT IN (SELECT session_id FROM found)
    RETURNING session_id, id
)
SELECT session_id, id FROM found UNION ALL SELECT session_id, id FROM made
"""

# $1 sessions, $2 learners, $3 since, $4 until, $5 methods, $6 runs. Sources decide: with `until` it is history, which ends nothing
# but what the same method says of the person; who is held by another method stays. A completed enrollment is never touched; who
# has a live enrollment in another session of an activity that allows only one is left out, but for their history.
_RECORD = """
WITH wanted AS (
    SELECT w.*, s.activity_id, NOT a.several_sessions AS exclusive, e.state AS old_state, e.elsewhere,
           to_jsonb(o) - '{id,session_id,activity_id,learner_id,exclusive,version}'::text[] AS before,
           EXISTS (SELECT FROM source x WHERE x.method_id = w.method_id AND x.learner_id = w.learner_id AND x.until IS NULL OFFSET 0)
               AS own,
           EXISTS (SELECT FROM source x WHERE x.session_id = w.session_id AND x.learner_id = w.learner_id AND x.until IS NULL
                   AND x.method_id <> w.method_id OFFSET 0) AS held
    FROM unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::integer[], $6::bigint[])
        AS w(session_id, learner_id, since, until, method_id, run_id)
    JOIN session s ON s.id = w.session_id JOIN activity a ON a.id = s.activity_id
    JOIN learner l ON l.id = w.learner_id AND (l.status IN ('invited', 'active') OR w.until IS NOT NULL)
    LEFT JOIN enrollment o ON o.session_id = w.session_id AND o.learner_id = w.learner_id
    CROSS JOIN LATERAL (
        SELECT o.state, NOT a.several_sessions AND EXISTS (
            SELECT FROM enrollment x WHERE x.learner_id = w.learner_id AND x.activity_id = s.activity_id
                AND x.session_id <> w.session_id AND x.exclusive AND x.state <> 'expired' OFFSET 0) AS elsewhere
    ) e
    WHERE w.until IS NOT NULL OR NOT e.elsewhere
), ended AS (
    UPDATE source o SET until = w.until, end_run_id = w.run_id FROM wanted w
    WHERE o.method_id = w.method_id AND o.learner_id = w.learner_id AND o.until IS NULL AND w.until IS NOT NULL
    RETURNING o.method_id, o.learner_id
), sourced AS (
    INSERT INTO source (method_id, learner_id, session_id, since, until, run_id)
    SELECT w.method_id, w.learner_id, w.session_id, w.since, w.until, w.run_id FROM wanted w
    WHERE NOT own AND NOT EXISTS (SELECT FROM source o WHERE o.method_id = w.method_id AND o.learner_id = w.learner_id
                                  AND (o.until IS NULL OR o.until = w.until))
), written AS (
    INSERT INTO enrollment AS e (session_id, activity_id, learner_id, state, exclusive, since, until, completed_at)
    SELECT w.session_id, w.activity_id, w.learner_id,
           CASE WHEN d.at IS NOT NULL THEN 'completed' WHEN w.until IS NULL THEN 'active' ELSE 'expired' END,
           w.exclusive, w.since, CASE WHEN d.at IS NULL THEN w.until END, d.at
    FROM wanted w
    -- Completed in this session; or, where one session is all there is, at any time.
    LEFT JOIN LATERAL (
        SELECT coalesce(r.completed_at, w.since) AS at FROM result r
        WHERE NOT w.elsewhere AND r.learner_id = w.learner_id AND r.activity_id = w.activity_id
          AND r.session_id = w.session_id AND r.step_id IS NULL AND r.status = 'completed'
        UNION ALL
        SELECT coalesce(t.completed_at, w.since) FROM standing t
        WHERE w.exclusive AND w.until IS NULL AND t.activity_id = w.activity_id AND t.learner_id = w.learner_id
          AND t.status = 'completed'
        LIMIT 1
    ) d ON true
    -- Of history only what nothing live speaks against.
    WHERE w.until IS NULL OR (NOT w.held AND (w.own OR w.old_state IS NULL OR w.old_state = 'expired'))
    ORDER BY w.learner_id, w.session_id
    ON CONFLICT (session_id, learner_id) DO UPDATE SET
        state = CASE WHEN e.state = 'suspended' AND excluded.state = 'active' THEN e.state ELSE excluded.state END,
        since = CASE WHEN e.state = 'expired' THEN excluded.since ELSE least(e.since, excluded.since) END,
        until = excluded.until, completed_at = excluded.completed_at, version = e.version + 1
    WHERE e.state <> 'completed' AND CASE
        WHEN e.state = 'expired' AND excluded.state = 'expired' THEN excluded.until > e.until
        WHEN e.state <> 'expired' AND excluded.state = 'active' THEN excluded.since < e.since
        ELSE true END
    RETURNING e.session_id, e.learner_id, e.state, e.version,
              to_jsonb(e) - '{id,session_id,activity_id,learner_id,exclusive,version}'::text[] AS snapshot
), noted AS (
    INSERT INTO run_change (run_id, learner_id, change, before, after)
    SELECT w.run_id, w.learner_id,
           CASE WHEN n.state = 'expired' AND w.old_state IN ('active', 'suspended') THEN 'left'
                WHEN w.old_state IN ('active', 'suspended') THEN 'updated' ELSE 'entered' END, w.before, n.snapshot
    FROM written n JOIN wanted w USING (session_id, learner_id)
    ON CONFLICT DO NOTHING
)
SELECT session_id, learner_id, state, version = 1 AS new FROM written
"""


class Registration(msgspec.Struct, frozen=True):
    """Somebody was enrolled from `since` on, and if `until` is given, no longer from then on. Neither is in the future."""

    learner_id: int
    session_id: int
    since: datetime
    until: datetime | None = None


class Recorded(msgspec.Struct, frozen=True):
    """How many enrollments were made and changed, and whom another session of the activity holds: (learner, session)."""

    created: int
    updated: int
    elsewhere: list[tuple[int, int]]


async def record(
    actor: Actor, rows: Sequence[Registration], *, method_name: str = "Registrations"
) -> Recorded:
    """Record them in one transaction a batch; recording them again changes nothing.

    Everybody gets a source in the session's manual method of this name, so that why and since when can be told. The
    caller has checked that the actor may enroll in these sessions. Nobody is told of a session that has ended.
    """
    created = updated = 0
    elsewhere: list[tuple[int, int]] = []
    for start in range(0, len(rows), BATCH):
        async with transaction():
            one = await _record(actor, rows[start : start + BATCH], method_name)
        created += one.created
        updated += one.updated
        elsewhere += one.elsewhere
    return Recorded(created, updated, elsewhere)


async def _record(actor: Actor, rows: Sequence[Registration], method_name: str) -> Recorded:
    sessions = sorted({row.session_id for row in rows})
    await lock_sessions(sessions)
    methods = await methods_named(actor, sessions, method_name)
    runs = await _open_runs(actor, methods)
    written = await fetch(
        _RECORD,
        [row.session_id for row in rows],
        [row.learner_id for row in rows],
        [row.since for row in rows],
        [row.until for row in rows],
        [methods[row.session_id] for row in rows],
        [runs[row.session_id] for row in rows],
    )
    await keep_completed(written, methods, runs)
    new: dict[int, list[int]] = defaultdict(list)
    for row in written:
        if row["new"] and row["state"] == "active":
            new[row["session_id"]].append(row["learner_id"])
    for session_id, learners in sorted(new.items()):
        await notices.file_enrolled(learners, session_id, methods[session_id], runs[session_id])
    await _close_runs(runs)
    created = sum(row["new"] for row in written)
    return Recorded(created, len(written) - created, await _elsewhere(rows))


async def keep_completed(written: Sequence[Record], methods: dict[int, int], runs: dict[int, int]) -> None:
    """Who completed it before they left stays enrolled, and so needs a source that lives."""
    completed = [row for row in written if row["state"] == "completed"]
    if not completed:
        return
    sessions = sorted({row["session_id"] for row in completed})
    picked = await hand_picked_methods(sessions, None)
    await execute(
        sql.KEEP,
        [methods[row["session_id"]] for row in completed],
        [row["learner_id"] for row in completed],
        [runs[row["session_id"]] for row in completed],
        [row["session_id"] for row in completed],
        clock.now(),
        list(picked),
        list(picked.values()),
    )


async def methods_named(actor: Actor, session_ids: Sequence[int], name: str) -> dict[int, int]:
    """The manual method of this name of each session, made where it is missing; ids by session."""
    found = await fetch(_METHODS, list(session_ids), name, actor.id or None, clock.now())
    return {row["session_id"]: row["id"] for row in found}


async def _open_runs(actor: Actor, methods: dict[int, int]) -> dict[int, int]:
    opened = await fetch(
        """
        INSERT INTO run (method_id, session_id, cause, actor_id, state, created_at)
        SELECT m, s, 'import', $3, 'applying', $4 FROM unnest($1::integer[], $2::integer[]) AS w(m, s)
        RETURNING id, session_id
        """,
        list(methods.values()),
        list(methods),
        actor.id or None,
        clock.now(),
    )
    return {row["session_id"]: row["id"] for row in opened}


async def _close_runs(runs: dict[int, int]) -> None:
    """Count what each did; those that changed nothing leave no trace."""
    ids = list(runs.values())
    await execute(
        """
        UPDATE run r SET state = 'applied', finished_at = $2, entered = c.n, total = c.n, done = c.n
        FROM (SELECT run_id, count(*) AS n FROM run_change WHERE run_id = ANY($1::bigint[]) GROUP BY run_id) c
        WHERE r.id = c.run_id
        """,
        ids,
        clock.now(),
    )
    await execute("DELETE FROM run WHERE id = ANY($1::bigint[]) AND state = 'applying'", ids)


async def _elsewhere(rows: Sequence[Registration]) -> list[tuple[int, int]]:
    live = [row for row in rows if row.until is None]
    missing = await fetch(
        """
        SELECT w.l AS learner_id, w.s AS session_id FROM unnest($1::integer[], $2::integer[]) AS w(l, s)
        WHERE NOT EXISTS (SELECT FROM enrollment e WHERE e.session_id = w.s AND e.learner_id = w.l
                          AND e.state <> 'expired')
        """,
        [row.learner_id for row in live],
        [row.session_id for row in live],
    )
    return [(row["learner_id"], row["session_id"]) for row in missing]
