"""What qualifications require, who stands how on them, and what linking them to other groups does."""

from typing import Any

from tests.harness.system import System


async def qualification(system: System, name: str = "First aid", **more: Any) -> int:
    answer = await system.admin.post("/groups", json={"name": name, "kind": "qualification", **more})
    assert answer.status_code == 201, answer.text
    found: int = answer.json()["id"]
    return found


async def require(system: System, group: int, *activities: int, **more: Any) -> dict[str, Any]:
    """As the interface does it: asked, then confirmed; the consequences."""
    body = {"activity_ids": list(activities), **more}
    change = {"act": "requirements", "id": group, **body}
    asked = await system.admin.post("/consequences", json={"changes": [change]})
    assert asked.status_code == 200, asked.text
    found: dict[str, Any] = asked.json()
    done = await system.admin.put(
        f"/groups/{group}/requirements", json=body, headers={"If-Consequences": found["hash"]}
    )
    assert done.status_code == 200, done.text
    assert {one["activity_id"] for one in done.json()["items"]} == set(activities)
    return {**found, "run": done.headers.get("Run")}


async def states(system: System, **query: Any) -> dict[int, str]:
    answer = await system.admin.get("/qualifications", params=query)
    assert answer.status_code == 200, answer.text
    return {one["learner"]["id"]: one["state"] for one in answer.json()["items"]}


async def completed(system: System, learner: int, activity: int, **more: Any) -> None:
    await system.write(
        "INSERT INTO result (learner_id, activity_id, status, completed_at) VALUES ($1, $2, 'completed', muster_now())",
        learner,
        activity,
    )
    for certificate, expires in more.items():
        await system.write(
            "INSERT INTO award (learner_id, certificate_id, issued_at, expires_at)"
            " VALUES ($1, $2, muster_now() - interval '1 year', muster_now() + $3::text::interval)",
            learner,
            int(certificate[1:]),
            expires,
        )


async def test_a_qualification_gives_access_to_what_it_requires(system: System) -> None:
    group = await qualification(system)
    ana, bo = await system.people(2, group)
    first, second = await system.activity("A"), await system.activity("B")
    session, other = await system.session(first), await system.session(second)
    shown = await require(system, group, first)
    assert (shown["entering"], await system.enrolled(session)) == (2, {ana, bo})
    # Two open sessions: one has to be named.
    await system.session(second)
    refused = await system.admin.put(f"/groups/{group}/requirements", json={"activity_ids": [first, second]})
    assert (refused.status_code, refused.json()["type"]) == (422, "choose_session")
    done = await require(system, group, first, second, session_ids=[other])
    assert await system.enrolled(other) == {ana, bo}
    assert (await system.admin.post(f"/runs/{done['run']}/undo")).status_code == 200
    assert await system.enrolled(other) == set()

    # Who gets it later is enrolled; what it no longer requires takes nobody out unless that is asked.
    (cy,) = await system.people(1, group)
    await system.settled()
    assert await system.enrolled(session) == {ana, bo, cy}
    shown = await require(system, group)
    assert (shown["leaving"], await system.enrolled(session)) == (0, {ana, bo, cy})
    await require(system, group, first)
    shown = await require(system, group, people="expire")
    plain = await system.group("Sales")
    assert (await system.admin.get(f"/groups/{plain}/requirements")).status_code == 422


async def test_a_linked_group_has_access_to_what_the_qualification_requires(system: System) -> None:
    group, company = await qualification(system), await system.group("Company")
    (ana,) = await system.people(1, company)
    first, second = await system.activity("A"), await system.activity("B")
    sessions = [await system.session(one) for one in (first, second)]
    body = {"add": [{"group_id": company, "qualification_id": group, "mandatory": True}]}
    refused = await system.admin.post("/assignments/plan", json=body)
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "add[0].qualification_id")
    await require(system, group, first, second)
    plan = (await system.admin.post("/assignments/plan", json=body)).json()
    assert plan["entering"] == 2
    done = await system.admin.post("/assignments/apply", json={**body, "hash": plan["hash"]})
    assert done.status_code == 200, done.text
    for session in sessions:
        assert await system.enrolled(session) == {ana}


async def test_a_later_requirement_reaches_the_groups_that_are_linked(system: System) -> None:
    """Given a company linked to a qualification; when that requires something more; then the company is given it too, on its terms."""
    group, company, other = (
        await qualification(system),
        await system.group("Company"),
        await system.group("Other"),
    )
    (ana,), (bo,) = await system.people(1, company), await system.people(1, other)
    first, second, third = [await system.activity(name) for name in "ABC"]
    one, two, three = [await system.session(activity) for activity in (first, second, third)]
    await require(system, group, first)
    add = [{"group_id": company, "qualification_id": group, "mandatory": True, "due_days": 30}]
    add.append({"group_id": other, "session_id": one})
    plan = (await system.admin.post("/assignments/plan", json={"add": add})).json()
    done = await system.admin.post("/assignments/apply", json={"add": add, "hash": plan["hash"]})
    assert done.status_code == 200, done.text
    assert await system.enrolled(one) == {ana, bo}

    shown = await require(system, group, first, second)
    assert shown["entering"] == 1
    await system.settled()
    assert await system.enrolled(two) == {ana}
    assert (await system.enrollment(two, ana))["mandatory"] is True
    # Undone as the one act that it was; and what the company has by itself is left as it is.
    assert (await system.admin.post(f"/runs/{shown['run']}/undo")).status_code == 200
    await system.settled()
    assert await system.enrolled(two) == set()
    await system.apply(three, kind="group", group_id=company)
    shown = await require(system, group, first, third)
    assert (shown["entering"], shown["gaining"]) == (0, 0)
    assert (await system.enrollment(three, ana))["mandatory"] is False
    # What is no longer required takes nothing from whoever is linked.
    shown = await require(system, group, third, people="expire")
    assert (shown["leaving"], await system.enrolled(one)) == (0, {ana, bo})


async def test_how_people_stand_on_a_qualification(system: System) -> None:
    """Given one activity with a certificate and one without; then the certificate's day decides, and both have to be done."""
    group = await qualification(system)
    below = await system.group("First aid, south", parent=group)
    qualified, going, missing, expiring, expired = await system.people(5, group)
    (deeper,) = await system.people(1, below)
    plain, certified = await system.activity("Plain"), await system.activity("Certified")
    certificate = await system.write_value(
        "INSERT INTO certificate (activity_id, title, valid_months) VALUES ($1, 'C', 12) RETURNING id",
        certified,
    )
    for activity in (plain, certified):
        await system.session(activity)
    await require(system, group, plain, certified)
    for learner, lasts in ((qualified, "90 days"), (expiring, "20 days"), (expired, "-1 days")):
        await completed(system, learner, plain)
        await completed(system, learner, certified, **{f"c{certificate}": lasts})
    await completed(system, going, plain)
    expected = {
        qualified: "qualified",
        going: "in_progress",
        missing: "missing",
        expiring: "expiring",
        expired: "expired",
        deeper: "missing",
    }
    assert await states(system, qualification=group) == expected
    assert await states(system, state="expiring") == {expiring: "expiring"}
    assert await states(system, group=below) == {deeper: "missing"}
    page = (await system.admin.get("/qualifications", params={"limit": 4})).json()
    rest = (await system.admin.get("/qualifications", params={"limit": 4, "cursor": page["next"]})).json()
    assert (page["total"], len(page["items"]) + len(rest["items"]), rest["next"]) == (6, 6, None)


async def test_the_inventory_shows_people_within_the_readers_sight(system: System) -> None:
    group = await qualification(system, "=1+1", private=True)
    team = await system.group("Team")
    ana, bo = await system.people(2, group)
    await system.join(team, ana)
    coach = await system.person("coach@example.org")
    await system.join(team, coach, role="coach")
    client = await system.client("coach@example.org")
    # Whose private qualification it is they see only from inside.
    assert (await client.get("/qualifications")).json()["total"] == 0
    assert (await client.get("/qualifications.csv")).text.count("\n") == 1
    await system.write("UPDATE learner_group SET private = false WHERE id = $1", group)
    listed = (await client.get("/qualifications")).json()["items"]
    assert [one["learner"]["id"] for one in listed] == [ana]
    sheet = await system.admin.get("/qualifications.csv")
    assert sheet.headers["content-type"].startswith("text/csv")
    assert "'=1+1" in sheet.text
    assert (await system.admin.get("/qualifications.xlsx")).content[:2] == b"PK"
    assert {bo} < set(await states(system, qualification=group))
