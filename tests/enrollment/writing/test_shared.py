"""More than a hundred people at once: what is written once for all of them reads as if it were written for each."""

from typing import Any

import pytest

from backend.database import fetch, fetch_value
from backend.services.enrollment.runs import run_changes
from tests.harness.system import System, until

PEOPLE = 230


@pytest.fixture(autouse=True)
def by_id(monkeypatch: pytest.MonkeyPatch) -> None:
    """Runs of these tests are listed as those of very many are."""
    monkeypatch.setattr(run_changes, "BY_NAME", 0)


async def _pages(system: System, run: int, limit: int, **query: str) -> list[dict[str, Any]]:
    found: list[dict[str, Any]] = []
    asked: dict[str, str | int] = {"limit": limit, **query}
    while True:
        answer = (await system.admin.get(f"/runs/{run}/changes", params=asked)).json()
        assert answer["total"] == PEOPLE
        found += answer["items"]
        if not answer.get("next"):
            return found
        asked["cursor"] = answer["next"]


@pytest.mark.parametrize("limit", [7, 100, 200])
async def test_pages_of_a_run_hold_everybody_once(system: System, limit: int) -> None:
    group = await system.group()
    people = await system.people(PEOPLE, group)
    applied = await system.enroll_group(await system.session(), group)
    assert await fetch_value("SELECT people FROM run_change_shared") == PEOPLE
    found = await _pages(system, applied["run_id"], limit, change="entered")
    assert [row["learner"]["id"] for row in found] == people
    undo = (await system.post(f"/runs/{applied['run_id']}/undo", {})).json()
    assert await fetch_value("SELECT count(*) FROM run_change WHERE run_id = $1", undo["id"]) == 0
    found = await _pages(system, undo["id"], limit)
    assert [(row["learner"]["id"], row["change"]) for row in found] == [(one, "left") for one in people]


async def test_people_of_a_run_are_found_by_name_whether_they_share_a_row_or_not(system: System) -> None:
    group = await system.group()
    people = await system.people(PEOPLE, group)
    session = await system.session()
    run = (await system.enroll_group(session, group))["run_id"]
    await system.write(
        "UPDATE learner SET first_name = 'Ana', last_name = 'López' WHERE id = ANY($1)", people[5:8]
    )
    alone = await system.write_value(
        "INSERT INTO run_change (run_id, learner_id, change) VALUES ($1, $2, 'left') RETURNING learner_id",
        run,
        people[6],
    )

    async def found(**query: str | int) -> tuple[int, list[tuple[int, str]]]:
        answer = (await system.admin.get(f"/runs/{run}/changes", params={"q": "lóp ana", **query})).json()
        return answer["total"], [(row["learner"]["id"], row["change"]) for row in answer["items"]]

    everybody = [(people[5], "entered"), (alone, "entered"), (alone, "left"), (people[7], "entered")]
    assert await found() == (4, everybody)
    assert await found(change="left") == (1, [(alone, "left")])
    cursor = (await system.admin.get(f"/runs/{run}/changes", params={"q": "ana", "limit": 2})).json()["next"]
    assert await found(cursor=cursor) == (4, everybody[2:])


async def test_pages_hold_everybody_of_whom_few_are_left(system: System) -> None:
    """Deleting people makes what the others share small."""
    group = await system.group()
    people = await system.people(PEOPLE, group)
    run = (await system.enroll_group(await system.session(), group))["run_id"]
    split = "INSERT INTO run_change_shared (run_id, change, learners) SELECT $1, 'entered', ARRAY[l] FROM unnest($2::int[]) l"
    await system.write("DELETE FROM run_change_shared")
    await system.write(split, run, people)
    assert [row["learner"]["id"] for row in await _pages(system, run, 100)] == people


async def test_undoing_an_undo_brings_everybody_back(system: System) -> None:
    group = await system.group()
    people = await system.people(PEOPLE, group)
    session = await system.session()
    applied = await system.enroll_group(session, group)
    undo = (await system.post(f"/runs/{applied['run_id']}/undo", {})).json()
    assert await system.enrolled(session) == set()
    await system.post(f"/runs/{undo['id']}/undo", {})
    assert await system.enrolled(session) == set(people)


async def test_many_who_come_are_told_as_their_number_with_the_reason(system: System) -> None:
    company, team = await system.group("Company"), await system.group("Team")
    await system.people(PEOPLE, team)
    session = await system.session()
    (first,) = await system.people(1, company)
    await system.enroll_group(session, company)
    await system.write("UPDATE learner_group SET parent_id = $1 WHERE id = $2", company, team)
    await until("SELECT count(*) FROM enrollment WHERE session_id = $1", session, is_=PEOPLE + 1)
    assert await fetch_value("SELECT people FROM run_change_shared") == PEOPLE
    await system.settled()
    shown = (await system.admin.get(f"/sessions/{session}/happenings", params={"limit": 20})).json()["items"]
    # They do not push out who came before.
    many, one = shown
    assert (many["event"], many["learner"], many["count"]) == ("entered", None, PEOPLE)
    assert many["reason"]["facet"] == "learner_group"
    assert (one["event"], one["learner"]["id"], one["count"]) == ("entered", first, 1)


async def test_audiences_of_enrolled_people_follow_them(system: System) -> None:
    group = await system.group()
    people = await system.people(PEOPLE, group)
    first = await system.activity("First", kind="path")
    sessions = await system.session(first), await system.session(await system.activity("Second", kind="path"))
    enrolled = {"type": "path_result", "status": "enrolled", "paths": [first]}
    rule = {"blocks": [{"everyone": True, "filters": [enrolled]}]}
    await system.apply(sessions[1], kind="audience", rule=rule, dynamic=True)
    applied = await system.enroll_group(sessions[0], group)
    await until("SELECT count(*) FROM enrollment WHERE session_id = $1", sessions[1], is_=PEOPLE)
    reasons = await fetch(
        "SELECT DISTINCT reason->>'facet' AS facet FROM each_run_change WHERE reason IS NOT NULL"
    )
    assert [row["facet"] for row in reasons] == ["enrollment"]
    # Nobody who leaves again at once is held back by the fuse of the other session.
    await system.write("UPDATE session SET fuse_count = 1000, fuse_percent = 100 WHERE id = $1", sessions[1])
    await system.post(f"/runs/{applied['run_id']}/undo", {})
    await until(
        "SELECT count(*) FROM enrollment WHERE session_id = $1 AND state <> 'expired'", sessions[1], is_=0
    )
    assert await system.enrolled(sessions[0]) == set()
    assert len(people) == PEOPLE
