"""What answers tell: nobody reads of people, groups, sessions and methods that they could not ask for directly.

One organisation with secrets, whose names all begin with `Zz`. Every operation that only reads is called as every role, about
everything there is; no answer, whatever its status, and no frame of a socket may name a secret of those kept from that role.
"""

import json
import re
from collections.abc import Iterator
from contextlib import AsyncExitStack
from itertools import product
from typing import Any

import httpx
import pytest

from backend.database import fetch, fetch_value
from tests.harness.system import System, until
from tests.live.client import LiveSocket, live_socket

STAFF = ("group_admin", "coach", "instructor", "manager")
ROLES = (*STAFF, "member", "outsider")

# What each of these may not read. Staff may name segments in their rules, and see methods that are hidden from learners.
FROM_ALL = (
    "Zzprivate",
    "Zzclosed",
    "Zzhidden",
    "Zzsealed",
    "Zzstranger",
    "zz-private",
    "zz-stranger",
    "root@",
    "Zzimport",
)
MISSING = 99_999
FROM_OTHERS = (*FROM_ALL, "Zzsegment", "Zzinvisible")


class Town:
    """The organisation, and a client for each role."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.clients: dict[str, httpx.AsyncClient] = {}
        self.people: dict[str, int] = {}
        self.ids: dict[str, list[int]] = {}

    async def build(self) -> None:
        system = self.system
        self.sales = await system.group("Sales")
        self.secret = await system.write_value(
            "INSERT INTO learner_group (name, private, external_id, parent_id)"
            " VALUES ('Zzprivate', true, 'zz-private', NULL) RETURNING id"
        )
        for role in (*ROLES, "bob"):
            self.people[role] = await system.person(f"{role}@people.example", first_name=role.capitalize())
        self.stranger = await system.person(
            "zz-stranger@people.example", first_name="Zzstranger", external_id="zz-stranger"
        )
        await system.join(self.sales, self.people["group_admin"], role="admin")
        await system.join(self.sales, self.people["coach"], role="coach")
        await system.join(self.sales, self.people["member"], self.people["bob"])
        await system.join(self.secret, self.people["member"])
        closed = await system.write_value(
            "INSERT INTO learner_group (name, private) VALUES ('Zzclosed', true) RETURNING id"
        )
        await system.join(closed, self.stranger)
        await system.write(
            "UPDATE learner SET manager_id = $1 WHERE id = $2", self.people["manager"], self.people["member"]
        )
        await system.write("UPDATE organisation SET managers_enroll = true")
        self.activity = await system.activity()
        self.session = await system.session(self.activity, group_id=self.sales, catalog="group")
        await system.write(
            "INSERT INTO session_instructor (session_id, learner_id) VALUES ($1, $2)",
            self.session,
            self.people["instructor"],
        )
        self.hidden = await system.session(self.activity, name="Zzhidden")
        for role in ROLES:
            self.clients[role] = await system.client(f"{role}@people.example")

    async def enroll(self) -> None:
        """Methods of each kind, changes behind them, somebody blocked by what is hidden, an undo, a person let go by hand."""
        system = self.system
        segment = await system.admin.post(
            "/segments", json={"name": "Zzsegment", "rule": {"blocks": [{"groups": [self.secret]}]}}
        )
        self.segment = segment.json()["id"]
        await system.apply(self.hidden, kind="manual", rule={"include": [self.people["bob"], self.stranger]})
        sealed = await system.enroll_group(self.session, self.secret, name="Zzsealed", due_days=5)
        self.sealed = sealed["method_id"]
        await system.apply(self.session, kind="segment", segment_id=self.segment, dynamic=True)
        self.open = (await system.enroll_group(self.session, self.sales, name="Open"))["method_id"]
        await system.apply(
            self.session,
            kind="manual",
            name="Zzinvisible",
            visible=False,
            rule={"include": [self.people["member"]]},
        )
        late, gone = await system.people(2, self.secret)
        await system.settled()
        await system.join(self.sales, late)
        enrollment = await fetch_value(
            "SELECT id FROM enrollment WHERE session_id = $1 AND learner_id = $2", self.session, gone
        )
        await system.post(f"/enrollments/{enrollment}/unenroll", {"reason": "a word"})
        await system.leave(self.secret, late)
        await system.settled()
        run = await fetch_value(
            "SELECT max(id) FROM run WHERE method_id = $1 AND cause = 'change'", self.sealed
        )
        assert (await system.post(f"/runs/{run}/undo", {})).status_code == 200
        await system.settled()
        await system.admin.post(
            "/imports", files={"file": ("Zzimport.csv", b"email\nx@y.example\n")}, data={"kind": "learners"}
        )
        # Begun by somebody who was an admin then.
        await system.write(
            "UPDATE import_job SET state = 'failed', error = 'Zzimport', created_by = $1",
            self.people["coach"],
        )
        tables = {
            "import_id": "import_job",
            "session_id": "session",
            "method_id": "enrollment_method",
            "run_id": "run",
            "learner_id": "learner",
            "group_id": "learner_group",
            "activity_id": "activity",
            "enrollment_id": "enrollment",
            "segment_id": "segment",
            "field_id": "field",
        }
        for name, table in tables.items():
            self.ids[name] = [row[0] for row in await fetch(f"SELECT id FROM {table} ORDER BY 1")]
        # Of people those who have secrets, and are one.
        about = [self.people["member"], self.people["bob"], self.stranger]
        rows = await fetch("SELECT id FROM enrollment WHERE learner_id = ANY($1)", about)
        self.ids |= {"learner_id": about, "enrollment_id": [row[0] for row in rows]}
        self.ids |= {"method_id": [self.sealed, self.open], "run_id": self.ids["run_id"][::2]}

    def reads(self, document: dict[str, Any]) -> Iterator[str]:
        """The address of every GET operation, about everything there is; and with what lists take to narrow them."""
        for path, item in document["paths"].items():
            if "get" not in item or not path.startswith("/api/v1/"):
                continue
            names = [part[1:-1] for part in path.split("/") if part.startswith("{")]
            for values in product(*(self.ids.get(name, [1]) for name in names)):
                address = path.removeprefix("/api/v1")
                for name, value in zip(names, values, strict=True):
                    address = address.replace(f"{{{name}}}", str(value))
                yield address
        yield from ("/learners?q=Zz", "/groups?q=Zz", "/groups?external_id=zz-private", "/runs?q=Zz")
        yield from (f"/learners?group={self.secret}", f"/runs?method_id={self.sealed}")
        yield from (f"/sessions/{self.session}/enrollments?state={s}" for s in ("blocked", "expired"))

    def questions(self) -> Iterator[tuple[str, dict[str, Any]]]:
        """What reads but is asked by POST."""
        enrolled = {"type": "path_result", "status": "enrolled", "paths": [self.activity]}
        own = {"groups": [self.sales]}
        rules: list[dict[str, Any]] = [
            {"blocks": [own, {"groups": [self.secret]}]},
            {"blocks": [own], "include": [self.stranger], "exclude": [self.stranger]},
            {"blocks": [{**own, "filters": [enrolled]}]},
            {"blocks": [{**own, "filters": [{"type": "segment", "op": "in", "segments": [self.segment]}]}]},
            {"blocks": [{**own, "filters": [{"type": "group", "op": "in", "groups": [self.secret]}]}]},
        ]
        for rule in rules:
            yield "/audiences/preview", {"rule": rule, "sample": 20, "session_id": self.session}
            for tab in ("matching", "leaving", "blocked"):
                yield "/audiences/members", {"rule": rule, "tab": tab, "session_id": self.session}
            yield "/audiences/describe", {"rule": rule}
            for learner in (self.people["member"], self.people["bob"], self.stranger):
                yield "/audiences/explain", {"rule": rule, "learner_id": learner, "session_id": self.session}
            yield (
                f"/sessions/{self.session}/plan",
                {"kind": "audience", "rule": rule, "dynamic": True},
            )
        yield f"/sessions/{self.session}/emails", {"emails": ["member@people.example"]}


@pytest.fixture
async def town(system: System) -> Town:
    made = Town(system)
    await made.build()
    return made


def secrets_of(role: str) -> tuple[str, ...]:
    """What a role may not read."""
    return FROM_ALL if role in STAFF else FROM_OTHERS


def told(text: str, role: str) -> list[str]:
    """Secrets that an answer names."""
    # Whoever is in the private group knows what it is called, and what the methods that show themselves to their people are.
    own = {"Zzprivate", "zz-private", "Zzsealed"} if role == "member" else set()
    return [secret for secret in secrets_of(role) if secret not in own and secret in text]


@pytest.mark.timeout(300)
async def test_no_answer_names_a_secret(town: Town) -> None:
    await town.enroll()
    document = (await town.system.admin.get(f"{town.system.address}/api/openapi.json")).json()
    reads = list(town.reads(document))
    assert len(reads) > 50
    found = []
    for role, client in town.clients.items():
        for address in reads:
            answer = await client.get(address)
            assert answer.status_code < 500, (address, answer.text)
            found += [(role, address, secret, answer.text) for secret in told(answer.text, role)]
        # Who may ask nothing is told nothing.
        asks = town.questions() if role in STAFF else ()
        for address, body in asks:
            answer = await client.post(address, json=body)
            assert answer.status_code < 500, (address, answer.text)
            found += [(role, address, secret, json.dumps(body)) for secret in told(answer.text, role)]
    assert not found, "\n".join(
        f"{role} {address}: {secret} in {text[:900]}" for role, address, secret, text in found[:12]
    )


async def test_no_frame_names_a_secret(town: Town) -> None:
    await town.enroll()
    system = town.system
    url = system.address.replace("http", "ws", 1) + "/api/v1/live"
    sockets: dict[str, LiveSocket] = {}
    async with AsyncExitStack() as stack:
        for role, client in town.clients.items():
            cookie = f"muster_session={client.cookies['muster_session']}"
            socket = sockets[role] = await stack.enter_async_context(live_socket(url, Cookie=cookie))
            for kind in ("session", "method", "run", "import"):
                for number in town.ids[f"{kind}_id"]:
                    await socket.send("watch", id=f"{kind}:{number}", topic=f"{kind}:{number}")
            await socket.send("watch", id="me", topic="me")
            rule = {
                "blocks": [{"groups": [town.sales]}, {"groups": [town.secret]}],
                "include": [town.stranger],
            }
            await socket.send("preview", id="p", rule=rule, sample=20, session_id=town.session)
            await socket.settled()
        newcomer = await system.person("newcomer@people.example", first_name="Newcomer")
        await system.join(town.secret, newcomer)
        await until("SELECT count(*) FROM enrollment WHERE learner_id = $1", newcomer, is_=1)
        for role in ("group_admin", "coach", "instructor"):
            await sockets[role].until(lambda frame: "Newcomer" in json.dumps(frame))
        for role, socket in sockets.items():
            await socket.settled()
            found = [(told(text, role), text) for text in map(json.dumps, socket.seen) if told(text, role)]
            assert not found, (role, found[:3])


async def test_a_sealed_method_keeps_all_but_its_number(town: Town) -> None:
    await town.enroll()
    for role in STAFF:
        methods = (await town.clients[role].get(f"/sessions/{town.session}/methods")).json()["items"]
        sealed = next(one for one in methods if one["id"] == town.sealed)
        assert sealed["sealed"] is True
        assert sealed["people"] > 0
        nothing = ("kind", "name", "rule", "sentence", "group_id", "segment_id", "key", "held_run_id")
        assert {sealed[name] for name in nothing} == {None}
    theirs = (await town.system.admin.get(f"/sessions/{town.session}/methods/{town.sealed}")).json()
    assert (theirs["state"], theirs["state_cause"]) == ("frozen", "undone")
    assert theirs["state_reason"] == f"Somebody undid its run {theirs['state_details']['run_id']}."
    coach = town.clients["coach"]
    rows = (await coach.get(f"/sessions/{town.session}/enrollments?q=member")).json()["items"]
    (row,) = (row for row in rows if row["learner"]["id"] == town.people["member"])
    assert [source for source in row["sources"] if source["method_id"] is None]
    for source in row["sources"]:
        assert (source["method_id"] is None) == (source["name"] is None) == (source["kind"] is None)
        assert source["method_id"] != town.sealed
    assert {town.open} <= {source["method_id"] for source in row["sources"]}
    # A rule that asks for enrollments in sessions that one does not see is sealed like a foreign group's.
    asks = {"type": "path_result", "status": "enrolled", "paths": [town.activity]}
    rule = {"blocks": [{"groups": [town.sales], "filters": [asks]}]}
    preview = (await coach.post("/audiences/preview", json={"rule": rule})).json()
    assert (preview["total"], preview["blocks"][0]["sealed"]) == (0, True)


async def test_what_is_foreign_and_what_is_missing_are_told_alike(town: Town) -> None:
    await town.enroll()
    run = await fetch_value("SELECT max(id) FROM run WHERE session_id = $1", town.hidden)
    enrollment = await fetch_value("SELECT max(id) FROM enrollment WHERE session_id = $1", town.hidden)
    foreign = {
        f"/runs/{run}": run,
        f"/runs/{run}/changes": run,
        f"/enrollments/{enrollment}": enrollment,
        f"/learners/{town.stranger}": town.stranger,
        f"/learners/{town.stranger}/enrollments": town.stranger,
        f"/sessions/{town.hidden}": town.hidden,
        f"/sessions/{town.hidden}/enrollments": town.hidden,
        f"/runs?session_id={town.hidden}": town.hidden,
    }
    for role in ROLES:
        client = town.clients[role]
        for address, number in foreign.items():
            theirs = await client.get(address)
            missing = await client.get(address.replace(str(number), "99999"))
            assert theirs.status_code == missing.status_code, (role, address, theirs.text, missing.text)
            said, expected = ({**one.json(), "request_id": ""} for one in (theirs, missing))
            assert json.loads(json.dumps(said).replace(f" {number}", " 99999")) == expected, (role, address)


async def test_sockets_tell_what_is_foreign_and_what_is_missing_alike(town: Town) -> None:
    await town.enroll()
    system = town.system
    hidden = "SELECT max(id) FROM {} WHERE session_id = $1"
    foreign = {
        "session": town.hidden,
        "method": await fetch_value(hidden.format("enrollment_method"), town.hidden),
        "run": await fetch_value(hidden.format("run"), town.hidden),
        "import": town.ids["import_id"][0],
    }
    url = system.address.replace("http", "ws", 1) + "/api/v1/live"
    for role in ROLES:
        cookie = f"muster_session={town.clients[role].cookies['muster_session']}"
        async with live_socket(url, Cookie=cookie) as socket:
            for kind, number in foreign.items():
                answers = [
                    await _answered(socket, "watch", topic=f"{kind}:{one}", about=one)
                    for one in (number, MISSING)
                ]
                assert answers[0] == answers[1], (role, kind)
                assert answers[0]["status"] == 404
            own, secret = {"groups": [town.sales]}, {"groups": ["zz-private"]}
            drafts: list[tuple[dict[str, Any], dict[str, Any], int]] = [
                (
                    {"rule": {"blocks": [own]}, "session_id": town.hidden},
                    {"session_id": MISSING},
                    town.hidden,
                ),
                (
                    {"rule": {"blocks": [own, secret]}},
                    {"rule": {"blocks": [own, {"groups": ["zz-nothing"]}]}},
                    0,
                ),
                ({"rule": {"include": [town.stranger]}}, {"rule": {"include": [MISSING]}}, town.stranger),
            ]
            for asked, instead, number in drafts:
                theirs = await _answered(socket, "preview", about=number, **asked)
                missing = await _answered(socket, "preview", about=MISSING, **(asked | instead))
                assert theirs == missing, (role, asked)


async def _answered(socket: LiveSocket, type_: str, *, about: int, **fields: Any) -> dict[str, Any]:
    """What a frame is answered, without the number that it is about."""
    await socket.send(type_, id="a", **fields)
    answer = await socket.until(lambda frame: frame.get("id") == "a")
    await socket.send("unwatch", id="a")
    await socket.settled()
    if answer["type"] != "error":
        return {name: value for name, value in answer.items() if name not in {"position", "as_of"}}
    problem = json.dumps(answer["problem"]).replace("zz-private", "zz-nothing")
    found: dict[str, Any] = json.loads(re.sub(rf"\b{about}\b", "0", problem))
    return found


async def test_who_is_blocked_is_told_so_and_by_what_only_to_those_who_see_it(town: Town) -> None:
    await town.enroll()
    rule = {"blocks": [{"groups": [town.sales]}]}
    body = {"rule": rule, "learner_id": town.people["bob"], "session_id": town.session}
    theirs = (await town.system.admin.post("/audiences/explain", json=body)).json()
    assert theirs["matches"] is True
    assert theirs["standing"]["state"] == "blocked"
    assert theirs["standing"]["reason"]["sentence"] == "Enrolled in “Zzhidden”"
    seen = (await town.clients["coach"].post("/audiences/explain", json=body)).json()["standing"]
    assert (seen["state"], seen["reason"]["cause"], seen["reason"]["ref"]) == (
        "blocked",
        "other_session",
        None,
    )
    assert seen["reason"]["sentence"] == "Enrolled in another session"
    plan = (
        await town.clients["coach"].post(
            f"/sessions/{town.session}/plan", json={"kind": "audience", "rule": rule, "dynamic": True}
        )
    ).json()
    assert plan["blocked"] == 1
    (blocked,) = plan["samples"]["blocked"]
    assert (blocked["reason"], blocked["session_id"]) == ("Enrolled in another session", None)
    rows = await town.clients["coach"].get(f"/sessions/{town.session}/enrollments?state=blocked")
    assert [row["other_session_id"] for row in rows.json()["items"]] == [None]
