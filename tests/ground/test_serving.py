"""The fixtures that everything else is tested with."""

import httpx

from tests.harness.instance import Muster


def test_health_tells_version_and_position(muster: Muster) -> None:
    answer = httpx.get(f"{muster.address}/api/health")
    assert answer.status_code == 200
    assert answer.json()["status"] == "ok"
    assert answer.json().keys() >= {"status", "version", "position"}


def test_the_admin_is_signed_in(http: httpx.Client) -> None:
    assert "admin" in http.get("/auth/me").json()["roles"]
