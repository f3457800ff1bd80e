"""Every migration after the first runs beside the release before it: docs/how-to/migrate.md."""

from importlib import import_module
from pathlib import Path
from typing import Any

import pytest
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

import backend.database
from tests.harness.servers import Servers
from tests.operating.migration_rules import objections

FOLDER = Path(__file__).parents[2] / "backend" / "migrations"
NAMES = sorted(path.stem for path in FOLDER.glob("muster_*.py"))
INITIAL = "muster_2026_11_23_initial"
LIMIT = "SET LOCAL lock_timeout = '5s';"


def migration(name: str) -> Any:
    return import_module(f"backend.migrations.{name}")


async def sent_by(name: str, url: str) -> list[str]:
    """What the migration sends to an empty database that those before it have run on."""
    sent: list[str] = []
    # One connection, so that all of them are heard.
    await backend.database.connect(url, max_size=1)
    try:
        async with backend.database.connection() as connection:
            connection.add_query_logger(lambda query: sent.append(query.query))
        for before in sorted(NAMES, key=lambda one: migration(one).ID):
            sent.clear()
            manager: MigrationManager = await migration(before).forwards()
            await manager.run()
            if before == name:
                break
    finally:
        await backend.database.disconnect()
    return [sql for sql in sent if not sql.upper().startswith(("BEGIN", "COMMIT"))]


@pytest.mark.parametrize("name", [name for name in NAMES if name != INITIAL])
async def test_it_runs_beside_the_previous_release(name: str, servers: Servers) -> None:
    url = servers.empty_database()
    try:
        found = objections(await sent_by(name, url))
    finally:
        servers.drop_database(url)
    assert not found, f"see docs/how-to/migrate.md: {found}"


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE learner ADD COLUMN age integer NOT NULL",
        "ALTER TABLE learner ADD COLUMN key uuid DEFAULT gen_random_uuid()",
        "ALTER TABLE learner ADD COLUMN number bigserial",
        "ALTER TABLE learner DROP COLUMN email",
        "DROP TABLE learner",
        "DROP FUNCTION muster_now()",
        "ALTER TABLE learner RENAME COLUMN email TO mail",
        "ALTER TABLE learner RENAME TO person",
        "ALTER TABLE learner ALTER COLUMN id TYPE bigint",
        "ALTER TABLE learner ALTER COLUMN email SET NOT NULL",
        "ALTER TABLE learner ALTER language DROP DEFAULT",
        "ALTER TABLE learner ADD CONSTRAINT some CHECK (email <> '')",
        "ALTER TABLE learner ADD FOREIGN KEY (manager_id) REFERENCES learner",
        "ALTER TABLE learner ADD CONSTRAINT one UNIQUE (email)",
        "CREATE UNIQUE INDEX learner_name ON learner (last_name)",
        "DROP INDEX learner_email_key",
        "UPDATE learner SET language = 'en'",
        "INSERT INTO audit SELECT * FROM audit",
        "TRUNCATE learner",
        "LOCK TABLE learner",
        "DO $$ BEGIN UPDATE learner SET language = 'en'; END $$",
        "/* a comment; with a semicolon */ DROP TABLE learner",
        "SELECT 'a string; with -- both'; DROP TABLE learner",
        "-- allowed: because\nDROP TABLE learner",
    ],
)
def test_what_breaks_or_locks_is_refused(sql: str) -> None:
    assert objections([LIMIT, sql])


@pytest.mark.parametrize(
    "sql",
    [
        "ALTER TABLE learner ADD COLUMN age integer",
        "ALTER TABLE learner ADD COLUMN kind text NOT NULL DEFAULT 'person'",
        "ALTER TABLE learner ADD CONSTRAINT some CHECK (email <> '') NOT VALID",
        "CREATE TABLE pet (id integer PRIMARY KEY, name text); CREATE INDEX pet_name ON pet (name)",
        "CREATE TABLE pet (name text); INSERT INTO pet SELECT 'Rex'; ALTER TABLE pet ALTER COLUMN name SET NOT NULL",
        "CREATE INDEX CONCURRENTLY learner_name ON learner (last_name)",
        "CREATE OR REPLACE FUNCTION f() RETURNS trigger LANGUAGE plpgsql AS $$ BEGIN DELETE FROM learner; END $$",
        "INSERT INTO follower (name) VALUES ('webhooks')",
        "-- allowed: nothing has used this table since the release before the last\nDROP TABLE learner",
    ],
)
def test_what_does_not_passes(sql: str) -> None:
    assert objections([LIMIT, sql]) == []


@pytest.mark.parametrize("limit", ["", "SET LOCAL lock_timeout = '60s';", "SET LOCAL lock_timeout = '0s';"])
def test_waiting_for_a_lock_is_limited(limit: str) -> None:
    assert objections([limit + "ALTER TABLE learner ADD COLUMN age integer"])
