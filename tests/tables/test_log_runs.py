"""The log names the run of each change: the row's own, or the one that the transaction says it writes for."""

import pytest

import backend.database as db
from backend.database import logged_as

# A fact of every kind that people have, and structure.
_FACTS = (
    "INSERT INTO learner_group (id, name) VALUES (1, 'Sales')",
    "INSERT INTO field (id, key, name, type) VALUES (1, 'city', 'City', 'text')",
    "INSERT INTO activity (id, kind, title) VALUES (1, 'course', 'Safety')",
    "INSERT INTO session (id, activity_id, name) VALUES (1, 1, 'Spring')",
    "INSERT INTO certificate (id, activity_id, title) VALUES (1, 1, 'Safe')",
    "INSERT INTO learner (id, email, first_name, added_at) VALUES (1, 'ana@people.example', 'Ana', muster_now())",
    "INSERT INTO enrollment (session_id, activity_id, learner_id, state, exclusive, since) SELECT 1, 1, 1, 'active', true, muster_now()",
    "UPDATE learner SET language = 'fr', first_name = 'Anne', status = 'suspended' WHERE id = 1",
    "INSERT INTO membership (group_id, learner_id, role, since) VALUES (1, 1, 'member', muster_now())",
    "INSERT INTO field_value (learner_id, field_id, text_value) VALUES (1, 1, 'Paris')",
    "INSERT INTO result (learner_id, activity_id, status, completed_at) VALUES (1, 1, 'completed', muster_now())",
    "INSERT INTO award (learner_id, certificate_id, issued_at) VALUES (1, 1, muster_now())",
    "DELETE FROM membership",
    "DELETE FROM enrollment",
)
_ENROLL = (
    "INSERT INTO enrollment (session_id, activity_id, learner_id, state, exclusive, since, run_id)"
    " VALUES (1, 1, 1, 'active', true, muster_now(), $1)"
)


async def _logged() -> dict[str, set[int | None]]:
    """The runs that the log tells, by facet, of what was written since it was asked last."""
    await db.execute("DELETE FROM change_log")
    await db.fetch("SELECT sequence_outbox(1000000)")
    found: dict[str, set[int | None]] = {}
    for row in await db.fetch("SELECT facet, run_id FROM change_log"):
        found.setdefault(row["facet"], set()).add(row["run_id"])
    return found


async def test_whatever_is_written_for_a_run_is_logged_as_its_doing(database: str) -> None:
    async with db.transaction(), logged_as(7):
        for statement in _FACTS:
            await db.execute(statement)
    logged = await _logged()
    assert logged == {facet: {7} for facet in logged}
    assert set(logged) >= {
        "language", "added", "profile", "status", "membership", "field", "result", "award", "enrollment",
        "learner_group", "activity", "session", "certificate",
    }  # fmt: skip


async def test_it_is_over_with_the_block_and_with_the_transaction(database: str) -> None:
    async with db.transaction():
        async with logged_as(7):
            async with logged_as(8):
                await db.execute("INSERT INTO learner_group (name) VALUES ('inside')")
            await db.execute("INSERT INTO activity (kind, title) VALUES ('course', 'outside')")
        await db.execute("INSERT INTO field (key, name, type) VALUES ('after', 'After', 'text')")
    assert await _logged() == {"learner_group": {8}, "activity": {7}, "field": {None}}
    async with db.transaction():
        await db.execute("SELECT set_config('muster.run', '7', true)")
    async with db.transaction():
        await db.execute("INSERT INTO learner_group (name) VALUES ('later')")
    assert await _logged() == {"learner_group": {None}}
    with pytest.raises(RuntimeError):
        async with logged_as(7):
            pass


async def test_an_enrollment_names_its_run_once(database: str) -> None:
    """Who writes it without a run is not taken for the run before."""
    async with db.transaction(), logged_as(7):
        for statement in _FACTS[2:6]:
            await db.execute(statement)
        await db.execute(_ENROLL, 9)
    assert (await _logged())["enrollment"] == {9}
    async with db.transaction():
        await db.execute("UPDATE enrollment SET state = 'suspended'")
    assert await _logged() == {"enrollment": {None}}
    async with db.transaction(), logged_as(7):
        await db.execute("UPDATE enrollment SET state = 'active'")
    assert await _logged() == {"enrollment": {7}}
