"""Cookies, passwords, throttling, Origin, invitations."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import httpx
import pytest

from backend.database import execute, fetch, fetch_value
from backend.services.access import known_devices, throttling
from backend.services.access.administrators import create_administrator
from backend.services.access.sign_ins import forget_ended_access
from tests.access.invitations import invite, invited_secret
from tests.harness.api import serving_api
from tests.harness.api_fixtures import AddPerson, SignIn
from tests.harness.servers import Servers
from tests.harness.system import PASSWORD
from tests.harness.world import world_of


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
        "fuse": {"most": 1000, "entering": 1000},
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
    await throttling.forget_old_attempts()
    assert await fetch_value("SELECT count(*) FROM sign_in_attempt") == 5
    await execute("UPDATE sign_in_attempt SET since = since - interval '16 minutes'")
    answer = await anonymous.post("/auth/login", json={"email": "ana@example.org", "password": PASSWORD})
    assert answer.status_code == 200
    await throttling.forget_old_attempts()
    assert await fetch_value("SELECT count(*) FROM sign_in_attempt WHERE key LIKE '%nobody%'") == 0


async def test_guesses_of_others_keep_nobody_out_of_a_known_device(
    add_person: AddPerson, sign_in: SignIn, anonymous: httpx.AsyncClient
) -> None:
    await add_person("ana@example.org")
    await add_person("bo@example.org")
    known = await sign_in("ana@example.org")
    await known.post("/auth/logout")
    right = {"email": "ana@example.org", "password": PASSWORD}
    statuses = [
        (await anonymous.post("/auth/login", json=right | {"password": "wrong"})).status_code
        for _ in range(11)
    ]
    assert statuses == [401] * 10 + [429]
    # From the same address, of which 200 attempts are more than enough: it is the device that counts.
    await execute("UPDATE sign_in_attempt SET failures = 1000")
    assert (await anonymous.post("/auth/login", json=right)).status_code == 429
    assert (await known.post("/auth/login", json=right)).status_code == 200
    # It is known for her account alone; and its own guesses are counted, too.
    bo = {"email": "bo@example.org", "password": PASSWORD}
    assert (await known.post("/auth/login", json=bo)).status_code == 429
    while (await known.post("/auth/login", json=right | {"password": "wrong"})).status_code == 401:
        pass
    assert (await known.post("/auth/login", json=right)).status_code == 429
    forged = anonymous.cookies.get("muster_device") or "0" * 32 + "." + "0" * 32
    refused = await anonymous.post("/auth/login", json=right, headers={"cookie": f"muster_device={forged}"})
    assert refused.status_code == 429


def test_a_device_remembers_the_latest_accounts() -> None:
    cookie: str | None = None
    accounts = [f"{i}@example.org" for i in range(known_devices.ACCOUNTS + 1)]
    for account in accounts:
        assert known_devices.known(cookie, account, "secret") is None
        cookie = known_devices.remembered(cookie, account, "secret")
    names = [known_devices.known(cookie, account, "secret") for account in accounts]
    assert names[0] is None
    assert len(set(names[1:])) == 1
    assert known_devices.known(cookie, accounts[-1], "another secret") is None
    for nonsense in ("", ".", "a.b", "é" * 40, "." * 1_000):
        assert known_devices.known(nonsense, "a@example.org", "secret") is None
        assert known_devices.known(
            known_devices.remembered(nonsense, "a@x.org", "secret"), "a@x.org", "secret"
        )


def test_an_account_is_slowed_down_by_address_and_a_network_of_ipv6_is_one() -> None:
    def keys(address: str) -> tuple[str, ...]:
        return throttling.sign_in_keys("a@example.org", address)

    assert keys("10.0.0.1") != keys("10.0.0.2")
    assert keys("2001:db8::1") == keys("2001:db8::ffff") != keys("2001:db8:0:1::1")
    assert keys("::ffff:10.0.0.1") == keys("10.0.0.1")
    assert keys("x" * 10_000)[1] == "address:" + "x" * 64


@pytest.mark.parametrize(("trusted", "believed"), [("127.0.0.0/8, 10.0.0.1", True), ("10.0.0.1", False)])
async def test_only_trusted_proxies_say_who_asks(
    trusted: str, believed: bool, database_url: str, servers: Servers, tmp_path: Path
) -> None:
    """Behind a proxy everybody has its address: without this, ten guesses slow down the whole company."""
    wrong = {"email": "ana@example.org", "password": "wrong"}
    async with (
        serving_api(database_url, servers.new_redis(), tmp_path, MUSTER_TRUSTED_PROXIES=trusted) as address,
        httpx.AsyncClient(base_url=f"{address}/api/v1", timeout=60) as client,
    ):
        # What the client itself wrote stands before what the proxy appends.
        for forwarded in ("198.51.100.7", "1.2.3.4, 198.51.100.7, 10.0.0.1"):
            await client.post("/auth/login", json=wrong, headers={"x-forwarded-for": forwarded})
        keys = {row["key"] for row in await fetch("SELECT key FROM sign_in_attempt")}
    assert ("address:198.51.100.7" in keys) == believed
    assert ("address:127.0.0.1" in keys) != believed
    assert len(keys) == 3


@pytest.mark.parametrize(
    ("settings", "headers", "secure"),
    [
        ({"MUSTER_BASE_URL": "https://muster.example"}, {}, True),
        ({"MUSTER_BASE_URL": "http://muster.example"}, {}, False),
        ({}, {"x-forwarded-proto": "https"}, False),
        ({"MUSTER_TRUSTED_PROXIES": "127.0.0.1"}, {"x-forwarded-proto": "https"}, True),
    ],
)
async def test_the_cookie_is_secure_where_people_come_by_https(
    settings: dict[str, str],
    headers: dict[str, str],
    secure: bool,
    database_url: str,
    servers: Servers,
    tmp_path: Path,
    password_hash: str,
) -> None:
    with world_of(database_url) as world:
        world.learner(email="ana@example.org", password_hash=password_hash)
    async with (
        serving_api(database_url, servers.new_redis(), tmp_path, **settings) as address,
        httpx.AsyncClient(base_url=f"{address}/api/v1", timeout=60) as client,
    ):
        answer = await client.post(
            "/auth/login", json={"email": "ana@example.org", "password": PASSWORD}, headers=headers
        )
    cookies = answer.headers.get_list("set-cookie")
    assert len(cookies) == 2
    assert [("; secure" in cookie.lower()) for cookie in cookies] == [secure] * 2
    assert all("httponly" in cookie.lower() for cookie in cookies)


@pytest.mark.parametrize("keep", [False, True])
async def test_a_new_password_ends_tokens_unless_they_are_kept_on_purpose(
    keep: bool, add_person: AddPerson, sign_in: SignIn, anonymous: httpx.AsyncClient, password_hash: str
) -> None:
    learner_id = await add_person("ana@example.org", status="invited", password_hash=None)
    invitation = await invited_secret(await invite(learner_id))
    await execute("UPDATE learner SET password_hash = $1", password_hash)
    here = await sign_in("ana@example.org")
    change = {"current": PASSWORD, "new": "another long one", "keep_tokens": keep}

    async def works_after(reset: Callable[[], Awaitable[object]]) -> bool:
        made = (await here.post("/tokens", json={"name": "laptop"})).json()["token"]
        await reset()
        answer = await anonymous.get("/auth/me", headers={"authorization": f"Bearer {made}"})
        return answer.status_code == 200

    assert await works_after(lambda: here.post("/auth/password", json=change)) == keep
    accept = {"password": PASSWORD, "keep_tokens": keep}
    assert await works_after(lambda: anonymous.post(f"/auth/invitations/{invitation}", json=accept)) == keep
    anonymous.cookies.clear()
    here = await sign_in("ana@example.org")
    assert (
        await works_after(lambda: create_administrator("ana@example.org", PASSWORD, keep_tokens=keep)) == keep
    )


@pytest.mark.parametrize("status", ["pending", "suspended", "deactivated"])
async def test_what_suspension_ends_stays_ended(
    status: str,
    add_person: AddPerson,
    sign_in: SignIn,
    admin: httpx.AsyncClient,
    anonymous: httpx.AsyncClient,
) -> None:
    learner_id = await add_person("ana@example.org")
    client = await sign_in("ana@example.org")
    made = (await client.post("/tokens", json={"name": "laptop"})).json()["token"]
    bearer = {"authorization": f"Bearer {made}"}
    for then in (status, "active"):
        answer = await admin.patch(f"/learners/{learner_id}", json={"status": then})
        assert answer.status_code == 200, answer.text
    assert (await client.get("/auth/me")).status_code == 401
    assert (await anonymous.get("/auth/me", headers=bearer)).status_code == 401
    assert (await admin.get("/auth/me")).status_code == 200
    # Of what was ended before this was so, nothing comes back either.
    await execute("ALTER TABLE learner DISABLE TRIGGER end_access")
    made = (await (await sign_in("ana@example.org")).post("/tokens", json={"name": "laptop"})).json()["token"]
    await execute("UPDATE learner SET status = $2 WHERE id = $1", learner_id, status)
    await forget_ended_access()
    await execute("UPDATE learner SET status = 'active' WHERE id = $1", learner_id)
    assert (await anonymous.get("/auth/me", headers={"authorization": f"Bearer {made}"})).status_code == 401


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
    token = await invited_secret(await invite(learner_id))
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
