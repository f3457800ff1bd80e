"""People and structure for tests, written straight into the database: the triggers log whoever writes."""

import asyncio
import hashlib
import itertools
import secrets
import threading
from collections.abc import Coroutine, Iterator
from contextlib import contextmanager
from typing import Any

import asyncpg

from backend.runtime import clock

STATEMENT_SECONDS = 30
_numbers = itertools.count(1)


class World:
    """Makes rows and returns their ids; every method is one committed statement on a connection of its own."""

    def __init__(self, database_url: str) -> None:
        self.database_url = database_url
        # Tests may have a loop of their own, so this one runs in a thread.
        self._loop = asyncio.new_event_loop()
        self._thread = threading.Thread(target=self._loop.run_forever, daemon=True)
        self._thread.start()
        self._connection: asyncpg.Connection = self._wait(
            asyncpg.connect(
                database_url,
                server_settings={"muster.clock_offset": f"{clock.offset().total_seconds()} seconds"},
            )
        )

    def close(self) -> None:
        """End the connection and the thread."""
        self._wait(self._connection.close())
        self._loop.call_soon_threadsafe(self._loop.stop)
        self._thread.join()
        self._loop.close()

    def _wait(self, work: Coroutine[Any, Any, Any]) -> Any:
        return asyncio.run_coroutine_threadsafe(work, self._loop).result(STATEMENT_SECONDS)

    def run(self, sql: str, *arguments: Any) -> Any:
        """Run one statement; the first column of its first row."""
        return self._wait(self._connection.fetchval(sql, *arguments))

    def token(self, learner: int) -> str:
        """An API token of this person."""
        secret = secrets.token_urlsafe(16)
        self.run(
            "INSERT INTO api_token (learner_id, token_hash, created_at) VALUES ($1, $2, muster_now())",
            learner,
            hashlib.sha256(secret.encode()).digest(),
        )
        return secret

    def group(self, name: str = "", parent: int | None = None, *, private: bool = False) -> int:
        """A group."""
        made: int = self.run(
            "INSERT INTO learner_group (name, parent_id, private) VALUES ($1, $2, $3) RETURNING id",
            name or f"Group {next(_numbers)}",
            parent,
            private,
        )
        return made

    def learner(self, first_name: str = "Ana", last_name: str = "Lopez", **columns: Any) -> int:
        """An active learner."""
        email = columns.pop("email", f"person{next(_numbers)}@world.example")
        names = ["email", "first_name", "last_name", *columns]
        marks = ", ".join(f"${i}" for i in range(1, len(names) + 1))
        made: int = self.run(
            f"INSERT INTO learner ({', '.join(names)}, added_at) VALUES ({marks}, muster_now()) RETURNING id",
            email,
            first_name,
            last_name,
            *columns.values(),
        )
        return made

    def learners(self, number: int) -> list[int]:
        """Many active learners at once."""
        found: list[int] = self.run(
            "WITH made AS (INSERT INTO learner (email, first_name, last_name, added_at)"
            " SELECT $1 || i || '@world.example', 'Person', 'Number ' || i, muster_now() FROM generate_series(1, $2) i"
            " RETURNING id) SELECT array_agg(id ORDER BY id) FROM made",
            f"many{next(_numbers)}-",
            number,
        )
        return found

    def join(self, group: int, *learners: int, role: str = "member") -> None:
        """Memberships; a role there was is replaced."""
        self.run(
            "INSERT INTO membership (group_id, learner_id, role, since) SELECT $1, l, $3, muster_now() FROM unnest($2::int[]) l"
            " ON CONFLICT (group_id, learner_id) DO UPDATE SET role = excluded.role",
            group,
            list(learners),
            role,
        )

    def leave(self, group: int, *learners: int) -> None:
        """End memberships."""
        self.run("DELETE FROM membership WHERE group_id = $1 AND learner_id = ANY($2)", group, list(learners))

    def activity(self, title: str = "Onboarding", kind: str = "path") -> int:
        """An activity without steps."""
        made: int = self.run("INSERT INTO activity (kind, title) VALUES ($1, $2) RETURNING id", kind, title)
        return made

    def session(self, activity: int, group: int | None = None, name: str = "Spring") -> int:
        """A session."""
        made: int = self.run(
            "INSERT INTO session (activity_id, name, group_id) VALUES ($1, $2, $3) RETURNING id",
            activity,
            name,
            group,
        )
        return made

    def enroll(self, session: int, *learners: int, state: str = "active", run_id: int | None = None) -> None:
        """Enrollments as they are, without a method; those there are get the state, and all the run."""
        self.run(
            "INSERT INTO enrollment (session_id, activity_id, learner_id, state, exclusive, since, until, run_id)"
            " SELECT s.id, s.activity_id, l, $3, true, muster_now(), CASE WHEN $3 = 'expired' THEN muster_now() END, $4"
            " FROM session s, unnest($2::int[]) l WHERE s.id = $1"
            " ON CONFLICT (session_id, learner_id) DO UPDATE SET state = excluded.state, until = excluded.until,"
            " run_id = excluded.run_id",
            session,
            list(learners),
            state,
            run_id,
        )

    def run_because_of(self, session: int, learner: int, group: int) -> int:
        """A run that says of the person that they came because they are in the group now."""
        made: int = self.run(
            "WITH made AS (INSERT INTO run (session_id, cause, state, created_at, finished_at)"
            " VALUES ($1, 'change', 'applied', muster_now(), muster_now()) RETURNING id)"
            " INSERT INTO run_change (run_id, learner_id, change, reason) SELECT id, $2, 'entered', jsonb_build_object("
            "'facet', 'membership', 'ref', $3::integer, 'old', NULL, 'new', 'member') FROM made RETURNING run_id",
            session,
            learner,
            group,
        )
        return made

    def field(self, key: str, type_: str = "choice", options: tuple[str, ...] = ()) -> int:
        """A custom field."""
        made: int = self.run(
            "INSERT INTO field (key, name, type, options) VALUES ($1, initcap($1), $2, $3) RETURNING id",
            key,
            type_,
            list(options),
        )
        return made

    def set_text(self, field: int, value: str | None, *learners: int) -> None:
        """A text or choice value of these people; None clears it."""
        if value is None:
            self.run(
                "DELETE FROM field_value WHERE field_id = $1 AND learner_id = ANY($2)", field, list(learners)
            )
            return
        self.run(
            "INSERT INTO field_value (field_id, learner_id, text_value) SELECT $1, l, $2 FROM unnest($3::int[]) l"
            " ON CONFLICT (learner_id, field_id) DO UPDATE SET text_value = excluded.text_value",
            field,
            value,
            list(learners),
        )


@contextmanager
def world_of(database_url: str) -> Iterator[World]:
    """A world on this database, inside the block."""
    world = World(database_url)
    try:
        yield world
    finally:
        world.close()
