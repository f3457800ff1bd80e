"""Writing thousands of rows looks each reference up by index, whatever the connection learned while the tables were small."""

from collections.abc import Awaitable, Callable

import pytest

from backend.database import execute, fetch, fetch_value, transaction
from backend.schemas.groups import MembersInput
from backend.schemas.learning.results import ResultRow
from backend.schemas.people import LearnerRow
from backend.services.access.actor import Actor
from backend.services.groups import memberships
from backend.services.learning import results
from backend.services.people import learner_bulk

# Of a pilot: what fits into a page or two of a table.
FEW = 60
MANY = 2_000
ADMIN = Actor(id=0, is_admin=True)


async def people(first: int, number: int) -> None:
    rows = [LearnerRow(email=f"p{i}@plan.example", fields={"a": "x"}) for i in range(first, first + number)]
    answer = await learner_bulk.bulk_upsert(ADMIN, rows)
    assert answer.created == number


async def members(first: int, number: int) -> None:
    group = await fetch_value("SELECT max(id) FROM learner_group")
    data = MembersInput(learner_ids=await ids(first, number))
    assert (await memberships.add_members(ADMIN, group, data)).added == number


async def reports(first: int, number: int) -> None:
    activity = await fetch_value("SELECT max(id) FROM activity")
    rows = [ResultRow(learner=one, activity=activity, status="completed") for one in await ids(first, number)]
    assert (await results.record(ADMIN, rows)).created == number


async def ids(first: int, number: int) -> list[int]:
    rows = await fetch("SELECT id FROM learner ORDER BY id OFFSET $1 LIMIT $2", first, number)
    return [row["id"] for row in rows]


@pytest.mark.parametrize("write", [people, members, reports])
async def test_references_of_many_rows_are_looked_up_by_index(
    write: Callable[[int, int], Awaitable[None]], database: str
) -> None:
    await execute("INSERT INTO field (key, name, type) VALUES ('a', 'A', 'text')")
    await execute("INSERT INTO learner_group (name) VALUES ('G')")
    await execute("INSERT INTO activity (kind, title) VALUES ('course', 'C')")
    await people(0, FEW)
    await execute("ANALYZE learner, field_value, membership, activity, learner_group")
    read = "SELECT sum(seq_tup_read) FROM pg_stat_xact_user_tables WHERE relname IN ('learner', 'membership', 'field_value')"
    async with transaction():
        # One connection, which now keeps the plans that suit a few.
        for start in range(0, FEW, 2):
            await write(FEW + start if write is people else start, 2)
        if write is not people:
            await people(FEW, MANY)
        before = await fetch_value(read)
        await write(2 * FEW, MANY - FEW)
        assert await fetch_value(read) - before < 20 * MANY
