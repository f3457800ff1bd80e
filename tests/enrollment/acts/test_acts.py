"""Acts on single people, undo, addresses, self enrollment, the catalog."""

from datetime import timedelta
from typing import Any

import httpx
import pytest

from backend.database import execute, fetch, fetch_value
from backend.runtime import clock
from tests.harness.system import System


async def test_suspend_resume_and_their_undo(system: System) -> None:
    (person,) = await system.people(1)
    session = await system.session()
    await system.apply(session, kind="manual", rule={"include": [person]}, dynamic=False)
    row = await system.enrollment(session, person)
    assert (await system.admin.post(f"/enrollments/{row['id']}/suspend", json={})).json()[
        "state"
    ] == "suspended"
    assert (await system.admin.post(f"/enrollments/{row['id']}/suspend", json={})).status_code == 409
    assert (await system.admin.post(f"/enrollments/{row['id']}/resume")).json()["state"] == "active"
    run = (await system.admin.get("/runs", params={"session_id": session})).json()["items"][0]
    assert run["cause"] == "act"
    assert (await system.admin.post(f"/runs/{run['id']}/undo")).status_code == 200
    assert (await system.enrollment(session, person))["state"] == "suspended"


async def test_unenrolling_leaves_out_of_dynamic_audiences(system: System) -> None:
    group = await system.group()
    person, other = await system.people(2, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    row = await system.enrollment(session, person)
    answer = await system.admin.post(f"/enrollments/{row['id']}/unenroll", json={"reason": "Left the team"})
    assert answer.json()["state"] == "expired", answer.text
    await system.settled()
    assert await system.enrolled(session) == {other}
    # The rule is as it was; the session itself leaves them out, and says why.
    assert not (await system.method(done["method_id"]))["rule"].get("exclude")
    (left_out,) = (await system.admin.get(f"/sessions/{session}/exclusions")).json()["items"]
    assert (left_out["learner_id"], left_out["reason"], left_out["until"]) == (person, "Left the team", None)
    run = (await system.admin.get("/runs", params={"session_id": session})).json()["items"][0]
    # Whoever asks why reads who did it and what they said.
    ended = (await system.admin.get(f"/enrollments/{row['id']}")).json()["ended"]
    assert (ended["run_id"], ended["reason"], ended["by"]["id"]) == (
        run["id"],
        "Left the team",
        run["actor"]["id"],
    )
    await system.admin.post(f"/runs/{run['id']}/undo")
    await system.settled()
    assert (await system.admin.get(f"/enrollments/{row['id']}")).json()["ended"] is None
    assert await system.enrolled(session) == {person, other}
    assert (await system.admin.get(f"/sessions/{session}/exclusions")).json()["total"] == 0


async def test_undo_of_a_confirmed_plan(system: System) -> None:
    group = await system.group()
    people = await system.people(4, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    method = done["method_id"]
    # Somebody has changed one of them since.
    row = await system.enrollment(session, people[0])
    await system.admin.post(f"/enrollments/{row['id']}/suspend")
    undone = (await system.admin.post(f"/runs/{done['run_id']}/undo")).json()
    assert (undone["people"], undone["left_alone_total"], undone["method_restored"]) == (3, 1, True)
    assert [(one["learner"]["id"], one["reason"]) for one in undone["left_alone"]] == [(people[0], "changed")]
    # Whoever comes later reads it on the run's page; a run that is no undo left nobody alone.
    shown = (await system.admin.get(f"/runs/{undone['id']}")).json()
    assert (shown["left_alone_total"], shown["left_alone"]) == (1, undone["left_alone"])
    assert (shown["method_kind"], shown["undo_of"]) == ("audience", done["run_id"])
    assert undone["cancelled_mail"] == 3
    assert await system.enrolled(session) == {people[0]}
    assert (await system.method(method))["state"] == "draft"
    assert await fetch_value("SELECT count(*) FROM enrollment WHERE session_id = $1", session) == 1
    assert (await system.admin.get(f"/runs/{done['run_id']}")).json()["undone_by"] == undone["id"]
    assert (await system.admin.post(f"/runs/{done['run_id']}/undo")).status_code == 409
    await system.settled()
    assert await system.enrolled(session) == {people[0]}
    # An undo is a run, and can be taken back too.
    again = (await system.admin.post(f"/runs/{undone['id']}/undo")).json()
    assert (again["people"], again["left_alone_total"], again["method_restored"]) == (3, 0, True)
    assert await system.enrolled(session) == set(people)
    assert (await system.method(method))["state"] == "live"
    await system.settled()
    assert await system.enrolled(session) == set(people)


async def test_undo_restores_an_edited_method_unless_edited_again(system: System) -> None:
    red, blue = await system.group("Red"), await system.group("Blue")
    reds, blues = await system.people(2, red), await system.people(2, blue)
    session = await system.session()
    method = (await system.enroll_group(session, red))["method_id"]
    edited = await system.enroll_group(session, blue, method_id=method)
    assert await system.enrolled(session) == set(blues)
    undone = (await system.admin.post(f"/runs/{edited['run_id']}/undo")).json()
    assert undone["method_restored"] is True
    await system.settled()
    assert await system.enrolled(session) == set(reds)
    edited = await system.enroll_group(session, blue, method_id=method)
    await system.admin.patch(f"/sessions/{session}/methods/{method}", json={"name": "Renamed since"})
    assert (await system.admin.post(f"/runs/{edited['run_id']}/undo")).json()["method_restored"] is False


async def test_undo_of_what_the_rule_did_freezes_it(system: System) -> None:
    group = await system.group()
    people = await system.people(3, group)
    session = await system.session()
    done = await system.enroll_group(session, group)
    await system.leave(group, people[0])
    await system.settled()
    run = (await system.admin.get("/runs", params={"session_id": session})).json()["items"][0]
    assert (run["cause"], run["left"]) == ("change", 1)
    await system.admin.post(f"/runs/{run['id']}/undo")
    await system.settled()
    assert await system.enrolled(session) == set(people)
    assert (await system.method(done["method_id"]))["state"] == "frozen"


async def test_removing_a_method(system: System) -> None:
    group = await system.group()
    people = await system.people(2, group)
    session = await system.session()
    kept = (await system.enroll_group(session, group))["method_id"]
    answer = await system.admin.delete(f"/sessions/{session}/methods/{kept}")
    assert answer.status_code == 200
    await system.settled()
    assert await system.enrolled(session) == set(people)
    # Whoever is kept has a source of the hand-picked method.
    (picked,) = (await system.admin.get(f"/sessions/{session}/methods")).json()["items"]
    assert (picked["kind"], picked["people"]) == ("manual", 2)
    session = await system.session()
    gone = (await system.enroll_group(session, group))["method_id"]
    answer = await system.admin.delete(f"/sessions/{session}/methods/{gone}", params={"people": "expire"})
    assert answer.json()["left"] == 2
    assert await system.enrolled(session) == set()
    assert (await system.admin.get(f"/sessions/{session}/methods")).json()["total"] == 0
    await system.admin.post(f"/runs/{answer.json()['run_id']}/undo")
    await system.settled()
    assert await system.enrolled(session) == set(people)
    assert (await system.admin.get(f"/sessions/{session}/methods")).json()["total"] == 1


async def test_drafts_enroll_nobody_and_policies_change_without_a_plan(system: System) -> None:
    group = await system.group()
    await system.people(2, group)
    session = await system.session()
    rule = {"blocks": [{"groups": [group]}]}
    draft = (
        await system.admin.post(f"/sessions/{session}/methods", json={"rule": rule, "dynamic": True})
    ).json()
    assert (draft["state"], draft["people"]) == ("draft", 0)
    await system.settled()
    assert await system.enrolled(session) == set()
    address = f"/sessions/{session}/methods/{draft['id']}"
    assert (
        await system.admin.patch(address, json={"rule": {"include": [system.admin_id]}})
    ).status_code == 200
    stale = await system.admin.patch(address, json={"name": "x"}, headers={"If-Match": str(draft["version"])})
    assert stale.status_code == 409
    assert stale.json()["type"] == "stale"
    done = await system.apply(session, method_id=draft["id"], rule=rule, dynamic=True)
    assert done["entered"] == 2
    refused = await system.admin.patch(address, json={"rule": {"include": [system.admin_id]}})
    assert (refused.status_code, refused.json()["type"]) == (409, "needs_plan")
    named = await system.admin.patch(address, json={"name": "Sales", "visible": False})
    assert (named.json()["name"], named.json()["visible"]) == ("Sales", False)
    assert named.json()["people"] == 2
    paused = await system.admin.patch(address, json={"active": False})
    assert paused.json()["active"] is False
    await system.people(1, group)
    await system.settled()
    assert len(await system.enrolled(session)) == 2
    again = await system.admin.patch(address, json={"active": True})
    assert (again.status_code, again.json()["type"]) == (409, "needs_plan")


async def test_pasted_addresses(system: System) -> None:
    known, enrolled = await system.people(2)
    group = await system.group("Newcomers")
    session = await system.session()
    await system.write("UPDATE learner SET email = 'known@x.org' WHERE id = $1", known)
    out = (await system.people(1))[0]
    await system.write("UPDATE learner SET email = 'out@x.org', status = 'deactivated' WHERE id = $1", out)
    body = {"text": "Ann <known@x.org>, KNOWN@x.org; new@x.org bad@ out@x.org", "group_id": group}
    plan = (await system.admin.post(f"/sessions/{session}/emails", json=body)).json()
    counted = {
        kind: plan[kind] for kind in ("known", "new", "duplicate", "invalid", "excluded", "other_session")
    }
    assert counted == {"known": 1, "new": 1, "duplicate": 1, "invalid": 1, "excluded": 1, "other_session": 0}
    assert await fetch_value("SELECT count(*) FROM learner WHERE email = 'new@x.org'") == 0
    done = await system.admin.post(f"/sessions/{session}/emails", json={**body, "hash": plan["hash"]})
    assert done.status_code == 200, done.text
    assert (done.json()["entered"], done.json()["created"]) == (2, 1)
    new = await fetch_value("SELECT id FROM learner WHERE email = 'new@x.org' AND status = 'invited'")
    assert await system.enrolled(session) == {known, new}
    assert (
        await fetch_value(
            "SELECT count(*) FROM membership WHERE group_id = $1 AND learner_id = $2", group, new
        )
        == 1
    )
    assert (
        await fetch_value("SELECT count(*) FROM notice WHERE kind = 'invited' AND learner_id = $1", new) == 1
    )
    again = await system.admin.post(f"/sessions/{session}/emails", json={**body, "hash": plan["hash"]})
    assert (again.status_code, again.json()["plan"]["known"]) == (409, 2)
    assert enrolled not in await system.enrolled(session)
    bad = await system.admin.post(f"/sessions/{session}/emails", json={"group_id": group})
    assert bad.status_code == 422


async def test_guessing_the_key_of_a_session(system: System, capfd: pytest.CaptureFixture[str]) -> None:
    """A key of six characters is found within hours where guessing has no limit (field report 37)."""
    for email in ("ana@example.org", "bo@example.org"):
        await system.person(email)
    session = await system.session(catalog="everyone")
    key = "a key that nobody guesses"
    await system.apply(session, kind="self", dynamic=False, key=key)
    ana, bo = await system.client("ana@example.org"), await system.client("bo@example.org")
    path = f"/sessions/{session}/self-enroll"
    wrong = [await ana.post(path, json={"key": f"guess {i}"}) for i in range(20)]
    stopped = await ana.post(path, json={"key": key})

    def told(answer: httpx.Response) -> dict[str, Any]:
        return {name: value for name, value in answer.json().items() if name != "request_id"}

    # A blocked attempt is not told from a wrong key, neither by its text nor by a header.
    assert {answer.status_code for answer in (*wrong, stopped)} == {422}
    assert all(told(answer) == told(wrong[0]) for answer in (*wrong, stopped))
    assert all("retry-after" not in answer.headers for answer in (*wrong, stopped))
    assert (await bo.post(path, json={"key": key})).status_code == 200
    assert (await ana.post(path, json={"key": key})).status_code == 422
    await execute("UPDATE sign_in_attempt SET since = since - interval '16 minutes'")
    assert (await ana.post(path, json={"key": key})).status_code == 200
    captured = capfd.readouterr()
    assert key not in captured.out + captured.err


async def test_self_enrollment_with_and_without_a_key(system: System) -> None:
    person = await system.person("ana@example.org")
    ana = await system.client("ana@example.org")
    session = await system.session(catalog="everyone")
    assert (await ana.post(f"/sessions/{session}/self-enroll", json={})).status_code == 403
    await system.apply(session, kind="self", dynamic=False, key="sesame")
    item = (await ana.get("/me/catalog")).json()["items"][0]
    assert (item["section"], item["can_self_enroll"], item["needs_key"]) == ("open", True, True)
    assert (await ana.post(f"/sessions/{session}/self-enroll", json={})).json()["errors"][0][
        "code"
    ] == "required"
    assert (await ana.post(f"/sessions/{session}/self-enroll", json={"key": "no"})).status_code == 422
    done = await ana.post(f"/sessions/{session}/self-enroll", json={"key": "sesame"})
    assert (done.status_code, done.json()["state"]) == (200, "active")
    assert (await ana.post(f"/sessions/{session}/self-enroll", json={"key": "sesame"})).json()[
        "id"
    ] == done.json()["id"]
    assert await system.enrolled(session) == {person}
    hidden = await system.session()
    assert (await ana.post(f"/sessions/{hidden}/self-enroll", json={})).status_code == 404


async def test_the_catalog_says_why(system: System) -> None:
    person = await system.person("ana@example.org", language="fr")
    ana = await system.client("ana@example.org")
    group = await system.group("Ventes")
    await system.join(group, person)
    session = await system.session(await system.activity("Sécurité"))
    due = (clock.now() - timedelta(days=1)).isoformat()
    done = await system.enroll_group(session, group, name="Tous", due_at=due, mandatory=True)
    await system.settled()
    (item,) = (await ana.get("/me/catalog")).json()["items"]
    assert (item["section"], item["overdue"], item["mandatory"]) == ("mine", True, True)
    assert item["why"][0]["method_id"] == done["method_id"]
    assert "Ventes" in item["why"][0]["sentence"]
    (own,) = (await ana.get("/me/enrollments")).json()["items"]
    assert own["session_id"] == session
    await system.leave(group, person)
    await system.settled()
    assert (await ana.get("/me/catalog")).json()["items"][0]["section"] == "ended"


async def test_leaving_a_group_with_its_sessions(system: System) -> None:
    group = await system.group()
    person, other = await system.people(2, group)
    session = await system.session()
    await system.enroll_group(session, group, dynamic=False)
    answer = await system.admin.post(
        f"/groups/{group}/members/remove", json={"learner_ids": [person], "unlink": "expire"}
    )
    assert answer.status_code < 300, answer.text
    assert await system.enrolled(session) == {other}
    rows = await fetch("SELECT cause, left_count FROM run WHERE left_count > 0")
    assert [(row["cause"], row["left_count"]) for row in rows] == [("act", 1)]
