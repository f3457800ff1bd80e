"""Runs, imports and methods as sockets follow them."""

from typing import Any

from tests.harness.instance import Muster
from tests.harness.world import World
from tests.live.client import live_socket


def of(id_: str, type_: str) -> Any:
    return lambda frame: frame["type"] == type_ and frame.get("id") == id_


async def test_a_run_tells_its_progress_until_it_is_deleted(muster: Muster, world: World, token: str) -> None:
    session = world.session(world.activity())
    run = world.run(
        "INSERT INTO run (session_id, cause, state, total, created_at) VALUES ($1, 'check', 'failed', 200, now())"
        " RETURNING id",
        session,
    )
    async with live_socket(muster.live_url, token) as socket:
        await socket.send("watch", id="r", topic=f"run:{run}")
        assert (await socket.until(of("r", "state")))["data"]["progress"] == 0
        world.run("UPDATE run SET done = 50, entered = 50 WHERE id = $1", run)
        data = (await socket.until(of("r", "state")))["data"]
        assert (data["progress"], data["entered"], data["state"]) == (0.25, 50, "failed")
        world.run("DELETE FROM run WHERE id = $1", run)
        assert (await socket.until(of("r", "error")))["problem"]["status"] == 404


async def test_an_import_is_for_admins(muster: Muster, world: World, token: str) -> None:
    someone = world.learner()
    job = world.run(
        "INSERT INTO import_job (kind, state, created_by, created_at) VALUES ('groups', 'done', $1, now()) RETURNING id",
        someone,
    )
    async with live_socket(muster.live_url, token) as socket:
        await socket.send("watch", id="i", topic=f"import:{job}")
        assert (await socket.until(of("i", "state")))["data"]["state"] == "done"
    # Whoever began it may have been an admin then.
    async with live_socket(muster.live_url, world.token(someone)) as socket:
        await socket.send("watch", id="i", topic=f"import:{job}")
        assert (await socket.until(of("i", "error")))["problem"]["status"] == 404


async def test_a_method_tells_who_it_holds_and_who_it_could(muster: Muster, world: World, token: str) -> None:
    group = world.group()
    people = world.learners(4)
    world.join(group, *people[:3])
    session = world.session(world.activity())
    method = world.run(
        "INSERT INTO enrollment_method (session_id, kind, rule, created_at) VALUES ($1, 'audience', $2::text::jsonb, now())"
        " RETURNING id",
        session,
        f'{{"blocks": [{{"groups": [{group}]}}]}}',
    )
    async with live_socket(muster.live_url, token) as socket:
        await socket.send("watch", id="m", topic=f"method:{method}")
        data = (await socket.until(of("m", "state")))["data"]
        assert (data["state"], data["people"], data["matching"]) == ("draft", 0, 3)
        world.join(group, people[3])
        assert (await socket.until(of("m", "state")))["data"]["matching"] == 4
        world.run(
            "INSERT INTO source (method_id, learner_id, session_id, since) VALUES ($1, $2, $3, now())",
            method,
            people[0],
            session,
        )
        assert (await socket.until(of("m", "state")))["data"]["people"] == 1
    coach = world.learner()
    world.join(world.group(), coach, role="coach")
    async with live_socket(muster.live_url, world.token(coach)) as socket:
        await socket.send("watch", id="m", topic=f"method:{method}")
        assert (await socket.until(of("m", "error")))["problem"]["status"] == 404
