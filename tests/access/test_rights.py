"""Who may do what: every role on every route, and what private groups keep to themselves."""

from collections.abc import Mapping
from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from backend.database import execute, fetch_value
from tests.harness.api_fixtures import AddPerson, SignIn

pytestmark = pytest.mark.usefixtures("sequencer")

ROLES = ("admin", "group_admin", "coach", "instructor", "manager", "member", "outsider")


@dataclass
class World:
    """Acme (group) has a private team; its people, sessions and activities; and clients by role."""

    clients: Mapping[str, httpx.AsyncClient]
    ids: Mapping[str, int]

    def at(self, path: str) -> str:
        """The path with `{names}` replaced by ids."""
        return path.format(**self.ids)


async def _member(group: int, learner: int, role: str = "member") -> None:
    await execute(
        "INSERT INTO membership (learner_id, group_id, role, since) VALUES ($1, $2, $3, muster_now())",
        learner,
        group,
        role,
    )


async def _insert(sql: str, *values: object) -> int:
    found: int = await fetch_value(f"{sql} RETURNING id", *values)
    return found


@pytest.fixture
async def world(add_person: AddPerson, sign_in: SignIn) -> World:
    """Everybody with their role, and what they have it on."""
    people = {role: await add_person(f"{role}@example.org", is_admin=role == "admin") for role in ROLES}
    acme = await _insert("INSERT INTO learner_group (name, external_id) VALUES ('Acme', 'acme')")
    team = await _insert("INSERT INTO learner_group (name, parent_id) VALUES ('Team', $1)", acme)
    other = await _insert("INSERT INTO learner_group (name) VALUES ('Other')")
    secret = await _insert("INSERT INTO learner_group (name, private) VALUES ('Restructuring', true)")
    await execute("UPDATE learner SET manager_id = $2 WHERE id = $1", people["member"], people["manager"])
    for group, role, as_ in (
        (acme, "group_admin", "admin"),
        (acme, "coach", "coach"),
        (team, "member", "member"),
    ):
        await _member(group, people[role], as_)
    await _member(secret, people["member"])
    await _member(other, people["outsider"])
    path = await _insert("INSERT INTO activity (kind, title) VALUES ('path', 'Path')")
    course = await _insert("INSERT INTO activity (kind, title) VALUES ('course', 'Hidden course')")
    for_acme = await _insert(
        "INSERT INTO session (activity_id, name, group_id, catalog) VALUES ($1, 'Acme', $2, 'group')",
        path,
        acme,
    )
    hidden = await _insert("INSERT INTO session (activity_id, name) VALUES ($1, 'Hidden')", course)
    await execute("INSERT INTO session_instructor VALUES ($1, $2)", hidden, people["instructor"])
    field = await _insert("INSERT INTO field (key, name, type) VALUES ('level', 'Level', 'number')")
    ids = {
        **people,
        "acme": acme,
        "team": team,
        "other": other,
        "secret": secret,
        "path": path,
        "course": course,
        "session": for_acme,
        "hidden": hidden,
        "field": field,
    }
    clients = {role: await sign_in(f"{role}@example.org") for role in ROLES}
    return World(clients, ids)


# What `test_rights_matrix.py` does not derive from the declarations, because it depends on more than the path's object: method, path,
# body, and what each of ROLES is answered.
#                                                       admin  g_adm  coach  instr  mngr   membr  outsd
MATRIX: list[tuple[str, str, Any, tuple[int, ...]]] = [
    ("PATCH", "/learners/{member}", {"language": "fr"}, (200, 403, 403, 404, 403, 200, 404)),
    ("PATCH", "/learners/{member}", {"status": "active"}, (200, 403, 403, 404, 403, 403, 404)),
    ("PATCH", "/learners/{member}", {"fields": {"level": 1}}, (200, 403, 403, 404, 403, 403, 404)),
    ("GET", "/learners?group={acme}", None, (200, 200, 200, 403, 404, 404, 404)),
    ("GET", "/learners?group_tree={secret}", None, (200, 403, 403, 403, 404, 403, 404)),
    ("GET", "/groups/{secret}", None, (200, 200, 200, 200, 404, 200, 404)),
    ("GET", "/groups/{secret}/members", None, (200, 403, 403, 403, 404, 403, 404)),
    ("GET", "/sessions/{hidden}", None, (200, 404, 404, 200, 404, 404, 404)),
    ("PATCH", "/sessions/{hidden}", {}, (200, 404, 404, 403, 404, 404, 404)),
    ("GET", "/tokens?everybody=true", None, (200, 403, 403, 403, 403, 403, 403)),
    ("DELETE", "/groups/{team}", None, (409, 409, 403, 403, 404, 403, 404)),
    ("DELETE", "/activities/{path}", None, (409, 403, 403, 403, 404, 403, 404)),
    ("DELETE", "/sessions/{session}", None, (204, 204, 403, 404, 404, 403, 404)),
    ("DELETE", "/learners/{member}", None, (204, 403, 403, 404, 403, 403, 404)),
]


async def test_what_depends_on_more_than_the_object_of_the_path(
    world: World, anonymous: httpx.AsyncClient
) -> None:
    await execute("INSERT INTO learner_group (name, parent_id) VALUES ('Below', $1)", world.ids["team"])
    wrong = []
    # Those who may do least go first: what they change, nobody after them would find.
    for method, path, body, expected in MATRIX:
        at = world.at(path)
        assert (await anonymous.request(method, at, json=body)).status_code == 401, at
        for role, status in reversed(list(zip(ROLES, expected, strict=True))):
            if method == "DELETE" and role == "admin" and 204 in expected[1:]:
                continue
            answer = await world.clients[role].request(method, at, json=body)
            if answer.status_code != status:
                wrong.append((method, path, body, role, answer.status_code, status, answer.text[:150]))
    assert wrong == []


async def test_a_private_group_shows_outsiders_its_count_alone(world: World) -> None:
    coach, member, admin = (world.clients[role] for role in ("coach", "member", "admin"))
    group = (await coach.get(world.at("/groups/{secret}"))).json()
    assert group["name"] == "Private group"
    assert (group["private"], group["total_count"], group["external_id"], group["description"]) == (
        True,
        1,
        None,
        "",
    )
    assert "Restructuring" not in (await coach.get("/groups")).text
    assert (await coach.get("/groups", params={"q": "restruct"})).json()["total"] == 0
    assert (await member.get(world.at("/groups/{secret}"))).json()["name"] == "Restructuring"
    assert (await admin.get("/groups", params={"q": "restruct"})).json()["total"] == 1
    seen = (await coach.get(world.at("/learners/{member}"))).json()
    assert [group["name"] for group in seen["groups"]] == ["Team"]
    own = (await member.get(world.at("/learners/{member}"))).json()
    assert [group["name"] for group in own["groups"]] == ["Team", "Restructuring"]


async def test_lists_hold_what_each_may_see_one_by_one(world: World) -> None:
    for role in ROLES:
        client = world.clients[role]
        for path, names in (
            ("/learners", ROLES),
            ("/groups", ("acme", "team", "other", "secret")),
            ("/activities", ("path", "course")),
            ("/sessions", ("session", "hidden")),
        ):
            listed = {item["id"] for item in (await client.get(path)).json()["items"]}
            one_by_one = {
                world.ids[name]
                for name in names
                if (await client.get(f"{path}/{world.ids[name]}")).status_code == 200
            }
            assert listed == one_by_one, (role, path)


async def test_a_group_admin_keeps_to_their_groups(world: World) -> None:
    client = world.clients["group_admin"]
    below = await client.post("/groups", json={"name": "Below", "parent_id": world.ids["acme"]})
    assert below.status_code == 201
    assert (
        await client.post("/groups", json={"name": "x", "parent_id": world.ids["other"]})
    ).status_code == 403
    moved = await client.patch(world.at("/groups/{team}"), json={"parent_id": world.ids["other"]})
    assert moved.status_code == 403
    stranger = await client.post(
        world.at("/groups/{team}/members"), json={"learner_ids": [world.ids["outsider"]]}
    )
    assert (stranger.status_code, stranger.json()["errors"][0]["path"]) == (422, "learner_ids[0]")
    known = await client.post(world.at("/groups/{acme}/members"), json={"learner_ids": [world.ids["member"]]})
    assert known.json()["added"] == 1
    body = {"activity_id": world.ids["course"], "name": "Ours", "group_id": world.ids["team"]}
    assert (await client.post("/sessions", json=body)).status_code == 201
    assert (await client.post("/sessions", json=body | {"group_id": world.ids["other"]})).status_code == 403
    assert (await client.post("/sessions", json=body | {"group_id": None})).status_code == 403
    roles = (await client.get("/auth/me")).json()["roles"]
    assert roles == ["group_admin", "learner"]


async def test_nobody_takes_their_own_rights_away(world: World) -> None:
    admin = world.clients["admin"]
    for body in ({"is_admin": False}, {"status": "suspended"}):
        assert (await admin.patch(world.at("/learners/{admin}"), json=body)).status_code == 409
    assert (await admin.delete(world.at("/learners/{admin}"))).status_code == 403
