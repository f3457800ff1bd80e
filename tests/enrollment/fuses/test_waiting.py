"""What waits for a person: held removals, frozen rules, ended sessions."""

from typing import Any

from backend.database import fetch, fetch_value
from tests.harness.system import System


async def held_run(session: int) -> int:
    found: int = await fetch_value("SELECT id FROM run WHERE session_id = $1 AND state = 'held'", session)
    assert found is not None
    return found


async def large_removal(system: System) -> tuple[int, int, dict[str, Any], list[int]]:
    group = await system.group()
    people = await system.people(60, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    await system.leave(group, *people[:55])
    await system.settled()
    return session, group, done, people


async def test_a_large_dynamic_removal_is_held(system: System) -> None:
    session, group, done, people = await large_removal(system)
    assert await system.enrolled(session) == set(people)
    assert (await system.method(done["method_id"]))["state"] == "held"
    told = await fetch("SELECT learner_id FROM notice WHERE kind = 'held'")
    assert system.admin_id in {row["learner_id"] for row in told}
    # Entering goes on.
    (newcomer,) = await system.people(1, group)
    await system.settled()
    assert newcomer in await system.enrolled(session)


async def test_approving_lets_them_leave(system: System) -> None:
    session, _, done, people = await large_removal(system)
    run = await held_run(session)
    answer = await system.admin.post(f"/runs/{run}/approve")
    assert answer.status_code == 200, answer.text
    assert (answer.json()["state"], answer.json()["left"], answer.json()["cause"]) == (
        "applied",
        55,
        "approve",
    )
    assert await system.enrolled(session) == set(people[55:])
    assert (await system.method(done["method_id"]))["state"] == "live"
    await system.settled()
    assert await system.enrolled(session) == set(people[55:])
    undone = (await system.admin.post(f"/runs/{run}/undo")).json()
    assert (undone["people"], undone["left_alone_total"]) == (55, 0)
    await system.settled()
    assert await system.enrolled(session) == set(people)
    assert (await system.method(done["method_id"]))["state"] == "frozen"


async def test_approving_some_keeps_the_rest_held(system: System) -> None:
    session, _, done, people = await large_removal(system)
    run = await held_run(session)
    answer = await system.admin.post(f"/runs/{run}/approve", json={"learner_ids": people[:2]})
    assert answer.json()["left"] == 2
    assert await system.enrolled(session) == set(people[2:])
    assert (await system.admin.get(f"/runs/{run}")).json()["total"] == 53
    await system.settled()
    assert (await system.method(done["method_id"]))["state"] == "held"
    assert await system.enrolled(session) == set(people[2:])


async def test_rejecting_freezes_the_method(system: System) -> None:
    session, group, done, people = await large_removal(system)
    run = await held_run(session)
    answer = await system.admin.post(f"/runs/{run}/reject", json={"reason": "A wrong sheet"})
    assert answer.json()["state"] == "rejected"
    method = await system.method(done["method_id"])
    assert (method["state"], method["state_cause"]) == ("frozen", "rejected")
    assert method["state_details"] == {"run_id": run, "people": 55, "note": "A wrong sheet"}
    shown = (await system.admin.get(f"/sessions/{session}/methods")).json()["items"][0]
    assert shown["state_reason"] == "Somebody rejected its changes: A wrong sheet"
    await system.people(1, group)
    await system.settled()
    assert await system.enrolled(session) == set(people)
    # A confirmed plan brings it back to life.
    await system.apply(
        session, method_id=done["method_id"], rule={"blocks": [{"groups": [group]}]}, dynamic=True
    )
    assert (await system.method(done["method_id"]))["state"] == "live"
    assert len(await system.enrolled(session)) == 6


async def test_who_comes_back_is_off_the_list(system: System) -> None:
    session, group, done, people = await large_removal(system)
    run = await held_run(session)
    await system.join(group, *people[:50])
    await system.settled()
    assert (await system.admin.get(f"/runs/{run}")).json()["total"] == 5
    await system.join(group, *people[50:55])
    await system.settled()
    assert (await system.admin.get(f"/runs/{run}")).json()["state"] == "rejected"
    assert (await system.method(done["method_id"]))["state"] == "live"


async def test_a_mistake_that_arrives_row_by_row_is_one_mistake(system: System) -> None:
    group = await system.group()
    people = await system.people(60, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    for start in range(0, 60, 20):
        await system.leave(group, *people[start : start + 20])
        await system.settled()
    assert await system.enrolled(session) == set(people[40:])
    assert (await system.method(done["method_id"]))["state"] == "held"


async def test_a_confirmed_removal_is_not_held(system: System) -> None:
    group, empty = await system.group(), await system.group("Empty")
    await system.people(60, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    body = {"method_id": done["method_id"], "rule": {"blocks": [{"groups": [empty]}]}, "dynamic": True}
    assert (await system.plan(session, **body))["held"] is True
    assert (await system.apply(session, **body))["left"] == 60
    assert await system.enrolled(session) == set()


async def test_very_many_are_held_whatever_their_share(system: System) -> None:
    """The bound is the organisation's, or the session's own."""
    group = await system.group()
    people = await system.people(60, group)
    answer = await system.admin.patch("/organisation", json={"fuse": {"most": 3}})
    assert answer.json()["fuse"] == {"most": 3, "entering": 1_000}
    activity = await system.activity(several_sessions=True)
    sessions = []
    for fuse in ({"percent": 50}, {"percent": 50, "most": 10}):
        body = {"activity_id": activity, "name": "Spring", "fuse": fuse}
        made = (await system.admin.post("/sessions", json=body)).json()
        assert made["fuse"] == {"count": 50, "percent": 50, "most": fuse.get("most", 3), "entering": 1_000}
        await system.enroll_group(made["id"], group)
        sessions.append(made["id"])
    await system.leave(group, *people[:5])
    await system.settled()
    assert [len(await system.enrolled(session)) for session in sessions] == [60, 55]
    assert await held_run(sessions[0])


async def test_two_methods_that_one_mistake_empties_do_not_vouch_for_each_other(system: System) -> None:
    group = await system.group()
    people = await system.people(12, group)
    session = await system.session(fuse_count=5)
    for _ in range(2):
        await system.enroll_group(session, group)
    await system.leave(group, *people)
    await system.settled()
    assert await system.enrolled(session) == set(people)
    assert await fetch_value("SELECT count(*) FROM run WHERE state = 'held'") == 2


async def test_who_is_held_by_another_method_does_not_count_for_the_fuse(system: System) -> None:
    red, blue = await system.group("Red"), await system.group("Blue")
    people = await system.people(12, red)
    await system.join(blue, *people)
    session = await system.session(fuse_count=5)
    first = await system.enroll_group(session, red)
    await system.enroll_group(session, blue)
    await system.leave(red, *people)
    await system.settled()
    assert (await system.method(first["method_id"]))["state"] == "live"
    assert await system.enrolled(session) == set(people)


async def test_very_many_who_enter_wait_for_a_person(system: System) -> None:
    group = await system.group()
    session = await system.session(fuse_entering=10)
    there = await system.people(3, group)
    done = await system.enroll_group(session, group)
    people = await system.people(12, group)
    await system.settled()
    assert await system.enrolled(session) == set(there)
    assert (await system.method(done["method_id"]))["state"] == "held"
    run = await held_run(session)
    shown = (await system.admin.get(f"/runs/{run}")).json()
    assert (shown["entering"], shown["leaving"], shown["entered"], shown["total"]) == (12, 0, 0, 12)
    told = await fetch("SELECT learner_id FROM notice WHERE run_id = $1", run)
    assert [row["learner_id"] for row in told] == [system.admin_id]
    # The list follows the facts, and those who leave still do.
    await system.leave(group, people[0], there[0])
    (late,) = await system.people(1, group)
    await system.settled()
    assert await system.enrolled(session) == set(there[1:])
    listed = (await system.admin.get(f"/runs/{run}/changes", params={"change": "entered"})).json()["items"]
    assert {row["learner"]["id"] for row in listed} == {*people[1:], late}
    # Some of them, then all.
    some = await system.admin.post(f"/runs/{run}/approve", json={"learner_ids": people[1:3]})
    assert some.json()["entered"] == 2
    assert await system.enrolled(session) == {*there[1:], *people[1:3]}
    rest = (await system.admin.post(f"/runs/{run}/approve")).json()
    assert (rest["state"], rest["entered"], rest["cause"]) == ("applied", 10, "approve")
    await system.settled()
    assert await system.enrolled(session) == {*there[1:], *people[1:], late}
    assert (await system.method(done["method_id"]))["state"] == "live"
    # What a person has let in does not count as having come unasked.
    more = await system.people(9, group)
    await system.settled()
    assert set(more) < await system.enrolled(session)


async def test_rejecting_who_enters_freezes_the_method(system: System) -> None:
    group = await system.group()
    session = await system.session(fuse_entering=2)
    done = await system.enroll_group(session, group)
    people = await system.people(4, group)
    await system.settled()
    run = await held_run(session)
    assert (await system.admin.post(f"/runs/{run}/reject")).json()["state"] == "rejected"
    await system.people(1, group)
    await system.settled()
    assert await system.enrolled(session) == set()
    # Whoever confirms a plan has decided: it passes.
    body = {"method_id": done["method_id"], "rule": {"blocks": [{"groups": [group]}]}, "dynamic": True}
    assert (await system.apply(session, **body))["entered"] == len(people) + 1


async def test_a_broken_rule_freezes_and_thaws(system: System) -> None:
    group = await system.group()
    people = await system.people(3, group)
    field = await system.write_value(
        "INSERT INTO field (key, name, type) VALUES ('city', 'City', 'text') RETURNING id"
    )
    await system.write(
        "INSERT INTO field_value (learner_id, field_id, text_value) SELECT l, $2, 'Paris' FROM unnest($1::int[]) l",
        people, field,
    )  # fmt: skip
    session = await system.session()
    rule = {
        "blocks": [
            {
                "groups": [group],
                "filters": [{"type": "field", "field": "city", "op": "in", "values": ["Paris"]}],
            }
        ]
    }
    done = await system.apply(session, kind="audience", rule=rule, dynamic=True)
    await system.write("DELETE FROM field WHERE id = $1", field)
    await system.settled()
    method = await system.method(done["method_id"])
    assert method["state"] == "frozen"
    (problem,) = method["state_details"]["problems"]
    assert (method["state_cause"], problem["code"]) == ("broken_rule", "gone")
    assert await system.enrolled(session) == set(people)
    told = {row["learner_id"] for row in await fetch("SELECT learner_id FROM notice WHERE kind = 'frozen'")}
    assert system.admin_id in told
    # The field comes back: nobody has the value now, but nobody is thrown out unseen by the fuse of three people either.
    await system.write("INSERT INTO field (id, key, name, type) VALUES ($1, 'city', 'City', 'text')", field)
    await system.write(
        "INSERT INTO field_value (learner_id, field_id, text_value) SELECT l, $2, 'Paris' FROM unnest($1::int[]) l",
        people[:2], field,
    )  # fmt: skip
    await system.settled()
    assert (await system.method(done["method_id"]))["state"] == "live"
    assert await system.enrolled(session) == set(people[:2])


async def test_an_ended_session_follows_nothing(system: System) -> None:
    group = await system.group()
    people = await system.people(3, group)
    session = await system.session()
    await system.enroll_group(session, group)
    await system.write("UPDATE session SET ends_at = muster_now() - interval '1 hour' WHERE id = $1", session)
    await system.leave(group, people[0])
    await system.people(1, group)
    await system.settled()
    assert await system.enrolled(session) == set(people)
    # Prolonged, it takes up where it was.
    await system.write("UPDATE session SET ends_at = muster_now() + interval '1 hour' WHERE id = $1", session)
    await system.settled()
    assert len(await system.enrolled(session)) == 3
    assert people[0] not in await system.enrolled(session)


async def test_moving_a_group_moves_its_people(system: System) -> None:
    company, team = await system.group("Company"), await system.group("Team")
    people = await system.people(3, team)
    session = await system.session()
    await system.enroll_group(session, company)
    assert await system.enrolled(session) == set()
    await system.write("UPDATE learner_group SET parent_id = $1 WHERE id = $2", company, team)
    await system.settled()
    assert await system.enrolled(session) == set(people)
    await system.write("UPDATE learner_group SET parent_id = NULL WHERE id = $1", team)
    await system.settled()
    assert await system.enrolled(session) == set()


async def test_an_edited_segment_moves_its_people(system: System) -> None:
    red, blue = await system.group("Red"), await system.group("Blue")
    reds, blues = await system.people(2, red), await system.people(3, blue)
    made = await system.admin.post(
        "/segments", json={"name": "Ours", "rule": {"blocks": [{"groups": [red]}]}}
    )
    segment = made.json()["id"]
    session = await system.session()
    done = await system.apply(session, kind="segment", segment_id=segment)
    assert done["entered"] == 2
    assert await system.enrolled(session) == set(reds)
    answer = await system.admin.patch(f"/segments/{segment}", json={"rule": {"blocks": [{"groups": [blue]}]}})
    assert answer.status_code == 200, answer.text
    await system.settled()
    assert await system.enrolled(session) == set(blues)
