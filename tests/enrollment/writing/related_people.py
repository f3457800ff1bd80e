"""A session with people in every relation to it, and what tests of writing many at once do with it."""

from datetime import UTC, datetime, timedelta
from typing import Any

from backend.database import execute, fetch, fetch_value, transaction
from backend.services.enrollment.runs import run_notifications
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.writes import Write

LONG_AGO = datetime(2024, 1, 1, tzinfo=UTC)


async def insert(table: str, **row: object) -> int:
    """A row; its id."""
    marks = ", ".join(f"${i}" for i in range(1, len(row) + 1))
    found: int = await fetch_value(
        f"INSERT INTO {table} ({', '.join(row)}) VALUES ({marks}) RETURNING id", *row.values()
    )
    return found


async def learners(number: int) -> list[int]:
    """People who have been there for long."""
    rows = await fetch(
        "INSERT INTO learner (email, added_at) SELECT format('p%s@fill.example', i), $2 FROM generate_series(1, $1) AS s(i)"
        " RETURNING id",
        number,
        LONG_AGO,
    )
    return [row["id"] for row in rows]


class ComparedSession:
    """A session of an activity of its own, with people in every relation to it that matters."""

    async def make(self, people: list[int], *, several: bool) -> "ComparedSession":
        """With some of these people in each relation."""
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

    def change(self, method: int | None = None, **more: Any) -> Write:
        """A change by one of its methods, which somebody has confirmed."""
        return Write(method_id=method or self.method, session_id=self.session, cause="confirm", **more)

    async def fill(self, people: list[int]) -> int:
        """Enroll them and have them told later; the run."""
        async with transaction():
            await lock_sessions([self.session])
            (filled,) = await write([self.change(entering=people, defer_notices=True)])
            assert filled.run_id is not None
            await run_notifications.request_notifications(filled.run_id, self.session)
        return filled.run_id

    async def rows(self, began: datetime) -> dict[str, list[Any]]:
        """What there is of it, without ids, and with new instants as what they are relative to now."""
        names = {
            "session_id": {self.session: "session", self.elsewhere: "elsewhere"},
            "method_id": {self.method: "method", self.other: "other"},
            "activity_id": {self.activity: "activity"},
        }

        names["kept_from"] = names["method_id"]
        picked = "SELECT id FROM enrollment_method WHERE session_id = $1 AND kind = 'manual'"
        for row in await fetch(picked, self.session):
            names["method_id"][row["id"]] = "picked"

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
        for table in ("enrollment", "source", "blocked", "each_run_change", "notice"):
            of = (
                "t.run_id IN (SELECT id FROM run WHERE session_id = $1)"
                if table == "each_run_change"
                else "t.session_id IN ($1, $2)"
            )
            given = (self.session,) if table == "each_run_change" else (self.session, self.elsewhere)
            rows = await fetch(
                f"SELECT to_jsonb(t) - '{{id,run_id,message_id}}'::text[] FROM {table} t WHERE {of}", *given
            )
            # Learners are told apart by their own ids, everything else by what it is.
            found[table] = sorted(
                (row[0].pop("learner_id"), row[0].get("change", ""), repr(sorted(plain("", row[0]).items())))
                for row in rows
            )
        return found
