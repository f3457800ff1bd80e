"""What uses a thing is told before it is deleted: of every kind of thing, and to each no more than they may know of."""

from typing import Any

from backend.database import fetch_value
from tests.access.company import Company

Json = dict[str, Any]


def named(answer: Json) -> set[tuple[str, str]]:
    """Kind and name of everything that is listed."""
    return {(one["kind"], one["name"]) for one in answer["items"]}


def of(group: int, *filters: Json) -> Json:
    return {"blocks": [{"groups": [group], "filters": list(filters)}]}


async def used(company: Company, path: str, role: str = "admin", **query: Any) -> Json:
    client = company.system.admin if role == "admin" else company.clients[role]
    answer = await client.get(f"{path}/dependents", params=query)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    assert found["hidden"] == (found["hidden_count"] > 0)
    return found


async def make(company: Company, path: str, **body: Any) -> int:
    answer = await company.system.admin.post(path, json=body)
    assert answer.status_code in (200, 201), answer.text
    made: int = answer.json()["id"]
    return made


async def test_a_group_is_used_by_all_that_rests_on_it(company: Company) -> None:
    system = company.system
    group = await system.group("Below", parent=company.own)
    assert (await used(company, f"/groups/{group}"))["items"] == []
    await system.group("Inside", parent=group)
    await system.session(group_id=group, name="Of it")
    await make(company, "/segments", name="Of below", rule=of(group))
    await make(company, "/enrollment-rules", name="Everywhere", rule=of(group), targets=[])
    await system.apply(company.session, kind="group", group_id=group, name="Given")
    elsewhere = await system.session(group_id=company.board, name="Merger")
    await system.apply(elsewhere, kind="audience", rule=of(group), dynamic=True, name="Secret plan")

    everything = await used(company, f"/groups/{group}")
    assert named(everything) == {
        ("group", "Inside"), ("session", "Of it"), ("segment", "Of below"), ("enrollment_rule", "Everywhere"),
        ("method", "Given"), ("method", "Secret plan"),
    }  # fmt: skip
    assert (everything["total"], everything["hidden_count"]) == (6, 0)
    places = {one["name"]: one.get("session_name") for one in everything["items"]}
    assert (places["Secret plan"], places["Given"]) == ("Merger", "Spring")

    # What somebody may not know of is counted, and not named; the same is refused with.
    told = await used(company, f"/groups/{group}", "group_admin")
    assert named(told) == {
        ("group", "Inside"), ("session", "Of it"), ("segment", "Of below"), ("method", "Given")
    }  # fmt: skip
    assert (told["total"], told["hidden_count"]) == (4, 2)
    for client in (system.admin, company.clients["group_admin"]):
        refused = await client.delete(f"/groups/{group}")
        assert refused.status_code == 409
        listed = {(one["kind"], one["name"]) for one in refused.json()["dependents"]}
        assert listed == named(everything if client is system.admin else told)
    # Somebody else's group is nobody's to ask about.
    for role in company.clients:
        answer = await company.clients[role].get(f"/groups/{company.board}/dependents")
        assert answer.status_code in (403, 404), role


async def test_fields_and_their_options_are_used_by_rules(company: Company) -> None:
    system = company.system
    field = await make(company, "/fields", name="Grade", type="choice", options=["junior", "senior", "lead"])
    junior = {"type": "field", "field": "grade", "op": "in", "values": ["junior"]}
    senior = {"type": "field", "field": "grade", "op": "in", "values": ["senior"]}
    draft = await make(
        company, f"/sessions/{company.session}/methods", kind="audience", rule=of(company.own, junior),
        dynamic=True, name="Drafted",
    )  # fmt: skip
    await make(company, "/segments", name="Seniors", rule=of(company.own, senior))
    await make(company, "/enrollment-rules", name="Juniors too", rule=of(company.own, junior), targets=[])

    assert named(await used(company, f"/fields/{field}")) == {
        ("method", "Drafted"), ("segment", "Seniors"), ("enrollment_rule", "Juniors too")
    }  # fmt: skip
    options = f"/fields/{field}/options"
    of_juniors = await used(company, options, option="junior")
    assert named(of_juniors) == {("method", "Drafted"), ("enrollment_rule", "Juniors too")}
    assert {one.get("session_id") for one in of_juniors["items"] if one["id"] == draft} == {company.session}
    assert named(await used(company, options, option="lead")) == set()
    assert (await used(company, options, option=["senior", "junior"]))["total"] == 3
    unknown = await system.admin.get(f"{options}/dependents", params={"option": "boss"})
    assert (unknown.status_code, unknown.json()["errors"][0]["path"]) == (422, "option")

    # Removing an option that an enrollment rule names is refused with the same; a name that it names is renamed in it.
    refused = await system.admin.patch(f"/fields/{field}", json={"options": ["senior", "lead"]})
    assert (refused.status_code, len(refused.json()["dependents"])) == (409, 2)
    renamed = await system.admin.post(
        f"/fields/{field}/options/rename", json={"from": "junior", "to": "beginner"}
    )
    assert renamed.status_code == 200, renamed.text
    assert await fetch_value("SELECT rule #> '{blocks,0,filters,0,values}' FROM enrollment_rule") in (
        ["beginner"], '["beginner"]'
    )  # fmt: skip
    assert named(await used(company, options, option="beginner")) == named(of_juniors)
    # Fields are for platform admins.
    for role, client in company.clients.items():
        for path in (f"/fields/{field}/dependents", f"{options}/dependents?option=lead"):
            assert (await client.get(path)).status_code == 403, (role, path)


async def test_an_activity_and_its_certificate_are_used_by_what_asks_for_them(company: Company) -> None:
    system = company.system
    activity = await make(
        company, "/activities", kind="course", title="Safety", certificate={"title": "Safe", "valid_months": 12}
    )  # fmt: skip
    path = f"/activities/{activity}"
    assert (await used(company, path))["items"] == []
    certificate = await fetch_value("SELECT id FROM certificate WHERE activity_id = $1", activity)
    held = await system.session(activity, group_id=company.own, name="May")
    step = {"kind": "course", "activity_id": activity, "title": "Safety"}
    await make(company, "/activities", kind="path", title="Around it", steps=[step])
    await system.apply(
        company.session, kind="chain", after_activity_id=activity, after_status="completed", name="Next"
    )
    qualification = await system.group("Fire warden")
    await system.write("UPDATE learner_group SET kind = 'qualification' WHERE id = $1", qualification)
    await system.apply(held, kind="group", group_id=qualification)
    completed = {"type": "path_result", "status": "completed", "paths": [activity]}
    valid = {"type": "certificate", "status": "valid", "certificates": [certificate]}
    await make(company, "/segments", name="Trained", rule=of(company.own, completed))
    await make(company, "/segments", name="Certified", rule=of(company.own, valid))

    everything = await used(company, path)
    assert named(everything) == {
        ("session", "May"), ("activity", "Around it"), ("method", "Next"), ("group", "Fire warden"),
        ("segment", "Trained"), ("segment", "Certified"),
    }  # fmt: skip
    refused = await system.admin.delete(path)
    assert {(one["kind"], one["name"]) for one in refused.json()["dependents"]} == named(everything)
    assert named(await used(company, f"{path}/certificate")) == {("segment", "Certified")}
    kept = await system.admin.patch(path, json={"certificate": None})
    assert [one["name"] for one in kept.json()["dependents"]] == ["Certified"]
    assert (await used(company, f"/activities/{company.activity}/certificate"))["total"] == 0
    for role, client in company.clients.items():
        for asked in (f"{path}/dependents", f"{path}/certificate/dependents"):
            assert (await client.get(asked)).status_code in (403, 404), (role, asked)


async def test_a_session_is_used_by_its_methods_and_by_rules_that_ask_for_it(company: Company) -> None:
    system = company.system
    session = await system.session(group_id=company.own, name="Empty")
    path = f"/sessions/{session}"
    assert (await used(company, path))["items"] == []
    activity = await fetch_value("SELECT activity_id FROM session WHERE id = $1", session)
    asked = {"type": "path_result", "status": "enrolled", "paths": [activity], "sessions": [session]}
    await make(company, "/segments", name="In it", rule=of(company.own, asked))
    await make(
        company, "/enrollment-rules", name="Into it", rule=of(company.own), targets=[{"session_id": session}]
    )
    elsewhere = await system.session(group_id=company.board, name="Merger")
    await system.apply(elsewhere, kind="audience", rule=of(company.board, asked), dynamic=True, name="Secret")
    everything = await used(company, path)
    assert named(everything) == {("segment", "In it"), ("enrollment_rule", "Into it"), ("method", "Secret")}
    refused = await system.admin.delete(path)
    assert {(one["kind"], one["name"]) for one in refused.json()["dependents"]} == named(everything)
    told = await used(company, path, "group_admin")
    assert (named(told), told["hidden_count"]) == ({("segment", "In it")}, 2)
    refused = await company.clients["group_admin"].delete(path)
    assert (refused.status_code, "ask a platform admin" in refused.json()["detail"]) == (409, True)
    assert "Secret" not in refused.text
    for role in ("coach", "instructor", "manager"):
        assert (await company.clients[role].get(f"{path}/dependents")).status_code in (403, 404), role
