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

from backend.database import fetch_value
from backend.runtime import clock
from backend.services.enrollment.reconciler import full_check
from backend.services.enrollment.runs import large_runs
from tests.harness.instance import clean_environment
from tests.harness.system import PATIENCE_SECONDS, System, until

# More than is written, and told, in one chunk.
LARGE = 20_500


@contextmanager
def worker(system: System, directory: Path) -> Iterator[subprocess.Popen[bytes]]:
    """A worker process of the system."""
    environment = clean_environment(
        MUSTER_DATABASE_URL=system.database_url,
        MUSTER_REDIS_URL=system.redis_url,
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


async def test_a_large_plan_goes_on_after_a_kill(quiet_system: System, tmp_path: Path) -> None:
    system = quiet_system
    group = await system.group()
    people = await system.people(LARGE, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    assert done["state"] == "applying"
    run = done["run_id"]
    with worker(system, tmp_path) as first:
        await until("SELECT done > 0 FROM run WHERE id = $1", run)
        kill(first)
    assert await fetch_value("SELECT state FROM run WHERE id = $1", run) == "applying"
    with worker(system, tmp_path) as second:
        await until("SELECT state FROM run WHERE id = $1", run, is_="applied")
        shown = (await system.admin.get(f"/runs/{run}")).json()
        assert (shown["entered"], shown["done"], shown["total"], shown["progress"]) == (
            LARGE,
            LARGE,
            LARGE,
            1.0,
        )
        assert await system.enrolled(session) == set(people)
        assert await fetch_value("SELECT count(*) FROM source WHERE run_id = $1", run) == LARGE
        assert await fetch_value("SELECT count(*) FROM each_run_change WHERE run_id = $1", run) == LARGE
        await until("SELECT last_learner_id > 0 FROM telling WHERE run_id = $1", run)
        kill(second)
    with worker(system, tmp_path):
        await until("SELECT count(*) FROM telling", is_=0)
        told = "SELECT count(DISTINCT learner_id) FROM notice WHERE kind = 'enrolled' AND run_id = $1"
        assert await fetch_value("SELECT count(*) FROM notice") == await fetch_value(told, run) == LARGE
        undone = (await system.admin.post(f"/runs/{run}/undo")).json()
        assert undone["state"] == "applying"
        await until("SELECT state FROM run WHERE id = $1", undone["id"], is_="applied")
        assert await fetch_value("SELECT count(*) FROM enrollment WHERE session_id = $1", session) == 0
        assert await fetch_value("SELECT count(*) FROM notice WHERE cancelled_at IS NULL") == 0


async def test_nothing_is_lost_or_doubled_over_kills(quiet_system: System, tmp_path: Path) -> None:
    system = quiet_system
    group = await system.group()
    people = await system.people(300)
    session = await system.session(fuse_count=1000)
    await system.enroll_group(session, group)
    for start in range(0, 300, 60):
        with worker(system, tmp_path) as process:
            for person in people[start : start + 60]:
                await system.join(group, person)
            await until("SELECT count(*) > $2 FROM source WHERE session_id = $1", session, start)
            kill(process)
    with worker(system, tmp_path):
        await until("SELECT count(*) FROM source WHERE session_id = $1", session, is_=300)
        await system.leave(group, *people[:100])
        await until("SELECT count(*) FROM source WHERE session_id = $1 AND until IS NULL", session, is_=200)
    assert await system.enrolled(session) == set(people[100:])
    assert await fetch_value("SELECT count(*) FROM each_run_change WHERE change = 'entered'") == 300
    assert await fetch_value("SELECT sum(entered) FROM run WHERE session_id = $1", session) == 300


async def test_another_worker_takes_over(quiet_system: System, tmp_path: Path) -> None:
    system = quiet_system
    group = await system.group()
    first, second = await system.people(2)
    session = await system.session()
    await system.enroll_group(session, group)
    with worker(system, tmp_path) as one, worker(system, tmp_path):
        await system.join(group, first)
        await until("SELECT count(*) FROM enrollment WHERE session_id = $1", session, is_=1)
        kill(one)
        await system.join(group, second)
        await until("SELECT count(*) FROM enrollment WHERE session_id = $1", session, is_=2)


async def test_the_full_check_finds_and_repairs(quiet_system: System) -> None:
    system = quiet_system
    group = await system.group()
    people = await system.people(4, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    assert await full_check.run(repair=False) == []
    await system.leave(group, people[0])
    await system.people(2, group)
    await until("SELECT count(*) FROM outbox", is_=0)
    (found,) = await full_check.run(repair=False)
    assert (found.method_id, found.missing, found.surplus) == (done["method_id"], 2, 1)
    assert people[0] in await system.enrolled(session)
    (found,) = await full_check.run(repair=True)
    assert found.repaired
    await until("SELECT count(*) FROM outbox", is_=0)
    assert len(await system.enrolled(session)) == 5
    assert people[0] not in await system.enrolled(session)
    assert await fetch_value("SELECT count(*) FROM run WHERE cause = 'check'") == 1
    assert await full_check.run(repair=False) == []


@pytest.fixture
def restored_clock() -> Iterator[None]:
    """The clock as it was."""
    was = clock.offset()
    yield
    clock.set_offset(was)


async def test_what_changes_by_time_alone(system: System, restored_clock: None) -> None:
    group = await system.group()
    people = await system.people(3, group)
    session = await system.session()
    rule = {"blocks": [{"groups": [group], "filters": [{"type": "added", "op": "last_days", "values": [1]}]}]}
    await system.apply(session, kind="audience", rule=rule, dynamic=True)
    assert await system.enrolled(session) == set(people)
    await system.settled()
    clock.set_offset(clock.offset() + timedelta(days=2))
    await until("SELECT count(*) FROM enrollment WHERE session_id = $1 AND state = 'active'", session, is_=0)
    assert await fetch_value("SELECT cause FROM run ORDER BY id DESC LIMIT 1") == "clock"
    reason = await fetch_value("SELECT reason FROM each_run_change WHERE change = 'left' LIMIT 1")
    assert reason["facet"] == "day"


async def test_large_changes_of_a_rule_go_in_chunks(quiet_system: System, tmp_path: Path) -> None:
    system = quiet_system
    company, team = await system.group("Company"), await system.group("Team")
    people = await system.people(2 * large_runs.CHUNK + 10, team)
    session = await system.session(fuse_entering=1_000_000)
    await system.enroll_group(session, company)
    with worker(system, tmp_path):
        await system.write("UPDATE learner_group SET parent_id = $1 WHERE id = $2", company, team)
        await until("SELECT count(*) FROM run WHERE cause = 'change' AND state = 'applied'", is_=1)
    assert await system.enrolled(session) == set(people)
    assert await fetch_value("SELECT total FROM run WHERE cause = 'change'") == len(people)
    reason = await fetch_value(
        "SELECT reason FROM each_run_change WHERE change = 'entered' AND reason IS NOT NULL LIMIT 1"
    )
    assert reason["name"] == "Team"
