"""Cookies, passwords, throttling, Origin, invitations."""

import httpx
import pytest

from backend.database import execute, fetch, fetch_value
from backend.services.signing_in import create_invitation
from tests.http.conftest import PASSWORD, AddPerson, SignIn


async def test_sign_in_sets_a_cookie_that_works_until_sign_out(
    add_person: AddPerson, anonymous: httpx.AsyncClient
) -> None:
    await add_person("Ana@Example.org", first_name="Ana")
    assert (await anonymous.get("/auth/me")).status_code == 401

    answer = await anonymous.post("/auth/login", json={"email": " ana@example.ORG ", "password": PASSWORD})
    assert answer.status_code == 200
    assert answer.json()["learner"]["first_name"] == "Ana"
    cookie = answer.headers["set-cookie"].lower()
    assert "httponly" in cookie
    assert "samesite=lax" in cookie

    me = await anonymous.get("/auth/me")
    assert me.json()["roles"] == ["learner"]
    assert me.json()["organisation"] == {
        "name": "Muster",
        "timezone": "UTC",
        "language": "en",
        "managers_enroll": False,
    }
    kept = anonymous.cookies["muster_session"]
    assert (await anonymous.post("/auth/logout")).status_code == 204
    answer = await anonymous.get("/auth/me", headers={"cookie": f"muster_session={kept}"})
    assert answer.status_code == 401
    assert answer.headers["content-type"] == "application/problem+json"
    assert answer.json()["type"] == "not_signed_in"


async def test_the_secret_is_new_at_every_sign_in_and_only_its_hash_is_kept(
    add_person: AddPerson, anonymous: httpx.AsyncClient
) -> None:
    await add_person("ana@example.org")
    credentials = {"email": "ana@example.org", "password": PASSWORD}
    await anonymous.post("/auth/login", json=credentials)
    first = anonymous.cookies["muster_session"]
    await anonymous.post("/auth/login", json=credentials)
    second = anonymous.cookies["muster_session"]
    assert first != second
    assert await fetch_value("SELECT count(*) FROM sign_in") == 1
    assert not any(
        second.encode() in row["token_hash"] for row in await fetch("SELECT token_hash FROM sign_in")
    )
    anonymous.cookies.clear()
    assert (await anonymous.get("/auth/me", headers={"cookie": f"muster_session={first}"})).status_code == 401


@pytest.mark.parametrize("status", ["pending", "suspended", "deactivated"])
async def test_only_the_invited_and_active_sign_in(
    status: str, add_person: AddPerson, anonymous: httpx.AsyncClient, sign_in: SignIn
) -> None:
    learner_id = await add_person("ana@example.org")
    client = await sign_in("ana@example.org")
    await execute("UPDATE learner SET status = $2 WHERE id = $1", learner_id, status)
    assert (await client.get("/auth/me")).status_code == 401
    answer = await anonymous.post("/auth/login", json={"email": "ana@example.org", "password": PASSWORD})
    assert answer.status_code == 401


async def test_guessing_is_throttled_for_the_account_and_tells_nothing(
    add_person: AddPerson, anonymous: httpx.AsyncClient
) -> None:
    await add_person("ana@example.org")
    details = set()
    for email in ("ana@example.org", "nobody@example.org"):
        statuses: list[int] = []
        while len(statuses) < 10:
            answer = await anonymous.post("/auth/login", json={"email": email, "password": "wrong"})
            statuses.append(answer.status_code)
        assert statuses == [401] * 10
        answer = await anonymous.post("/auth/login", json={"email": email, "password": "wrong"})
        assert answer.status_code == 429
        assert int(answer.headers["retry-after"]) > 800
        details.add(answer.json()["detail"])
    assert len(details) == 1
    answer = await anonymous.post("/auth/login", json={"email": "ana@example.org", "password": PASSWORD})
    assert answer.status_code == 429
    await execute("UPDATE sign_in_attempt SET since = since - interval '16 minutes'")
    answer = await anonymous.post("/auth/login", json={"email": "ana@example.org", "password": PASSWORD})
    assert answer.status_code == 200


async def test_another_site_cannot_use_the_cookie(
    add_person: AddPerson, sign_in: SignIn, address: str
) -> None:
    await add_person("ana@example.org")
    client = await sign_in("ana@example.org")
    change = {"current": PASSWORD, "new": "another long one"}
    for headers in (
        {"origin": "https://evil.example"},
        {"origin": "null"},
        {"sec-fetch-site": "cross-site"},
    ):
        answer = await client.post("/auth/password", json=change, headers=headers)
        assert answer.status_code == 403, headers
    answer = await client.post("/auth/password", json=change, headers={"origin": address})
    assert answer.status_code == 204


@pytest.mark.parametrize("path", ["/auth/login", "/auth/logout", "/auth/invitations/none"])
async def test_another_site_signs_nobody_in_or_out(
    path: str, add_person: AddPerson, anonymous: httpx.AsyncClient, address: str
) -> None:
    """A form of another site signed people in to an account of its own choice: nobody need have a cookie for that."""
    await add_person("ana@example.org")
    credentials = {"email": "ana@example.org", "password": PASSWORD}
    for headers in ({"origin": "https://evil.example"}, {"origin": "null"}, {"sec-fetch-site": "same-site"}):
        answer = await anonymous.post(path, json=credentials, headers=headers)
        assert answer.status_code == 403, headers
    plain = await anonymous.post(path, content=b"{}", headers={"content-type": "text/plain"})
    assert plain.status_code == 415
    for headers in ({"origin": address}, {"sec-fetch-site": "same-origin"}, {"sec-fetch-site": "none"}, {}):
        answer = await anonymous.post(path, json=credentials, headers=headers)
        assert answer.status_code in {200, 204, 404, 422}, headers


async def test_a_bearer_token_is_used_from_anywhere(
    add_person: AddPerson, sign_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    await add_person("root@example.org", is_admin=True)
    made = await (await sign_in("root@example.org")).post("/tokens", json={"name": "another site"})
    headers = {"authorization": f"Bearer {made.json()['token']}", "origin": "https://elsewhere.example"}
    assert (await anonymous.post("/groups", json={"name": "Acme"}, headers=headers)).status_code == 201


async def test_a_new_password_ends_other_sign_ins(add_person: AddPerson, sign_in: SignIn) -> None:
    await add_person("ana@example.org")
    here, there = await sign_in("ana@example.org"), await sign_in("ana@example.org")
    wrong = await here.post("/auth/password", json={"current": "wrong", "new": "another long one"})
    assert (wrong.status_code, wrong.json()["errors"][0]["path"]) == (422, "current")
    short = await here.post("/auth/password", json={"current": PASSWORD, "new": "short"})
    assert (short.status_code, short.json()["errors"][0]["path"]) == (422, "new")
    assert (
        await here.post("/auth/password", json={"current": PASSWORD, "new": "another long one"})
    ).status_code == 204
    assert (await here.get("/auth/me")).status_code == 200
    assert (await there.get("/auth/me")).status_code == 401


async def test_an_invitation_is_accepted_once(add_person: AddPerson, anonymous: httpx.AsyncClient) -> None:
    learner_id = await add_person("new@example.org", status="invited", password_hash=None)
    token = await create_invitation(learner_id)
    assert (await anonymous.get(f"/auth/invitations/{token}")).json()["email"] == "new@example.org"
    short = await anonymous.post(f"/auth/invitations/{token}", json={"password": "short"})
    assert short.status_code == 422
    answer = await anonymous.post(f"/auth/invitations/{token}", json={"password": "a fine password"})
    assert answer.status_code == 200
    assert (await anonymous.get("/auth/me")).json()["learner"]["id"] == learner_id
    assert await fetch_value("SELECT status FROM learner WHERE id = $1", learner_id) == "active"
    again = await anonymous.post(f"/auth/invitations/{token}", json={"password": "a fine password"})
    assert again.status_code == 404
    assert (await anonymous.get("/auth/invitations/nothing")).status_code == 404


BAD_BODIES = [
    (b"", 400, "malformed", ""),
    (b"{", 400, "malformed", ""),
    (b"\xff\xfe", 400, "malformed", ""),
    (b"[" * 10_000, 400, "malformed", ""),
    (b'{"email":' + b"[" * 40 + b"]" * 40 + b"}", 400, "malformed", ""),
    (b'{"email":"a","email":"b","password":"c"}', 400, "malformed", ""),
    (b'{"email":5,"password":"c"}', 422, "invalid", "email"),
    (b'{"email":"a"}', 422, "invalid", "password"),
    (b'{"email":"a","password":"b","more":1}', 422, "invalid", "more"),
    (b'{"email":"a\\u0000","password":"c"}', 422, "invalid", "email"),
    (b'{"email":"a\\ud800","password":"c"}', 400, "malformed", ""),
]


async def test_bad_bodies(anonymous: httpx.AsyncClient) -> None:
    for body, status, kind, path in BAD_BODIES:
        answer = await anonymous.post(
            "/auth/login", content=body, headers={"content-type": "application/json"}
        )
        problem = answer.json()
        assert (answer.status_code, problem["type"]) == (status, kind), problem
        assert not path or problem["errors"][0]["path"] == path
