"""Every rule that was saved is kept, with who saved it, what differed, and the run that confirmed it; an older one is planned anew."""

from typing import Any

import httpx
import pytest

from backend.database import fetch_value
from tests.harness.system import System


def of(*groups: int, **more: Any) -> dict[str, Any]:
    """A rule of people in groups."""
    return {"blocks": [{"groups": list(groups)}], **more}


async def versions(client: httpx.AsyncClient, path: str, **query: Any) -> list[dict[str, Any]]:
    answer = await client.get(f"{path}/versions", params=query)
    assert answer.status_code == 200, answer.text
    found: list[dict[str, Any]] = answer.json()["items"]
    return found


async def version(client: httpx.AsyncClient, path: str, number: int, **query: Any) -> dict[str, Any]:
    answer = await client.get(f"{path}/versions/{number}", params=query)
    assert answer.status_code == 200, answer.text
    found: dict[str, Any] = answer.json()
    return found


def said(one: dict[str, Any]) -> list[str]:
    return [difference["sentence"] for difference in one["difference"]]


async def test_a_method_keeps_its_rules_and_undo_makes_one_more(system: System) -> None:
    sales, support = await system.group("Sales"), await system.group("Support")
    (ana,), (bo,) = await system.people(1, sales), await system.people(1, support)
    session = await system.session()
    first = await system.enroll_group(session, sales, name="Everybody")
    path = f"/sessions/{session}/methods/{first['method_id']}"
    second = await system.apply(session, method_id=first["method_id"], rule=of(sales, support))
    await system.apply(session, method_id=first["method_id"], mandatory=True)
    assert await system.enrolled(session) == {ana, bo}
    newest, oldest = await versions(system.admin, path)
    assert (newest["number"], newest["run_id"], newest["cause"]) == (2, second["run_id"], "confirm")
    assert (newest["by"]["id"], newest["current"], newest["against"]) == (system.admin_id, True, 1)
    assert newest["sentence"] == "People in Sales or Support."
    assert said(newest) == ["Now also people in Support"]
    assert (oldest["number"], oldest["run_id"], oldest["difference"]) == (1, first["run_id"], None)
    assert (oldest["current"], oldest["restorable"], newest["restorable"]) == (False, True, False)
    undone = await system.admin.post(f"/runs/{second['run_id']}/undo")
    # The method has been changed since: its policy stands, and so does its rule.
    assert undone.status_code == 200, undone.text
    third = await system.apply(session, method_id=first["method_id"], rule=of(support))
    undone = await system.admin.post(f"/runs/{third['run_id']}/undo")
    assert undone.status_code == 200, undone.text
    fourth, changed, *_ = await versions(system.admin, path)
    assert said(changed) == ["No longer people in Sales"]
    assert (fourth["number"], fourth["cause"], fourth["by"]["id"]) == (4, "undo", system.admin_id)
    assert said(fourth) == ["Now also people in Sales"]
    page = (await system.admin.get(f"{path}/versions", params={"limit": 1})).json()
    assert (page["total"], [one["number"] for one in page["items"]]) == (4, [4])
    rest = await versions(system.admin, path, cursor=page["next"])
    assert [one["number"] for one in rest] == [3, 2, 1]
    assert said(await version(system.admin, path, 3, against=1)) == [
        "New: people in Support",
        "Gone: people in Sales",
    ]
    for wrong in (9, 2_000_000_000_000):
        assert (await system.admin.get(f"{path}/versions/{wrong}")).status_code == 404
    assert (await system.admin.get(f"{path}/versions/1?against=9")).status_code == 404


async def test_an_older_rule_is_planned_and_confirmed_like_any_other(system: System) -> None:
    sales, support = await system.group("Sales"), await system.group("Support")
    (ana,), (bo,) = await system.people(1, sales), await system.people(1, support)
    session = await system.session()
    method = (await system.enroll_group(session, sales))["method_id"]
    path = f"/sessions/{session}/methods/{method}"
    await system.apply(session, method_id=method, rule=of(support))
    assert await system.enrolled(session) == {bo}
    older = await version(system.admin, path, 1)
    assert older["rule"] == of(sales)
    assert older["restore"] == {"rule": of(sales)}
    asked = {"method_id": method, **older["restore"]}
    plan = await system.plan(session, **asked)
    assert (plan["entering"], plan["leaving"]) == (1, 1)
    # Looking at it has written nothing.
    assert [one["number"] for one in await versions(system.admin, path)] == [2, 1]
    done = await system.apply(session, **asked)
    assert await system.enrolled(session) == {ana}
    assert [one["number"] for one in await versions(system.admin, path)] == [3, 2, 1]
    assert (await system.admin.post(f"/runs/{done['run_id']}/undo")).status_code == 200
    assert await system.enrolled(session) == {bo}


async def test_kinds_that_derive_their_rule_are_restored_by_what_it_is_made_of(system: System) -> None:
    sales, support = await system.group("Sales"), await system.group("Support")
    await system.people(1, sales)
    (left_out,) = await system.people(1, sales)
    session = await system.session()
    asked: dict[str, Any] = {"kind": "group", "group_id": sales, "rule": {"exclude": [left_out]}}
    method = (await system.apply(session, **asked))["method_id"]
    path = f"/sessions/{session}/methods/{method}"
    await system.apply(session, method_id=method, group_id=support, subgroups=False, rule={})
    newest = (await versions(system.admin, path))[0]
    assert said(newest) == [
        "New: people directly in Support",
        "Gone: people in Sales",
        f"No longer left out by name: {(await person(left_out))}",
    ]
    older = await version(system.admin, path, 1)
    assert older["restore"] == {
        "group_id": sales,
        "subgroups": True,
        "rule": {"exclude": [left_out]},
    }
    await system.apply(session, method_id=method, **older["restore"])
    stored = await system.method(method)
    assert (stored["group_id"], stored["rule"]["exclude"]) == (sales, [left_out])


async def person(learner: int) -> str:
    """Somebody's name as sentences have it."""
    found: str = await fetch_value("SELECT first_name FROM learner WHERE id = $1", learner)
    return found


async def test_a_draft_is_signed_when_it_is_saved_and_confirmed_when_it_is_applied(system: System) -> None:
    sales = await system.group("Sales")
    await system.people(1, sales)
    vera = await system.person("vera@example.org", is_admin=True, first_name="Vera")
    session = await system.session()
    body = {"kind": "audience", "dynamic": True, "rule": of(sales)}
    method = (
        await (await system.client("vera@example.org")).post(f"/sessions/{session}/methods", json=body)
    ).json()
    path = f"/sessions/{session}/methods/{method['id']}"
    (draft,) = await versions(system.admin, path)
    assert (draft["by"]["id"], draft["run_id"], draft["cause"]) == (vera, None, None)
    done = await system.apply(session, method_id=method["id"])
    (confirmed,) = await versions(system.admin, path)
    assert (confirmed["by"]["id"], confirmed["run_id"]) == (vera, done["run_id"])


async def test_whoever_writes_a_rule_leaves_a_version(system: System) -> None:
    """Past the services, and by renaming an option: each is one version, and what is written to the same rule again is none."""
    group = await system.group()
    body = {"name": "Level", "key": "level", "type": "choice", "options": ["junior", "expert"]}
    field = (await system.admin.post("/fields", json=body)).json()
    session = await system.session()
    asked = {"type": "field", "field": field["id"], "op": "in", "values": ["junior"]}
    rule = {"blocks": [{"groups": [group], "filters": [asked]}]}
    method = (await system.apply(session, kind="audience", dynamic=True, rule=rule))["method_id"]
    path = f"/sessions/{session}/methods/{method}"
    renamed = await system.admin.post(
        f"/fields/{field['id']}/options/rename", json={"from": "junior", "to": "beginner"}
    )
    assert renamed.is_success, renamed.text
    newest, _ = await versions(system.admin, path)
    assert newest["by"]["id"] == system.admin_id
    assert said(newest) == ["Now those whose Level is beginner, in place of those whose Level is junior"]
    await system.write(
        "UPDATE enrollment_method SET rule = jsonb_build_object('nobody', true), version = version + 1 WHERE id = $1",
        method,
    )
    await system.write(
        "UPDATE enrollment_method SET rule = rule, version = version + 1 WHERE id = $1", method
    )
    newest, *older = await versions(system.admin, path)
    assert (newest["number"], newest["by"], newest["run_id"], len(older)) == (3, None, None, 2)
    assert newest["difference"][0]["part"] == "nobody"


async def test_a_version_outlives_its_run_and_what_was_there_before_versions_is_the_first(
    system: System,
) -> None:
    sales, support = await system.group("Sales"), await system.group("Support")
    session = await system.session()
    done = await system.enroll_group(session, sales)
    path = f"/sessions/{session}/methods/{done['method_id']}"
    # As it was stored by a release that kept none.
    await system.write("DELETE FROM rule_version WHERE method_id = $1", done["method_id"])
    (only,) = await versions(system.admin, path)
    assert (only["number"], only["current"], only["by"]["id"]) == (1, True, system.admin_id)
    assert (await version(system.admin, path, 1))["rule"] == of(sales)
    again = await system.apply(session, method_id=done["method_id"], rule=of(support))
    await system.settled()
    await system.write("DELETE FROM notice WHERE run_id = $1", again["run_id"])
    await system.write("DELETE FROM run_change WHERE run_id = $1", again["run_id"])
    await system.write("DELETE FROM run WHERE id = $1", again["run_id"])
    newest, first = await versions(system.admin, path)
    assert (newest["number"], newest["run_id"], newest["by"]["id"]) == (2, None, system.admin_id)
    assert (first["sentence"], first["restorable"]) == ("People in Sales.", True)
    assert first["at"] is not None


async def test_a_segment_keeps_its_rules_through_undo_and_deletion(system: System) -> None:
    sales, support = await system.group("Sales"), await system.group("Support")
    await system.people(1, support)
    made = (await system.admin.post("/segments", json={"name": "Followers", "rule": of(sales)})).json()
    path = f"/segments/{made['id']}"
    change = {"act": "segment", "id": made["id"], "rule": of(sales, support)}
    asked = (await system.admin.post("/consequences", json={"changes": [change]})).json()
    # What follows has been seen; nothing is written yet.
    assert len(await versions(system.admin, path)) == 1
    answer = await system.admin.patch(
        path, json={"rule": change["rule"]}, headers={"If-Consequences": asked["hash"]}
    )
    assert answer.status_code == 200, answer.text
    run = int(answer.headers["Run"])
    newest, first = await versions(system.admin, path)
    assert (newest["run_id"], newest["by"]["id"], said(newest)) == (
        run,
        system.admin_id,
        ["Now also people in Support"],
    )
    assert (first["run_id"], first["by"]["id"]) == (None, system.admin_id)
    await system.settled()
    assert (await system.admin.post(f"/runs/{run}/undo")).status_code == 200
    undone, *_ = await versions(system.admin, path)
    assert (undone["number"], undone["cause"], said(undone)) == (3, "undo", ["No longer people in Support"])
    older = await version(system.admin, path, 2)
    assert older["restore"] == {"rule": of(sales, support)}
    asked = (
        await system.admin.post(
            "/consequences", json={"changes": [{"act": "segment_delete", "id": made["id"]}]}
        )
    ).json()
    gone = await system.admin.delete(path, headers={"If-Consequences": asked["hash"]})
    assert gone.status_code == 204, gone.text
    assert (await system.admin.get(f"{path}/versions")).status_code == 404
    await system.settled()
    assert (await system.admin.post(f"/runs/{gone.headers['Run']}/undo")).status_code == 200
    assert [one["number"] for one in await versions(system.admin, path)] == [3, 2, 1]


async def test_what_is_sealed_stays_sealed_in_every_version(system: System) -> None:
    """A coach reads of a method what they may read of it now, and of what it was what they might have read then."""
    own, board = await system.group("Own"), await system.group("Board")
    coach_id = await system.person("coach@example.org", first_name="Cleo")
    await system.join(own, coach_id, role="coach")
    coach = await system.client("coach@example.org")
    mine = await system.people(2, own)
    await system.people(1, board)
    session = await system.session(group_id=own, catalog="group")
    done = await system.apply(session, kind="audience", dynamic=True, rule=of(own, board))
    path = f"/sessions/{session}/methods/{done['method_id']}"
    (sealed,) = await versions(coach, path)
    assert sealed["sealed"] is True
    told = {"by", "run_id", "cause", "sentence", "difference"}
    assert all(sealed[name] is None for name in told)
    assert sealed["restorable"] is False
    detail = await version(coach, path, 1)
    assert (detail["rule"], detail["restore"]) == (None, None)
    # Its rule becomes one that is theirs: what it was before stays as closed as it was.
    opened = await system.apply(session, method_id=done["method_id"], rule=of(own, exclude=mine[:1]))
    newest, older = await versions(coach, path)
    assert (newest["sealed"], newest["difference"], older["sealed"]) == (False, None, True)
    # Who is no member of theirs has no name for them.
    assert (newest["by"], newest["run_id"]) == (None, opened["run_id"])
    assert (older["sentence"], older["restorable"]) == (None, False)
    assert "Board" not in (await coach.get(f"{path}/versions")).text
    third = await system.apply(session, client=coach, method_id=done["method_id"], rule=of(own))
    newest, *_ = await versions(coach, path)
    assert (newest["run_id"], newest["by"]["id"]) == (third["run_id"], coach_id)
    assert said(newest) == [f"No longer left out by name: {await person(mine[0])}"]
    assert (await versions(coach, path))[1]["restorable"] is True
    for refused in ("/segments/1/versions", "/segments/1/versions/1", "/segments/1/pins"):
        assert (await coach.get(refused)).status_code == 403


@pytest.mark.parametrize("language", ["en", "fr"])
async def test_differences_are_told_in_the_readers_language(system: System, language: str) -> None:
    sales, support = await system.group("Ventes"), await system.group("Support")
    session = await system.session()
    method = (await system.enroll_group(session, sales))["method_id"]
    await system.apply(session, method_id=method, rule=of(sales, support))
    path = f"/sessions/{session}/methods/{method}"
    answer = await system.admin.get(f"{path}/versions", headers={"Accept-Language": language})
    (newest, _) = answer.json()["items"]
    expected = {"en": "Now also people in Support", "fr": "Maintenant aussi les personnes dans Support"}
    assert said(newest) == [expected[language]]
    assert [part for part in newest["difference"][0]["parts"] if part["kind"] == "group"] == [
        {"text": "Support", "kind": "group", "id": support, "path": "rule.blocks[0].groups"}
    ]
