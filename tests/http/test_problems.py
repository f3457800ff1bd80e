"""What errors of the database become for whoever asked."""

import asyncpg
import pytest

from backend.controllers.problems import to_muster_error

UNAVAILABLE = 503


@pytest.mark.parametrize(
    "error",
    [
        asyncpg.CannotConnectNowError("the database system is in recovery mode"),
        asyncpg.ConnectionDoesNotExistError("connection was closed in the middle of operation"),
        # Seen when PostgreSQL is killed between two messages of one statement.
        asyncpg.InternalClientError("cannot switch to state 12; another operation (2) is in progress"),
        asyncpg.DiskFullError("could not extend file: No space left on device"),
        ConnectionRefusedError(111, "Connection refused"),
        TimeoutError(),
    ],
    ids=lambda error: type(error).__name__,
)
def test_a_database_that_is_away_is_unavailable_and_asks_to_try_again(error: Exception) -> None:
    found = to_muster_error(error)
    assert found.status == UNAVAILABLE
    assert "Retry-After" in found.headers
