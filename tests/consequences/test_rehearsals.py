"""A rehearsal is looked at as a whole, says when facts have changed underneath, and is carried out as one run."""

from typing import Any

from tests.consequences.acting import Scene, differences, picture
from tests.harness.system import System


async def test_a_rehearsal_keeps_no_password(system: System) -> None:
    (person,) = await system.people(1)
    secret: dict[str, Any] = {"act": "learner", "id": person, "password": "a-new-password-of-hers"}
    harmless: dict[str, Any] = {"act": "learner", "id": person, "status": "suspended"}
    refused = await system.post("/rehearsals", {"name": "Autumn", "changes": [harmless, secret]})
    assert (refused.status_code, refused.json()["errors"][0]["path"]) == (422, "changes[1].password")
    made = (await system.post("/rehearsals", {"name": "Autumn", "changes": [harmless]})).json()
    changed = await system.admin.patch(
        f"/rehearsals/{made['id']}", json={"changes": [secret]}, headers={"If-Match": "1"}
    )
    assert changed.status_code == 422


async def test_a_rehearsal_from_beginning_to_end(system: System) -> None:
    scene = Scene(system)
    await scene.begin()
    admin, (first, second, third, *_) = system.admin, scene.people
    leaving: dict[str, Any] = {
        "act": "members_remove", "group_id": scene.sales, "learner_ids": [first, second], "unlink": "expire"
    }  # fmt: skip
    body = {"name": "Reorganisation", "changes": [leaving]}
    made = (await system.post("/rehearsals", body)).json()
    path = f"/rehearsals/{made['id']}"
    moved = {"act": "learner", "id": third, "fields": {"city": "Paris"}}
    changed = await admin.patch(path, json={"changes": [leaving, moved]}, headers={"If-Match": "1"})
    assert changed.is_success, changed.text
    assert (await admin.patch(path, json={"name": "x"}, headers={"If-Match": "1"})).status_code == 409
    assert [one["act"] for one in (await admin.get(path)).json()["changes"]] == ["members_remove", "learner"]

    looked = (await admin.get(f"{path}/consequences")).json()
    assert (looked["changed_underneath"], looked["before"]) == (False, None)
    assert looked["leaving"] > 0
    assert looked["entering"] > 0
    # Facts change underneath.
    await system.leave(scene.sales, first)
    await system.settled()
    stale = await admin.post(f"{path}/apply", json={"hash": looked["hash"]})
    assert (stale.status_code, stale.json()["type"]) == (409, "consequences_changed")
    again = (await admin.get(f"{path}/consequences")).json()
    assert again["changed_underneath"]
    assert again["before"]["leaving"] == looked["leaving"] > again["leaving"]

    before = await picture()
    done = await admin.post(f"{path}/apply", json={"hash": again["hash"]})
    assert done.is_success, done.text
    await system.settled()
    run = done.json()["run_id"]
    assert done.headers["Run"] == str(run)
    assert await picture() != before
    assert (await admin.get(path)).json()["state"] == "applied"
    assert (await admin.post(f"{path}/apply", json={"hash": again["hash"]})).status_code == 409
    assert (
        (await admin.get(f"/runs/{run}"))
        .json()["sentence"]
        .startswith("Removed 2 people from Sales · Changed ")
    )
    await scene.undo(run)
    assert differences(before, await picture()) == {}
    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


async def test_what_becomes_of_a_group_is_told_before_and_after(system: System) -> None:
    top, other = await system.group("Transport"), await system.group("Operations")
    fleet = await system.group("Fleet", parent=top)
    changes: list[dict[str, Any]] = [
        {"act": "group", "id": fleet, "parent_id": other, "name": "Vehicles"},
        {"act": "group", "id": fleet, "parent_id": None},
        {"act": "group", "id": other, "ends_at": "2090-03-01T12:00:00Z", "description": "Until then"},
        {"act": "group", "id": top, "private": True},
    ]
    made = (await system.post("/rehearsals", {"name": "Autumn", "changes": changes})).json()
    told = [
        "Move the group Fleet from Transport to Operations · Rename the group Fleet to Vehicles",
        "Move the group Fleet from Operations to the top",
        "Let the group Operations end on 1 March 2090 · Change the description of the group Operations",
        "Change the privacy of the group Transport",
    ]
    assert made["acts"] == told
    path = f"/rehearsals/{made['id']}"
    shown = (await system.admin.get(f"{path}/consequences")).json()
    done = await system.post(f"{path}/apply", {"hash": shown["hash"]})
    assert done.is_success, done.text
    # What is the same as before is no change.
    run = (await system.admin.get(f"/runs/{done.json()['run_id']}")).json()
    assert run["sentence"].startswith(
        "Moved the group Fleet under Operations · Renamed the group Fleet to Vehicles · "
        "Moved the group Fleet to the top · Changed when the group Operations ends"
    )
    same = {"act": "group", "id": top, "private": True, "name": "Transport and more"}
    shown = (await system.post("/consequences", {"changes": [same]})).json()
    done = await system.post("/consequences/apply", {"changes": [same], "hash": shown["hash"]})
    run = (await system.admin.get(f"/runs/{done.json()['run_id']}")).json()
    assert run["sentence"] == "Renamed the group Transport to Transport and more"
