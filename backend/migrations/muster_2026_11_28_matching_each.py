"""Filters of several paths ask `not_…` of each path now, and no longer turn the whole filter round: `match` is swapped.

What was "not (completed any of them)" is "not completed, of all of them" now, and the other way round: the same people.
Only filters that negate a status of several paths are touched. See docs/decisions/0005.
"""

import json
from typing import Any

from asyncpg import Connection
from piccolo.apps.migrations.auto.migration_manager import MigrationManager

from backend.database.engine import ENGINE

ID = "2026-11-28T04:00:00:000000"
VERSION = "1.38.0"
DESCRIPTION = "match says of how many paths a negated status must hold"

# Rules of methods (drafts are methods too) and segments, and the methods that runs keep for their undo.
_STORED = {
    "enrollment_method": "rule",
    "segment": "rule",
    "run": "detail",
}
_SWAPPED = {"any": "all", "all": "any"}
# A worker of the release before would read the swapped rules as their opposite, and enroll and unenroll by that.
_LED = """
    SELECT EXISTS (
        SELECT FROM pg_locks l JOIN pg_database d ON d.oid = l.database
        WHERE l.locktype = 'advisory' AND d.datname = current_database()
          AND ((l.classid::bigint << 32) | l.objid::bigint) = hashtext('muster.reconciler')::bigint)"""


def swapped(stored: Any) -> Any:
    """The same JSON with `match` swapped in every filter inside it that negates a status of several paths."""
    if isinstance(stored, list):
        return [swapped(one) for one in stored]
    if not isinstance(stored, dict):
        return stored
    made = {key: swapped(value) for key, value in stored.items()}
    status, paths = made.get("status"), made.get("paths")
    if (
        made.get("type") == "path_result"
        and isinstance(status, str)
        and status.startswith("not_")
        and isinstance(paths, list)
        and len(paths) > 1
    ):
        made["match"] = _SWAPPED.get(made.get("match", "any"), "all")
    return made


async def _run() -> None:
    migrating = ENGINE.current_transaction.get()
    if migrating is None:
        raise RuntimeError("a migration runs in Piccolo's transaction")
    connection: Connection = migrating.connection
    await connection.execute("SET LOCAL lock_timeout = '5s'")
    for table, column in _STORED.items():
        changed = await _changed(connection, table, column)
        if changed and await connection.fetchval(_LED):
            raise RuntimeError(
                f"{len(changed)} stored rules ask whether several paths are not completed (started, …). Workers of the release"
                " before would read them as the opposite: stop these first, then migrate again"
            )
        sql = f"-- allowed: a few rules, each written once\nUPDATE {table} SET {column} = $2::text::jsonb WHERE id = $1"
        for row_id, made in changed:
            await connection.execute(sql, row_id, made)


async def _changed(connection: Connection, table: str, column: str) -> list[tuple[int, str]]:
    found = []
    for row in await connection.fetch(
        f"SELECT id, {column}::text AS stored FROM {table} WHERE {column}::text LIKE '%\"path_result\"%'"
    ):
        try:
            stored = json.loads(row["stored"])
            made = swapped(stored)
        except (ValueError, RecursionError):
            # What cannot be read is no rule: whatever rests on it is frozen already.
            continue
        if made != stored:
            found.append((row["id"], json.dumps(made)))
    return found


async def forwards() -> MigrationManager:
    manager = MigrationManager(migration_id=ID, app_name="muster", description=DESCRIPTION)
    manager.add_raw(_run)
    return manager
