"""An invitation's link makes its bearer the addressee: who sees it in the outbox, and how it is handed over without a mail server."""

from pathlib import Path

import httpx
import pytest

from backend.database import execute, fetch, fetch_value
from tests.access.invitations import invite, invited_secret
from tests.harness.api import serving_api
from tests.harness.api_fixtures import AddPerson, SignIn
from tests.harness.servers import Servers
from tests.harness.world import world_of


async def bearer(admin: httpx.AsyncClient, *scopes: str) -> dict[str, str]:
    made = await admin.post("/tokens", json={"name": "reader", "scopes": list(scopes)})
    return {"authorization": f"Bearer {made.json()['token']}"}


@pytest.fixture
async def other_admin(add_person: AddPerson) -> int:
    return await add_person("boss@example.org", is_admin=True, status="invited", password_hash=None)


async def test_only_the_addressee_reads_the_link(
    admin: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
    other_admin: int,
    sign_in: SignIn,
    password_hash: str,
) -> None:
    """A token that may only read took the link out of the outbox and became an admin."""
    message = await invite(other_admin)
    secret = await invited_secret(message)
    await execute("UPDATE learner SET password_hash = $1", password_hash)
    boss = await sign_in("boss@example.org")
    readers = [(admin, {}), (anonymous, await bearer(admin, "read")), (anonymous, await bearer(boss))]
    for client, headers in readers:
        shown = await client.get(f"/outbox/{message}", headers=headers)
        assert shown.status_code == 200
        assert secret not in shown.text
        assert "/invite/…" in shown.json()["text"]
        assert "/invite/…" in shown.json()["html"]
        assert (await client.get("/outbox", headers=headers)).json()["total"] == 1
    assert secret in (await boss.get(f"/outbox/{message}")).json()["text"]


async def test_an_admin_reveals_one_link_and_it_is_noted(
    admin: httpx.AsyncClient, anonymous: httpx.AsyncClient, add_person: AddPerson, sign_in: SignIn
) -> None:
    new = await add_person("new@example.org", status="invited", password_hash=None)
    message = await invite(new)
    for headers in (await bearer(admin), await bearer(admin, "write")):
        assert (await anonymous.post(f"/outbox/{message}/invitation", headers=headers)).status_code == 403
    await add_person("plain@example.org")
    plain = await sign_in("plain@example.org")
    assert (await plain.post(f"/outbox/{message}/invitation")).status_code == 403
    revealed = await admin.post(f"/outbox/{message}/invitation", headers={"idempotency-key": "kept nowhere"})
    assert revealed.status_code == 200
    secret = revealed.json()["link"].partition("/invite/")[2]
    assert await fetch_value("SELECT count(*) FROM idempotency") == 0
    (line,) = await fetch("SELECT object_id, detail FROM audit WHERE action = 'invitation.reveal'")
    assert (line["object_id"], line["detail"]) == (message, {"learner_id": new})
    assert (await anonymous.get(f"/auth/invitations/{secret}")).json()["email"] == "new@example.org"
    accepted = await anonymous.post(f"/auth/invitations/{secret}", json={"password": "a fine password"})
    assert accepted.status_code == 200
    # It is used up, so there is nothing to reveal any more.
    again = await admin.post(f"/outbox/{message}/invitation")
    assert (again.status_code, again.json()["type"]) == (409, "conflict")
    assert (await admin.post("/outbox/999999/invitation")).status_code == 404
    assert (await admin.post(f"/outbox/{10**30}/invitation")).status_code == 404


async def test_with_a_mail_server_nothing_is_revealed(
    database_url: str, servers: Servers, tmp_path: Path, password_hash: str
) -> None:
    with world_of(database_url) as world:
        world.learner(email="root@example.org", is_admin=True, password_hash=password_hash)
        new = world.learner(email="new@example.org", status="invited")
    smtp = {"MUSTER_SMTP_URL": "smtp://127.0.0.1:9"}
    async with (
        serving_api(database_url, servers.new_redis(), tmp_path, **smtp) as address,
        httpx.AsyncClient(base_url=f"{address}/api/v1", timeout=60) as client,
    ):
        message = await invite(new)
        await client.post(
            "/auth/login", json={"email": "root@example.org", "password": "correct horse battery"}
        )
        answer = await client.post(f"/outbox/{message}/invitation")
        assert answer.status_code == 409
        await execute("DELETE FROM message")
