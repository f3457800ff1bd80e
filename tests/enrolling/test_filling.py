"""Many people at once are enrolled by a statement of their own: it does what the general one does."""

import asyncio
from datetime import UTC, datetime, timedelta
from typing import Any

import asyncpg
import pytest

from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.services import enrollment_sql as sql
from backend.services import enrollment_writer, telling, undo_sql, undoing
from backend.services.enrollment_writer import Write, lock_sessions, write

PEOPLE = 48
LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


async def insert(table: str, **row: object) -> int:
    marks = ", ".join(f"${i}" for i in range(1, len(row) + 1))
    found: int = await fetch_value(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) RETURNING id", *row.values()
    )
    return found


class Twin:
    """A session of an activity of its own, with people in every relation to it that matters."""

    async def make(self, people: list[int], *, several: bool) -> "Twin":
        self.activity = await insert("activity", kind="path", title="A", several_sessions=several)
        self.session = await insert("session", activity_id=self.activity, name="S")
        self.elsewhere = await insert("session", activity_id=self.activity, name="O")
        self.method = await self._method(due_days=7, mandatory=True)
        self.other = await self._method(due_at=LONG_AGO + timedelta(days=5000), role="coach")
        for i, person in enumerate(people):
            match i % 8:
                case 0:
                    await self._enrolled(person, self.session, several=several)
                    await self._source(person, self.other)
                case 1:
                    await self._enrolled(
                        person, self.session, several=several, state="expired", until=LONG_AGO
                    )
                case 2:
                    await self._enrolled(person, self.elsewhere, several=several)
                case 3:
                    await execute(
                        "INSERT INTO blocked (method_id, learner_id, session_id, other_session_id, since)"
                        " VALUES ($1, $2, $3, $4, $5)",
                        self.method, person, self.session, self.elsewhere, LONG_AGO,
                    )  # fmt: skip
                case 4:
                    await execute(
                        "INSERT INTO standing (activity_id, learner_id, status, successful, steps_done)"
                        " VALUES ($1, $2, 'completed', true, 0)",
                        self.activity,
                        person,
                    )
                case 5:
                    await self._enrolled(person, self.session, several=several)
                    await self._source(person, self.method)
                case _:
                    # Nothing is known of them here.
                    pass
        return self

    async def _method(self, **more: object) -> int:
        return await insert(
            "enrollment_method",
            session_id=self.session, kind="audience", state="live", created_at=LONG_AGO, **more,
        )  # fmt: skip

    async def _enrolled(
        self, person: int, session: int, *, several: bool, state: str = "active", **more: object
    ) -> None:
        await insert(
            "enrollment",
            session_id=session, activity_id=self.activity, learner_id=person, state=state, exclusive=not several,
            since=LONG_AGO, **more,
        )  # fmt: skip

    async def _source(self, person: int, method: int) -> None:
        await insert("source", method_id=method, learner_id=person, session_id=self.session, since=LONG_AGO)

    async def rows(self, began: datetime) -> dict[str, list[Any]]:
        """What there is of it, without ids, and with new instants as what they are relative to now."""
        names = {
            "session_id": {self.session: "session", self.elsewhere: "elsewhere"},
            "method_id": {self.method: "method", self.other: "other"},
            "activity_id": {self.activity: "activity"},
        }

        def plain(key: str, value: Any) -> Any:
            if isinstance(value, dict):
                return {inner: plain(inner, one) for inner, one in value.items() if inner != "id"}
            if isinstance(value, str) and value[:2] == "20" and "T" in value:
                at = datetime.fromisoformat(value)
                return round((at - began).total_seconds() / 3600) if at >= began else value
            if key == "end_run_id":
                return value is not None
            return names.get(key.removeprefix("other_"), {}).get(value, value)

        found = {}
        for table in ("enrollment", "source", "blocked", "run_change", "notice"):
            of = (
                "t.run_id IN (SELECT id FROM run WHERE session_id = $1)"
                if table == "run_change"
                else "t.session_id IN ($1, $2)"
            )
            given = (self.session,) if table == "run_change" else (self.session, self.elsewhere)
            rows = await fetch(
                f"SELECT to_jsonb(t) - '{{id,run_id,message_id}}'::text[] FROM {table} t WHERE {of}", *given
            )
            # Learners are told apart by their own ids, everything else by what it is.
            found[table] = sorted(
                (row[0].pop("learner_id"), row[0].get("change", ""), repr(sorted(plain("", row[0]).items())))
                for row in rows
            )
        return found


@pytest.mark.parametrize("several", [False, True])
@pytest.mark.parametrize("later", [False, True])
async def test_filling_does_what_entering_does(
    database: str, monkeypatch: pytest.MonkeyPatch, *, several: bool, later: bool
) -> None:
    people = [await insert("learner", email=f"p{i}@fill.example", added_at=LONG_AGO) for i in range(PEOPLE)]
    twins = [await Twin().make(people, several=several) for _ in range(2)]
    await execute("UPDATE learner SET status = 'suspended' WHERE id = ANY($1)", people[40:])
    began = datetime.now(UTC)
    entered, blocked, left = [], [], []
    for twin, many in zip(twins, (1, 10 * PEOPLE), strict=True):
        monkeypatch.setattr(enrollment_writer, "MANY", many)
        reasons = {person: {"facet": "field", "n": str(person)} for person in people[::3]}
        async with transaction():
            await lock_sessions([twin.session])
            (written,) = await write(
                [
                    Write(
                        method_id=twin.method, session_id=twin.session, cause="confirm", entering=people,
                        reasons=reasons, told_later=later,
                    )
                ]
            )  # fmt: skip
            assert written.run_id is not None
            if later:
                await telling.ask(written.run_id, twin.session)
        await telling.tell_all()
        entered.append(written.entered)
        blocked.append(written.blocked)
        left.append(await twin.rows(began))
    assert entered[0] == entered[1] > PEOPLE // 2
    assert blocked[0] == blocked[1]
    assert left[0] == left[1]
    assert left[0]["notice"]


NOBODY_AT_ONCE = """
SELECT '{}'::integer[] FROM (SELECT $1::bigint, $2::integer[], $3::integer, $4::timestamptz, $5::bigint) given
"""


async def test_taking_back_at_once_does_what_taking_back_one_by_one_does(
    database: str, monkeypatch: pytest.MonkeyPatch
) -> None:
    people = [await insert("learner", email=f"p{i}@fill.example", added_at=LONG_AGO) for i in range(PEOPLE)]
    twins = [await Twin().make(people, several=False) for _ in range(2)]
    began = datetime.now(UTC)
    left = []
    details = []
    for twin, statement in zip(twins, (undo_sql.TAKE_BACK, NOBODY_AT_ONCE), strict=True):
        monkeypatch.setattr(undo_sql, "TAKE_BACK", statement)
        one = {"session_id": twin.session, "cause": "confirm"}
        async with transaction():
            await lock_sessions([twin.session])
            (filled,) = await write([Write(method_id=twin.method, entering=people, **one)])  # type: ignore[arg-type]
            await write([Write(method_id=twin.other, entering=people[::7], **one)])  # type: ignore[arg-type]
            await write([Write(method_id=twin.method, leaving=people[3::9], **one)])  # type: ignore[arg-type]
            await execute(
                "UPDATE enrollment SET state = 'completed', completed_at = since"
                " WHERE session_id = $1 AND state = 'active' AND learner_id = ANY($2)",
                twin.session,
                people[5::9],
            )
            await execute(
                "UPDATE enrollment SET due_by_hand = true WHERE session_id = $1 AND learner_id = ANY($2)",
                twin.session,
                people[6::9],
            )
            run = await fetch_row("SELECT * FROM run WHERE id = $1", filled.run_id)
            assert run is not None
            undo_id = await undoing.undo_run(run, None)
        left.append(await twin.rows(began))
        details.append(
            await fetch_value(
                "SELECT to_jsonb(r) - '{id,undo_of,session_id,method_id,created_at,finished_at}'::text[]"
                " FROM run r WHERE id = $1",
                undo_id,
            )
        )
    assert left[0] == left[1]
    assert details[0] == details[1]
    assert details[0]["left_count"] > PEOPLE // 4
    assert details[0]["detail"]["left_alone_total"] > 0


async def test_only_those_are_told_whose_enrollment_still_is_that_of_the_run(database: str) -> None:
    people = [await insert("learner", email=f"p{i}@fill.example", added_at=LONG_AGO) for i in range(4)]
    twin = await Twin().make([], several=False)
    one = {"session_id": twin.session, "cause": "confirm"}
    async with transaction():
        await lock_sessions([twin.session])
        (filled,) = await write([Write(method_id=twin.method, entering=people, told_later=True, **one)])  # type: ignore[arg-type]
        assert filled.run_id is not None
        await telling.ask(filled.run_id, twin.session)
    async with transaction():
        await write([Write(method_id=twin.method, leaving=people[:2], **one)])  # type: ignore[arg-type]
    async with transaction():
        # The first comes back, and is told by what brought them back; the third has another reason to be there besides.
        await write([Write(method_id=twin.other, entering=[people[0], people[2]], **one)])  # type: ignore[arg-type]
    await telling.tell_all()
    await telling.tell_all()
    told = await fetch("SELECT learner_id, run_id FROM notice WHERE kind = 'enrolled' ORDER BY learner_id")
    assert [row["learner_id"] for row in told] == [people[0], people[2], people[3]]
    assert [row["run_id"] == filled.run_id for row in told] == [False, True, True]
    assert await fetch_value("SELECT count(*) FROM telling") == 0


async def test_nobody_is_told_of_what_is_being_taken_back_meanwhile(database: str) -> None:
    people = [await insert("learner", email=f"p{i}@fill.example", added_at=LONG_AGO) for i in range(2)]
    twin = await Twin().make([], several=False)
    one = {"session_id": twin.session, "cause": "confirm"}
    async with transaction():
        await lock_sessions([twin.session])
        (filled,) = await write([Write(method_id=twin.method, entering=people, told_later=True, **one)])  # type: ignore[arg-type]
        assert filled.run_id is not None
        await telling.ask(filled.run_id, twin.session)
    other = await asyncpg.connect(database)
    try:
        async with other.transaction():
            await other.execute(sql.LOCK.replace("$1", f"ARRAY[{twin.session}]"))
            await other.execute(
                "UPDATE enrollment SET state = 'expired', until = now() WHERE learner_id = $1", people[0]
            )
            told = asyncio.create_task(telling.tell_all())
            waiting = "SELECT count(*) FROM pg_stat_activity WHERE wait_event_type = 'Lock' AND datname = current_database()"
            while not await other.fetchval(waiting) and not told.done():
                continue
        await told
    finally:
        await other.close()
    assert [row[0] for row in await fetch("SELECT learner_id FROM notice")] == [people[1]]


async def test_whom_an_undo_leaves_alone_is_told_after_it(database: str) -> None:
    people = [await insert("learner", email=f"p{i}@fill.example", added_at=LONG_AGO) for i in range(3)]
    twin = await Twin().make([], several=False)
    one = {"session_id": twin.session, "cause": "confirm"}
    async with transaction():
        await lock_sessions([twin.session])
        (filled,) = await write([Write(method_id=twin.method, entering=people, told_later=True, **one)])  # type: ignore[arg-type]
        assert filled.run_id is not None
        await telling.ask(filled.run_id, twin.session)
    undo = await insert(
        "run",
        session_id=twin.session,
        cause="undo",
        state="applying",
        undo_of=filled.run_id,
        created_at=LONG_AGO,
    )
    await telling.tell_all()
    assert await fetch_value("SELECT count(*) FROM notice") == 0
    async with transaction():
        await write([Write(method_id=twin.method, leaving=people[:2], **one)])  # type: ignore[arg-type]
        await execute("UPDATE run SET state = 'applied' WHERE id = $1", undo)
    await telling.tell_all()
    assert [row[0] for row in await fetch("SELECT learner_id FROM notice")] == [people[2]]
