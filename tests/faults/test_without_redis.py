"""A Redis that hangs, as one behind a broken network does: connections are taken, and nothing is ever answered."""

import os
import signal
import time
from collections.abc import Iterator
from pathlib import Path

import pytest

from backend.services.chunks import CHUNK
from tests.faults.instance import Instance
from tests.harness.mail import SmtpSink, smtp_server

MORE_THAN_A_CHUNK = CHUNK + 100
RUN_SECONDS = 60


@pytest.fixture
def sink() -> Iterator[SmtpSink]:
    with smtp_server() as found:
        yield found


@pytest.fixture
def instance(tmp_path: Path, sink: SmtpSink) -> Iterator[Instance]:
    made = Instance(tmp_path, sink.url)
    made.start()
    yield made
    made.muster.stop()


def test_mail_and_large_runs_go_on_without_redis(instance: Instance, sink: SmtpSink) -> None:
    instance.muster.create_admin()
    http = instance.muster.sign_in()
    rows = [{"email": f"p{i}@faults.example"} for i in range(MORE_THAN_A_CHUNK)]
    assert http.post("/learners/bulk", json={"learners": rows}).json()["created"] == len(rows)
    course = http.post("/activities", json={"kind": "course", "title": "Safety"}).json()["id"]
    session = http.post("/sessions", json={"activity_id": course, "name": "Spring"}).json()["id"]
    (redis,) = instance.processes("redis")
    os.kill(redis, signal.SIGSTOP)

    invited = {"email": "new@faults.example", "status": "invited"}
    assert http.post("/learners/bulk", json={"learners": [invited]}).json()["created"] == 1
    sink.wait_for(lambda deliveries: any(invited["email"] in one.recipients for one in deliveries))

    body = {"kind": "audience", "rule": {"blocks": [{"everyone": True, "groups": []}]}, "dynamic": False}
    plan = http.post(f"/sessions/{session}/plan", json=body).json()
    run = http.post(f"/sessions/{session}/apply", json={**body, "hash": plan["hash"]}).json()["run_id"]
    deadline = time.monotonic() + RUN_SECONDS
    while http.get(f"/runs/{run}").json()["state"] != "applied":
        assert time.monotonic() < deadline, "nobody writes the large run"
        time.sleep(0.2)

    os.kill(redis, signal.SIGCONT)
    again = {"email": "newer@faults.example", "status": "invited"}
    assert http.post("/learners/bulk", json={"learners": [again]}).json()["created"] == 1
    sink.wait_for(lambda deliveries: any(again["email"] in one.recipients for one in deliveries))
