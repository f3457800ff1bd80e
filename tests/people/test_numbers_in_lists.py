"""What lists say of enrollments: of people how many they have before them, of activities how many are in them."""

from datetime import UTC, datetime
from typing import Any

import httpx

from tests.harness.system import System

LONG_AGO = datetime(2020, 1, 1, tzinfo=UTC).isoformat()


async def _before(client: httpx.AsyncClient, **query: Any) -> dict[int, tuple[int, int]]:
    answer = await client.get("/learners", params={"enrollments": "true", "limit": 1000, **query})
    assert answer.status_code == 200, answer.text
    return {
        one["id"]: (one["enrollments"]["open"], one["enrollments"]["overdue"])
        for one in answer.json()["items"]
    }


async def test_people_are_listed_with_what_is_open_and_overdue_to_who_asks(system: System) -> None:
    group = await system.group()
    manager = await system.person("manager@people.example")
    coach = await system.person("coach@people.example")
    await system.join(group, coach, role="coach")
    ana, ben = await system.people(2, group)
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", manager, ana)
    late, theirs = await system.session(), await system.session(group_id=group)
    await system.enroll_group(late, group, due_at=LONG_AGO)
    await system.enroll_group(theirs, group)
    await system.write(
        "UPDATE enrollment SET state = 'completed' WHERE learner_id = $1 AND session_id = $2", ben, late
    )
    listed = await _before(system.admin, group=group)
    assert (listed[ana], listed[ben]) == ((2, 1), (1, 0))
    assert await _before(await system.client("manager@people.example"), manager=manager) == {ana: (2, 1)}
    # A coach counts only what is in sessions of their groups, and their own.
    listed = await _before(await system.client("coach@people.example"), group_tree=group)
    assert (listed[ana], listed[ben], listed[coach]) == ((1, 0), (1, 0), (2, 1))
    (one, *_) = (await system.admin.get("/learners")).json()["items"]
    assert one["enrollments"] is None


async def test_activities_are_listed_with_their_sessions_and_people(system: System) -> None:
    group, other = await system.group(), await system.group("Other")
    people = await system.people(3, group)
    await system.join(other, people[0])
    coach = await system.person("coach@people.example")
    await system.join(other, coach, role="coach")
    activity = await system.activity("Twice", several_sessions=True)
    for of, name in ((group, "Spring"), (other, "Autumn")):
        await system.enroll_group(await system.session(activity, name=name), of)
    # Who does not count is not counted; who is in two sessions is one person.
    await system.write("UPDATE learner SET status = 'suspended' WHERE id = $1", people[1])
    await system.settled()
    (shown,) = (await system.admin.get("/activities", params={"q": "Twice"})).json()["items"]
    assert (shown["session_count"], shown["enrolled"]) == (2, 3)
    (shown,) = (
        await (await system.client("coach@people.example")).get("/activities", params={"q": "Twice"})
    ).json()["items"]
    assert (shown["session_count"], shown["enrolled"]) == (None, None)
