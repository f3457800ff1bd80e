"""A company for tests of rights: two groups, a session with people of both, and a client for each role."""

from dataclasses import dataclass
from typing import Any

import httpx

from backend.database import fetch
from tests.harness.system import System

ROLES = ("coach", "group_admin", "instructor", "manager")
NO_HASH = "0" * 64


@dataclass
class Company:
    """Own (the coach's and group admin's group) and Board (nobody's); a session of Own in which an admin enrolled both."""

    system: System
    clients: dict[str, httpx.AsyncClient]
    own: int
    board: int
    mine: list[int]
    strangers: list[int]
    session: int
    method: int
    run: int
    held: int
    # What only admins use.
    activity: int
    segment: int

    async def facts(self) -> list[list[dict[str, Any]]]:
        """All that writes could have changed."""
        return [
            [dict(row) for row in await fetch(sql)]
            for sql in (
                "SELECT * FROM enrollment_method ORDER BY id",
                "SELECT * FROM source ORDER BY id",
                "SELECT * FROM enrollment ORDER BY id",
                "SELECT * FROM run ORDER BY id",
                "SELECT * FROM run_change ORDER BY run_id, learner_id, change",
                "SELECT * FROM membership ORDER BY group_id, learner_id",
            )
        ]


async def company_in(system: System) -> Company:
    """Everything written, and everybody signed in."""
    own, board = await system.group("Own"), await system.group("Board")
    mine, strangers = await system.people(3, own), await system.people(3, board)
    clients = {}
    for role in ROLES:
        person = await system.person(f"{role}@example.org")
        clients[role] = await system.client(f"{role}@example.org")
        if role in ("coach", "group_admin"):
            await system.join(own, person, role="coach" if role == "coach" else "admin")
        if role == "manager":
            await system.write("UPDATE learner SET manager_id = $1 WHERE id = $2", person, mine[0])
    await system.write("UPDATE organisation SET managers_enroll = true")
    session = await system.session(group_id=own, catalog="group")
    await system.write(
        "INSERT INTO session_instructor (session_id, learner_id) SELECT $1, id FROM learner"
        " WHERE email = 'instructor@example.org'",
        session,
    )
    rule = {"blocks": [{"groups": [own]}, {"groups": [board]}]}
    done = await system.apply(session, kind="audience", rule=rule, dynamic=True, name="Everybody")
    activity = await system.activity("Path of admins", kind="path")
    segment = await system.admin.post("/segments", json={"name": "Everybody", "rule": rule})
    held = await system.write_value(
        "INSERT INTO run (method_id, session_id, cause, state, total, created_at)"
        " VALUES ($1, $2, 'change', 'held', 4, muster_now()) RETURNING id",
        done["method_id"],
        session,
    )
    await system.write(
        "INSERT INTO run_change (run_id, learner_id, change) SELECT $1, l, 'left' FROM unnest($2::int[]) l",
        held,
        [mine[0], *strangers],
    )
    return Company(
        system,
        clients,
        own,
        board,
        mine,
        strangers,
        session,
        done["method_id"],
        done["run_id"],
        held,
        activity,
        segment.json()["id"],
    )
