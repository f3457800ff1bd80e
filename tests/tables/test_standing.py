"""Standing on an activity when reports come at the same time."""

import asyncio

from backend import database as db


async def _path() -> tuple[int, int, list[int]]:
    learner = await db.fetch_value(
        "INSERT INTO learner (email, added_at) VALUES ('ada@example.org', muster_now()) RETURNING id"
    )
    path = await db.fetch_value("INSERT INTO activity (kind, title) VALUES ('path', 'P') RETURNING id")
    steps = [
        await db.fetch_value(
            "INSERT INTO step (activity_id, position, kind, title) VALUES ($1, $2, 'content', 's') RETURNING id",
            path,
            position,
        )
        for position in (1, 2)
    ]
    return learner, path, steps


async def _two_at_once(first: str, second: str, *arguments: object) -> None:
    one, two = await db.open_connection(), await db.open_connection()
    try:
        open_first, open_second = one.transaction(), two.transaction()
        await open_first.start()
        await open_second.start()
        await one.execute(first, *arguments)
        # The second waits for the first; its commit lets it go on.
        waiting = asyncio.create_task(two.execute(second, *arguments))
        await _until_waiting(two.get_server_pid())
        await open_first.commit()
        await waiting
        await open_second.commit()
    finally:
        await one.close()
        await two.close()


async def _until_waiting(pid: int) -> None:
    async with asyncio.timeout(10):
        while not await db.fetch_value(  # noqa: ASYNC110 - PostgreSQL has no event for it
            "SELECT cardinality(pg_blocking_pids($1)) > 0", pid
        ):
            await asyncio.sleep(0.01)


async def test_two_steps_completed_at_once_complete_the_path(database: str) -> None:
    learner, path, steps = await _path()
    report = "INSERT INTO result (learner_id, activity_id, step_id, status) VALUES ($1, $2, {}, 'completed')"
    await _two_at_once(report.format(steps[0]), report.format(steps[1]), learner, path)
    row = await db.fetch_row("SELECT status, steps_done FROM standing WHERE activity_id = $1", path)
    assert row is not None
    assert tuple(row) == ("completed", 2)


async def test_the_log_ends_on_the_latest_of_two_awards_made_at_once(database: str) -> None:
    learner, path, _ = await _path()
    certificate = await db.fetch_value(
        "INSERT INTO certificate (activity_id, title) VALUES ($1, 'C') RETURNING id", path
    )
    award = "INSERT INTO award (learner_id, certificate_id, issued_at) VALUES ($1, $2, '{}')"
    await _two_at_once(award.format("2026-02-01"), award.format("2026-01-01"), learner, certificate)
    await db.fetch("SELECT * FROM sequence_outbox(1000)")
    last = await db.fetch_value(
        "SELECT new->>0 FROM change_log WHERE facet = 'award' ORDER BY seq DESC LIMIT 1"
    )
    assert last.startswith("2026-02-01")
