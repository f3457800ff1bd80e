"""Managers, where they enroll: their direct and indirect reports, in sessions that are published to these."""

import pytest

from backend.database import fetch_value
from backend.services.access import covered_groups
from tests.access.company import NO_HASH, Company
from tests.live.client import live_socket


@pytest.mark.parametrize("large_team", [1, covered_groups.LARGE_TEAM])
async def test_managers_enroll_their_reports_and_theirs_by_name(
    company: Company, monkeypatch: pytest.MonkeyPatch, large_team: int
) -> None:
    """However their groups are found: those of a large team are searched the other way round."""
    monkeypatch.setattr(covered_groups, "LARGE_TEAM", large_team)
    system, manager = company.system, company.clients["manager"]
    report, indirect = company.mine[0], company.strangers[0]
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", report, indirect)
    published = await system.session(group_id=company.own, catalog="group", name="Published")
    hidden = await system.session(group_id=company.own, name="Hidden")
    elsewhere = await system.session(group_id=await system.group("Far"), catalog="group")
    body = {"kind": "manual", "rule": {"include": [report, indirect]}}
    for session in (hidden, elsewhere):
        for path in (f"/sessions/{session}", f"/sessions/{session}/methods"):
            assert (await manager.get(path)).status_code == 404
        assert (await manager.post(f"/sessions/{session}/plan", json=body)).status_code == 404
    listed = {one["id"] for one in (await manager.get("/sessions")).json()["items"]}
    assert published in listed
    assert listed.isdisjoint({hidden, elsewhere})
    # What they see for themselves, in their own catalog or among what they take, they do not enroll others in.
    own_catalog = await system.session(catalog="everyone", name="Everybody's")
    for query, found in (("", True), ("?enrollable=true", False)):
        offered = {one["id"] for one in (await manager.get(f"/sessions{query}")).json()["items"]}
        assert (published in offered, own_catalog in offered) == (True, found)
    whose = (await manager.get("/auth/me")).json()["learner"]["id"]
    for query, reports in (("", {report}), ("&indirect=true", {report, indirect})):
        team = (await manager.get(f"/learners?manager={whose}{query}")).json()["items"]
        assert {report, indirect} & {one["id"] for one in team} == reports
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
    done = await system.apply(published, manager, **body)
    assert done["entered"] == 2
    await system.apply(published, kind="manual", rule={"include": company.mine}, name="By the admin")
    shown = (await manager.get(f"/sessions/{published}/methods")).json()["items"]
    assert [(one["id"], one["editable"], one["sealed"]) for one in shown] == [
        (draft.json()["id"], True, False),
        (done["method_id"], False, False),
        (shown[-1]["id"], False, True),
    ]
    assert shown[-1]["name"] is None
    # They enroll, and do not unenroll: picking only adds.
    smaller = {"method_id": done["method_id"], "rule": {"include": [report]}}
    plan = (await manager.post(f"/sessions/{published}/plan", json=smaller)).json()
    assert (plan["leaving"], plan["losing"], plan["staying"]) == (0, 0, 2)
    method = f"/sessions/{published}/methods/{done['method_id']}"
    for people in ("keep", "expire", "erase"):
        assert (await manager.delete(method, params={"people": people})).status_code == 403
    for terms in ({"mandatory": True}, {"name": "Mine"}, {"on_leave": "keep"}):
        assert (await manager.patch(method, json=terms)).status_code == 403
        changed = {"method_id": done["method_id"], **terms}
        assert (await manager.post(f"/sessions/{published}/plan", json=changed)).status_code == 403
    # But they take back what they did themselves, until its mail has gone.
    assert [run["id"] for run in (await manager.get("/runs")).json()["items"]] == [done["run_id"]]
    await system.write("UPDATE message SET state = 'sent'")
    assert (await manager.post(f"/runs/{done['run_id']}/undo")).status_code == 403
    await system.write("UPDATE message SET state = 'pending'")
    assert (await manager.post(f"/runs/{done['run_id']}/undo")).status_code == 200
    assert await system.enrolled(published) == set(company.mine)


async def test_managers_see_their_team_in_sessions_where_they_enroll(company: Company) -> None:
    system, manager = company.system, company.clients["manager"]
    report, other = company.mine[:2]
    at = f"/sessions/{company.session}"
    await system.apply(company.session, kind="manual", rule={"include": [report]}, name="By the admin")
    listed = (await manager.get(f"{at}/enrollments")).json()
    assert ([one["learner"]["id"] for one in listed["items"]], listed["total"]) == ([report], 1)
    assert (await manager.get(f"{at}/enrollments?q=p")).json()["total"] == 1
    # Why they are enrolled is told as far as the methods are.
    named = {one["id"]: one["name"] for one in (await manager.get(f"{at}/methods")).json()["items"]}
    assert None in named.values()
    rows = (*listed["items"], *(await manager.get(f"/learners/{report}/enrollments")).json()["items"])
    for source in (source for row in rows for source in row["sources"]):
        assert (source["method_id"], source["name"]) == (None, None) or named[source["method_id"]] == source[
            "name"
        ]
    enrollments = {
        person: await fetch_value(
            "SELECT id FROM enrollment WHERE session_id = $1 AND learner_id = $2", company.session, person
        )
        for person in (report, other)
    }
    assert (await manager.get(f"/enrollments/{enrollments[report]}")).json()["learner"]["id"] == report
    foreign = await manager.get(f"/enrollments/{enrollments[other]}")
    assert foreign.status_code == 404
    # They see and enroll; acts and the numbers of everybody are the staff's.
    for act in ("suspend", "resume", "unenroll", "remind"):
        assert (await manager.post(f"/enrollments/{enrollments[report]}/{act}", json={})).status_code == 404
    # In whatever way it is asked, they take nobody out.
    for do in ("unenroll", "exclude", "suspend"):
        said = {"ids": [enrollments[report]], "do": do}
        bulk = await manager.post(f"{at}/enrollments/bulk", json=said)
        assert bulk.status_code in (403, 404), bulk.text
        change = {"act": "enrollments", **said}
        foreseen = await manager.post("/consequences", json={"changes": [change]})
        assert foreseen.status_code in (403, 404), foreseen.text
    excluded = await manager.post(f"{at}/exclusions", json={"learner_ids": [report], "reason": ""})
    assert excluded.status_code == 403
    assert report in await system.enrolled(company.session)
    for path in ("counts", "timeline"):
        assert (await manager.get(f"{at}/{path}")).status_code == 403
    url = system.address.replace("http", "ws", 1) + "/api/v1/live"
    done = await system.apply(company.session, manager, kind="manual", rule={"include": [report]})
    async with live_socket(url, Cookie=f"muster_session={manager.cookies['muster_session']}") as socket:
        answers = {
            f"session:{company.session}": 403,
            f"run:{company.run}": 404,
            f"run:{done['run_id']}": None,
            f"method:{done['method_id']}": None,
            f"method:{company.method}": None,
        }
        for topic, refused in answers.items():
            await socket.send("watch", id=topic, topic=topic)
            answer = await socket.until(lambda frame, topic=topic: frame.get("id") == topic)  # type: ignore[misc]  # the loop's own
            assert answer.get("problem", {}).get("status") == refused, answer
        sealed = next(frame for frame in socket.seen if frame.get("id") == f"method:{company.method}")
        assert (sealed["data"]["matching"], sealed["data"]["state_details"]) == (None, None)
    # Not where the session is not published to their team, nor while they do not enroll.
    await system.write("UPDATE session SET catalog = 'hidden' WHERE id = $1", company.session)
    for path in (f"{at}/enrollments", f"/enrollments/{enrollments[report]}", f"/runs/{done['run_id']}"):
        assert (await manager.get(path)).status_code == 404
    await system.write("UPDATE session SET catalog = 'everyone' WHERE id = $1", company.session)
    await system.write("UPDATE organisation SET managers_enroll = false")
    assert (await manager.get(f"{at}/enrollments")).status_code == 403
    for path in (f"/enrollments/{enrollments[report]}", f"/runs/{done['run_id']}"):
        assert (await manager.get(path)).status_code == 404


async def test_managers_enroll_nobody_while_the_feature_is_off(company: Company) -> None:
    system, manager = company.system, company.clients["manager"]
    await system.write("UPDATE organisation SET managers_enroll = false")
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
