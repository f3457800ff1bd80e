import asyncio

from backend.database import execute, fetch_value, transaction
from backend.index import Follower, load_index


async def test_follower(database: str) -> None:
    async with transaction():
        await execute("INSERT INTO learner_group (id, name) VALUES (1, 'A'), (2, 'B')")
        await execute(
            "INSERT INTO learner (id, email, added_at) SELECT i, i || '@a.b', now() FROM generate_series(1, 1000) i"
        )
        await execute(
            "INSERT INTO membership SELECT i, 1 + i % 2, 'member', now() FROM generate_series(1, 1000) i"
        )
    follower = Follower()
    await follower.start()
    await asyncio.wait_for(follower.loaded.wait(), 5)
    assert follower.position == 0 and not follower.index.facts.groups
    async with asyncio.TaskGroup() as group:
        task = group.create_task(follower.catch_up())
        await asyncio.sleep(0)
        await fetch_value("SELECT (sequence_outbox(10000)).head")
    assert await task == follower.position
    assert len(follower.index.facts.groups[1]) == 500
    again = await load_index()
    assert again.facts.groups == follower.index.facts.groups
    assert again.position == follower.position
    await follower.stop()
