"""From a rule to an enrollment and back, over HTTP."""

from typing import Any

from tests.harness.system import System


async def test_nothing_is_written_before_it_is_confirmed(system: System) -> None:
    group = await system.group()
    people = await system.people(5, group)
    session = await system.session()
    plan = await system.plan(session, kind="audience", rule={"blocks": [{"groups": [group]}]}, dynamic=True)
    assert (plan["entering"], plan["leaving"], plan["staying"], plan["blocked"]) == (5, 0, 0, 0)
    assert [person["id"] for person in plan["samples"]["entering"]] == people
    assert await system.enrolled(session) == set()
    assert (await system.admin.get(f"/sessions/{session}/methods")).json()["items"] == []


async def test_a_dynamic_audience_follows_the_facts(system: System) -> None:
    group = await system.group()
    people = await system.people(5, group)
    others = await system.people(2)
    session = await system.session()
    done = await system.enroll_group(session, group)
    assert (done["entered"], done["left"], done["blocked"]) == (5, 0, 0)
    assert await system.enrolled(session) == set(people)
    await system.join(group, others[0])
    await system.leave(group, people[0])
    await system.settled()
    assert await system.enrolled(session) == {*people[1:], others[0]}
    runs = (await system.admin.get("/runs", params={"session_id": session})).json()
    assert {run["cause"] for run in runs["items"]} == {"confirm", "change"}
    newest = next(run for run in runs["items"] if run["entered"] == 1)
    changes = (await system.admin.get(f"/runs/{newest['id']}/changes")).json()["items"]
    reason = next(change for change in changes if change["learner"]["id"] == others[0])["reason"]
    told = {
        "cause": "membership",
        "facet": "membership",
        "ref": group,
        "name": "Sales",
        "old": None,
        "new": "member",
    }
    assert told.items() <= reason.items()


async def test_a_static_audience_is_a_snapshot(system: System) -> None:
    group = await system.group()
    people = await system.people(3, group)
    session = await system.session()
    await system.enroll_group(session, group, dynamic=False)
    newcomer = (await system.people(1, group))[0]
    await system.leave(group, people[0])
    await system.settled()
    assert await system.enrolled(session) == set(people)
    assert newcomer not in people


async def test_applying_twice_is_applying_once(system: System) -> None:
    group = await system.group()
    await system.people(3, group)
    session = await system.session()
    body: dict[str, Any] = {"kind": "audience", "rule": {"blocks": [{"groups": [group]}]}, "dynamic": True}
    plan = await system.plan(session, **body)
    first = await system.admin.post(f"/sessions/{session}/apply", json={**body, "hash": plan["hash"]})
    method = first.json()["method_id"]
    again = await system.admin.post(
        f"/sessions/{session}/apply", json={**body, "method_id": method, "hash": plan["hash"]}
    )
    assert again.status_code == 409
    problem = again.json()
    assert problem["type"] == "plan_changed"
    assert (problem["plan"]["entering"], problem["plan"]["staying"]) == (0, 3)
    confirmed = await system.apply(session, **body, method_id=method)
    assert (confirmed["entered"], confirmed["left"]) == (0, 0)


async def test_the_same_confirmation_twice_is_one(system: System) -> None:
    """A double click, or a client that lost the answer and sends it again."""
    group = await system.group()
    people = await system.people(3, group)
    session = await system.session()
    body: dict[str, Any] = {"kind": "audience", "rule": {"blocks": [{"groups": [group]}]}, "dynamic": True}
    plan = await system.plan(session, **body)
    confirmed = {**body, "hash": plan["hash"]}
    first = await system.admin.post(f"/sessions/{session}/apply", json=confirmed)
    again = await system.admin.post(f"/sessions/{session}/apply", json=confirmed)
    assert again.status_code == first.status_code == 200
    assert again.json() == first.json()
    methods = (await system.admin.get(f"/sessions/{session}/methods")).json()["items"]
    assert [method["people"] for method in methods] == [3]
    assert await system.enrolled(session) == set(people)
    # A second method of the same people is another plan, and an undone one can be confirmed anew.
    assert (await system.plan(session, **body))["hash"] != plan["hash"]
    await system.admin.post(f"/runs/{first.json()['run_id']}/undo")
    await system.settled()
    plan = await system.plan(session, **body)
    redone = await system.admin.post(f"/sessions/{session}/apply", json={**body, "hash": plan["hash"]})
    assert redone.json()["run_id"] != first.json()["run_id"]
    assert await system.enrolled(session) == set(people)


async def test_a_plan_that_changed_is_shown_again(system: System) -> None:
    group = await system.group()
    await system.people(3, group)
    session = await system.session()
    body: dict[str, Any] = {"kind": "audience", "rule": {"blocks": [{"groups": [group]}]}, "dynamic": True}
    plan = await system.plan(session, **body)
    await system.people(1, group)
    answer = await system.admin.post(f"/sessions/{session}/apply", json={**body, "hash": plan["hash"]})
    assert answer.status_code == 409
    assert answer.headers["content-type"].startswith("application/problem+json")
    assert answer.json()["plan"]["entering"] == 4
    assert await system.enrolled(session) == set()


async def test_counts_and_lists_agree_with_the_tables(system: System) -> None:
    group = await system.group()
    people = await system.people(4, group)
    activity = await system.activity()
    session = await system.session(activity)
    await system.enroll_group(session, group)
    for learner, status in ((people[0], "completed"), (people[1], "started")):
        await system.write(
            "INSERT INTO result (learner_id, activity_id, status) VALUES ($1, $2, $3)",
            learner,
            activity,
            status,
        )
    counts = (await system.admin.get(f"/sessions/{session}/counts")).json()
    told = {name: counts[name] for name in ("enrolled", "completed", "in_progress", "not_started")}
    assert told == {"enrolled": 4, "completed": 1, "in_progress": 1, "not_started": 2}
    for state, number in (
        ("completed", 1),
        ("in_progress", 1),
        ("not_started", 2),
        ("active", 3),
        ("enrolled", 4),
    ):
        page = (await system.admin.get(f"/sessions/{session}/enrollments", params={"state": state})).json()
        assert page["total"] == number == len(page["items"])
    found = (
        await system.admin.get(f"/sessions/{session}/enrollments", params={"q": "P" + str(people[0])})
    ).json()
    assert found["items"][0]["progress"] == 1.0
    assert [source["kind"] for source in found["items"][0]["sources"]] == ["audience"]
    pages: list[int] = []
    cursor = None
    while True:
        parameters = {"limit": 3} | ({"cursor": cursor} if cursor else {})
        page = (await system.admin.get(f"/sessions/{session}/enrollments", params=parameters)).json()
        pages += [item["learner"]["id"] for item in page["items"]]
        cursor = page["next"]
        if cursor is None:
            break
    assert sorted(pages) == people
