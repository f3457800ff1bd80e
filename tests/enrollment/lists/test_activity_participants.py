"""Who is in an activity, over all its sessions: to each who asks, those of the sessions they see."""

from typing import Any

import httpx

from tests.harness.system import System


async def listed(client: httpx.AsyncClient, activity: int, **query: Any) -> set[tuple[int, int]]:
    """Session and person."""
    answer = await client.get(f"/activities/{activity}/enrollments", params={"limit": 1000, **query})
    assert answer.status_code == 200, answer.text
    found = answer.json()
    assert found["total"] == len(found["items"])
    return {(one["session_id"], one["learner"]["id"]) for one in found["items"]}


async def test_participants_of_all_sessions_one_sees(system: System) -> None:
    led, foreign = await system.group("Led"), await system.group("Foreign")
    coach, manager = await system.person("coach@people.example"), await system.person("boss@people.example")
    await system.join(led, coach, role="coach")
    await system.admin.patch("/organisation", json={"managers_enroll": True})
    ana, ben = await system.people(2, led)
    cleo, dora = await system.people(2, foreign)
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", manager, cleo)
    activity = await system.activity("Once")
    spring = await system.session(activity, name="Spring", group_id=led)
    autumn = await system.session(activity, name="Autumn", group_id=foreign, catalog="group")
    await system.apply(spring, kind="audience", rule={"include": [ana, ben]})
    await system.apply(autumn, kind="audience", rule={"include": [cleo, dora, ana]}, dynamic=True)
    enrollment = await system.enrollment(spring, ben)
    await system.post(f"/enrollments/{enrollment['id']}/suspend", {})

    everybody = {(spring, ana), (spring, ben), (autumn, cleo), (autumn, dora)}
    assert await listed(system.admin, activity) == everybody
    assert await listed(system.admin, activity, state="suspended") == {(spring, ben)}
    assert await listed(system.admin, activity, state="blocked") == {(autumn, ana)}
    sorted_ = (
        await system.admin.get(f"/activities/{activity}/enrollments", params={"sort": "session"})
    ).json()
    assert [one["session_name"] for one in sorted_["items"]] == ["Autumn", "Autumn", "Spring", "Spring"]

    theirs = await system.client("coach@people.example")
    assert await listed(theirs, activity) == {(spring, ana), (spring, ben)}
    # That Ana waits for a session of others is not the coach's to know.
    assert await listed(theirs, activity, state="blocked") == set()
    boss = await system.client("boss@people.example")
    assert await listed(boss, activity) == {(autumn, cleo)}
    await system.admin.patch("/organisation", json={"managers_enroll": False})
    answer = await boss.get(f"/activities/{activity}/enrollments")
    assert answer.status_code == 404 or answer.json()["items"] == []
    assert (await boss.get("/activities/999999/enrollments")).status_code == 404
