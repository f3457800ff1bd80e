"""Enrollment rules: one rule and policy over several sessions, changed only as one thing, shown first and undone as one act."""

from typing import Any

import httpx

from backend.database import fetch_value
from tests.consequences.asking import Json
from tests.harness.system import System, until

LIVE = "SELECT coalesce(array_agg(learner_id ORDER BY learner_id), '{}') FROM enrollment WHERE session_id = $1 AND state <> 'expired'"
PATH = "/enrollment-rules"


async def shown(system: System, act: str = "enrollment_rule", **change: Any) -> Json:
    """The consequences of the change."""
    answer = await system.post("/consequences", {"changes": [{"act": act, **change}]})
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def saved(system: System, rule_id: int | None = None, **body: Any) -> httpx.Response:
    """Made or changed as was shown."""
    named: Json = {} if rule_id is None else {"id": rule_id}
    told = await shown(system, **body, **named)
    method, path = ("POST", PATH) if rule_id is None else ("PATCH", f"{PATH}/{rule_id}")
    answer = await system.admin.request(method, path, json=body, headers={"If-Consequences": told["hash"]})
    assert answer.is_success, answer.text
    await system.settled()
    return answer


async def test_a_rule_enrolls_in_all_its_sessions_and_follows(system: System) -> None:
    group = await system.group()
    anna, ben = await system.people(2, group)
    one, other = await system.session(name="One"), await system.session(name="Other")
    rule = {"blocks": [{"groups": [group]}]}
    body: Json = {"name": "Sales", "rule": rule, "targets": [{"session_id": one}, {"session_id": other}]}
    told = await shown(system, **body, due_days=30)
    assert (told["people"], told["entering"]) == (2, 4)
    made = (await saved(system, **body, due_days=30)).json()
    assert (made["state"], made["matching"], made["due_days"]) == ("live", 2, 30)
    assert [target["session_id"] for target in made["targets"]] == [one, other]
    assert "Sales" in made["sentence"]
    (carl,) = await system.people(1, group)
    await system.settled()
    assert await system.enrolled(one) == await system.enrolled(other) == {anna, ben, carl}
    listed = (await system.admin.get(PATH)).json()
    assert [(found["id"], found["people"]) for found in listed["items"]] == [(made["id"], 3)]


async def test_its_methods_are_changed_only_with_it(system: System) -> None:
    group, session = await system.group(), await system.session()
    await system.people(1, group)
    body: Json = {
        "name": "All",
        "rule": {"blocks": [{"groups": [group]}]},
        "targets": [{"session_id": session}],
    }
    made = (await saved(system, **body)).json()
    (target,) = made["targets"]
    path = f"/sessions/{session}/methods/{target['method_id']}"
    seen = (await system.admin.get(path)).json()
    assert (seen["enrollment_rule_id"], seen["editable"]) == (made["id"], False)
    plan = f"/sessions/{session}/plan"
    for answer in (
        await system.admin.patch(path, json={"mandatory": True}),
        await system.admin.request("DELETE", path, params={"people": "keep"}),
        await system.post(plan, {"method_id": target["method_id"], "dynamic": True}),
        await system.post(
            "/consequences", {"changes": [{"act": "method_delete", "id": target["method_id"]}]}
        ),
    ):
        told = answer.json()
        assert (answer.status_code, told["type"]) == (409, "enrollment_rule"), answer.text
        assert told["enrollment_rule_id"] == made["id"]


async def test_a_change_of_it_is_one_act_that_is_undone_as_one(system: System) -> None:
    group, wider = await system.group("Few"), await system.group("Many")
    (anna,) = await system.people(1, group)
    (ben,) = await system.people(1, wider)
    one, other, third = [await system.session() for _ in range(3)]
    body: Json = {
        "name": "Rule",
        "rule": {"blocks": [{"groups": [group]}]},
        "targets": [{"session_id": one}, {"session_id": other}],
    }
    made = (await saved(system, **body)).json()
    change: Json = {
        "rule": {"blocks": [{"groups": [group, wider]}]},
        "targets": [{"session_id": one}, {"session_id": third}],
        "people": "expire",
    }
    # Nothing is changed that nobody has seen.
    refused = await system.admin.patch(f"{PATH}/{made['id']}", json=change)
    assert (refused.status_code, refused.json()["type"]) == (409, "needs_plan")
    told = await shown(system, **change, id=made["id"])
    assert (told["entering"], told["leaving"]) == (3, 1)
    done = await saved(system, made["id"], **change)
    assert await system.enrolled(one) == await system.enrolled(third) == {anna, ben}
    assert await system.enrolled(other) == set()
    assert (await system.post(f"/runs/{done.headers['Run']}/undo", {})).is_success
    await until(LIVE, one, is_=[anna])
    await until(LIVE, other, is_=[anna])
    await until(LIVE, third, is_=[])
    back = (await system.admin.get(f"{PATH}/{made['id']}")).json()
    assert [target["session_id"] for target in back["targets"]] == [one, other]
    assert back["rule"] == made["rule"]


async def test_it_is_switched_off_deleted_and_brought_back(system: System) -> None:
    group, session = await system.group(), await system.session()
    (anna,) = await system.people(1, group)
    body: Json = {
        "name": "All",
        "rule": {"blocks": [{"groups": [group]}]},
        "targets": [{"session_id": session}],
    }
    made = (await saved(system, **body)).json()
    await saved(system, made["id"], active=False)
    await system.people(1, group)
    await system.settled()
    assert await system.enrolled(session) == {anna}
    path = f"{PATH}/{made['id']}"
    assert (await system.admin.delete(path)).status_code == 409
    told = await shown(system, "enrollment_rule_delete", id=made["id"], people="expire")
    assert told["leaving"] == 1
    gone = await system.admin.delete(
        path, params={"people": "expire"}, headers={"If-Consequences": told["hash"]}
    )
    assert gone.is_success, gone.text
    await until(LIVE, session, is_=[])
    assert (await system.admin.get(path)).status_code == 404
    undone = await system.post(f"/runs/{gone.headers['Run']}/undo", {})
    assert undone.is_success, undone.text
    await until(LIVE, session, is_=[anna])
    back = await system.admin.get(path)
    assert (back.status_code, back.json().get("state")) == (200, "live"), back.text


async def test_a_draft_enrolls_nobody(system: System) -> None:
    group, session = await system.group(), await system.session()
    await system.people(1, group)
    body: Json = {
        "name": "Later",
        "rule": {"blocks": [{"groups": [group]}]},
        "targets": [{"session_id": session}],
    }
    draft = (await system.post(PATH, body)).json()
    assert (draft["state"], draft["people"], draft["matching"]) == ("draft", 0, 1)
    renamed = (await system.admin.patch(f"{PATH}/{draft['id']}", json={"name": "Soon"})).json()
    assert (renamed["name"], renamed["rule"]) == ("Soon", draft["rule"])
    assert await fetch_value("SELECT count(*) FROM enrollment_method") == 0
    assert (await system.admin.delete(f"{PATH}/{draft['id']}")).is_success
    for part, path in (
        ({"group_id": group}, "group_id"),
        ({"key": "k"}, "key"),
        ({"course_group_id": 1}, "course_group_id"),
    ):
        refused = await system.post(PATH, {**body, **part})
        assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, path)
