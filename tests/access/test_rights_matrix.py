"""Every role on every operation: what the routes declare is what is answered, and nothing is left out."""

import asyncio
import re
from collections.abc import AsyncIterator
from contextlib import AsyncExitStack, asynccontextmanager
from pathlib import Path
from typing import Any

import httpx

from backend.app import create_app
from backend.controllers.http.openapi import complete
from backend.database import execute, fetch_value, transaction
from backend.enrollment.method_kinds import METHOD_KINDS
from backend.settings import Settings, load_settings
from backend.workers.sequencer import sequence_for_ever
from tests.access.matrix import (
    ASKS_WHO,
    MAY,
    MISSING,
    PASSWORD,
    ROLES,
    UNKNOWN,
    Operation,
    World,
    ask,
    insert,
    join,
    operations,
    rolled_back,
)
from tests.harness.servers import Servers

PEOPLE = ("learner", "manager", "instructor", "coach", "group_admin", "admin", "report", "stranger")
DONE = frozenset({200, 201, 202, 204, 409})


@asynccontextmanager
async def matrix(settings: Settings, password_hash: str) -> AsyncIterator[tuple[World, list[Operation]]]:
    """The world, and every operation of the document. The application is called in the test's own task."""
    app = create_app(settings)
    async with AsyncExitStack() as stack:
        await stack.enter_async_context(app.lifespan())
        sequencer = asyncio.create_task(sequence_for_ever(asyncio.Event()))
        stack.callback(sequencer.cancel)

        async def client() -> httpx.AsyncClient:
            made = httpx.AsyncClient(
                transport=httpx.ASGITransport(app),  # type: ignore[arg-type]  # ASGI, spelled with its own types
                base_url="http://muster.test",
                timeout=60,
            )
            return await stack.enter_async_context(made)

        clients = {role: await client() for role in (*ROLES, "anonymous")}
        world = await _made(clients, password_hash)
        yield world, operations(complete(app.openapi_schema.to_schema(), app))


async def _made(clients: dict[str, httpx.AsyncClient], password_hash: str) -> World:
    people, groups = await _people_and_groups(password_hash)
    for role in PEOPLE[:6]:
        body = {"email": f"{role}@example.org", "password": PASSWORD}
        assert (await clients[role].post("/api/v1/auth/login", json=body)).status_code == 200
    admin = clients["admin"]
    for scope in ("read", "write"):
        made = await _post(admin, "/tokens", name=scope, scopes=[scope])
        clients[f"{scope}_token"].headers["authorization"] = f"Bearer {made['token']}"
    own = await _learning(admin, groups["own"], "group", [people["learner"], people["report"]])
    foreign = await _learning(admin, groups["far"], "hidden", [people["stranger"]])
    async with transaction():
        await execute(
            "INSERT INTO session_instructor VALUES ($1, $2)", own["session_id"], people["instructor"]
        )
    common = {
        "group_id": groups["own"],
        "team_id": groups["team"],
        "learner_id": people["report"],
        "report_id": people["report"],
        "field_id": (
            await _post(admin, "/fields", name="Level", type="choice", options=["junior", "expert"])
        )["id"],
        "segment_id": (await _post(admin, "/segments", name="S", rule={"blocks": [{"everyone": True}]}))[
            "id"
        ],
        "rule_id": await _rule(admin, own["activity_id"], people["report"]),
        "import_id": await _import(admin),
        "message_id": await fetch_value("SELECT min(id) FROM message"),
        "token": "x" * 40,
        "kind": "blocked",
        "number": 1,
    }
    await _guarded(people["report"], segment_id=common["segment_id"])
    common["proposal_id"] = await _proposal(own, people["coach"], people["report"])
    common["jump_id"] = await _jump(own, people["group_admin"])
    common["rehearsal_id"] = await _rehearsal(groups["own"], people["report"])
    personal = await _personal(clients, people, own)
    elsewhere = {"group_id": groups["far"], "learner_id": people["stranger"]}
    elsewhere["proposal_id"] = await _proposal(foreign, people["stranger"], people["stranger"])
    elsewhere["jump_id"] = await _jump(foreign, people["stranger"])
    elsewhere["token_id"] = await fetch_value("SELECT min(id) FROM api_token")
    return World(clients, common | own, common | foreign | elsewhere, personal)


async def _rule(admin: httpx.AsyncClient, activity: int | str, person: int) -> int:
    """An enrollment rule that is a draft, as its method in a session is, to which the person is pinned."""
    rule = {"blocks": [{"everyone": True}]}
    made = await _post(admin, "/enrollment-rules", name="R", rule=rule, targets=[])
    found: int = made["id"]
    session = await _post(admin, "/sessions", activity_id=activity, name="Ruled")
    method = await _post(admin, f"/sessions/{session['id']}/methods", kind="audience", rule=rule)
    async with transaction():
        await execute(
            "UPDATE enrollment_method SET enrollment_rule_id = $1 WHERE id = $2", found, method["id"]
        )
        at = await fetch_value("SELECT muster_now()")
        await insert("rule_pin", method_id=method["id"], learner_id=person, expected="in", at=at)
    return found


async def _people_and_groups(password_hash: str) -> tuple[dict[str, int], dict[str, int]]:
    async with transaction():
        added = await fetch_value("SELECT muster_now()")
        people = {
            name: await insert(
                "learner",
                email=f"{name}@example.org",
                password_hash=password_hash,
                added_at=added,
                is_admin=name == "admin",
            )
            for name in PEOPLE
        }
        groups = {
            name: await insert("learner_group", name=name, kind="qualification") for name in ("own", "far")
        }
        groups["team"] = await insert("learner_group", name="team", parent_id=groups["own"])
        await join(groups["own"], people["coach"], "coach")
        await join(groups["own"], people["group_admin"], "admin")
        await join(groups["own"], people["learner"])
        await join(groups["own"], people["report"])
        await join(groups["far"], people["stranger"])
        await execute("UPDATE learner SET manager_id = $1 WHERE id = $2", people["manager"], people["report"])
        await execute("UPDATE organisation SET managers_enroll = true")
        return people, groups


async def _learning(
    admin: httpx.AsyncClient, group: int, catalog: str, enrolled: list[int]
) -> dict[str, int | str]:
    """A path with a step, a session of it, a method by name with its run, and a run that is held."""
    activity = await _post(
        admin, "/activities", kind="path", title="Path", steps=[{"kind": "content", "title": "Read"}]
    )
    session = await _post(
        admin, "/sessions", activity_id=activity["id"], name="Session", group_id=group, catalog=catalog
    )
    other = await _post(
        admin, "/sessions", activity_id=activity["id"], name="Other", group_id=group, catalog=catalog
    )
    body: dict[str, Any] = {"kind": "manual", "rule": {"include": enrolled}}
    await _apply(admin, session["id"], {"kind": "self", "open": True})
    done = await _apply(admin, session["id"], body)
    async with transaction():
        held = await insert(
            "run",
            method_id=done["method_id"],
            session_id=session["id"],
            cause="change",
            state="held",
            created_at=await fetch_value("SELECT muster_now()"),
        )
    enrollment = await fetch_value(
        "SELECT id FROM enrollment WHERE session_id = $1 AND learner_id = $2", session["id"], enrolled[-1]
    )
    await _guarded(enrolled[-1], method_id=done["method_id"])
    classes = [
        (await _post(admin, f"/sessions/{session['id']}/course-groups", name=name))["id"] for name in "AB"
    ]
    return {
        "course_group_id": classes[0],
        "other_course_group_id": classes[1],
        "activity_id": activity["id"],
        "step_id": activity["steps"][0]["id"],
        "session_id": session["id"],
        "other_session_id": other["id"],
        "method_id": done["method_id"],
        "run_id": done["run_id"],
        "held_id": held,
        "enrollment_id": enrollment,
    }


async def _guarded(person: int, **owner: int) -> None:
    """A version of a rule, where there is none yet, and somebody pinned to it."""
    at = await fetch_value("SELECT muster_now()")
    async with transaction():
        if "method_id" in owner:
            await insert("rule_version", **owner, number=1, rule={"include": [person]}, at=at, written_in=0)
        await insert("rule_pin", **owner, learner_id=person, expected="in", at=at)


async def _proposal(place: dict[str, int | str], by: int, person: int) -> int:
    body = {"people": [person], "targets": [{"session_id": place["session_id"]}]}
    at = await fetch_value("SELECT muster_now()")
    return await insert("proposal", session_id=place["session_id"], body=body, by_id=by, at=at)


async def _jump(place: dict[str, int | str], owner: int) -> int:
    """A jump of the audience of a method."""
    day, at = await fetch_value("SELECT current_date"), await fetch_value("SELECT muster_now()")
    figures = {"size": 40, "net": 30, "low": -10, "high": 10}
    return await insert(
        "audience_jump", method_id=place["method_id"], day=day, owner_id=owner, at=at, **figures
    )


async def _rehearsal(group: int, person: int) -> int:
    changes = [{"act": "members_add", "group_id": group, "learner_ids": [person]}]
    at = await fetch_value("SELECT muster_now()")
    return await insert("rehearsal", name="Spring", changes=changes, created_at=at, changed_at=at)


async def _apply(admin: httpx.AsyncClient, session: int, body: dict[str, Any]) -> dict[str, Any]:
    plan = await _post(admin, f"/sessions/{session}/plan", **body)
    return await _post(admin, f"/sessions/{session}/apply", **body, hash=plan["hash"])


async def _import(admin: httpx.AsyncClient) -> int:
    answer = await admin.post(
        "/api/v1/imports", files={"file": ("p.csv", b"email\nx@example.org\n")}, data={"kind": "learners"}
    )
    assert answer.status_code == 202, answer.text
    found: int = answer.json()["id"]
    return found


async def _personal(
    clients: dict[str, httpx.AsyncClient], people: dict[str, int], own: dict[str, int | str]
) -> dict[str, dict[str, int | str]]:
    """Everybody has a token of their own to take back; for a learner, they themselves are what is theirs."""
    found: dict[str, dict[str, int | str]] = {
        role: {"token_id": (await _post(clients[role], "/tokens", name="own", scopes=["read"]))["id"]}
        for role in PEOPLE[:6]
    }
    found |= dict.fromkeys(("read_token", "write_token", "anonymous"), found["admin"])
    found["learner"]["learner_id"] = people["learner"]
    found["learner"]["enrollment_id"] = await fetch_value(
        "SELECT id FROM enrollment WHERE session_id = $1 AND learner_id = $2",
        own["session_id"],
        people["learner"],
    )
    return found


async def _post(client: httpx.AsyncClient, path: str, **body: Any) -> dict[str, Any]:
    answer = await client.post(f"/api/v1{path}", json=body)
    assert answer.status_code in (200, 201), answer.text
    found: dict[str, Any] = answer.json()
    return found


def _wrong(operation: Operation, role: str, answer: httpx.Response, expected: int, *, own: bool) -> bool:
    status = answer.status_code
    if operation.name in ASKS_WHO:
        return status == 403
    if expected != MAY:
        return status != expected
    if role == "admin" and own:
        # What an admin may do is done: or the body would be no test of the others' rights.
        return status not in DONE
    return status in (401, 403, 404, 405) or status >= 500


def _alike(one: httpx.Response, other: httpx.Response) -> bool:
    """Whether the answers differ in nothing but the numbers that were asked for, and their own."""

    def told(answer: httpx.Response) -> object:
        problem = answer.json()
        problem.pop("request_id", None)
        return answer.status_code, re.sub(r"\d+", "N", str(problem))

    return told(one) == told(other)


async def test_every_role_on_every_operation(
    database_url: str, servers: Servers, tmp_path: Path, password_hash: str
) -> None:
    settings = load_settings(
        data_dir=tmp_path,
        environ={"MUSTER_DATABASE_URL": database_url, "MUSTER_REDIS_URL": servers.new_redis()},
        env_file=tmp_path / ".env",
    )
    async with matrix(settings, password_hash) as (world, found):
        wrong = [
            *await _wrong_answers(world, found),
            *await _wrong_inside(world, found),
            *await _wrong_offers(world),
        ]
        assert not wrong, "\n".join(map(str, wrong))


async def _wrong_inside(world: World, found: list[Operation]) -> list[tuple[object, ...]]:
    """A method of somebody else's session, asked for in one's own: it is as good as none, for admins too."""
    wrong: list[tuple[object, ...]] = []
    for operation in found:
        if operation.rights["on"] != "method":
            continue
        for role in ("coach", "group_admin", "admin"):
            inside = {"method_id": world.foreign["method_id"]}
            answer = await ask(world, operation, role, "own", **inside)
            missing = await ask(world, operation, role, "own", method_id=MISSING)
            if answer.status_code != UNKNOWN or not _alike(answer, missing):
                wrong.append((operation.name, role, "inside", answer.status_code, answer.text[:150]))
    return wrong


async def _wrong_offers(world: World) -> list[tuple[object, ...]]:
    """A session tells everybody the kinds of methods that they may add, and no others: the rest is refused for its kind."""
    wrong: list[tuple[object, ...]] = []
    session = f"/api/v1/sessions/{world.own['session_id']}"
    for role in PEOPLE[:6]:
        client = world.clients[role]
        told = (await client.get(session)).json()
        if ("enroll" in told["may"]) != bool(told["method_kinds"]):
            wrong.append((role, told["may"], told["method_kinds"]))
        if "enroll" not in told["may"]:
            continue
        for kind in METHOD_KINDS:
            async with rolled_back():
                answer = await client.post(f"{session}/plan", json={"kind": kind})
            problems = answer.json().get("errors") or []
            refused = any(problem["path"] == "kind" for problem in problems)
            if refused == (kind in told["method_kinds"]):
                wrong.append((role, kind, told["method_kinds"], answer.text[:200]))
    return wrong


async def _wrong_answers(world: World, found: list[Operation]) -> list[tuple[object, ...]]:
    wrong: list[tuple[object, ...]] = []
    for operation in found:
        anonymous = await ask(world, operation, "anonymous", "own")
        is_public = operation.rights["role"] == "public"
        if (anonymous.status_code == 401) == is_public and operation.name not in ASKS_WHO:
            wrong.append((operation.name, "anonymous", anonymous.status_code, anonymous.text[:200]))
        if is_public:
            continue
        for role in ROLES:
            for own in (True, False) if operation.about_something else (True,):
                answer = await ask(world, operation, role, "own" if own else "foreign")
                expected = operation.expected(role, own=own)
                if _wrong(operation, role, answer, expected, own=own):
                    wrong.append((operation.name, role, own, answer.status_code, expected, answer.text[:200]))
                if expected == UNKNOWN and not own:
                    missing = await ask(world, operation, role, "missing")
                    if not _alike(answer, missing):
                        wrong.append(
                            (operation.name, role, "missing differs", answer.text[:150], missing.text[:150])
                        )
    return wrong
