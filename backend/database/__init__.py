"""The database of this process: one pool, one transaction at a time for a task, set-based writing.

`tables/` defines what is stored; services say `async with transaction():` and use Piccolo queries or `fetch`/`execute`
inside it: both run on the transaction's connection.
"""

from backend.database.aside import put_back_what_was_cut_short
from backend.database.connection import (
    DATABASE_LOST,
    after_commit,
    connect,
    connection,
    copy_rows,
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
from backend.database.leadership import Leadership
from backend.database.migrating import migrate, pending_migrations

__all__ = [
    "DATABASE_LOST",
    "ENGINE",
    "Leadership",
    "after_commit",
    "connect",
    "connection",
    "copy_rows",
    "current_transaction",
    "disconnect",
    "execute",
    "fetch",
    "fetch_row",
    "fetch_value",
    "migrate",
    "on_commit",
    "open_connection",
    "pending_migrations",
    "plan_anew_for",
    "plan_by_key",
    "put_back_what_was_cut_short",
    "transaction",
]
