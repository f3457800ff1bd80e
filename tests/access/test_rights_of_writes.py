"""Whatever a write touches is within the writer's rights: the stored method, the new one, everybody who comes or goes."""

from typing import Any

from backend.database import fetch
from tests.access.company import NO_HASH, Company


def acts(company: Company, enrollment: int, assignment: int) -> list[tuple[str, str, dict[str, Any] | None]]:
    """What those who reach only Own must not do: method, path, body."""
    at, session = f"/sessions/{company.session}", company.session
    stored = {"method_id": company.method}
    named = {"type": "person", "op": "in", "learners": company.strangers[:1]}
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
        {"kind": "audience", "rule": {"blocks": [{"groups": [company.own], "filters": [named]}]}},
        {"kind": "segment", "segment_id": company.segment},
        {"kind": "segment_group", "segment_id": company.segment},
        {"kind": "chain", "after_activity_id": company.activity},
        {"kind": "subpath", "parent_session_id": company.session},
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
        ("POST", f"{at}/course-groups", {"name": "Class", "instructor_ids": company.strangers[:1]}),
        ("PUT", f"/groups/{company.board}/requirements", {"activity_ids": [company.activity]}),
        ("POST", "/enrollment-rules", {"name": "All", "rule": board, "targets": [{"session_id": session}]}),
        ("POST", "/path-sessions", {"path_id": company.activity, "name": "Old way"}),
    ]
    given = {"add": [{"group_id": company.board, "session_id": session}]}
    taken = {"remove": [{"method_id": assignment, "people": "expire"}]}
    for body in (given, taken):
        found.append(("POST", "/assignments/plan", body))
        found.append(("POST", "/assignments/apply", {**body, "hash": NO_HASH}))
    found += [
        ("GET", f"/groups/{company.board}/assignments", None),
    ]
    return found


async def test_nobody_reaches_beyond_their_rights(company: Company) -> None:
    enrollment = (await company.system.enrollment(company.session, company.strangers[0]))["id"]
    assigned = await company.system.apply(company.session, kind="group", group_id=company.board)
    before = await company.facts()
    let_through = []
    for role, client in company.clients.items():
        for method, path, body in acts(company, enrollment, assigned["method_id"]):
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
    system, coach = company.system, company.clients["coach"]
    rule = {"blocks": [{"groups": [company.own]}]}
    made = await system.apply(company.session, coach, kind="audience", rule=rule, dynamic=True)
    method = f"/sessions/{company.session}/methods/{made['method_id']}"
    assert (await coach.patch(method, json={"due_days": 9})).status_code == 200
    narrowed = await system.apply(
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


async def test_an_instructor_enrolls_whom_they_lead_in_sessions_they_instruct(company: Company) -> None:
    system, instructor = company.system, company.clients["instructor"]
    person = (await instructor.get("/auth/me")).json()["learner"]["id"]
    team = await system.group("Instructor's own")
    await system.join(team, person, role="coach")
    (member,) = await system.people(1, team)
    done = await system.apply(
        company.session, instructor, kind="audience", rule={"blocks": [{"groups": [team]}]}, dynamic=True
    )
    assert done["entered"] == 2
    assert {member, person} <= await system.enrolled(company.session)
    body = {"kind": "manual", "rule": {"include": [company.mine[0]]}}
    assert (await instructor.post(f"/sessions/{company.session}/plan", json=body)).status_code == 403
    other = await system.session(group_id=company.own)
    body = {"kind": "manual", "rule": {"include": [member]}}
    assert (await instructor.post(f"/sessions/{other}/plan", json=body)).status_code == 404


async def test_a_draft_that_is_refused_leaves_nothing(company: Company) -> None:
    body = {"kind": "manual", "rule": {"include": company.strangers}}
    for client in company.clients.values():
        answer = await client.post(f"/sessions/{company.session}/methods", json=body)
        assert answer.status_code == 403
    assert [row["id"] for row in await fetch("SELECT id FROM enrollment_method")] == [company.method]


async def test_session_staff_looks_after_everybody_in_it_and_unenrolls_their_own(company: Company) -> None:
    system = company.system
    stranger = (await system.enrollment(company.session, company.strangers[0]))["id"]
    member = (await system.enrollment(company.session, company.mine[1]))["id"]
    for role in ("coach", "instructor"):
        client = company.clients[role]
        paused = await client.post(f"/enrollments/{stranger}/suspend")
        assert paused.status_code == 200, paused.text
        (run, *_) = (await client.get("/runs")).json()["items"]
        assert (await client.post(f"/runs/{run['id']}/undo")).status_code == 200
        assert (await system.enrollment(company.session, company.strangers[0]))["state"] == "active"
    assert (await company.clients["instructor"].post(f"/enrollments/{member}/unenroll")).status_code == 403
    assert (await company.clients["manager"].post(f"/enrollments/{member}/unenroll")).status_code == 404
    await system.write("UPDATE enrollment_method SET mandatory = true, version = version + 1")
    duty = await company.clients["coach"].post(f"/enrollments/{member}/unenroll")
    assert (duty.status_code, "mandatory" in duty.json()["detail"]) == (403, True)
    await system.write("UPDATE enrollment_method SET mandatory = false, version = version + 1")
    assert (await company.clients["coach"].post(f"/enrollments/{member}/unenroll")).status_code == 200


async def test_an_undo_takes_back_who_is_within_reach_and_counts_the_rest(company: Company) -> None:
    system, coach = company.system, company.clients["coach"]
    rule = {"blocks": [{"groups": [company.own]}]}
    other = await system.session(group_id=company.own)
    await system.apply(other, coach, kind="audience", rule=rule, dynamic=False)
    (run, *_) = (await coach.get("/runs")).json()["items"]
    gone = company.mine[2]
    await system.leave(company.own, gone)
    undone = (await coach.post(f"/runs/{run['id']}/undo")).json()
    # The coach and the group admin are in their group, too.
    assert (undone["people"], undone["left_alone_total"]) == (4, 1)
    # Who is or was in the session keeps their name before its staff.
    assert [(one["learner"]["id"], one["reason"]) for one in undone["left_alone"]] == [
        (gone, "beyond_rights")
    ]
    assert await system.enrolled(other) == {gone}


async def test_runs_show_only_people_whom_their_reader_may_see(company: Company) -> None:
    system = company.system
    other = await system.session(group_id=company.own, catalog="group")
    # People who never were in the session: a plan blocked them, and they are enrolled elsewhere.
    run = await system.write_value(
        "INSERT INTO run (session_id, cause, actor_id, state, created_at) VALUES ($1, 'change', $2, 'applied', muster_now())"
        " RETURNING id",
        other,
        system.admin_id,
    )
    await system.write(
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
    for client, may in ((company.clients["coach"], False), (system.admin, True)):
        assert (await client.get(f"/runs/{company.run}")).json()["can_undo"] is may
    assert (await system.admin.get(f"/runs/{run}")).json()["actor"]["id"] == system.admin_id
    searched = await company.clients["coach"].get("/runs", params={"q": "root@example.org"})
    assert searched.json()["total"] == 0
    assert (await company.clients["instructor"].get(f"/runs/{run}/changes")).status_code == 404
    assert (await company.clients["manager"].get(f"/runs/{run}/changes")).status_code == 404
    assert (await company.clients["manager"].get("/runs")).json()["items"] == []


async def test_whom_one_sees_as_an_instructor_one_does_not_bring_into_a_group(company: Company) -> None:
    system, instructor = company.system, company.clients["instructor"]
    person = (await instructor.get("/auth/me")).json()["learner"]["id"]
    team = await system.group("Instructor's own")
    await system.join(team, person, role="admin")
    seen = (await instructor.get(f"/learners/{company.strangers[0]}")).status_code
    assert seen == 200
    for learner in (company.strangers[0], 10**6):
        answer = await instructor.post(f"/groups/{team}/members", json={"learner_ids": [learner]})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown")
    session = await system.session(group_id=team)
    for learner in (company.strangers[0], 10**6):
        answer = await instructor.patch(f"/sessions/{session}", json={"instructor_ids": [learner]})
        assert (answer.status_code, answer.json()["errors"][0]["code"]) == (422, "unknown")
    # Those whom an admin has put there stay.
    kept = {"instructor_ids": [company.strangers[1]]}
    assert (await system.admin.patch(f"/sessions/{session}", json=kept)).status_code == 200
    both = {"instructor_ids": [company.strangers[1], person]}
    assert (await instructor.patch(f"/sessions/{session}", json=both)).status_code == 200


async def test_what_is_hidden_and_what_is_not_there_are_refused_alike(company: Company) -> None:
    system, coach = company.system, company.clients["coach"]
    secret = await system.write_value(
        "INSERT INTO learner_group (name, private, external_id) VALUES ('Secret', true, 'secret') RETURNING id"
    )
    boss = await system.person("boss@example.org")
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", boss, company.mine[1])

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
    system, boss = company.system, company.clients["group_admin"]
    group = await system.group("Below", parent=company.own)
    elsewhere = await system.session(group_id=company.board, name="Merger")
    await system.apply(elsewhere, kind="group", group_id=group, name="Secret plan")
    answer = await boss.delete(f"/groups/{group}")
    assert answer.status_code == 409
    assert answer.json()["dependents"] == []
    assert "ask a platform admin" in answer.json()["detail"]
    assert not {"Merger", "Secret plan"} & set(answer.text.replace('"', "|").split("|"))
    await system.apply(company.session, boss, kind="group", group_id=group, name="Ours")
    answer = await boss.delete(f"/groups/{group}")
    (ours,) = answer.json()["dependents"]
    assert (ours["name"], ours["session_id"]) == ("Ours", company.session)
    # The same without trying to delete it.
    listed = (await boss.get(f"/groups/{group}/dependents")).json()
    assert listed == {"items": [ours], "total": 1, "hidden": True, "hidden_count": 1}
    everything = (await system.admin.get(f"/groups/{group}/dependents")).json()
    assert (everything["total"], everything["hidden"]) == (2, False)
    named = (await system.admin.delete(f"/groups/{group}")).json()["dependents"]
    assert {one["name"] for one in named} == {"Ours", "Secret plan"}


async def test_taking_people_out_of_a_group_reaches_its_members_alone(company: Company) -> None:
    system, boss = company.system, company.clients["group_admin"]
    other = await system.group("Also mine", parent=company.own)
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
    await system.write("UPDATE enrollment_method SET mandatory = true, version = version + 1")
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
    assert company.mine[0] in await system.enrolled(company.session)


async def test_pasted_addresses_enroll_nobody_beyond_reach(company: Company) -> None:
    system = company.system
    session = await system.session(group_id=company.own, catalog="group")
    await system.write(
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
        assert await system.enrolled(session) <= {company.mine[0]}
    assert await system.enrolled(session) == {company.mine[0]}
