"""What processes log: structured, traceable to a request, and nothing about people."""

import json
import time
from typing import Any

import asyncpg
import httpx
import pytest

from backend.runtime.logs import described
from tests.harness.instance import Muster
from tests.harness.world import world_of

PATIENCE_SECONDS = 30


def lines(muster: Muster) -> list[dict[str, Any]]:
    """What its processes said; what the supervisor says itself is for people."""
    return [json.loads(line) for line in muster.log.read_text().splitlines() if line.startswith("{")]


def told(muster: Muster, request_id: str, times: int) -> None:
    """Wait until so many lines bear the id."""
    deadline = time.monotonic() + PATIENCE_SECONDS
    while sum(line.get("request_id") == request_id for line in lines(muster)) < times:
        assert time.monotonic() < deadline, muster.said()
        time.sleep(0.05)


def test_a_problem_leads_to_its_lines(muster: Muster) -> None:
    answer = httpx.get(f"{muster.address}/api/v1/learners", headers={"X-Request-ID": "support-4711"})
    assert answer.headers["x-request-id"] == answer.json()["request_id"] == "support-4711"
    told(muster, "support-4711", 1)
    (line,) = [line for line in lines(muster) if line.get("request_id") == "support-4711"]
    assert line.items() >= {"event": "request", "status": 401, "process": "api 1", "level": "info"}.items()


def test_an_error_is_told_without_the_people_in_it(muster: Muster) -> None:
    with world_of(muster.database_url) as world:
        world.run(
            "CREATE FUNCTION refuse() RETURNS trigger LANGUAGE plpgsql AS $$"
            " BEGIN RAISE EXCEPTION 'no room for \"%\" <%>', NEW.last_name, NEW.email; END $$"
        )
        world.run("CREATE TRIGGER refuse BEFORE INSERT ON learner FOR EACH ROW EXECUTE FUNCTION refuse()")
        person = {"email": "zebulon@muster.example", "first_name": "Zebulon", "last_name": "Quirrell"}
        refused = muster.sign_in().post("/learners", json=person)
        assert refused.status_code == 500
        world.run("DROP TRIGGER refuse ON learner")
    about = refused.json()["request_id"]
    # The error and the request.
    told(muster, about, 2)
    (error,) = [line for line in lines(muster) if line.get("request_id") == about and "exception" in line]
    assert error["exception"].startswith("RaiseError: no room for")
    assert ".py" in error["exception"]
    said = muster.log.read_text()
    assert not [word for word in ("zebulon", "Zebulon", "Quirrell") if word in said]


def unique_violation() -> BaseException:
    error = asyncpg.UniqueViolationError('duplicate key value violates unique constraint "learner_email_key"')
    error.detail = "Key (lower(email))=(ada@muster.example) already exists."
    return error


@pytest.mark.parametrize(
    ("error", "told"),
    [
        (KeyError("Ada"), "KeyError: […]"),
        (ValueError("not a date: 'Ada'"), "ValueError: not a date: […]"),
        (
            ConnectionRefusedError(111, "Connect call failed"),
            "ConnectionRefusedError: [Errno 111] Connect call failed",
        ),
        (unique_violation(), "UniqueViolationError: duplicate key value violates unique constraint […]"),
        (TimeoutError(), "TimeoutError"),
    ],
)
def test_how_errors_are_told(error: BaseException, told: str) -> None:
    assert described(error) == told
