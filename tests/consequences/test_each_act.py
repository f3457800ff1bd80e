"""Each act: what it would do is told, done as told with the hash, and refused once the world has changed."""

from typing import Any

import httpx

from backend.database import fetch, fetch_row, fetch_value
from tests.consequences.asking import Json, asked, done, messages, people
from tests.harness.system import System

# Every live enrollment has a live source, whatever has been done.
SOURCELESS = """
SELECT count(*) FROM enrollment e WHERE e.state <> 'expired' AND NOT EXISTS (
    SELECT FROM source s WHERE s.session_id = e.session_id AND s.learner_id = e.learner_id AND s.until IS NULL)
"""


async def carried_out(
    system: System, change: Json, method: str, path: str, body: Any = None, **expected: int
) -> httpx.Response:
    """Asked about with these figures, refused with a hash of something else, done, and true."""
    shown = await asked(system, change)
    figures = {name: shown[name] for name in ("entering", "leaving", "blocked", "freed", "losing", "gaining")}
    assert figures == {**dict.fromkeys(figures, 0), **expected}, shown
    before = {row["id"]: await system.enrolled(row["id"]) for row in await fetch("SELECT id FROM session")}
    told = {
        one["session_id"]: (
            await people(system, "entering", change, session_id=one["session_id"]),
            await people(system, "leaving", change, session_id=one["session_id"]),
        )
        for one in shown["sessions"]
    }
    refused = await done(system, method, path, "0" * 64, body)
    assert (refused.status_code, refused.json().get("type")) == (409, "consequences_changed"), refused.text
    assert refused.json()["consequences"]["hash"] == shown["hash"]
    answer = await done(system, method, path, shown["hash"], body)
    assert answer.is_success, answer.text
    assert int(answer.headers["Run"]) > 0
    await system.settled()
    for session, enrolled in before.items():
        came, went = told.get(session, (set(), set()))
        assert await system.enrolled(session) == (enrolled | came) - went, session
    assert await fetch_value(SOURCELESS) == 0
    return answer


async def test_taking_people_out_of_a_group(system: System) -> None:
    group = await system.group()
    anna, ben, carl = await system.people(3, group)
    session = await system.session()
    await system.enroll_group(session, group)
    await system.settled()
    act = {"act": "members_remove", "group_id": group, "learner_ids": [anna, ben], "unlink": "expire"}
    shown = await asked(system, act)
    assert (shown["leaving"], shown["people"]) == (2, 2)
    assert [(one["session_id"], one["leaving"]) for one in shown["sessions"]] == [(session, 2)]
    assert await people(system, "leaving", act) == {anna, ben}
    assert await system.enrolled(session) == {anna, ben, carl}

    path = f"/groups/{group}/members/remove"
    body = {"learner_ids": [anna, ben], "unlink": "expire"}
    await system.leave(group, ben)
    await system.settled()
    refused = await done(system, "POST", path, shown["hash"], body)
    assert (refused.status_code, refused.json()["type"]) == (409, "consequences_changed")
    now = refused.json()["consequences"]
    assert now["leaving"] == 1
    answer = await done(system, "POST", path, now["hash"], body)
    assert answer.status_code == 200, answer.text
    await system.settled()
    assert await system.enrolled(session) == {carl}
    # Its run takes back the act with all that followed.
    undone = await system.post(f"/runs/{answer.headers['Run']}/undo", {})
    assert undone.status_code == 200, undone.text
    await system.settled()
    assert await system.enrolled(session) == {anna, carl}


async def test_people_and_groups(system: System) -> None:
    company = await system.group("Company")
    sales, support = await system.group("Sales", company), await system.group("Support", company)
    loose = await system.group("Loose")
    anna, ben, carl = await system.people(3, sales)
    dora, emil = await system.people(2)
    in_sales, in_company, in_french = [await system.session(name=name) for name in ("Sales", "All", "French")]
    await system.enroll_group(in_sales, sales)
    await system.enroll_group(in_company, company)
    french = [{"type": "language", "op": "in", "values": ["fr"]}]
    rule = {"blocks": [{"groups": [company], "filters": french}]}
    await system.apply(in_french, kind="audience", rule=rule, dynamic=True)
    await system.settled()

    add: Json = {"act": "members_add", "group_id": sales, "learner_ids": [dora, emil]}
    path = f"/groups/{sales}/members"
    await carried_out(system, add, "POST", path, {"learner_ids": [dora, emil]}, entering=4)
    await carried_out(
        system,
        {"act": "learner", "id": anna, "language": "fr"},
        "PATCH",
        f"/learners/{anna}",
        {"language": "fr"},
        entering=1,
    )
    # Who is suspended altogether counts no longer; their enrollments are dormant, and come back with them.
    await carried_out(
        system,
        {"act": "learner", "id": ben, "status": "suspended"},
        "PATCH",
        f"/learners/{ben}",
        {"status": "suspended"},
    )
    body: Json = {"learner_ids": [carl], "to_group_id": support, "unlink": "expire"}
    move = {"act": "members_move", "group_id": sales, **body}
    await carried_out(system, move, "POST", f"/groups/{sales}/members/move", body, leaving=1)
    body = {"learner_ids": [dora], "unlink": "group_only"}
    remove = {"act": "members_remove", "group_id": sales, **body}
    # She is kept in both sessions, by hand.
    await carried_out(system, remove, "POST", f"/groups/{sales}/members/remove", body, losing=2)
    # The whole of Support leaves the company, and comes back.
    for parent, expected in ((loose, {"leaving": 1}), (company, {"entering": 1})):
        act = {"act": "group", "id": support, "parent_id": parent}
        await carried_out(system, act, "PATCH", f"/groups/{support}", {"parent_id": parent}, **expected)


async def test_what_others_use_is_deleted_once_its_consequences_were_seen(system: System) -> None:
    company = await system.group("Company")
    sales = await system.group("Sales", company)
    below = await system.group("Below", sales)
    await system.people(2, sales)
    (emil,) = await system.people(1, below)
    field = (
        await system.admin.post(
            "/fields", json={"name": "Level", "type": "choice", "options": ["junior", "senior", "expert"]}
        )
    ).json()["id"]
    await system.admin.patch(f"/learners/{emil}", json={"fields": {"level": "junior"}})
    of_sales, of_company, of_level, of_segment = [
        await system.session(name=name) for name in ("Sales", "Company", "Level", "Segment")
    ]
    await system.apply(of_sales, kind="group", group_id=sales)
    await system.enroll_group(of_company, company)
    level = [{"type": "field", "field": "level", "op": "in", "values": ["junior"]}]
    rule = {"blocks": [{"groups": [company], "filters": level}]}
    await system.apply(of_level, kind="audience", rule=rule, dynamic=True)
    segment = (
        await system.admin.post("/segments", json={"name": "S", "rule": {"blocks": [{"groups": [sales]}]}})
    ).json()["id"]
    await system.apply(of_segment, kind="segment", segment_id=segment, dynamic=True)
    await system.settled()

    merge = {"act": "option_merge", "field_id": field, "from": "junior", "to": "senior"}
    await carried_out(
        system, merge, "POST", f"/fields/{field}/options/merge", {"from": "junior", "to": "senior"}
    )
    assert await fetch_value("SELECT options FROM field") == ["senior", "expert"]
    rename = {"act": "option_rename", "field_id": field, "from": "senior", "to": "master"}
    await carried_out(
        system, rename, "POST", f"/fields/{field}/options/rename", {"from": "senior", "to": "master"}
    )
    deletions: tuple[tuple[Json, str], ...] = (
        ({"act": "field_delete", "id": field}, f"/fields/{field}"),
        ({"act": "segment_delete", "id": segment}, f"/segments/{segment}"),
        ({"act": "group_delete", "id": sales}, f"/groups/{sales}"),
    )
    runs = []
    for act, path in deletions:
        refused = await system.admin.delete(path)
        assert refused.json()["type"] == "has_dependents", refused.text
        listed = (await system.admin.get(f"{path}/dependents")).json()
        key = "kind", "id", "session_name"
        told = [
            {tuple(one.get(name) for name in key) for one in some}
            for some in (listed["items"], refused.json()["dependents"])
        ]
        assert told[0] == told[1]
        assert listed["total"] == len(listed["items"]) > 0
        shown = await asked(system, act)
        assert [one["session_name"] for one in shown["frozen"]] == [
            *{"field_delete": ["Level"], "segment_delete": ["Segment"], "group_delete": []}[act["act"]]
        ], shown
        # Whom it enrolled itself stays, and so does whom the rule about the company would let go of.
        kept = {"losing": 5} if act["act"] == "group_delete" else {}
        runs.append((await carried_out(system, act, "DELETE", path, **kept)).headers["Run"])
    states = await fetch(
        "SELECT s.name, m.state FROM enrollment_method m JOIN session s ON s.id = m.session_id WHERE NOT hand_picked"
    )
    assert {row["name"]: row["state"] for row in states} == {
        "Sales": "draft", "Company": "live", "Level": "frozen", "Segment": "frozen"
    }  # fmt: skip
    assert await fetch_value("SELECT parent_id FROM learner_group WHERE id = $1", below) == company

    # Undone, the group is back under its id, and gives access again.
    assert await fetch_value(
        "SELECT deleted_at IS NOT NULL FROM enrollment_method WHERE session_id = $1 AND NOT hand_picked",
        of_sales,
    )
    enrolled = await system.enrolled(of_sales)
    assert len(enrolled) == 3
    undone = await system.post(f"/runs/{runs[-1]}/undo", {})
    assert undone.status_code == 200, undone.text
    await system.settled()
    assert await fetch_value("SELECT parent_id FROM learner_group WHERE id = $1", below) == sales
    method = await fetch_row(
        "SELECT id, state, group_id FROM enrollment_method WHERE session_id = $1 AND NOT hand_picked",
        of_sales,
    )
    assert method is not None
    assert (method["state"], method["group_id"]) == ("live", sales)
    assert (
        await fetch_value("SELECT count(*) FROM source WHERE method_id = $1 AND until IS NULL", method["id"])
        == 3
    )
    assert await system.enrolled(of_sales) == enrolled


async def test_rules_results_and_enrollments(system: System) -> None:
    group = await system.group()
    anna, ben, carl = await system.people(3, group)
    first = await system.activity("First", external_id="first")
    after, of_segment, picked = [await system.session(name=name) for name in ("After", "Segment", "Picked")]
    done_first = [{"type": "path_result", "status": "completed", "paths": [first]}]
    rule: Json = {"blocks": [{"groups": [group], "filters": done_first}]}
    await system.apply(after, kind="audience", rule=rule, dynamic=True)
    segment = (
        await system.admin.post("/segments", json={"name": "S", "rule": {"blocks": [{"groups": [group]}]}})
    ).json()["id"]
    await system.apply(of_segment, kind="segment", segment_id=segment, dynamic=True)
    await system.settled()

    results = [{"learner": anna, "activity": "first", "status": "completed"}]
    act: Json = {"act": "results", "results": results}
    await carried_out(system, act, "POST", "/results/bulk", {"results": results}, entering=1)
    rule = {"blocks": [{"groups": [group]}], "exclude": [carl]}
    act = {"act": "segment", "id": segment, "rule": rule}
    await carried_out(system, act, "PATCH", f"/segments/{segment}", {"rule": rule}, leaving=1)

    made = (await system.apply(picked, kind="manual", name="Named", rule={"include": [anna]}))["method_id"]
    await system.settled()
    rule = {"include": [ben, carl]}
    act = {"act": "method", "session_id": picked, "method_id": made, "rule": rule}
    path = f"/sessions/{picked}/methods/{made}"
    await carried_out(system, act, "PATCH", path, {"rule": rule}, entering=2, leaving=1)
    enrollment = (await system.enrollment(picked, ben))["id"]
    for do, expected in (("suspend", {}), ("resume", {}), ("unenroll", {"leaving": 1})):
        act = {"act": "enrollments", "ids": [enrollment], "do": do}
        await carried_out(system, act, "POST", f"/enrollments/{enrollment}/{do}", **expected)
    act = {"act": "method_delete", "id": made, "people": "expire"}
    await carried_out(system, act, "DELETE", path, {"people": "expire"}, leaving=1)


async def test_extending_and_moving_many(system: System) -> None:
    group, activity = await system.group(), await system.activity()
    people_ = await system.people(3, group)
    here, there = [await system.session(activity, name=name) for name in ("Here", "There")]
    await system.enroll_group(here, group)
    await system.settled()
    await system.write("UPDATE notice SET cancelled_at = muster_now()")
    ids = [(await system.enrollment(here, one))["id"] for one in people_]
    await system.write(
        "UPDATE enrollment SET due_at = muster_now() + interval '40 days' WHERE id = $1", ids[0]
    )
    await system.settled()
    path = f"/sessions/{here}/enrollments/bulk"
    body: Json = {"ids": ids, "do": "extend", "days": 7}
    act = {"act": "enrollments", **body}
    assert (await asked(system, act))["messages"] == 2
    page, last = [await messages(system, act, limit=1, page=page) for page in (0, 1)]
    assert (page["total"], page["items"][0]["learner"]["id"]) == (2, people_[1])
    assert [one["learner"]["id"] for one in last["items"]] == [people_[2]]
    assert last["items"][0]["about"] == [
        {"kind": "due_changed", "session_id": here, "session_name": "Here", "activity_title": "Onboarding"}
    ]
    answer = await carried_out(system, act, "POST", path, body)
    assert await fetch_value("SELECT count(*) FROM notice WHERE kind = 'due_changed'") == 2
    assert await fetch_value("SELECT count(*) FROM enrollment WHERE due_by_hand") == 3
    assert (await system.post(f"/runs/{answer.headers['Run']}/undo", {})).status_code == 200
    assert await fetch_value("SELECT count(*) FROM enrollment WHERE due_by_hand") == 0
    body = {"ids": ids[:2], "do": "move", "session_id": there}
    act = {"act": "enrollments", **body}
    answer = await carried_out(system, act, "POST", path, body, entering=2, leaving=2)
    assert await system.enrolled(there) == set(people_[:2])
    # Sent again with its key, the answer names the run again.
    assert (await system.post(f"/runs/{answer.headers['Run']}/undo", {})).status_code == 200
    await system.settled()
    assert (await system.enrolled(here), await system.enrolled(there)) == (set(people_), set())
    shown = await asked(system, act)
    keyed = {"If-Consequences": shown["hash"], "Idempotency-Key": "once"}
    first, second = [await system.admin.post(path, json=body, headers=keyed) for _ in range(2)]
    assert (second.headers["Idempotent-Replayed"], second.content) == ("true", first.content)
    assert first.headers["Run"] == second.headers["Run"]


async def test_several_acts_as_one(system: System) -> None:
    """They are asked about together, and done together: either all of them, or none."""
    group = await system.group()
    anna, ben, carl = await system.people(3, group)
    session = await system.session()
    await system.enroll_group(session, group)
    await system.settled()
    acts = [
        {"act": "members_remove", "group_id": group, "learner_ids": [one], "unlink": "expire"}
        for one in (anna, ben)
    ]
    shown = await asked(system, *acts)
    assert shown["leaving"] == 2
    refused = await system.post("/consequences/apply", {"changes": acts, "hash": "0" * 64})
    assert (refused.status_code, refused.json()["type"]) == (409, "consequences_changed")
    assert refused.json()["consequences"]["hash"] == shown["hash"]
    unknown = [*acts, {"act": "learner", "id": 10**6, "status": "active"}]
    missing = await system.post("/consequences/apply", {"changes": unknown, "hash": shown["hash"]})
    assert missing.status_code == 404
    assert missing.json()["errors"][0]["path"] == "changes[2]"
    answer = await system.post("/consequences/apply", {"changes": acts, "hash": shown["hash"]})
    assert answer.status_code == 200, answer.text
    assert answer.json()["run_id"] == int(answer.headers["Run"])
    await system.settled()
    assert await system.enrolled(session) == {carl}
