"""Lists from which people are picked say where each stands in the session, as far as the asker may know."""

from typing import Any

import httpx

from tests.harness.system import System


async def standings(client: httpx.AsyncClient, session: int, **query: Any) -> dict[int, Any]:
    answer = await client.get("/learners", params={"session": session, "limit": 1000, **query})
    assert answer.status_code == 200, answer.text
    return {one["id"]: one["standing"] for one in answer.json()["items"]}


def state(name: str, **other: Any) -> dict[str, Any]:
    return {"state": name, "session_id": None, "session_name": None} | other


async def test_each_is_listed_with_where_they_stand(system: System) -> None:
    led, foreign = await system.group("Led"), await system.group("Foreign")
    coach = await system.person("coach@people.example")
    await system.join(led, coach, role="coach")
    here, paused, free, other, waiting, out = await system.people(6, led)
    activity = await system.activity("Once")
    spring = await system.session(activity, name="Spring", group_id=led)
    autumn = await system.session(activity, name="Autumn", group_id=foreign)
    for people, session in (((other, waiting), autumn), ((here, paused), spring)):
        rule = {"include": list(people)}
        await system.apply(session, kind="audience", rule=rule)
    # A method that wants somebody who is elsewhere waits for them.
    await system.apply(spring, kind="audience", rule={"include": [waiting]}, dynamic=True)
    enrollment = await system.enrollment(spring, paused)
    await system.post(f"/enrollments/{enrollment['id']}/suspend", {})
    await system.write(
        "INSERT INTO exclusion (session_id, learner_id, at, until) VALUES ($1, $2, now(), NULL), ($1, $3, now(), '2001-01-01')",
        spring,
        out,
        free,
    )
    found = await standings(system.admin, spring, group=led)
    named = {"session_id": autumn, "session_name": "Autumn"}
    assert found == {
        here: state("enrolled"),
        paused: state("suspended"),
        free: None,
        out: state("excluded"),
        other: state("elsewhere", **named),
        waiting: state("blocked", **named),
        coach: None,
    }
    # The other session is not the coach's to know; that it is one is.
    theirs = await standings(await system.client("coach@people.example"), spring, group=led)
    assert theirs == found | {other: state("elsewhere"), waiting: state("blocked")}
    # An activity of several sessions keeps nobody from any.
    await system.write("UPDATE activity SET several_sessions = true WHERE id = $1", activity)
    await system.write("UPDATE enrollment SET exclusive = false WHERE activity_id = $1", activity)
    assert (await standings(system.admin, spring, group=led))[other] is None
    listed = (await system.admin.get("/learners")).json()["items"]
    assert {one["standing"] for one in listed} == {None}


async def test_standings_are_told_to_who_may_enroll_there(system: System) -> None:
    group = await system.group()
    await system.admin.patch("/organisation", json={"managers_enroll": True})
    manager = await system.person("manager@people.example")
    report, colleague = await system.people(2, group)
    await system.join(group, manager)
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", manager, report)
    session = await system.session(group_id=group, catalog="group")
    await system.apply(session, kind="audience", rule={"include": [report, colleague, manager]})
    hidden = await system.session()
    client = await system.client("manager@people.example")
    # As in the list of the session: a manager reads of the team alone.
    assert await standings(client, session) == {report: state("enrolled"), manager: None}
    for nobodys in (hidden, 999_999):
        assert (await client.get("/learners", params={"session": nobodys})).status_code == 404
