"""What a coach proposes beyond their rights, and who may do it decides."""

from backend.database import fetch
from tests.consequences.asking import Json
from tests.harness.system import System


async def test_a_coach_proposes_and_an_admin_decides(system: System) -> None:
    group, board = await system.group("Sales"), await system.group("Board")
    mine, strangers = await system.people(2, group), await system.people(2, board)
    clients = {}
    leads = {"coach": [group], "outsider": [board], "learner": [], "both": [group, board]}
    for role, led in leads.items():
        person = await system.person(f"{role}@example.org", first_name=role.capitalize())
        clients[role] = await system.client(f"{role}@example.org")
        for one in led:
            await system.join(one, person, role="coach")
    session = await system.session(group_id=group)
    body = {"people": [*mine, *strangers], "targets": [{"session_id": session}]}
    # What the coach may not do they propose.
    refused = await system.post("/enrollments/plan", body, clients["coach"])
    assert refused.status_code == 403
    for role in ("outsider", "learner"):
        refused = await system.post("/proposals", {"session_id": session, "body": body}, clients[role])
        assert refused.status_code in (403, 404), refused.text
    asked = {"session_id": session, "body": body, "message": "They start in\nMay."}
    made = await system.post("/proposals", asked, clients["coach"])
    assert made.status_code == 201, made.text
    proposal: Json = made.json()
    assert (proposal["state"], proposal["may_decide"], proposal["by"]["first_name"]) == (
        "open",
        False,
        "Coach",
    )
    assert (proposal["message"], proposal["note"]) == ("They start in\nMay.", "")
    path = f"/proposals/{proposal['id']}"

    # Whoever may do all of it is asked, as admins are.
    for client in (system.admin, clients["both"]):
        (waiting,) = (await client.get("/needs-you/proposals")).json()["items"]
        assert (waiting["proposal_id"], waiting["name"], waiting["session_id"]) == (
            proposal["id"],
            "Coach",
            session,
        )
        assert (await client.get(path)).json()["may_decide"]
    assert (await clients["outsider"].get("/needs-you/proposals")).json()["items"] == []

    # Nobody else knows of it; its author does not decide.
    assert [one["id"] for one in (await clients["coach"].get("/proposals")).json()["items"]] == [
        proposal["id"]
    ]
    assert (await clients["outsider"].get("/proposals")).json()["items"] == []
    assert (await clients["outsider"].get(path)).status_code == 404
    for act, more in (("approve", {"hash": "0" * 64}), ("decline", {})):
        assert (await system.post(f"{path}/{act}", more, clients["outsider"])).status_code == 404
        assert (await system.post(f"{path}/{act}", more, clients["coach"])).status_code == 403

    seen = (await system.admin.get(path)).json()
    assert seen["may_decide"]
    shown = (await system.post("/enrollments/plan", seen["body"])).json()
    assert shown["entering"] == 4
    changed = await system.post(f"{path}/approve", {"hash": "0" * 64})
    assert (changed.status_code, changed.json()["type"]) == (409, "consequences_changed")
    done = (await system.post(f"{path}/approve", {"hash": shown["hash"]})).json()
    assert (done["state"], done["may_decide"]) == ("approved", False)
    await system.settled()
    assert await system.enrolled(session) == {*mine, *strangers}
    assert (await system.post(f"{path}/decline", {})).status_code == 409

    again = (await system.post("/proposals", {"session_id": session, "body": body}, clients["coach"])).json()
    declined = await system.post(f"/proposals/{again['id']}/decline", {"note": "Not this year."})
    assert declined.json()["state"] == "declined"
    assert (await clients["coach"].get(f"/proposals/{again['id']}")).json()["note"] == "Not this year."
    rows = await fetch(
        "SELECT l.email, n.kind FROM notice n JOIN learner l ON l.id = n.learner_id"
        " WHERE n.kind IN ('proposed', 'approved', 'declined') ORDER BY n.id"
    )
    assert [tuple(row) for row in rows] == [
        ("root@example.org", "proposed"), ("both@example.org", "proposed"), ("coach@example.org", "approved"),
        ("root@example.org", "proposed"), ("both@example.org", "proposed"), ("coach@example.org", "declined"),
    ]  # fmt: skip
    outbox = (await system.admin.get("/outbox")).json()["items"]
    told = [
        (await system.admin.get(f"/outbox/{one['id']}")).json() for one in outbox if one["kind"] == "alert"
    ]
    assert any("Not this year." in one["text"] for one in told)
