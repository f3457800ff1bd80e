"""The database of this process: one pool, one transaction at a time for a task, set-based writing.

`tables/` defines what is stored; services say `async with transaction():` and use Piccolo queries or `fetch`/`execute`
inside it: both run on the transaction's connection.
"""

from backend.database.connection import (
    DATABASE_LOST,
    after_commit,
    after_rollback,
    connect,
    connection,
    current_transaction,
    disconnect,
    execute,
    fetch,
    fetch_row,
    fetch_value,
    on_commit,
    open_connection,
    plan_anew_for,
    plan_by_key,
    transaction,
)
from backend.database.engine import ENGINE
from backend.database.expressions import NOW, Row, any_of, as_json, none_of
from backend.database.leadership import Leadership
from backend.database.locks import lock_by_name
from backend.database.log_runs import current_run, logged_as
from backend.database.migrating import migrate, pending_migrations
from backend.database.rows import compiled, row_by_id
from backend.database.schema_swap import put_back_what_was_cut_short

__all__ = [
    "DATABASE_LOST",
    "ENGINE",
    "NOW",
    "Leadership",
    "Row",
    "after_commit",
    "after_rollback",
    "any_of",
    "as_json",
    "compiled",
    "connect",
    "connection",
    "current_run",
    "current_transaction",
    "disconnect",
    "execute",
    "fetch",
    "fetch_row",
    "fetch_value",
    "lock_by_name",
    "logged_as",
    "migrate",
    "none_of",
    "on_commit",
    "open_connection",
    "pending_migrations",
    "plan_anew_for",
    "plan_by_key",
    "put_back_what_was_cut_short",
    "row_by_id",
    "transaction",
]
