"""Changes of structure: what they free, whom they move, and how methods read."""

from backend.database import fetch_value
from backend.services.enrollment.runs import large_runs
from backend.workers.jobs import apply_runs, check_enrollments
from tests.harness.system import System


async def test_allowing_several_sessions_frees_the_blocked(system: System) -> None:
    group = await system.group()
    people = await system.people(2, group)
    activity = await system.activity()
    spring, autumn = await system.session(activity), await system.session(activity, name="Autumn")
    await system.enroll_group(spring, group)
    assert (await system.enroll_group(autumn, group))["blocked"] == 2
    answer = await system.admin.patch(f"/activities/{activity}", json={"several_sessions": True})
    assert answer.status_code == 200, answer.text
    await system.settled()
    assert await system.enrolled(autumn) == await system.enrolled(spring) == set(people)


async def test_a_large_move_is_written_in_chunks(system: System) -> None:
    company, team = await system.group("Company"), await system.group("Team")
    people = await system.people(large_runs.CHUNK + 10, team)
    session = await system.session(fuse_entering=1_000_000)
    done = await system.enroll_group(session, company)
    await system.write("UPDATE learner_group SET parent_id = $1 WHERE id = $2", company, team)
    await system.settled()
    run = await fetch_value("SELECT id FROM run WHERE state = 'applying'")
    (newcomer,) = await system.people(1, team)
    await system.settled()
    # Whoever is at work on the method's people is not disturbed; what changed meanwhile is looked at afterwards.
    assert await system.enrolled(session) == set()
    assert await large_runs.apply_next_chunk(run) is True
    shown = (await system.admin.get(f"/runs/{run}")).json()
    assert (shown["state"], shown["done"], shown["total"]) == ("applying", large_runs.CHUNK, len(people))
    await apply_runs({})
    await system.settled()
    assert await system.enrolled(session) == {*people, newcomer}
    assert (await system.admin.get(f"/runs/{run}")).json()["entered"] == len(people)
    assert await large_runs.apply_next_chunk(run) is False
    assert (await system.method(done["method_id"]))["state"] == "live"
    await check_enrollments({})
    assert await fetch_value("SELECT count(*) FROM run WHERE cause = 'check'") == 0


async def test_methods_read_as_sentences(system: System) -> None:
    group = await system.group("Sales")
    (person,) = await system.people(1, group)
    session = await system.session()
    segment = (
        await system.admin.post(
            "/segments", json={"name": "Everybody at Sales", "rule": {"blocks": [{"groups": [group]}]}}
        )
    ).json()["id"]
    await system.apply(session, kind="manual", rule={"include": [person]}, name="New hires")
    await system.apply(session, kind="manual", rule={"include": [person]})
    await system.apply(session, kind="self", key="k")
    await system.apply(session, kind="self", open=True)
    await system.apply(session, kind="group", group_id=group)
    await system.apply(session, kind="segment", segment_id=segment)
    page = (await system.admin.get(f"/sessions/{session}/methods", params={"limit": 4})).json()
    rest = (
        await system.admin.get(f"/sessions/{session}/methods", params={"limit": 4, "cursor": page["next"]})
    ).json()
    sentences = [method["sentence"] for method in page["items"] + rest["items"]]
    assert sentences[:4] == [
        "Enrolled by hand: New hires.", "Enrolled by hand.", "Self enrollment with a key.", "Self enrollment.",
    ]  # fmt: skip
    assert "Sales" in sentences[4]
    assert "Everybody at Sales" in sentences[5]
    assert [method["dynamic"] for method in rest["items"]] == [True, True]
    sources = (await system.admin.get(f"/learners/{person}/enrollments")).json()["items"][0]["sources"]
    assert [source["kind"] for source in sources] == ["manual", "manual", "group", "segment"]
    assert (
        await system.admin.delete(
            f"/sessions/{session}/methods/{page['items'][0]['id']}", headers={"If-Match": "99"}
        )
    ).status_code == 409


async def test_whom_a_method_enrolls_has_its_role(system: System) -> None:
    group = await system.group()
    taught, teaching = await system.people(2)
    await system.join(group, teaching)
    session = await system.session()
    await system.apply(session, kind="manual", rule={"include": [taught]})
    await system.apply(session, kind="group", group_id=group, role="coach")
    listed = (await system.admin.get(f"/sessions/{session}/enrollments")).json()["items"]
    assert {one["learner"]["id"]: one["role"] for one in listed} == {taught: "learner", teaching: "coach"}


async def test_a_deleted_segment_or_group_is_protected_by_the_methods_that_use_it(system: System) -> None:
    group = await system.group("Sales")
    await system.people(1, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    refused = await system.admin.delete(f"/groups/{group}")
    assert refused.status_code == 409
    assert (await system.admin.delete(f"/sessions/{session}/methods/{done['method_id']}")).status_code == 200
    assert (await system.admin.delete(f"/groups/{group}")).status_code < 300


async def test_a_group_moves_from_one_group_of_a_rule_to_another(system: System) -> None:
    company, city = await system.group("Company"), await system.group("City")
    team = await system.group("Team", company)
    (person,) = await system.people(1, team)
    await system.join(company, person)
    session = await system.session()
    rule = {"blocks": [{"groups": [company], "filters": [{"type": "group", "op": "in", "groups": [city]}]}]}
    await system.apply(session, kind="audience", rule=rule, dynamic=True)
    assert await system.enrolled(session) == set()
    await system.write("UPDATE learner_group SET parent_id = $1 WHERE id = $2", city, team)
    await system.settled()
    assert await system.enrolled(session) == {person}


async def test_a_manager_gets_a_manager(system: System) -> None:
    """Everybody below them is now below the new one too."""
    group = await system.group()
    top, middle, low = await system.people(3, group)
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", middle, low)
    session = await system.session()
    managed = {"type": "manager", "op": "in", "managers": [top], "indirect": True}
    rule = {"blocks": [{"groups": [group], "filters": [managed]}]}
    await system.apply(session, kind="audience", rule=rule, dynamic=True)
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", top, middle)
    await system.settled()
    assert await system.enrolled(session) == {middle, low}


async def test_who_comes_to_manage_somebody_enters_and_who_no_longer_does_leaves(system: System) -> None:
    """Other people's managers decide about a person, before and after; particular people must meet what else is asked."""
    group = await system.group()
    before, after, report, other = await system.people(4, group)
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", before, report)
    session, narrow = await system.session(), await system.session()
    manages = {"type": "manager", "op": "is_manager"}
    named = {"type": "person", "op": "in", "learners": [after, other]}
    for one, filters in ((session, [manages]), (narrow, [named, manages])):
        rule = {"blocks": [{"groups": [group], "filters": filters}]}
        await system.apply(one, kind="audience", rule=rule, dynamic=True)
    assert (await system.enrolled(session), await system.enrolled(narrow)) == ({before}, set())
    plan = {"act": "learner", "id": report, "manager_id": after}
    told = (await system.admin.post("/consequences", json={"changes": [plan]})).json()
    assert (told["entering"], told["leaving"]) == (2, 1)
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", after, report)
    await system.settled()
    assert (await system.enrolled(session), await system.enrolled(narrow)) == ({after}, {after})


async def test_at_least_so_many_of_several_conditions(system: System) -> None:
    """Who meets one more enters, and the answer about a person says which."""
    group, first, second = [await system.group(name) for name in ("All", "First", "Second")]
    one, two = await system.people(2, group)
    await system.join(first, one, two)
    conditions = [{"type": "group", "op": "in", "groups": [found]} for found in (first, second)]
    asked = {"type": "at_least", "count": 2, "of": [*conditions, {"type": "person", "learners": [two]}]}
    rule = {"blocks": [{"groups": [group], "filters": [asked]}]}
    session = await system.session()
    await system.apply(session, kind="audience", rule=rule, dynamic=True)
    assert await system.enrolled(session) == {two}
    told = (await system.post("/audiences/explain", {"rule": rule, "learner_id": one})).json()
    assert [node["matches"] for node in told["tree"]["blocks"][0]["filters"][0]["of"]] == [True, False, False]
    await system.join(second, one)
    await system.settled()
    assert await system.enrolled(session) == {one, two}
