"""What a plan warns of, with codes for programs and words in the reader's language."""
# ruff: noqa: RUF001 - French is written with its own apostrophe

from datetime import UTC, datetime, timedelta
from typing import Any

import pytest

from backend.runtime import clock
from backend.services.enrollment.plans import plan_warnings
from backend.services.enrollment.plans.plan_warnings import MANY
from tests.harness.system import System

NOW = clock.now()


def at(days: float) -> str:
    return (NOW + timedelta(days=days)).isoformat()


@pytest.mark.parametrize(
    ("starts", "ends", "policy", "codes"),
    [
        (10, 20, {"due_at": at(15)}, []),
        (10, 20, {"due_at": at(20)}, []),
        (10, 20, {"due_at": at(5)}, ["due_before_start"]),
        (10, 20, {"due_at": at(25)}, ["due_after_end"]),
        (10, 20, {"due_at": at(-5)}, ["due_in_past", "due_before_start"]),
        (None, None, {"due_at": at(-5)}, ["due_in_past"]),
        (10, 20, {"due_days": 3}, ["due_days_before_start"]),
        (10, 20, {"due_days": 30}, ["due_days_after_end"]),
        (-20, -10, {"due_days": 3}, ["session_ended", "due_days_after_end"]),
        (None, None, {"due_days": 0}, []),
        (10, 20, {"active": False}, ["nobody", "inactive"]),
    ],
)
async def test_dates_that_cannot_be_met_are_warned_of(
    system: System, starts: int | None, ends: int | None, policy: dict[str, Any], codes: list[str]
) -> None:
    session = await system.session(
        starts_at=None if starts is None else NOW + timedelta(days=starts),
        ends_at=None if ends is None else NOW + timedelta(days=ends),
    )
    body = {"kind": "audience", "rule": {"include": [system.admin_id]}, **policy}
    plan = await system.plan(session, **body)
    assert [warning["code"] for warning in plan["warnings"]] == codes
    assert not any("{" in warning["message"] for warning in plan["warnings"])


async def test_warnings_are_told_in_the_reader_s_language(system: System) -> None:
    await system.write("UPDATE learner SET language = 'fr' WHERE id = $1", system.admin_id)
    session = await system.session(
        starts_at=datetime(2030, 3, 1, 12, tzinfo=UTC), ends_at=datetime(2030, 4, 1, tzinfo=UTC)
    )
    body: dict[str, Any] = {
        "kind": "audience",
        "rule": {"include": [system.admin_id]},
        "due_at": "2030-02-28T12:00:00Z",
    }
    (warning,) = (await system.plan(session, **body))["warnings"]
    assert (
        warning["message"] == "L’échéance du 28 février 2030 précède le début de la session, le 1 mars 2030."
    )


@pytest.mark.no_cover  # Tracing what plans for 60,000 people takes long.
async def test_more_people_than_are_looked_after_easily_are_warned_of(system: System) -> None:
    group, more = await system.group("Everybody"), await system.group("A few more")
    await system.people(MANY, group)
    await system.people(1, more)
    session = await system.session()
    plan = await system.plan(session, kind="group", group_id=group)
    assert (plan["entering"], plan["warnings"]) == (MANY, [])
    both: dict[str, Any] = {"kind": "audience", "rule": {"blocks": [{"groups": [group, more]}]}}
    for language, words in (("en", "More than 60,000 people"), ("fr", "Plus de 60\u202f000 personnes")):
        await system.write("UPDATE learner SET language = $1 WHERE id = $2", language, system.admin_id)
        (warning,) = (await system.plan(session, **both))["warnings"]
        assert warning["code"] == "many"
        assert warning["message"].startswith(words)


async def test_the_warning_counts_the_whole_session_for_those_who_may_know(
    system: System, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setattr(plan_warnings, "MANY", 20)
    group, more = await system.group("Everybody"), await system.group("A few more")
    await system.people(20, group)
    await system.people(1, more)
    session = await system.session()
    await system.apply(session, kind="group", group_id=group)
    assert len(await system.enrolled(session)) == 20
    few: dict[str, Any] = {"kind": "group", "group_id": more}
    await system.settled()
    assert [one["code"] for one in (await system.plan(session, **few))["warnings"]] == ["many"]
    # How many others are in it is not a manager's to know.
    manager = await system.person("manager@people.example")
    await system.write("UPDATE organisation SET managers_enroll = true")
    (report,) = await system.people(1, more)
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", manager, report)
    await system.write("UPDATE session SET group_id = $1, catalog = 'group' WHERE id = $2", more, session)
    asks = await system.client("manager@people.example")
    picked = await system.plan(session, asks, kind="manual", rule={"include": [report]})
    assert (picked["entering"], picked["warnings"]) == (1, [])
