"""Changes of structure: what they free, whom they move, and how methods read."""

from backend.database import fetch_value
from backend.services import chunks
from backend.workers.jobs import apply_runs, check_enrollments
from tests.enrolling.house import House


async def test_allowing_several_sessions_frees_the_blocked(house: House) -> None:
    group = await house.group()
    people = await house.people(2, group)
    activity = await house.activity()
    spring, autumn = await house.session(activity), await house.session(activity, name="Autumn")
    await house.enroll_group(spring, group)
    assert (await house.enroll_group(autumn, group))["blocked"] == 2
    answer = await house.admin.patch(f"/activities/{activity}", json={"several_sessions": True})
    assert answer.status_code == 200, answer.text
    await house.settled()
    assert await house.enrolled(autumn) == await house.enrolled(spring) == set(people)


async def test_a_large_move_is_written_in_chunks(house: House) -> None:
    company, team = await house.group("Company"), await house.group("Team")
    people = await house.people(chunks.CHUNK + 10, team)
    session = await house.session(fuse_entering=1_000_000)
    done = await house.enroll_group(session, company)
    await house.write("UPDATE learner_group SET parent_id = $1 WHERE id = $2", company, team)
    await house.settled()
    run = await fetch_value("SELECT id FROM run WHERE state = 'applying'")
    (newcomer,) = await house.people(1, team)
    await house.settled()
    # Whoever is at work on the method's people is not disturbed; what changed meanwhile is looked at afterwards.
    assert await house.enrolled(session) == set()
    assert await chunks.apply_next_chunk(run) is True
    shown = (await house.admin.get(f"/runs/{run}")).json()
    assert (shown["state"], shown["done"], shown["total"]) == ("applying", chunks.CHUNK, len(people))
    await apply_runs({})
    await house.settled()
    assert await house.enrolled(session) == {*people, newcomer}
    assert (await house.admin.get(f"/runs/{run}")).json()["entered"] == len(people)
    assert await chunks.apply_next_chunk(run) is False
    assert (await house.method(done["method_id"]))["state"] == "live"
    await check_enrollments({})
    assert await fetch_value("SELECT count(*) FROM run WHERE cause = 'check'") == 0


async def test_methods_read_as_sentences(house: House) -> None:
    group = await house.group("Sales")
    (person,) = await house.people(1, group)
    session = await house.session()
    segment = (
        await house.admin.post(
            "/segments", json={"name": "Everybody at Sales", "rule": {"blocks": [{"groups": [group]}]}}
        )
    ).json()["id"]
    await house.apply(session, kind="manual", rule={"include": [person]}, name="New hires")
    await house.apply(session, kind="manual", rule={"include": [person]})
    await house.apply(session, kind="self", key="k")
    await house.apply(session, kind="self")
    await house.apply(session, kind="group", group_id=group)
    await house.apply(session, kind="segment", segment_id=segment)
    page = (await house.admin.get(f"/sessions/{session}/methods", params={"limit": 4})).json()
    rest = (
        await house.admin.get(f"/sessions/{session}/methods", params={"limit": 4, "cursor": page["next"]})
    ).json()
    sentences = [method["sentence"] for method in page["items"] + rest["items"]]
    assert sentences[:4] == [
        "Enrolled by hand: New hires.", "Enrolled by hand.", "Self enrollment with a key.", "Self enrollment.",
    ]  # fmt: skip
    assert "Sales" in sentences[4]
    assert "Everybody at Sales" in sentences[5]
    assert [method["dynamic"] for method in rest["items"]] == [True, True]
    sources = (await house.admin.get(f"/learners/{person}/enrollments")).json()["items"][0]["sources"]
    assert [source["kind"] for source in sources] == ["manual", "manual", "group", "segment"]
    assert (
        await house.admin.delete(
            f"/sessions/{session}/methods/{page['items'][0]['id']}", headers={"If-Match": "99"}
        )
    ).status_code == 409


async def test_a_deleted_segment_or_group_is_protected_by_the_methods_that_use_it(house: House) -> None:
    group = await house.group("Sales")
    await house.people(1, group)
    session = await house.session()
    done = await house.enroll_group(session, group)
    refused = await house.admin.delete(f"/groups/{group}")
    assert refused.status_code == 409
    assert (await house.admin.delete(f"/sessions/{session}/methods/{done['method_id']}")).status_code == 200
    assert (await house.admin.delete(f"/groups/{group}")).status_code < 300


async def test_a_group_moves_from_one_group_of_a_rule_to_another(house: House) -> None:
    company, city = await house.group("Company"), await house.group("City")
    team = await house.group("Team", company)
    (person,) = await house.people(1, team)
    await house.join(company, person)
    session = await house.session()
    rule = {"blocks": [{"groups": [company], "filters": [{"type": "group", "op": "in", "groups": [city]}]}]}
    await house.apply(session, kind="audience", rule=rule, dynamic=True)
    assert await house.enrolled(session) == set()
    await house.write("UPDATE learner_group SET parent_id = $1 WHERE id = $2", city, team)
    await house.settled()
    assert await house.enrolled(session) == {person}


async def test_a_manager_gets_a_manager(house: House) -> None:
    """Everybody below them is now below the new one too."""
    group = await house.group()
    top, middle, low = await house.people(3, group)
    await house.write("UPDATE learner SET manager_id = $1 WHERE id = $2", middle, low)
    session = await house.session()
    managed = {"type": "manager", "op": "in", "managers": [top], "indirect": True}
    rule = {"blocks": [{"groups": [group], "filters": [managed]}]}
    await house.apply(session, kind="audience", rule=rule, dynamic=True)
    await house.write("UPDATE learner SET manager_id = $1 WHERE id = $2", top, middle)
    await house.settled()
    assert await house.enrolled(session) == {middle, low}
