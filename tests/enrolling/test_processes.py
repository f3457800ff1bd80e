"""Real worker processes, killed where it hurts."""

import os
import signal
import subprocess
import sys
from collections.abc import Iterator
from contextlib import contextmanager
from datetime import timedelta
from pathlib import Path

import pytest

from backend import clock
from backend.database import fetch_value
from backend.services import chunks, full_check
from tests.enrolling.house import PATIENCE_SECONDS, House, until
from tests.harness.instance import clean_environment

# More than is written, and told, in one chunk.
LARGE = 20_500


@contextmanager
def worker(house: House, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process of the house."""
    environment = clean_environment(
        MUSTER_DATABASE_URL=house.database_url,
        MUSTER_REDIS_URL=house.redis_url,
        MUSTER_DATA_DIR=str(directory),
    )
    with (directory / "worker.log").open("ab") as log:
        process = subprocess.Popen(
            [sys.executable, "-m", "backend.workers"], env=environment, stdout=log, stderr=log
        )
        try:
            yield process
        finally:
            if process.poll() is None:
                process.send_signal(signal.SIGTERM)
            assert process.wait(PATIENCE_SECONDS) in (0, -signal.SIGKILL)


def kill(process: subprocess.Popen[bytes]) -> None:
    """As the kernel would."""
    os.kill(process.pid, signal.SIGKILL)
    process.wait()


async def test_a_large_plan_goes_on_after_a_kill(quiet_house: House, tmp_path: Path) -> None:
    house = quiet_house
    group = await house.group()
    people = await house.people(LARGE, group)
    session = await house.session()
    done = await house.enroll_group(session, group)
    assert done["state"] == "applying"
    run = done["run_id"]
    with worker(house, tmp_path) as first:
        await until("SELECT done > 0 FROM run WHERE id = $1", run)
        kill(first)
    assert await fetch_value("SELECT state FROM run WHERE id = $1", run) == "applying"
    with worker(house, tmp_path) as second:
        await until("SELECT state FROM run WHERE id = $1", run, is_="applied")
        shown = (await house.admin.get(f"/runs/{run}")).json()
        assert (shown["entered"], shown["done"], shown["total"], shown["progress"]) == (
            LARGE,
            LARGE,
            LARGE,
            1.0,
        )
        assert await house.enrolled(session) == set(people)
        assert await fetch_value("SELECT count(*) FROM source WHERE run_id = $1", run) == LARGE
        assert await fetch_value("SELECT count(*) FROM each_run_change WHERE run_id = $1", run) == LARGE
        await until("SELECT last_learner_id > 0 FROM telling WHERE run_id = $1", run)
        kill(second)
    with worker(house, tmp_path):
        await until("SELECT count(*) FROM telling", is_=0)
        told = "SELECT count(DISTINCT learner_id) FROM notice WHERE kind = 'enrolled' AND run_id = $1"
        assert await fetch_value("SELECT count(*) FROM notice") == await fetch_value(told, run) == LARGE
        undone = (await house.admin.post(f"/runs/{run}/undo")).json()
        assert undone["state"] == "applying"
        await until("SELECT state FROM run WHERE id = $1", undone["id"], is_="applied")
        assert await fetch_value("SELECT count(*) FROM enrollment WHERE session_id = $1", session) == 0
        assert await fetch_value("SELECT count(*) FROM notice WHERE cancelled_at IS NULL") == 0


async def test_nothing_is_lost_or_doubled_over_kills(quiet_house: House, tmp_path: Path) -> None:
    house = quiet_house
    group = await house.group()
    people = await house.people(300)
    session = await house.session(fuse_count=1000)
    await house.enroll_group(session, group)
    for start in range(0, 300, 60):
        with worker(house, tmp_path) as process:
            for person in people[start : start + 60]:
                await house.join(group, person)
            await until("SELECT count(*) > $2 FROM source WHERE session_id = $1", session, start)
            kill(process)
    with worker(house, tmp_path):
        await until("SELECT count(*) FROM source WHERE session_id = $1", session, is_=300)
        await house.leave(group, *people[:100])
        await until("SELECT count(*) FROM source WHERE session_id = $1 AND until IS NULL", session, is_=200)
    assert await house.enrolled(session) == set(people[100:])
    assert await fetch_value("SELECT count(*) FROM each_run_change WHERE change = 'entered'") == 300
    assert await fetch_value("SELECT sum(entered) FROM run WHERE session_id = $1", session) == 300


async def test_another_worker_takes_over(quiet_house: House, tmp_path: Path) -> None:
    house = quiet_house
    group = await house.group()
    first, second = await house.people(2)
    session = await house.session()
    await house.enroll_group(session, group)
    with worker(house, tmp_path) as one, worker(house, tmp_path):
        await house.join(group, first)
        await until("SELECT count(*) FROM enrollment WHERE session_id = $1", session, is_=1)
        kill(one)
        await house.join(group, second)
        await until("SELECT count(*) FROM enrollment WHERE session_id = $1", session, is_=2)


async def test_the_full_check_finds_and_repairs(quiet_house: House) -> None:
    house = quiet_house
    group = await house.group()
    people = await house.people(4, group)
    session = await house.session()
    done = await house.enroll_group(session, group)
    assert await full_check.run(repair=False) == []
    await house.leave(group, people[0])
    await house.people(2, group)
    await until("SELECT count(*) FROM outbox", is_=0)
    (found,) = await full_check.run(repair=False)
    assert (found.method_id, found.missing, found.surplus) == (done["method_id"], 2, 1)
    assert people[0] in await house.enrolled(session)
    (found,) = await full_check.run(repair=True)
    assert found.repaired
    await until("SELECT count(*) FROM outbox", is_=0)
    assert len(await house.enrolled(session)) == 5
    assert people[0] not in await house.enrolled(session)
    assert await fetch_value("SELECT count(*) FROM run WHERE cause = 'check'") == 1
    assert await full_check.run(repair=False) == []


@pytest.fixture
def restored_clock() -> Iterator[None]:
    """The clock as it was."""
    yield
    clock.set_offset(timedelta(0))


async def test_what_changes_by_time_alone(house: House, restored_clock: None) -> None:
    group = await house.group()
    people = await house.people(3, group)
    session = await house.session()
    rule = {"blocks": [{"groups": [group], "filters": [{"type": "added", "op": "last_days", "values": [1]}]}]}
    await house.apply(session, kind="audience", rule=rule, dynamic=True)
    assert await house.enrolled(session) == set(people)
    await house.settled()
    clock.set_offset(timedelta(days=2))
    await until("SELECT count(*) FROM enrollment WHERE session_id = $1 AND state = 'active'", session, is_=0)
    assert await fetch_value("SELECT cause FROM run ORDER BY id DESC LIMIT 1") == "clock"
    reason = await fetch_value("SELECT reason FROM each_run_change WHERE change = 'left' LIMIT 1")
    assert reason["facet"] == "day"


async def test_large_changes_of_a_rule_go_in_chunks(quiet_house: House, tmp_path: Path) -> None:
    house = quiet_house
    company, team = await house.group("Company"), await house.group("Team")
    people = await house.people(2 * chunks.CHUNK + 10, team)
    session = await house.session(fuse_entering=1_000_000)
    await house.enroll_group(session, company)
    with worker(house, tmp_path):
        await house.write("UPDATE learner_group SET parent_id = $1 WHERE id = $2", company, team)
        await until("SELECT count(*) FROM run WHERE cause = 'change' AND state = 'applied'", is_=1)
    assert await house.enrolled(session) == set(people)
    assert await fetch_value("SELECT total FROM run WHERE cause = 'change'") == len(people)
    reason = await fetch_value(
        "SELECT reason FROM each_run_change WHERE change = 'entered' AND reason IS NOT NULL LIMIT 1"
    )
    assert reason["name"] == "Team"
