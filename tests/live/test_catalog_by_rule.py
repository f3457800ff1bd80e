"""Sessions offered to an audience: shown to the people of a rule, enrolling nobody, true as facts change, and nobody else's to join."""

from typing import Any

import httpx
import pytest

from backend.database import fetch_value
from tests.harness.system import System

RULE = "catalog_rule"


async def offered(client: httpx.AsyncClient) -> dict[int, dict[str, Any]]:
    """What the person's catalog has, by session."""
    items = (await client.get("/me/catalog")).json()["items"]
    return {item["session"]["id"]: item for item in items}


def of_groups(*groups: int, **more: Any) -> dict[str, Any]:
    """A rule of groups."""
    return {"blocks": [{"groups": list(groups), **more}]}


async def offer(system: System, session: int, rule: dict[str, Any]) -> dict[str, Any]:
    answer = await system.admin.patch(f"/sessions/{session}", json={"catalog": "audience", RULE: rule})
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


async def test_it_is_shown_to_the_people_of_the_rule_and_enrolls_nobody(system: System) -> None:
    ana, ben = await system.person("ana@example.org"), await system.person("ben@example.org")
    inside, outside = await system.client("ana@example.org"), await system.client("ben@example.org")
    group = await system.group("Pilots")
    await system.join(group, ana)
    session = await system.session()
    shown = await offer(system, session, of_groups(group))
    told = shown["catalog_audience"]
    assert (told["state"], told["sealed"], told["editable"], told["people"]) == ("live", False, True, 1)
    assert "Pilots" in told["sentence"]
    assert shown[RULE]["blocks"][0]["groups"] == [group]
    # At once for who was asked about, and there is no way in: the card says why it is there.
    item = (await offered(inside))[session]
    assert (item["section"], item["can_self_enroll"]) == ("open", False)
    assert "Pilots" in item["offered"]
    assert await offered(outside) == {}
    assert (await inside.get(f"/sessions/{session}")).status_code == 200
    assert (await outside.get(f"/sessions/{session}")).status_code == 404
    assert [row["id"] for row in (await inside.get("/sessions")).json()["items"]] == [session]
    assert (await outside.get("/sessions")).json()["items"] == []
    # Facts change.
    await system.join(group, ben)
    await system.leave(group, ana)
    await system.settled()
    assert (await offered(inside), [*await offered(outside)]) == ({}, [session])
    assert (await inside.get(f"/sessions/{session}")).status_code == 404
    assert await system.enrolled(session) == set()
    assert (await system.admin.get(f"/sessions/{session}/methods")).json()["items"] == []
    assert await fetch_value("SELECT count(*) FROM run") == 0
    assert await fetch_value("SELECT count(*) FROM notice") == 0


async def test_who_may_not_see_it_cannot_join(system: System) -> None:
    ana, _ = await system.person("ana@example.org"), await system.person("ben@example.org")
    inside, outside = await system.client("ana@example.org"), await system.client("ben@example.org")
    group = await system.group("Pilots")
    await system.join(group, ana)
    session = await system.session()
    await offer(system, session, of_groups(group))
    await system.apply(session, kind="self", open=True)
    assert (await outside.post(f"/sessions/{session}/self-enroll", json={})).status_code == 404
    assert (await inside.post(f"/sessions/{session}/self-enroll", json={})).status_code == 200
    # What somebody has joined stays theirs to see and to leave, offered or not.
    await system.leave(group, ana)
    await system.settled()
    assert (await offered(inside))[session]["section"] == "mine"
    assert (await inside.post(f"/sessions/{session}/leave")).json() == {"state": "left"}


async def test_a_session_leaves_out_whom_it_excludes(system: System) -> None:
    ana = await system.person("ana@example.org")
    inside = await system.client("ana@example.org")
    group = await system.group()
    await system.join(group, ana)
    session = await system.session()
    await offer(system, session, of_groups(group))
    body = {"learner_ids": [ana], "reason": "Not yet"}
    assert (await system.admin.post(f"/sessions/{session}/exclusions", json=body)).status_code < 300
    await system.settled()
    assert await offered(inside) == {}


async def test_a_broken_rule_freezes_and_shows_nobody_new(system: System) -> None:
    ana, ben = await system.person("ana@example.org"), await system.person("ben@example.org")
    inside, outside = await system.client("ana@example.org"), await system.client("ben@example.org")
    kept, gone = await system.group("Kept"), await system.group("Gone")
    await system.join(kept, ana)
    session = await system.session()
    await offer(system, session, of_groups(kept, gone))
    (dependent,) = (await system.admin.get(f"/groups/{gone}/dependents")).json()["items"]
    assert dependent["session_id"] == session
    assert (await system.admin.delete(f"/groups/{gone}")).status_code == 409
    await system.write("DELETE FROM learner_group WHERE id = $1", gone)
    await system.settled()
    await system.join(kept, ben)
    await system.leave(kept, ana)
    await system.settled()
    # As it was last true: whoever saw it sees it, nobody else does, and who may mend it is told.
    assert ([*await offered(inside)], await offered(outside)) == ([session], {})
    told = (await system.admin.get(f"/sessions/{session}")).json()["catalog_audience"]
    assert (told["state"], bool(told["state_reason"])) == ("frozen", True)
    (need,) = (await system.admin.get("/needs-you/frozen")).json()["items"]
    assert need["session_id"] == session
    await offer(system, session, of_groups(kept))
    assert (await offered(inside), [*await offered(outside)]) == ({}, [session])
    assert (await system.admin.get("/needs-you/frozen")).json()["items"] == []


async def test_what_is_inside_the_rule_is_a_dependency(system: System) -> None:
    group = await system.group()
    field = (
        await system.admin.post(
            "/fields", json={"key": "site", "name": "Site", "type": "choice", "options": ["Paris"]}
        )
    ).json()["id"]
    body = {"name": "Everyone", "rule": of_groups(group)}
    segment = (await system.admin.post("/segments", json=body)).json()["id"]
    other = await system.activity("Safety")
    session = await system.session()
    filters = [
        {"type": "field", "field": "site", "op": "in", "values": ["Paris"]},
        {"type": "segment", "op": "in", "segments": [segment]},
        {"type": "path_result", "status": "completed", "paths": [other]},
    ]
    await offer(system, session, of_groups(group, filters=filters))
    for path in (f"/groups/{group}", f"/fields/{field}", f"/segments/{segment}"):
        found = (await system.admin.get(f"{path}/dependents")).json()["items"]
        assert session in {one.get("session_id") for one in found}, path
    for path in (f"/groups/{group}", f"/fields/{field}", f"/segments/{segment}", f"/activities/{other}"):
        assert (await system.admin.delete(path)).status_code == 409, path
    # Without the rule nothing depends on it.
    assert (await system.admin.patch(f"/sessions/{session}", json={"catalog": "everyone"})).status_code == 200
    assert (await system.admin.delete(f"/activities/{other}")).status_code == 204


@pytest.mark.parametrize(
    ("body", "path"),
    [
        ({"catalog": "audience"}, RULE),
        ({"catalog": "audience", RULE: None}, RULE),
        ({"catalog": "audience", RULE: {"blocks": []}}, RULE),
        ({"catalog": "audience", RULE: {"blocks": [{"groups": [999_999]}]}}, f"{RULE}.blocks[0].groups[0]"),
        ({RULE: {"blocks": [{"groups": [1]}]}}, RULE),
        ({"catalog": "nobody"}, "catalog"),
    ],
)
async def test_what_cannot_be_is_refused_with_its_place(
    system: System, body: dict[str, Any], path: str
) -> None:
    session = await system.session()
    answer = await system.admin.patch(f"/sessions/{session}", json=body)
    assert answer.status_code in {400, 422}, answer.text
    assert any(error["path"].startswith(path) for error in answer.json()["errors"]), answer.text
    row = (await system.admin.get(f"/sessions/{session}")).json()
    assert (row["catalog"], row[RULE]) == ("hidden", None)


async def test_it_is_made_with_its_session_and_is_no_method_of_it(system: System) -> None:
    group = await system.group()
    body = {
        "activity_id": await system.activity(),
        "name": "Offered",
        "catalog": "audience",
        RULE: of_groups(group),
    }
    made = (await system.admin.post("/sessions", json=body)).json()
    session = made["id"]
    assert "catalog" not in made["method_kinds"]
    hidden: int = await fetch_value("SELECT id FROM enrollment_method WHERE session_id = $1", session)
    path = f"/sessions/{session}/methods/{hidden}"
    for method in ("GET", "PATCH", "DELETE"):
        answer = await system.admin.request(method, path, json={} if method == "PATCH" else None)
        assert answer.status_code == 404, answer.text
    plan = {"kind": "catalog", "rule": of_groups(group), "dynamic": True}
    assert (await system.admin.post(f"/sessions/{session}/plan", json=plan)).status_code == 422
    assert (await system.admin.post(f"/sessions/{session}/methods", json=plan)).status_code == 422
    plan = {"method_id": hidden, "active": False}
    assert (await system.admin.post(f"/sessions/{session}/plan", json=plan)).status_code == 404
    # Nothing keeps the session.
    assert (await system.admin.delete(f"/sessions/{session}")).status_code == 204
    assert await fetch_value("SELECT count(*) FROM enrollment_method") == 0


async def test_a_group_admin_offers_to_their_own_groups_alone(system: System) -> None:
    ida = await system.person("ida@example.org")
    admin = await system.client("ida@example.org")
    own, foreign = await system.group("Own"), await system.group("Foreign")
    await system.write("UPDATE learner_group SET private = true WHERE id = $1", foreign)
    await system.join(own, ida, role="admin")
    session = await system.session(group_id=own)
    patch = f"/sessions/{session}"
    for rule in (of_groups(foreign), of_groups(own, foreign), {"blocks": [{"everyone": True}]}):
        answer = await admin.patch(patch, json={"catalog": "audience", RULE: rule})
        assert answer.status_code == 403, answer.text
        assert answer.json()["errors"][0]["path"].startswith(f"{RULE}.blocks[0]")
    assert (await admin.patch(patch, json={"catalog": "audience", RULE: of_groups(own)})).status_code == 200
    # Beyond their groups it is sealed, and not theirs to change or to end.
    await offer(system, session, of_groups(own, foreign))
    seen = (await admin.get(patch)).json()
    assert (seen[RULE], seen["catalog_audience"]["sealed"], seen["catalog_audience"]["sentence"]) == (
        None,
        True,
        None,
    )
    assert seen["catalog_audience"]["editable"] is False
    for body in (
        {"catalog": "everyone"},
        {RULE: of_groups(own)},
        {"catalog": "audience", RULE: of_groups(own)},
    ):
        assert (await admin.patch(patch, json=body)).status_code == 403, body
    # What leaves it alone is theirs.
    assert (await admin.patch(patch, json={"name": "Autumn"})).status_code == 200
    # A coach reads, and changes nothing; a learner learns nothing of the rule.
    cleo = await system.person("cleo@example.org")
    coach = await system.client("cleo@example.org")
    await system.join(own, cleo, role="coach")
    assert (await coach.get(patch)).json()["catalog_audience"]["sealed"] is True
    assert (await coach.patch(patch, json={RULE: of_groups(own)})).status_code == 403
    dora = await system.person("dora@example.org")
    learner = await system.client("dora@example.org")
    await system.join(foreign, dora)
    await system.settled()
    row = (await learner.get(patch)).json()
    assert (row[RULE], row["catalog_audience"]) == (None, None)
    assert "Foreign" in (await offered(learner))[session]["offered"]


async def test_private_groups_keep_their_names_in_the_catalog(system: System) -> None:
    ana = await system.person("ana@example.org")
    inside = await system.client("ana@example.org")
    own, secret = await system.group("Own"), await system.group("Secret club")
    await system.write("UPDATE learner_group SET private = true WHERE id = $1", secret)
    await system.join(own, ana)
    session = await system.session()
    rule = of_groups(
        own, filters=[{"type": "none", "of": [{"type": "group", "op": "in", "groups": [secret]}]}]
    )
    await offer(system, session, rule)
    text = (await offered(inside))[session]["offered"]
    assert "Own" in text
    assert "Secret" not in text


async def test_managers_do_not_enroll_by_what_is_offered_to_some(system: System) -> None:
    boss = await system.person("boss@example.org")
    client = await system.client("boss@example.org")
    group = await system.group()
    member = await system.person("member@example.org", manager_id=boss)
    await system.join(group, member)
    await system.write("UPDATE organisation SET managers_enroll = true")
    session = await system.session(group_id=group, catalog="group")
    assert (await client.get(f"/sessions/{session}")).status_code == 200
    await offer(system, session, of_groups(group))
    # It is in the catalog of some, and not published in that of the team's group.
    assert (await client.get(f"/sessions/{session}")).status_code == 404
    assert (await client.get("/sessions", params={"enrollable": True})).json()["items"] == []


async def test_changing_it_as_an_act_is_undone(system: System) -> None:
    ana = await system.person("ana@example.org")
    inside = await system.client("ana@example.org")
    first, second = await system.group("First"), await system.group("Second")
    await system.join(first, ana)
    session = await system.session()
    await offer(system, session, of_groups(first))

    async def act(**change: Any) -> int:
        asked = {"changes": [{"act": "session", "id": session, **change}]}
        found = (await system.admin.post("/consequences", json=asked)).json()
        assert found["people"] == 0
        answer = await system.admin.post("/consequences/apply", json={**asked, "hash": found["hash"]})
        assert answer.status_code == 200, answer.text
        return int(answer.json()["run_id"])

    async def undo(run: int) -> None:
        assert (await system.admin.post(f"/runs/{run}/undo", json={})).status_code == 200
        await system.settled()

    run = await act(catalog_rule=of_groups(second))
    assert await offered(inside) == {}
    await undo(run)
    assert [*await offered(inside)] == [session]
    run = await act(catalog="hidden")
    assert await offered(inside) == {}
    await undo(run)
    assert [*await offered(inside)] == [session]
    shown = (await system.admin.get(f"/sessions/{session}")).json()
    assert shown[RULE]["blocks"][0]["groups"] == [first]
    # What an act began goes with its undo, rule and all.
    other = await system.session(catalog="everyone")
    asked = {"act": "session", "id": other, "catalog": "audience", RULE: of_groups(first)}
    found = (await system.admin.post("/consequences", json={"changes": [asked]})).json()
    body = {"changes": [asked], "hash": found["hash"]}
    run = (await system.admin.post("/consequences/apply", json=body)).json()["run_id"]
    assert other in await offered(inside)
    await undo(run)
    assert (await system.admin.get(f"/sessions/{other}")).json()["catalog"] == "everyone"
    kept = "SELECT count(*) FROM enrollment_method WHERE session_id = $1"
    assert await fetch_value(kept, other) == 0


async def test_the_catalog_is_told_as_facts_change(system: System) -> None:
    ana = await system.person("ana@example.org")
    group = await system.group()
    session = await system.session()
    await offer(system, session, of_groups(group))
    await system.join(group, ana)
    await system.settled()
    # The log tells of it as of whoever is held by a method: the topic `me` follows that.
    told = "SELECT count(*) FROM change_log WHERE facet = 'source' AND learner_id = $1 AND new IS NOT NULL"
    assert await fetch_value(told, ana) == 1


async def test_legacy_sessions_take_no_audience(system: System) -> None:
    group = await system.group()
    session = await system.session(legacy=True)
    answer = await system.admin.patch(
        f"/sessions/{session}", json={"catalog": "audience", RULE: of_groups(group)}
    )
    assert (answer.status_code, answer.json()["type"]) == (409, "legacy_session")
