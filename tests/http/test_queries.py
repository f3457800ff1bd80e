"""How many queries lists take, and what becomes of them when the database goes away."""

# ruff: noqa: SLF001 - asyncpg tells no other way which connections its pool has

from collections.abc import Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg
import httpx

from backend.database import ENGINE, execute, fetch_value
from tests.harness.api_fixtures import AddPerson, SignIn


@contextmanager
def counted_statements() -> Iterator[list[str]]:
    """Every statement that this process's pool runs."""
    seen: list[str] = []
    holders: list[Any] = []

    def note(record: Any) -> None:
        # What asyncpg says itself when a connection goes back to the pool.
        if "pg_advisory_unlock_all" not in record.query:
            seen.append(record.query)

    pool: Any = ENGINE.pool
    for holder in pool._holders:
        if holder._con is not None:
            holder._con.add_query_logger(note)
            holders.append(holder._con)
    try:
        yield seen
    finally:
        for connection in holders:
            connection.remove_query_logger(note)


LISTS = [
    "/learners?limit=1000",
    "/learners?limit=1000&q=p&sort=-added&field.level=1",
    "/learners?limit=1000&enrollments=true",
    "/groups?limit=1000",
    "/groups/{group}/members?limit=1000",
    "/activities?limit=1000",
    "/sessions?limit=1000",
    "/audit?limit=1000",
    "/assignments/grid",
    "/needs-you",
    "/needs-you/needs_session",
    "/sessions/{outer}/inner-steps",
]


async def _grow(first: int, last: int) -> None:
    """Learners, groups, activities and sessions numbered from `first` to `last`."""
    await execute(
        "INSERT INTO learner (email, added_at) SELECT 'p' || i || '@example.org', muster_now()"
        " FROM generate_series($1::integer, $2) AS i",
        first,
        last,
    )
    await execute(
        "INSERT INTO field_value (learner_id, field_id, number_value) SELECT l.id, f.id, 1 FROM learner l, field f"
        " ON CONFLICT DO NOTHING"
    )
    await execute(
        "INSERT INTO learner_group (name, parent_id) SELECT 'g' || i, (SELECT min(id) FROM learner_group)"
        " FROM generate_series($1::integer, $2) AS i",
        first,
        last,
    )
    await execute(
        "INSERT INTO membership (learner_id, group_id, since) SELECT id, (SELECT min(id) FROM learner_group), muster_now()"
        " FROM learner ON CONFLICT DO NOTHING"
    )
    await execute(
        "WITH made AS (INSERT INTO activity (kind, title) SELECT 'course', 'a' || i FROM generate_series($1::integer, $2) AS i"
        " RETURNING id), steps AS (INSERT INTO step (activity_id, position, kind, title)"
        " SELECT id, 1, 'content', 's' FROM made)"
        " INSERT INTO session (activity_id, name) SELECT id, 'session' FROM made",
        first,
        last,
    )
    await execute(
        "INSERT INTO enrollment (session_id, activity_id, exclusive, learner_id, state, since)"
        " SELECT s.id, s.activity_id, true, l.id, 'active', muster_now() FROM learner l"
        " JOIN session s ON s.id = 1 + l.id % (SELECT count(*) FROM session) ON CONFLICT DO NOTHING"
    )
    await execute(
        "INSERT INTO enrollment (session_id, activity_id, exclusive, learner_id, state, since)"
        " SELECT s.id, s.activity_id, true, l.id, 'active', muster_now() FROM learner l JOIN session s ON s.name = 'Outer'"
        " ON CONFLICT DO NOTHING"
    )
    await execute(
        "INSERT INTO enrollment_method (session_id, kind, group_id, rule, dynamic, state, created_at)"
        " SELECT s.id, 'group', g.id, jsonb_build_object('blocks', jsonb_build_array(jsonb_build_object('groups', jsonb_build_array(g.id)))),"
        " true, 'live', muster_now() FROM learner_group g JOIN session s ON s.name = 'session' AND s.id % 100 = g.id % 100"
        " WHERE g.name IN (SELECT 'g' || i FROM generate_series($1::integer, $2) AS i)",
        first,
        last,
    )


async def test_lists_take_as_many_queries_for_a_thousand_as_for_ten(
    admin: httpx.AsyncClient, add_person: AddPerson, sign_in: SignIn
) -> None:
    await admin.post("/fields", json={"name": "level", "type": "number"})
    top = (await admin.post("/groups", json={"name": "Top"})).json()["id"]
    coach = await add_person("coach@example.org")
    await execute(
        "INSERT INTO membership (learner_id, group_id, role, since) VALUES ($1, $2, 'coach', muster_now())",
        coach,
        top,
    )
    # Whoever is enrolled in this path's session waits for one of the program inside.
    outer = await fetch_value(
        "WITH made AS (INSERT INTO activity (kind, title) VALUES ('path', 'Outer'), ('program', 'Inner') RETURNING id, kind),"
        " steps AS (INSERT INTO step (activity_id, position, kind, child_activity_id, title)"
        " SELECT p.id, 0, 'program', i.id, 'Inside' FROM made p JOIN made i ON p.kind = 'path' AND i.kind = 'program')"
        " INSERT INTO session (activity_id, name, group_id) SELECT id, 'Outer', $1 FROM made WHERE kind = 'path' RETURNING id",
        top,
    )
    clients = (admin, await sign_in("coach@example.org"))

    async def counts() -> list[int]:
        # Waiting for the index is not what is counted.
        await fetch_value("SELECT (sequence_outbox(1000000)).head")
        await admin.get("/groups")
        found = []
        for client in clients:
            for path in LISTS:
                with counted_statements() as seen:
                    answer = await client.get(path.format(group=top, outer=outer))
                if path.startswith("/audit") and client is not admin:
                    assert answer.status_code == 403
                    continue
                assert answer.status_code == 200, answer.text
                assert len(seen) > 0
                found.append(len(seen))
        return found

    await _grow(1, 10)
    # What a connection asks of types that it has not met is asked once.
    await counts()
    few = await counts()
    await _grow(11, 1000)
    many = await counts()
    assert many == few
    # What waits for somebody is asked for kind by kind.
    assert max(few) <= 12
    assert (await clients[1].get("/learners?limit=1000")).json()["total"] == 1002
    (need,) = (await clients[1].get("/needs-you/needs_session")).json()["items"]
    assert (need["session_id"], need["people"]) == (outer, 1002)
    assert len((await admin.get("/assignments/grid")).json()["cells"]) > 1000


async def test_frequent_requests_take_few_queries(admin: httpx.AsyncClient, add_person: AddPerson) -> None:
    """Who asks and what is committed is one look; what an admin may see and change need not be asked."""
    person = await add_person("somebody@example.org")
    group = (await admin.post("/groups", json={"name": "Top"})).json()["id"]
    await execute(
        "INSERT INTO membership (learner_id, group_id, since) VALUES ($1, $2, muster_now())", person, group
    )
    rule = {"blocks": [{"groups": [group], "filters": []}]}
    kinds: list[tuple[str, str, dict[str, Any] | None, int]] = [
        ("POST", "/audiences/preview", {"rule": rule, "sample": 0}, 1),
        ("GET", f"/learners/{person}", None, 2),
        ("PATCH", f"/learners/{person}", {"first_name": "Other"}, 7),
    ]
    for method, path, body, most in kinds:
        asked: list[str] = []
        # Once before: what is new to a connection, or waits for its number, is asked for.
        for _ in range(2):
            await fetch_value("SELECT (sequence_outbox(1000000)).head")
            with counted_statements() as seen:
                answer = await admin.request(method, path, json=body)
            assert answer.status_code == 200, answer.text
            asked = seen
        assert len(asked) <= most, asked
    assert (await admin.post("/audiences/preview", json=kinds[0][2])).json()["total"] == 1


async def test_the_database_is_named_when_it_is_away(admin: httpx.AsyncClient) -> None:
    name = await fetch_value("SELECT current_database()")
    pool = ENGINE.pool
    assert isinstance(pool, asyncpg.Pool)
    await execute(
        "SELECT pg_terminate_backend(pid) FROM pg_stat_activity WHERE datname = $1 AND pid <> pg_backend_pid()",
        name,
    )
    answers = [await admin.get("/groups") for _ in range(12)]
    assert {answer.status_code for answer in answers} <= {200, 503}
    assert answers[-1].status_code == 200
