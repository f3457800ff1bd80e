"""References of sources, enrollments, what runs did and mail: looked at once a statement, they promise what foreign keys do."""

import asyncio
from datetime import UTC, datetime
from typing import Any

import asyncpg
import pytest

from backend.database import execute, fetch, fetch_value

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)
NOW = datetime(2026, 1, 1, tzinfo=UTC)
NOBODY = 999_999_999
COUNTED = ("enrollment", "source", "run_change", "message", "notice")
WAITING = (
    "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
)


def statement(table: str, row: dict[str, Any]) -> tuple[str, tuple[Any, ...]]:
    marks = ", ".join(f"${i}" for i in range(1, len(row) + 1))
    return f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks})", tuple(row.values())


async def insert(table: str, **row: Any) -> int:
    sql, values = statement(table, row)
    found: int = await fetch_value(f"{sql} RETURNING id", *values)
    return found


class Place:
    """A session with a method, a run and two people."""

    async def make(self) -> "Place":
        self.activity = await insert("activity", kind="path", title="A")
        self.session = await insert("session", activity_id=self.activity, name="S")
        self.method = await insert(
            "enrollment_method", session_id=self.session, kind="audience", created_at=LONG_AGO
        )
        run = {"cause": "confirm", "state": "applied", "created_at": LONG_AGO}
        # That of the session is gone with it; the other one belongs to no session.
        self.run = await insert("run", **run, session_id=self.session)
        self.free_run = await insert("run", **run)
        self.people = [
            await insert("learner", email=f"p{i}@refer.example", added_at=LONG_AGO) for i in range(2)
        ]
        # Notices name what their learner has waiting.
        self.messages: dict[int, int] = {}
        return self

    def row(self, table: str, person: int) -> dict[str, Any]:
        who = {"learner_id": person}
        at = who | {"session_id": self.session, "since": LONG_AGO}
        match table:
            case "enrollment":
                return at | {"activity_id": self.activity, "state": "active", "exclusive": True}
            case "source":
                return at | {"method_id": self.method, "run_id": self.free_run, "end_run_id": self.free_run}
            case "message":
                return who | {
                    "kind": "enrollment",
                    "due_at": LONG_AGO,
                    "message_id": f"{person}@refer.example",
                    "created_at": LONG_AGO,
                }
            case "notice":
                told = {"message_id": self.messages[person], "kind": "enrolled"}
                return who | told | {"session_id": self.session, "method_id": self.method, "run_id": self.run}
            case _:
                return who | {"run_id": self.run, "change": "entered"}

    async def write(self) -> "Place":
        """A message for each, for notices to name."""
        for person in self.people:
            self.messages[person] = await insert("message", **self.row("message", person))
        return self

    async def fill(self) -> "Place":
        await self.write()
        for table in COUNTED:
            if table != "message":
                for person in self.people:
                    sql, values = statement(table, self.row(table, person))
                    await execute(sql, *values)
        return self


async def counts() -> dict[str, int]:
    return {table: await fetch_value(f"SELECT count(*) FROM {table}") for table in COUNTED}


NOTHING = dict.fromkeys(COUNTED, 0)


async def a_place_for(table: str) -> tuple[Place, dict[str, int]]:
    """A place where such a row can be inserted, and how many there are of all."""
    place = await Place().make()
    if table == "notice":
        await place.write()
    return place, await counts()


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("enrollment", "learner_id"),
        ("enrollment", "session_id"),
        ("enrollment", "activity_id"),
        ("source", "learner_id"),
        ("source", "method_id"),
        ("source", "session_id"),
        ("source", "run_id"),
        ("source", "end_run_id"),
        ("run_change", "learner_id"),
        ("run_change", "run_id"),
        ("message", "learner_id"),
        ("notice", "message_id"),
        ("notice", "learner_id"),
        ("notice", "session_id"),
        ("notice", "method_id"),
        ("notice", "run_id"),
    ],
)
async def test_what_names_nothing_is_refused(table: str, column: str, database: str) -> None:
    place, before = await a_place_for(table)
    sql, values = statement(table, place.row(table, place.people[0]) | {column: NOBODY})
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await execute(sql, *values)
    assert await counts() == before


async def test_a_method_of_another_session_is_refused(database: str) -> None:
    place = await Place().make()
    other = await insert("session", activity_id=place.activity, name="O")
    sql, values = statement("source", place.row("source", place.people[0]) | {"session_id": other})
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await execute(sql, *values)


@pytest.mark.parametrize("column", ["run_id", "end_run_id"])
async def test_a_source_cannot_come_to_name_a_run_that_is_not_there(column: str, database: str) -> None:
    await (await Place().make()).fill()
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await execute(f"UPDATE source SET {column} = $1", NOBODY)


@pytest.mark.parametrize(
    ("table", "column"),
    [
        ("enrollment", "learner_id"),
        ("enrollment", "session_id"),
        ("source", "method_id"),
        ("run_change", "run_id"),
        ("message", "id"),
        ("message", "learner_id"),
        ("notice", "learner_id"),
        ("notice", "session_id"),
        ("notice", "method_id"),
        ("notice", "run_id"),
        ("session", "activity_id"),
        ("enrollment_method", "session_id"),
        ("learner", "id"),
        ("run", "id"),
    ],
)
async def test_references_stay_as_they_were_inserted(table: str, column: str, database: str) -> None:
    await (await Place().make()).fill()
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await execute(f"UPDATE {table} SET {column} = {column} + 1")
    # The same again is no change.
    await execute(f"UPDATE {table} SET {column} = {column}")


@pytest.mark.parametrize(
    ("deleted", "left"),
    [
        ("learner WHERE id = (SELECT min(id) FROM learner)", dict.fromkeys(COUNTED, 1)),
        ("session", NOTHING | {"message": 2}),
        ("activity", NOTHING | {"message": 2}),
        ("enrollment_method", {"enrollment": 2, "source": 0, "run_change": 2, "message": 2, "notice": 0}),
        ("run", {"enrollment": 2, "source": 2, "run_change": 0, "message": 2, "notice": 2}),
        ("message", {"enrollment": 2, "source": 2, "run_change": 2, "message": 0, "notice": 0}),
    ],
)
async def test_what_is_deleted_takes_along_what_names_it(
    deleted: str, left: dict[str, int], database: str
) -> None:
    await (await Place().make()).fill()
    await execute(f"DELETE FROM {deleted}")
    assert await counts() == left
    for table, column in (("source", "run_id"), ("source", "end_run_id"), ("notice", "run_id")):
        dangling = f"SELECT count(*) FROM {table} WHERE {column} <> ALL (SELECT id FROM run) AND {column} IS NOT NULL"
        assert await fetch_value(dangling) == 0
    # What was taken along is told like any other deletion.
    gone = {table: 2 - some for table, some in left.items() if table in ("enrollment", "source")}
    told = {
        facet: await fetch_value("SELECT count(*) FROM outbox WHERE facet = $1 AND old IS NOT NULL", facet)
        for facet in gone
    }
    assert told == gone


SHARED = "INSERT INTO run_change_shared (run_id, change, learners) VALUES ($1, 'entered', $2)"


async def test_what_many_share_forgets_who_is_deleted(database: str) -> None:
    place = await Place().make()
    first, second = place.people
    await execute(SHARED, place.run, [first])
    await execute(SHARED, place.free_run, [first, second])
    await execute("DELETE FROM learner WHERE id = $1", first)
    left = await fetch("SELECT run_id, learners, first_id, last_id, people FROM run_change_shared")
    assert [tuple(row) for row in left] == [(place.free_run, [second], second, second, 1)]
    assert await fetch_value("SELECT count(*) FROM each_run_change") == 1
    await execute("DELETE FROM run WHERE id = $1", place.free_run)
    assert await fetch_value("SELECT count(*) FROM run_change_shared") == 0


async def test_what_many_share_names_a_run_that_is_there(database: str) -> None:
    place = await Place().make()
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await execute(SHARED, NOBODY, place.people)


async def test_a_notice_moves_to_a_message_that_is_there(database: str) -> None:
    place = await (await Place().make()).fill()
    other = await insert(
        "message", **place.row("message", place.people[0]) | {"due_at": NOW, "message_id": "o"}
    )
    await execute("UPDATE notice SET message_id = $1 WHERE learner_id = $2", other, place.people[0])
    with pytest.raises(asyncpg.ForeignKeyViolationError):
        await execute("UPDATE notice SET message_id = $1", NOBODY)
    assert {row["message_id"] for row in await fetch("SELECT message_id FROM notice")} == {
        other,
        place.messages[place.people[1]],
    }


@pytest.mark.parametrize("table", COUNTED)
async def test_a_deletion_waits_for_who_is_naming_it(table: str, database: str) -> None:
    place, _ = await a_place_for(table)
    other = await asyncpg.connect(database)
    try:
        sql, values = statement(table, place.row(table, place.people[0]))
        async with other.transaction():
            await other.execute(sql, *values)
            deleting = asyncio.create_task(
                execute("DELETE FROM learner WHERE id = $1", place.people[0]), name="delete"
            )
            while not await other.fetchval(WAITING):
                assert not deleting.done()
        await deleting
    finally:
        await other.close()
    # What the other one keeps is their message.
    assert await counts() == NOTHING | {"message": len(place.messages) // 2}


@pytest.mark.parametrize("table", COUNTED)
async def test_who_names_what_is_being_deleted_waits_and_is_refused(table: str, database: str) -> None:
    place, _ = await a_place_for(table)
    other = await asyncpg.connect(database)
    try:
        sql, values = statement(table, place.row(table, place.people[0]))
        async with other.transaction():
            await other.execute("DELETE FROM learner WHERE id = $1", place.people[0])
            naming = asyncio.create_task(execute(sql, *values), name="insert")
            while not await other.fetchval(WAITING):
                assert not naming.done()
        with pytest.raises(asyncpg.ForeignKeyViolationError):
            await naming
    finally:
        await other.close()
    assert await counts() == NOTHING | {"message": len(place.messages) // 2}
