"""Slowing down who guesses: counted in PostgreSQL, so that it holds over processes and restarts."""

from datetime import timedelta

from backend import clock
from backend.database import execute, fetch
from backend.services.errors import TooMany

WINDOW = timedelta(minutes=15)
# One account: enough for a forgetful person. One address: an office behind one router signs in on Monday morning.
LIMITS = {"account": 10, "address": 200}

# Counted before the password is looked at, so that guesses at the same moment cannot pass together.
_COUNT = """
INSERT INTO sign_in_attempt AS a (key, failures, since) SELECT k, 1, $2 FROM unnest($1::text[]) AS k ORDER BY k
ON CONFLICT (key) DO UPDATE SET
    failures = CASE WHEN a.since <= $2 - $3::interval THEN 1 ELSE a.failures + 1 END,
    since = CASE WHEN a.since <= $2 - $3::interval THEN $2 ELSE a.since END
RETURNING key, failures, since
"""


async def count_attempt(*keys: str) -> None:
    """Count one attempt under each key (`account:…`, `address:…`); raises `TooMany` beyond the limit."""
    now = clock.now()
    for row in await fetch(_COUNT, list(keys), now, WINDOW):
        if row["failures"] > LIMITS[row["key"].partition(":")[0]]:
            wait = int((row["since"] + WINDOW - now).total_seconds())
            raise TooMany(
                f"Too many attempts. Try again in {max(1, -(-wait // 60))} minutes.", retry_after=wait
            )


async def forget_attempts(*keys: str) -> None:
    """An attempt succeeded: the account starts afresh, the address gets its one back."""
    await execute(
        "UPDATE sign_in_attempt SET failures = greatest(0, failures - 1) WHERE key = ANY($1) AND key LIKE 'address:%'",
        list(keys),
    )
    await execute("DELETE FROM sign_in_attempt WHERE key = ANY($1) AND key LIKE 'account:%'", list(keys))


async def forget_old_attempts() -> None:
    """Drop what no longer counts; run on a schedule."""
    await execute("DELETE FROM sign_in_attempt WHERE since <= $1", clock.now() - WINDOW)
