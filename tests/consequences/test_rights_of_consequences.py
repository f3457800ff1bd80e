"""Asking about an act tells nobody more than doing it would, and what one may not do one may not ask about."""

from dataclasses import dataclass
from typing import Any

import httpx
import pytest

from backend.database import fetch_value
from tests.consequences.asking import Json, asked, people
from tests.harness.system import System
from tests.http.test_queries import counted_statements

# What the sequencer and the reconciler ask meanwhile.
OF_OTHERS = ("sequence_outbox", "outbox", "log_head", "follower")
ROLES = ("coach", "group_admin", "instructor", "manager", "learner")


@dataclass
class Town:
    """Sales is the group of coach and group admin, Board nobody's; sessions of Sales, of nobody, and a sealed method in the first."""

    system: System
    clients: dict[str, httpx.AsyncClient]
    ids: dict[str, int]
    sales: int
    board: int
    mine: list[int]
    strangers: list[int]
    own: int
    foreign: int
    open: int
    sealed: int


@pytest.fixture
async def town(system: System) -> Town:
    sales, board = await system.group("Sales"), await system.group("Board")
    mine, strangers = await system.people(3, sales), await system.people(3, board)
    clients, ids = {}, {}
    for role in ROLES:
        ids[role] = await system.person(f"{role}@example.org")
        clients[role] = await system.client(f"{role}@example.org")
    await system.join(sales, ids["coach"], role="coach")
    await system.join(sales, ids["group_admin"], role="admin")
    await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", ids["manager"], mine[0])
    await system.write("UPDATE organisation SET managers_enroll = true")
    own = await system.session(name="Own", group_id=sales, catalog="group")
    foreign = await system.session(name="Zzforeign")
    await system.write(
        "INSERT INTO session_instructor (session_id, learner_id) VALUES ($1, $2)", own, ids["instructor"]
    )
    made = await system.enroll_group(own, sales, name="Open")
    rule = {"blocks": [{"groups": [sales]}, {"groups": [board]}]}
    sealed = await system.apply(own, kind="audience", rule=rule, dynamic=True, name="Zzsealed")
    await system.enroll_group(foreign, sales, name="Zzforeign method")
    await system.settled()
    return Town(
        system,
        clients,
        ids,
        sales,
        board,
        mine,
        strangers,
        own,
        foreign,
        made["method_id"],
        sealed["method_id"],
    )


def changes(town: Town) -> list[tuple[Json, frozenset[str]]]:
    """Acts, and who of those who are no admins may ask about them."""
    nobody: frozenset[str] = frozenset()
    leads = frozenset({"group_admin"})
    mine, strangers = town.mine, town.strangers
    return [
        ({"act": "learner", "id": mine[0], "status": "suspended"}, nobody),
        ({"act": "members_add", "group_id": town.sales, "learner_ids": mine}, leads),
        ({"act": "members_add", "group_id": town.sales, "learner_ids": strangers}, nobody),
        ({"act": "members_add", "group_id": town.board, "learner_ids": mine}, nobody),
        ({"act": "members_remove", "group_id": town.sales, "learner_ids": mine[:1]}, leads),
        ({"act": "members_remove", "group_id": town.board, "learner_ids": strangers}, nobody),
        (
            {"act": "members_move", "group_id": town.sales, "learner_ids": mine, "to_group_id": town.board},
            nobody,
        ),
        ({"act": "group", "id": town.sales, "parent_id": town.board}, nobody),
        ({"act": "group_delete", "id": town.board}, nobody),
        # What hides from them depends on it.
        ({"act": "group_delete", "id": town.sales}, nobody),
        ({"act": "segment", "id": 1, "rule": {"blocks": [{"everyone": True}]}}, nobody),
        ({"act": "segment_delete", "id": 1}, nobody),
        ({"act": "field_delete", "id": 1}, nobody),
        ({"act": "results", "results": []}, nobody),
        ({"act": "import", "id": 1}, nobody),
        ({"act": "method_delete", "id": town.sealed, "people": "expire"}, nobody),
        ({"act": "method_delete", "id": town.open, "people": "expire"}, frozenset({"coach", "group_admin"})),
        ({"act": "method", "session_id": town.foreign, "kind": "manual", "rule": {"include": mine}}, nobody),
        (
            {"act": "method", "session_id": town.own, "kind": "manual", "rule": {"include": mine[:1]}},
            frozenset({"coach", "group_admin", "manager"}),
        ),
        ({"act": "method", "session_id": town.own, "kind": "manual", "rule": {"include": strangers}}, nobody),
        ({"act": "session", "id": town.own, "name": "New"}, leads),
        ({"act": "session", "id": town.foreign, "name": "New"}, nobody),
        ({"act": "enroll", "people": strangers, "targets": [{"session_id": town.own}]}, nobody),
        ({"act": "enroll", "people": mine, "targets": [{"session_id": town.foreign}]}, nobody),
        (
            {"act": "enroll", "people": mine[:1], "targets": [{"session_id": town.own}]},
            frozenset({"coach", "group_admin", "manager"}),
        ),
    ]


async def test_what_one_may_not_do_one_may_not_ask_about(town: Town) -> None:
    wrong: list[Any] = []
    for change, allowed in changes(town):
        for role in ROLES:
            for path, more in (
                ("/consequences", {}),
                ("/consequences/people", {"change": "leaving"}),
                ("/consequences/messages", {}),
            ):
                answer = await town.clients[role].post(path, json={"changes": [change], **more})
                if (answer.status_code == 200) != (role in allowed):
                    wrong.append((role, change, answer.status_code, answer.text))
                if answer.status_code != 200 and not all(
                    one["path"].startswith("changes[0]") for one in answer.json()["errors"]
                ):
                    wrong.append((role, change, answer.json()["errors"]))
                if "Zz" in answer.text:
                    wrong.append((role, change, answer.text))
    assert not wrong, "\n".join(map(str, wrong))
    missing = await town.clients["coach"].post(
        "/consequences", json={"changes": [{"act": "method_delete", "id": 99_999}]}
    )
    foreign = await fetch_value("SELECT id FROM enrollment_method WHERE session_id = $1", town.foreign)
    hidden = await town.clients["coach"].post(
        "/consequences", json={"changes": [{"act": "method_delete", "id": foreign}]}
    )
    told = [answer.text.replace(str(id_), "N") for answer, id_ in ((missing, 99_999), (hidden, foreign))]
    assert told[0].split('"request_id"')[0] == told[1].split('"request_id"')[0]


async def test_totals_count_what_one_may_see(town: Town) -> None:
    """Whoever is taken out of Sales leaves Own, where one sees them, and a session that is not one's own."""
    system, client = town.system, town.clients["group_admin"]
    act: Json = {
        "act": "members_remove",
        "group_id": town.sales,
        "learner_ids": town.mine,
        "unlink": "expire",
    }
    everything = await asked(system, act)
    assert (everything["leaving"], len(everything["sessions"]), everything["partial"]) == (6, 2, False)
    shown = await asked(system, act, client=client)
    assert (shown["leaving"], shown["people"], shown["partial"]) == (3, 3, True)
    assert [one["session_id"] for one in shown["sessions"]] == [town.own]
    named = {one["method_id"]: one["name"] for one in shown["sessions"][0]["methods"]}
    assert named == {town.open: "Open", town.sealed: None}
    assert await people(system, "leaving", act, client=client) == set(town.mine)
    # Under the name of what is sealed nobody is listed.
    assert await people(system, "leaving", act, client=client, method_id=town.sealed) == set()
    # What they do not see is in the hash: it is the same that an admin sees, and changes with it.
    assert shown["hash"] == everything["hash"]
    enrollment = (await system.enrollment(town.foreign, town.mine[0]))["id"]
    assert (await system.post(f"/enrollments/{enrollment}/unenroll", {})).is_success
    await system.settled()
    assert (await asked(system, act, client=client))["hash"] != shown["hash"]


async def test_the_number_of_queries_does_not_grow_with_the_people(town: Town) -> None:
    system = town.system
    more = await system.people(200, town.sales)
    await system.settled()
    counted = []
    for some in (town.mine, [*town.mine, *more]):
        act: Json = {"act": "members_remove", "group_id": town.sales, "learner_ids": some, "unlink": "expire"}
        # An index that is a moment behind is asked for again: the fewest of some tries are those of the question itself.
        tries = []
        for _ in range(3):
            with counted_statements() as seen:
                await asked(system, act)
            tries.append([one for one in seen if not any(word in one for word in OF_OTHERS)])
        counted.append(min(tries, key=len))
    assert 0 < len(counted[1]) <= len(counted[0]), counted
