"""What admins see to: tokens, the audit, the organisation."""

import httpx
import pytest

from backend.database import execute, fetch
from tests.harness.api_fixtures import AddPerson, SignIn


@pytest.mark.usefixtures("sequencer")
async def test_tokens_carry_scopes_and_expire(
    admin: httpx.AsyncClient, anonymous: httpx.AsyncClient, add_person: AddPerson, sign_in: SignIn
) -> None:
    async def token(**data: object) -> dict[str, str]:
        answer = await admin.post("/tokens", json={"name": "t", **data})
        assert answer.status_code == 201, answer.text
        return {"authorization": f"Bearer {answer.json()['token']}"}

    everything, read, write, scim = (
        await token(),
        await token(scopes=["read"]),
        await token(scopes=["write"]),
        await token(scopes=["scim"]),
    )
    for headers, reads, writes in (
        (everything, 200, 201),
        (read, 200, 403),
        (write, 200, 201),
        (scim, 403, 403),
    ):
        assert (await anonymous.get("/groups", headers=headers)).status_code == reads
        assert (await anonymous.post("/groups", json={"name": "x"}, headers=headers)).status_code == writes
    wider = await anonymous.post("/tokens", json={"name": "y"}, headers=write)
    assert wider.status_code == 403

    stored = await fetch("SELECT token_hash FROM api_token")
    secret = everything["authorization"].removeprefix("Bearer ")
    assert all(secret.encode() not in row["token_hash"] for row in stored)
    listed = (await admin.get("/tokens")).json()
    assert listed["total"] == 4
    assert all("token" not in item for item in listed["items"])

    await execute("UPDATE api_token SET expires_at = muster_now() - interval '1 second' WHERE scopes = '{}'")
    assert (await anonymous.get("/groups", headers=everything)).status_code == 401
    assert (await anonymous.get("/groups", headers={"authorization": "Bearer nonsense"})).status_code == 401
    assert (await admin.get("/groups", headers={"authorization": "Basic x"})).status_code == 401
    past = await admin.post("/tokens", json={"name": "t", "expires_at": "2020-01-01T00:00:00Z"})
    assert past.status_code == 422

    ana = await add_person("ana@example.org")
    hers = await admin.post("/tokens", json={"name": "t", "learner_id": ana})
    headers = {"authorization": f"Bearer {hers.json()['token']}"}
    assert (await anonymous.get("/auth/me", headers=headers)).json()["learner"]["id"] == ana
    await execute("UPDATE learner SET status = 'suspended' WHERE id = $1", ana)
    assert (await anonymous.get("/auth/me", headers=headers)).status_code == 401
    await execute("UPDATE learner SET status = 'active' WHERE id = $1", ana)
    # What a suspension ended stays ended.
    assert (await anonymous.get("/auth/me", headers=headers)).status_code == 401
    hers = await admin.post("/tokens", json={"name": "t", "learner_id": ana})
    headers = {"authorization": f"Bearer {hers.json()['token']}"}
    assert (await anonymous.get("/auth/me", headers=headers)).status_code == 200
    client = await sign_in("ana@example.org")
    assert (await client.delete(f"/tokens/{listed['items'][0]['id']}")).status_code == 404
    assert (await client.delete(f"/tokens/{hers.json()['id']}")).status_code == 204
    assert (await anonymous.get("/auth/me", headers=headers)).status_code == 401


@pytest.mark.usefixtures("sequencer")
async def test_the_audit_tells_who_did_what(admin: httpx.AsyncClient) -> None:
    group = (await admin.post("/groups", json={"name": "A"})).json()
    await admin.delete(f"/groups/{group['id']}")
    lines = (await admin.get("/audit", params={"object_kind": "group", "object_id": group["id"]})).json()
    assert [line["action"] for line in lines["items"]] == ["group.delete", "group.create"]
    assert lines["items"][0]["actor"]["email"] == "root@example.org"


async def test_the_organisation_is_changed_by_admins(admin: httpx.AsyncClient) -> None:
    answer = await admin.patch("/organisation", json={"timezone": "Europe/Paris", "language": "fr"})
    assert answer.status_code == 200
    assert (await admin.get("/auth/me")).json()["organisation"]["timezone"] == "Europe/Paris"
    assert (await admin.post("/learners", json={"email": "a@example.org"})).json()["language"] == "fr"
    for body, path in (
        ({"timezone": "Mars/Base"}, "timezone"),
        ({"timezone": "../etc/passwd"}, "timezone"),
        ({"language": "?"}, "language"),
    ):
        answer = await admin.patch("/organisation", json=body)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path)
