"""A large run that fails holds up no other run and no mail, is given up in the end, and those in charge are told."""

import pytest

from backend.database import execute, fetch_row, fetch_value
from backend.mail import MailSettings
from backend.services.enrollment.runs import large_runs
from backend.services.enrollment.writing import enrollment_writer
from backend.services.enrollment.writing.writes import Write, Written
from backend.workers import jobs
from tests.harness.system import System


async def test_a_failing_run_is_set_aside_and_told(
    quiet_system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    system = quiet_system
    group = await system.group()
    people = await system.people(60, group)
    broken, sound = await system.session(name="Broken"), await system.session(name="Sound")
    monkeypatch.setattr("backend.services.enrollment.plans.plan_writing.INLINE", 10)
    for session in (broken, sound):
        await system.enroll_group(session, group)
    write = enrollment_writer.write

    async def failing(writes: list[Write]) -> list[Written]:
        if any(one.session_id == broken for one in writes):
            raise ValueError("this one cannot be written")
        return await write(writes)

    monkeypatch.setattr(large_runs, "write", failing)
    await jobs.apply_runs({})
    assert await system.enrolled(sound) == set(people)
    row = await fetch_row("SELECT state, detail FROM run WHERE session_id = $1", broken)
    assert row is not None
    assert (row["state"], row["detail"]["failures"]) == ("applying", 1)
    assert "cannot be written" in row["detail"]["error"]
    await jobs.send_mail({"mail": MailSettings()})
    for _ in range(large_runs.MOST_FAILURES - 1):
        await jobs.apply_runs({})
    assert await fetch_value("SELECT state FROM run WHERE session_id = $1", broken) == "failed"
    told = "SELECT count(*) FROM notice n JOIN message m ON m.id = n.message_id WHERE n.kind = 'failed'"
    assert await fetch_value(told) == 1
    await jobs.send_mail({"mail": MailSettings()})
    assert await fetch_value("SELECT subject FROM message WHERE kind = 'alert'") == "Not finished: Broken"


async def test_a_method_deleted_meanwhile_enrolls_nobody(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    session = await system.session(catalog="everyone")
    made = await system.post(f"/sessions/{session}/methods", {"kind": "self", "open": True})
    method = made.json()["id"]
    await system.write(
        "UPDATE enrollment_method SET state = 'live', version = version + 1 WHERE id = $1", method
    )
    await system.person("pia@people.example")
    pia = await system.client("pia@people.example")
    lock = enrollment_writer.lock_sessions

    async def deleted_first(session_ids: list[int]) -> object:
        # In the same transaction: as whoever waits for the lock finds it.
        await execute(
            "UPDATE enrollment_method SET deleted_at = muster_now(), active = false WHERE id = $1", method
        )
        return await lock(session_ids)

    monkeypatch.setattr(
        "backend.services.enrollment.self_enrollment.self_enrollment.lock_sessions", deleted_first
    )
    answer = await pia.post(f"/sessions/{session}/self-enroll", json={})
    assert answer.status_code == 409, answer.text
    assert await system.enrolled(session) == set()
