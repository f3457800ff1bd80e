"""Several of everything on one database: the same answers everywhere, and nothing twice."""

import asyncio
from collections.abc import Callable, Iterator
from typing import Any

import httpx
import pytest

from backend.database import fetch_value
from backend.index import Follower
from backend.workers.reconciler import Reconciler
from tests.harness.instance import Muster, running_muster
from tests.harness.system import System, until
from tests.harness.system_fixtures import task_group
from tests.live.client import live_socket

PEOPLE = 120

_HOLDERS = """
SELECT count(pg_terminate_backend(pid)) FROM pg_locks
WHERE locktype = 'advisory' AND granted AND objid::bigint = hashtext('muster.reconciler') & 4294967295
  AND database = (SELECT oid FROM pg_database WHERE datname = current_database())
"""

_ENTERED = "SELECT count(*) FROM source WHERE session_id = $1"
_LEFT = "SELECT count(*) FROM enrollment WHERE session_id = $1 AND state = 'expired'"


@pytest.fixture(scope="module")
def one(start_muster: Callable[..., Muster]) -> Muster:
    """API, worker and sequencer; started first, so it leads."""
    return start_muster()


@pytest.fixture(scope="module")
def two(one: Muster, tmp_path_factory: pytest.TempPathFactory) -> Iterator[Muster]:
    """The same again, on the same database and Redis."""
    environment = {name: value for name, value in one.environment.items() if name != "MUSTER_DATA_DIR"}
    with running_muster(tmp_path_factory.mktemp("two"), environment) as muster:
        yield muster


def post(client: httpx.Client, path: str, body: Any) -> Any:
    answer = client.post(path, json=body)
    assert answer.is_success, answer.text
    return answer.json()


async def test_two_of_everything_tell_the_same_and_outlive_the_leader(one: Muster, two: Muster) -> None:
    first, second = one.sign_in(), two.sign_in()
    group = post(first, "/groups", {"name": "Sales"})["id"]
    people = [post(second, "/learners", {"email": f"p{i}@two.example"})["id"] for i in range(4)]
    activity = post(first, "/activities", {"kind": "course", "title": "Onboarding"})["id"]
    session = post(second, "/sessions", {"activity_id": activity, "name": "Spring"})["id"]
    rule = {"blocks": [{"groups": [group]}]}
    method = {"kind": "audience", "dynamic": True, "rule": rule}
    plan = post(first, f"/sessions/{session}/plan", method)
    post(second, f"/sessions/{session}/apply", {**method, "hash": plan["hash"]})
    token = one.token()
    async with (
        live_socket(one.live_url, token) as here,
        live_socket(two.live_url, token) as there,
    ):
        for socket in (here, there):
            await socket.send("watch", id="s", topic=f"session:{session}")
            await socket.until(lambda frame: frame["type"] == "state")
        for client, person in ((first, people[0]), (second, people[1])):
            await asyncio.to_thread(post, client, f"/groups/{group}/members", {"learner_ids": [person]})
            told = [
                await socket.until(lambda frame: frame.get("event") == "entered") for socket in (here, there)
            ]
            assert [frame["data"]["learner"]["id"] for frame in told] == [person, person]
        for path, body in (
            (f"/sessions/{session}/plan", method),
            ("/audiences/preview", {"rule": rule, "session_id": session}),
        ):
            answers = [post(client, path, body) for client in (first, second)]
            assert len({str({**answer, "as_of": ""}) for answer in answers}) == 1
        one.kill()
        await asyncio.to_thread(post, second, f"/groups/{group}/members", {"learner_ids": people[2:]})
        entered = {
            (await there.until(lambda frame: frame.get("event") == "entered"))["data"]["learner"]["id"]
            for _ in people[2:]
        }
        assert entered == set(people[2:])
    listed = second.get(f"/sessions/{session}/enrollments").json()["items"]
    assert sorted(row["learner"]["id"] for row in listed) == sorted(people)


async def test_two_reconcilers_at_once_double_nothing(system: System) -> None:
    """The lock's connection dies and its holder goes on unaware, beside the one that has the lock now."""
    group = await system.group()
    people = await system.people(PEOPLE)
    session = await system.session(fuse_count=1000)
    await system.enroll_group(session, group)
    follower = Follower()
    await follower.start()
    other = Reconciler(follower)
    try:
        async with task_group(other.run()):
            for number, person in enumerate(people):
                if number % 40 == 20:
                    await until(_HOLDERS.replace("pg_terminate_backend(pid)", "pid"), is_=1)
                    await fetch_value(_HOLDERS)
                await system.join(group, person)
            await system.leave(group, *people[:30])
            await until(_LEFT, session, is_=30)
            await until(_ENTERED, session, is_=PEOPLE)
    finally:
        await follower.stop()
    assert await system.enrolled(session) == set(people[30:])
    entered = "SELECT count(*), count(DISTINCT learner_id) FROM each_run_change WHERE change = 'entered'"
    assert await fetch_value(f"SELECT (a, b)::text FROM ({entered}) AS t(a, b)") == f"({PEOPLE},{PEOPLE})"
    assert await fetch_value("SELECT sum(entered) FROM run WHERE session_id = $1", session) == PEOPLE
    assert await fetch_value("SELECT sum(left_count) FROM run WHERE session_id = $1", session) == 30
