"""What errors of the database become for whoever asked."""

from collections.abc import Callable
from pathlib import Path

import asyncpg
import pytest

from backend.controllers.http.problems import MEDIA_TYPE, to_muster_error
from backend.database import connect
from tests.harness.instance import Muster
from tests.harness.world import world_of

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


async def test_a_database_whose_socket_is_gone_is_away(tmp_path: Path) -> None:
    """PostgreSQL takes the file with it when it gives up."""
    with pytest.raises(ConnectionError) as raised:
        await connect(f"postgresql://somebody@/muster?host={tmp_path}")
    assert to_muster_error(raised.value).status == UNAVAILABLE


def test_a_commit_that_fails_is_a_problem_too(start_muster: Callable[..., Muster]) -> None:
    muster = start_muster()
    http = muster.sign_in()
    with world_of(muster.database_url) as world:
        world.run(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS"
            " $$BEGIN RAISE EXCEPTION 'not now' USING ERRCODE = 'serialization_failure'; END$$"
        )
        world.run(
            "CREATE CONSTRAINT TRIGGER refuse AFTER INSERT ON learner_group DEFERRABLE INITIALLY DEFERRED"
            " FOR EACH ROW EXECUTE FUNCTION refuse()"
        )
        key = {"Idempotency-Key": "once"}
        refused = http.post("/groups", json={"name": "Sales"}, headers=key)
        assert (refused.status_code, refused.headers["content-type"]) == (UNAVAILABLE, MEDIA_TYPE)
        assert refused.json()["status"] == UNAVAILABLE
        world.run("DROP TRIGGER refuse ON learner_group")
        assert http.post("/groups", json={"name": "Sales"}, headers=key).is_success
