"""Whatever a write touches is within the writer's rights: the stored method, the new one, everybody who comes or goes."""

from collections.abc import AsyncIterator
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from backend.database import fetch
from tests.enrolling.conftest import Houses
from tests.enrolling.house import House

ROLES = ("coach", "group_admin", "instructor", "manager")
NO_HASH = "0" * 64


@dataclass
class Company:
    """Own (the coach's and group admin's group) and Board (nobody's); a session of Own in which an admin enrolled both."""

    house: House
    clients: dict[str, httpx.AsyncClient]
    own: int
    board: int
    mine: list[int]
    strangers: list[int]
    session: int
    method: int
    run: int
    held: int

    async def facts(self) -> list[list[dict[str, Any]]]:
        """All that writes could have changed."""
        return [
            [dict(row) for row in await fetch(sql)]
            for sql in (
                "SELECT * FROM enrollment_method ORDER BY id",
                "SELECT * FROM source ORDER BY id",
                "SELECT * FROM enrollment ORDER BY id",
                "SELECT * FROM run ORDER BY id",
                "SELECT * FROM run_change ORDER BY run_id, learner_id, change",
                "SELECT * FROM membership ORDER BY group_id, learner_id",
            )
        ]


@pytest.fixture
async def company(houses: Houses) -> AsyncIterator[Company]:
    """Nobody reconciles: nothing changes but by what the tests ask."""
    async with houses(reconciling=False) as house:
        yield await _company(house)


async def _company(house: House) -> Company:
    own, board = await house.group("Own"), await house.group("Board")
    mine, strangers = await house.people(3, own), await house.people(3, board)
    clients = {}
    for role in ROLES:
        person = await house.person(f"{role}@example.org")
        clients[role] = await house.client(f"{role}@example.org")
        if role in ("coach", "group_admin"):
            await house.join(own, person, role="coach" if role == "coach" else "admin")
        if role == "manager":
            await house.write("UPDATE learner SET manager_id = $1 WHERE id = $2", person, mine[0])
    await house.write("UPDATE organisation SET managers_enroll = true")
    session = await house.session(group_id=own, catalog="group")
    await house.write(
        "INSERT INTO session_instructor (session_id, learner_id) SELECT $1, id FROM learner"
        " WHERE email = 'instructor@example.org'",
        session,
    )
    rule = {"blocks": [{"groups": [own]}, {"groups": [board]}]}
    done = await house.apply(session, kind="audience", rule=rule, dynamic=True, name="Everybody")
    held = await house.write_value(
        "INSERT INTO run (method_id, session_id, cause, state, total, created_at)"
        " VALUES ($1, $2, 'change', 'held', 4, muster_now()) RETURNING id",
        done["method_id"],
        session,
    )
    await house.write(
        "INSERT INTO run_change (run_id, learner_id, change) SELECT $1, l, 'left' FROM unnest($2::int[]) l",
        held,
        [mine[0], *strangers],
    )
    return Company(
        house, clients, own, board, mine, strangers, session, done["method_id"], done["run_id"], held
    )


def acts(company: Company, enrollment: int) -> list[tuple[str, str, dict[str, Any] | None]]:
    """What those who reach only Own must not do: method, path, body."""
    at, session = f"/sessions/{company.session}", company.session
    stored = {"method_id": company.method}
    board = {"blocks": [{"groups": [company.board]}]}
    bodies: list[dict[str, Any]] = [
        {**stored, "rule": {}},
        {**stored, "rule": {}, "on_leave": "expire"},
        {**stored, "rule": {"blocks": [{"groups": [company.own]}]}},
        {**stored, "mandatory": True},
        {**stored, "active": False},
        {**stored, "visible": False},
        {**stored, "name": "Mine now"},
        {"kind": "audience", "rule": board, "dynamic": True},
        {"kind": "audience", "rule": board, "dynamic": False},
        {"kind": "audience", "rule": {"blocks": [{"everyone": True}]}},
        {"kind": "group", "group_id": company.board},
        {"kind": "manual", "rule": {"include": company.strangers}},
        {"kind": "manual", "rule": {"include": [company.mine[0]], "exclude": company.strangers[:1]}},
        {"kind": "manual", "rule": {"include": [10**6]}},
    ]
    found: list[tuple[str, str, dict[str, Any] | None]] = []
    for body in bodies:
        found.append(("POST", f"{at}/plan", body))
        found.append(("POST", f"{at}/apply", {**body, "hash": NO_HASH}))
        if "kind" in body:
            found.append(("POST", f"{at}/methods", body))
    method = f"{at}/methods/{company.method}"
    changes: list[dict[str, Any]] = [
        {"active": False},
        {"visible": False},
        {"due_days": 3},
        {"rule": {}},
        {"name": "x"},
    ]
    found += [("PATCH", method, change) for change in changes]
    found += [("DELETE", f"{method}?people={people}", None) for people in ("keep", "expire", "erase")]
    for run in (company.run, company.held):
        found.append(("POST", f"/runs/{run}/undo", None))
    found += [
        ("POST", f"/runs/{company.held}/approve", None),
        ("POST", f"/runs/{company.held}/approve", {"learner_ids": [company.mine[0]]}),
        ("POST", f"/runs/{company.held}/reject", None),
        ("POST", f"/enrollments/{enrollment}/unenroll", {"on_leave": "erase"}),
        ("PATCH", f"/sessions/{session}", {"instructor_ids": company.strangers[:1]}),
        ("POST", f"/groups/{company.own}/members", {"learner_ids": company.strangers}),
    ]
    return found


async def test_nobody_reaches_beyond_their_rights(company: Company) -> None:
    enrollment = (await company.house.enrollment(company.session, company.strangers[0]))["id"]
    before = await company.facts()
    let_through = []
    for role, client in company.clients.items():
        for method, path, body in acts(company, enrollment):
            answer = await client.request(method, path, json=body)
            # 422 where an id in a body is as good as none at all.
            unknown = answer.status_code == 422 and answer.json()["errors"][0]["code"] == "unknown"
            # A held run is not one to undo, whoever asks.
            held = path.endswith(f"{company.held}/undo") and answer.status_code == 409
            if answer.status_code not in (403, 404) and not unknown and not held:
                let_through.append((role, method, path, body, answer.status_code, answer.text[:200]))
    assert let_through == []
    assert await company.facts() == before


async def test_a_coach_has_all_of_a_method_of_their_own(company: Company) -> None:
    house, coach = company.house, company.clients["coach"]
    rule = {"blocks": [{"groups": [company.own]}]}
    made = await house.apply(company.session, coach, kind="audience", rule=rule, dynamic=True)
    method = f"/sessions/{company.session}/methods/{made['method_id']}"
    assert (await coach.patch(method, json={"due_days": 9})).status_code == 200
    narrowed = await house.apply(
        company.session, coach, method_id=made["method_id"], rule={**rule, "exclude": company.mine[:1]}
    )
    # With a key the whole request is one transaction, in which the index follows nothing that it writes.
    undone = await coach.post(f"/runs/{narrowed['run_id']}/undo", headers={"Idempotency-Key": "undo"})
    assert undone.status_code == 200, undone.text
    gone = await coach.delete(method, params={"people": "expire"}, headers={"Idempotency-Key": "gone"})
    assert gone.status_code == 200, gone.text
    draft = await coach.post(
        f"/sessions/{company.session}/methods",
        json={"kind": "group", "group_id": company.own},
        headers={"Idempotency-Key": "draft"},
    )
    assert draft.status_code == 201
    assert (
        await coach.delete(f"/sessions/{company.session}/methods/{draft.json()['id']}")
    ).status_code == 200


async def test_a_draft_that_is_refused_leaves_nothing(company: Company) -> None:
    body = {"kind": "manual", "rule": {"include": company.strangers}}
    for client in company.clients.values():
        answer = await client.post(f"/sessions/{company.session}/methods", json=body)
        assert answer.status_code == 403
    assert [row["id"] for row in await fetch("SELECT id FROM enrollment_method")] == [company.method]


async def test_session_staff_looks_after_everybody_in_it_and_unenrolls_their_own(company: Company) -> None:
    house = company.house
    stranger = (await house.enrollment(company.session, company.strangers[0]))["id"]
    member = (await house.enrollment(company.session, company.mine[1]))["id"]
    for role in ("coach", "instructor"):
        client = company.clients[role]
        paused = await client.post(f"/enrollments/{stranger}/suspend")
        assert paused.status_code == 200, paused.text
        (run, *_) = (await client.get("/runs")).json()["items"]
        assert (await client.post(f"/runs/{run['id']}/undo")).status_code == 200
        assert (await house.enrollment(company.session, company.strangers[0]))["state"] == "active"
    assert (await company.clients["instructor"].post(f"/enrollments/{member}/unenroll")).status_code == 403
    assert (await company.clients["manager"].post(f"/enrollments/{member}/unenroll")).status_code == 404
    await house.write("UPDATE enrollment_method SET mandatory = true, version = version + 1")
    duty = await company.clients["coach"].post(f"/enrollments/{member}/unenroll")
    assert (duty.status_code, "mandatory" in duty.json()["detail"]) == (403, True)
    await house.write("UPDATE enrollment_method SET mandatory = false, version = version + 1")
    assert (await company.clients["coach"].post(f"/enrollments/{member}/unenroll")).status_code == 200


async def test_an_undo_takes_back_who_is_within_reach_and_counts_the_rest(company: Company) -> None:
    house, coach = company.house, company.clients["coach"]
    rule = {"blocks": [{"groups": [company.own]}]}
    other = await house.session(group_id=company.own)
    await house.apply(other, coach, kind="audience", rule=rule, dynamic=False)
    (run, *_) = (await coach.get("/runs")).json()["items"]
    gone = company.mine[2]
    await house.leave(company.own, gone)
    undone = (await coach.post(f"/runs/{run['id']}/undo")).json()
    # The coach and the group admin are in their group, too.
    assert (undone["people"], undone["left_alone_total"]) == (4, 1)
    # Who is or was in the session keeps their name before its staff.
    assert [(one["learner"]["id"], one["reason"]) for one in undone["left_alone"]] == [
        (gone, "beyond_rights")
    ]
    assert await house.enrolled(other) == {gone}


async def test_runs_show_only_people_whom_their_reader_may_see(company: Company) -> None:
    house = company.house
    other = await house.session(group_id=company.own, catalog="group")
    # People who never were in the session: a plan blocked them, and they are enrolled elsewhere.
    run = await house.write_value(
        "INSERT INTO run (session_id, cause, actor_id, state, created_at) VALUES ($1, 'change', $2, 'applied', muster_now())"
        " RETURNING id",
        other,
        house.admin_id,
    )
    await house.write(
        "INSERT INTO run_change (run_id, learner_id, change) SELECT $1, l, 'blocked' FROM unnest($2::int[]) l",
        run,
        [company.mine[0], *company.strangers],
    )
    for q in (None, "p"):
        seen = (
            await company.clients["coach"].get(f"/runs/{run}/changes", params={"q": q} if q else None)
        ).json()
        assert ([one["learner"]["id"] for one in seen["items"]], seen["total"]) == ([company.mine[0]], 1)
    assert (await company.clients["coach"].get(f"/runs/{run}")).json()["actor"] is None
    for client, may in ((company.clients["coach"], False), (house.admin, True)):
        assert (await client.get(f"/runs/{company.run}")).json()["can_undo"] is may
    assert (await house.admin.get(f"/runs/{run}")).json()["actor"]["id"] == house.admin_id
    searched = await company.clients["coach"].get("/runs", params={"q": "root@example.org"})
    assert searched.json()["total"] == 0
    assert (await company.clients["instructor"].get(f"/runs/{run}/changes")).status_code == 404
    assert (await company.clients["manager"].get(f"/runs/{run}/changes")).status_code == 404
    assert (await company.clients["manager"].get("/runs")).json()["items"] == []


async def test_whom_one_sees_as_an_instructor_one_does_not_bring_into_a_group(company: Company) -> None:
    house, instructor = company.house, company.clients["instructor"]
    person = (await instructor.get("/auth/me")).json()["learner"]["id"]
    team = await house.group("Instructor's own")
    await house.join(team, person, role="admin")
    seen = (await instructor.get(f"/learners/{company.strangers[0]}")).status_code
    assert seen == 200
    for learner in (company.strangers[0], 10**6):
        answer = await instructor.post(f"/groups/{team}/members", json={"learner_ids": [learner]})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown")
    session = await house.session(group_id=team)
    for learner in (company.strangers[0], 10**6):
        answer = await instructor.patch(f"/sessions/{session}", json={"instructor_ids": [learner]})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown")
    # Those whom an admin has put there stay.
    kept = {"instructor_ids": [company.strangers[1]]}
    assert (await house.admin.patch(f"/sessions/{session}", json=kept)).status_code == 200
    both = {"instructor_ids": [company.strangers[1], person]}
    assert (await instructor.patch(f"/sessions/{session}", json=both)).status_code == 200


async def test_managers_enroll_their_reports_and_theirs_by_name(company: Company) -> None:
    house, manager = company.house, company.clients["manager"]
    report, indirect = company.mine[0], company.strangers[0]
    await house.write("UPDATE learner SET manager_id = $1 WHERE id = $2", report, indirect)
    published = await house.session(group_id=company.own, catalog="group", name="Published")
    hidden = await house.session(group_id=company.own, name="Hidden")
    elsewhere = await house.session(group_id=await house.group("Far"), catalog="group")
    body = {"kind": "manual", "rule": {"include": [report, indirect]}}
    for session in (hidden, elsewhere):
        for path in (f"/sessions/{session}", f"/sessions/{session}/methods"):
            assert (await manager.get(path)).status_code == 404
        assert (await manager.post(f"/sessions/{session}/plan", json=body)).status_code == 404
    listed = {one["id"] for one in (await manager.get("/sessions")).json()["items"]}
    assert published in listed
    assert listed.isdisjoint({hidden, elsewhere})
    assert (await manager.get(f"/sessions/{published}")).status_code == 200
    activity = (await manager.get(f"/sessions/{published}")).json()["activity_id"]
    assert (await manager.get(f"/activities/{activity}")).status_code == 200
    assert (await manager.get(f"/learners/{indirect}")).status_code == 200
    # In what an indirect report is enrolled their manager sees as well as of a direct one.
    for learner in (report, indirect):
        listed_of = (await manager.get(f"/learners/{learner}/enrollments")).json()["items"]
        assert [one["session_id"] for one in listed_of] == [company.session]
    counted = await manager.post(
        "/audiences/preview", json={"rule": {"blocks": [], "include": [report, 10**6]}}
    )
    assert counted.status_code in (200, 422), counted.text
    draft = await manager.post(f"/sessions/{published}/methods", json=body)
    assert draft.status_code == 201, draft.text
    done = await house.apply(published, manager, **body)
    assert done["entered"] == 2
    await house.apply(published, kind="manual", rule={"include": company.mine}, name="By the admin")
    shown = (await manager.get(f"/sessions/{published}/methods")).json()["items"]
    assert [(one["id"], one["editable"], one["sealed"]) for one in shown] == [
        (draft.json()["id"], True, False),
        (done["method_id"], True, False),
        (shown[-1]["id"], False, True),
    ]
    assert shown[-1]["name"] is None
    # They enroll, and do not unenroll.
    smaller = {"method_id": done["method_id"], "rule": {"include": [report]}}
    assert (await manager.post(f"/sessions/{published}/plan", json=smaller)).status_code == 403
    method = f"/sessions/{published}/methods/{done['method_id']}"
    for people in ("keep", "expire", "erase"):
        assert (await manager.delete(method, params={"people": people})).status_code == 403
    assert (await manager.get(f"/sessions/{published}/enrollments")).status_code == 403
    # But they take back what they did themselves, until its mail has gone.
    assert [run["id"] for run in (await manager.get("/runs")).json()["items"]] == [done["run_id"]]
    await house.write("UPDATE message SET state = 'sent'")
    assert (await manager.post(f"/runs/{done['run_id']}/undo")).status_code == 403
    await house.write("UPDATE message SET state = 'pending'")
    assert (await manager.post(f"/runs/{done['run_id']}/undo")).status_code == 200
    assert await house.enrolled(published) == set(company.mine)


async def test_managers_enroll_nobody_while_the_feature_is_off(company: Company) -> None:
    house, manager = company.house, company.clients["manager"]
    await house.write("UPDATE organisation SET managers_enroll = false")
    body = {"kind": "manual", "rule": {"include": company.mine[:1]}}
    at = f"/sessions/{company.session}"
    answers = [
        await manager.get(at),
        await manager.get(f"{at}/methods"),
        await manager.post(f"{at}/methods", json=body),
        await manager.post(f"{at}/plan", json=body),
        await manager.post(f"{at}/apply", json={**body, "hash": NO_HASH}),
        await manager.post(f"{at}/emails", json={"text": "p1@people.example"}),
    ]
    assert [answer.status_code for answer in answers] == [404] * len(answers)
    assert (await manager.post("/audiences/preview", json={"rule": {}})).status_code == 403


async def test_what_is_hidden_and_what_is_not_there_are_refused_alike(company: Company) -> None:
    house, coach = company.house, company.clients["coach"]
    secret = await house.write_value(
        "INSERT INTO learner_group (name, private, external_id) VALUES ('Secret', true, 'secret') RETURNING id"
    )
    boss = await house.person("boss@example.org")
    await house.write("UPDATE learner SET manager_id = $1 WHERE id = $2", boss, company.mine[1])

    def with_manager(learner: int) -> dict[str, Any]:
        filters = [{"type": "manager", "op": "in", "managers": [learner]}]
        return {"blocks": [{"groups": [company.own], "filters": filters}]}

    pairs: list[tuple[dict[str, Any], dict[str, Any]]] = [
        ({"blocks": [{"groups": ["secret"]}]}, {"blocks": [{"groups": ["nowhere"]}]}),
        (with_manager(company.strangers[0]), with_manager(10**6)),
        ({"include": [company.strangers[0]]}, {"include": [10**6]}),
        ({"include": [], "exclude": [company.strangers[0]]}, {"include": [], "exclude": [10**6]}),
    ]
    at = f"/sessions/{company.session}"
    for hidden, missing in pairs:
        kind = "audience" if "blocks" in hidden else "manual"
        for path, body in (
            (f"{at}/plan", {"kind": kind}),
            (f"{at}/methods", {"kind": kind}),
            ("/audiences/preview", {}),
        ):
            answers = [await coach.post(path, json={**body, "rule": rule}) for rule in (hidden, missing)]
            told = [
                (
                    one.status_code,
                    [(e["path"], e["code"]) for e in one.json().get("errors", [])],
                    one.json().get("total"),
                )
                for one in answers
            ]
            assert told[0] == told[1], (path, hidden, told)
    # The manager of one of their own is known to them.
    for path in ("/audiences/preview", f"{at}/plan"):
        assert (await coach.post(path, json={"rule": with_manager(boss)})).status_code == 200
    assert secret


async def test_dependents_are_named_to_those_who_may_know_of_them(company: Company) -> None:
    house, boss = company.house, company.clients["group_admin"]
    group = await house.group("Below", parent=company.own)
    elsewhere = await house.session(group_id=company.board, name="Merger")
    await house.apply(elsewhere, kind="group", group_id=group, name="Secret plan")
    answer = await boss.delete(f"/groups/{group}")
    assert answer.status_code == 409
    assert answer.json()["dependents"] == []
    assert "ask a platform admin" in answer.json()["detail"]
    assert not {"Merger", "Secret plan"} & set(answer.text.replace('"', "|").split("|"))
    await house.apply(company.session, boss, kind="group", group_id=group, name="Ours")
    answer = await boss.delete(f"/groups/{group}")
    assert {one["name"] for one in answer.json()["dependents"]} == {"Ours"}
    named = (await house.admin.delete(f"/groups/{group}")).json()["dependents"]
    assert {one["name"] for one in named} == {"Ours", "Secret plan"}


async def test_taking_people_out_of_a_group_reaches_its_members_alone(company: Company) -> None:
    house, boss = company.house, company.clients["group_admin"]
    other = await house.group("Also mine", parent=company.own)
    before = await company.facts()
    for unlink in ("expire", "erase", "group_only"):
        moves: tuple[tuple[str, dict[str, Any]], ...] = (("remove", {}), ("move", {"to_group_id": other}))
        for path, body in moves:
            answer = await boss.post(
                f"/groups/{company.own}/members/{path}",
                json={"learner_ids": company.strangers, "unlink": unlink, **body},
            )
            assert answer.status_code in (200, 409), answer.text
    assert await company.facts() == before
    # A duty that somebody else has set is not lifted so either.
    await house.write("UPDATE enrollment_method SET mandatory = true, version = version + 1")
    before = await company.facts()
    for unlink in ("expire", "erase"):
        removal = {"learner_ids": company.mine[:1], "unlink": unlink}
        answer = await boss.post(f"/groups/{company.own}/members/remove", json=removal)
        assert (answer.status_code, "mandatory" in answer.json()["detail"]) == (403, True)
    assert await company.facts() == before
    kept = await boss.post(
        f"/groups/{company.own}/members/remove",
        json={"learner_ids": company.mine[:1], "unlink": "group_only"},
    )
    assert kept.status_code == 200, kept.text
    assert company.mine[0] in await house.enrolled(company.session)


async def test_pasted_addresses_enroll_nobody_beyond_reach(company: Company) -> None:
    house = company.house
    session = await house.session(group_id=company.own, catalog="group")
    await house.write(
        "INSERT INTO session_instructor (session_id, learner_id) SELECT $1, id FROM learner"
        " WHERE email = 'instructor@example.org'",
        session,
    )
    people = [company.mine[0], company.strangers[0]]
    rows = await fetch("SELECT email FROM learner WHERE id = ANY($1::int[]) ORDER BY id", people)
    text = ", ".join(row["email"] for row in rows)
    for role, reached in (
        ("instructor", set()),
        ("manager", {company.mine[0]}),
        ("coach", {company.mine[0]}),
    ):
        client = company.clients[role]
        sorting = await client.post(f"/sessions/{session}/emails", json={"text": text})
        assert sorting.status_code == 200, sorting.text
        assert sorting.json()["known"] == len(reached)
        body = {"text": text, "hash": sorting.json()["hash"]}
        done = await client.post(f"/sessions/{session}/emails", json=body)
        assert done.status_code in (200, 403, 422), done.text
        assert await house.enrolled(session) <= {company.mine[0]}
    assert await house.enrolled(session) == {company.mine[0]}
