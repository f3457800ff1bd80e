"""How people come to be enrolled in an activity, over all its sessions: to each who asks, those in which they enroll."""

from typing import Any

import httpx

from tests.harness.system import System


async def listed(client: httpx.AsyncClient, activity: int, **query: Any) -> list[dict[str, Any]]:
    """All of them, page by page."""
    found: list[dict[str, Any]] = []
    cursor = None
    while True:
        parameters = {**query, **({} if cursor is None else {"cursor": cursor})}
        answer = await client.get(f"/activities/{activity}/methods", params=parameters)
        assert answer.status_code == 200, answer.text
        page = answer.json()
        found += page["items"]
        cursor = page["next"]
        if cursor is None:
            assert page["total"] == len(found)
            return found


async def test_methods_of_all_sessions_in_which_one_enrolls(system: System) -> None:
    led, foreign = await system.group("Led"), await system.group("Foreign")
    coach = await system.person("coach@people.example")
    await system.join(led, coach, role="coach")
    (ana,) = await system.people(1, led)
    activity = await system.activity("Once")
    spring = await system.session(activity, name="Spring", group_id=led)
    autumn = await system.session(activity, name="Autumn", group_id=foreign)
    await system.write("UPDATE session SET catalog = 'everyone' WHERE id = $1", autumn)
    other = await system.session(name="Of another activity")
    first = (await system.enroll_group(spring, led))["method_id"]
    picked = (await system.apply(spring, kind="manual", rule={"include": [ana]}))["method_id"]
    sealed = (await system.enroll_group(spring, foreign))["method_id"]
    later = (await system.enroll_group(autumn, foreign))["method_id"]
    await system.enroll_group(other, led)

    rows = await listed(system.admin, activity)
    assert [(row["session_name"], row["id"]) for row in rows] == [
        ("Autumn", later),
        ("Spring", first),
        ("Spring", picked),
        ("Spring", sealed),
    ]
    for limit in (1, 2):
        assert await listed(system.admin, activity, limit=limit) == rows
    # Each is told as its session tells it.
    of_spring = (await system.admin.get(f"/sessions/{spring}/methods")).json()["items"]
    assert [{**row, "session_name": "Spring"} for row in of_spring] == rows[1:]

    theirs = await listed(await system.client("coach@people.example"), activity)
    assert [(row["id"], row["sealed"]) for row in theirs] == [
        (first, False),
        (picked, False),
        (sealed, True),
    ]
    assert (theirs[2]["name"], theirs[2]["kind"], theirs[2]["sentence"]) == (None, None, None)
    assert (await system.admin.get("/activities/999999/methods")).status_code == 404
    wrong = await system.admin.get(f"/activities/{activity}/methods", params={"cursor": "nonsense"})
    assert wrong.status_code == 422
