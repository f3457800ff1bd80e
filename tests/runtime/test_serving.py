"""The fixtures that everything else is tested with."""

import asyncio
import time

import asyncpg
import httpx

from backend.runtime.serving import server
from tests.harness.instance import Muster

# How long nginx and the load balancers of clouds keep an idle connection unless told otherwise.
PROXIES_KEEP_SECONDS = 60

# What waits for the sequencer is seen within a second of its release.
PATIENCE_SECONDS = 15


def test_health_tells_version_and_position(muster: Muster) -> None:
    answer = httpx.get(f"{muster.address}/api/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json().keys() >= {"status", "version", "position"}


def test_idle_connections_are_closed_by_those_who_ask() -> None:
    """A server that closes first meets the next request with a reset."""
    assert server().config.timeout_keep_alive > PROXIES_KEEP_SECONDS


def test_the_admin_is_signed_in(http: httpx.Client) -> None:
    assert "admin" in http.get("/auth/me").json()["roles"]


def test_health_is_503_while_counts_are_not_answered(muster: Muster, http: httpx.Client) -> None:
    """Who numbers the changes is kept from it: previews cannot be answered, and health says so; the process is alive."""
    with asyncio.Runner() as runner:
        keeping = runner.run(asyncpg.connect(muster.database_url))
        runner.run(keeping.execute("BEGIN"))
        runner.run(keeping.execute("SELECT seq FROM log_head FOR UPDATE"))
        assert http.post("/groups", json={"name": "Held back"}).status_code == 201
        answer = httpx.get(f"{muster.address}/api/health")
        assert answer.status_code == 503
        told = answer.json()
        assert told["status"] == "catching_up"
        assert told["head"] > told["position"]
        assert httpx.get(f"{muster.address}/api/alive").status_code == 200
        preview = http.post("/audiences/preview", json={"rule": {"blocks": [{"everyone": True}]}})
        assert preview.status_code == 503
        runner.run(keeping.close())
    deadline = time.monotonic() + PATIENCE_SECONDS
    while (answer := httpx.get(f"{muster.address}/api/health")).status_code != 200:
        assert time.monotonic() < deadline, answer.text
    assert answer.json().keys() == {"status", "version", "position"}
