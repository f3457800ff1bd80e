"""A backup holds everything, and an instance made from it goes on."""

import subprocess
import threading
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path
from typing import Any

import httpx
import pytest

from tests.harness.instance import Muster, clean_environment, run_muster, running_muster
from tests.harness.servers import Servers
from tests.harness.world import world_of
from tests.runtime.test_metrics import values

UNUSABLE = 2

TABLES = "SELECT array_agg(tablename::text ORDER BY tablename) FROM pg_tables WHERE schemaname = 'public'"
ROWS = "SELECT count(*) || ' ' || md5(coalesce(string_agg(t::text, chr(10) ORDER BY t::text), '')) FROM public.\"{}\" t"
# Where sequences stand, and what the schema is made of.
SCHEMA = """
SELECT array_agg(told ORDER BY told) FROM (
    SELECT sequencename || ' ' || coalesce(last_value, 0) AS told FROM pg_sequences
    UNION ALL SELECT md5(pg_get_functiondef(p.oid)) || p.oid::regprocedure
        FROM pg_proc p WHERE pronamespace = 'public'::regnamespace
    UNION ALL SELECT indexdef FROM pg_indexes WHERE schemaname = 'public'
    UNION ALL SELECT pg_get_triggerdef(oid) FROM pg_trigger WHERE NOT tgisinternal
    UNION ALL SELECT conrelid::regclass || ' ' || conname || ' ' || pg_get_constraintdef(oid)
        FROM pg_constraint WHERE connamespace = 'public'::regnamespace
) everything
"""
WAITING = "SELECT count(*) FROM message WHERE state IN ('pending', 'sending')"


@dataclass
class Kept:
    """A stopped instance's database, and its backups: made while it was written to, and after it had stopped."""

    database: str
    running: Path
    stopped: Path


@pytest.fixture(scope="module")
def kept(start_muster: Callable[..., Muster], tmp_path_factory: pytest.TempPathFactory) -> Kept:
    files = tmp_path_factory.mktemp("backups")
    # A mail server that nobody listens on: messages wait.
    muster = start_muster("--demo", MUSTER_SMTP_URL="smtp://127.0.0.1:9")
    found = Kept(muster.database_url, files / "running.muster", files / "stopped.muster")
    with world_of(muster.database_url) as world:
        world.run(
            "INSERT INTO message (learner_id, kind, due_at, state, message_id, email, created_at, retry_at)"
            " SELECT id, 'invitation', now(), state, '<' || state || '@muster.example>', email, now(), now() + interval '1 day'"
            " FROM learner, unnest(ARRAY['sending', 'sent']) state WHERE email = 'admin@muster.example'"
        )
    done = backed_up_under_load(muster, found.running)
    assert done.returncode == 0, done.stderr
    muster.stop()
    done = muster.cli("backup", str(found.stopped))
    assert done.returncode == 0, done.stderr
    assert found.stopped.stat().st_mode & 0o077 == 0, "it holds people's data"
    return found


def backed_up_under_load(muster: Muster, file: Path) -> subprocess.CompletedProcess[str]:
    stop = threading.Event()

    def write() -> None:
        client = muster.sign_in()
        while not stop.is_set():
            assert client.post("/groups", json={"name": "Made meanwhile"}).is_success

    writing = threading.Thread(target=write)
    writing.start()
    try:
        return muster.cli("backup", str(file))
    finally:
        stop.set()
        writing.join()


@pytest.fixture
def fresh(servers: Servers) -> Iterator[str]:
    """A database that Muster has never seen."""
    url = servers.empty_database()
    yield url
    servers.drop_database(url)


def restored(file: Path, database: str, directory: Path, *options: str) -> subprocess.CompletedProcess[str]:
    environment = clean_environment(MUSTER_DATABASE_URL=database, MUSTER_REDIS_URL="redis://127.0.0.1:9")
    return run_muster("restore", str(file), *options, environment=environment, directory=directory)


def content(database: str) -> dict[str, Any]:
    with world_of(database) as world:
        tables = world.run(TABLES)
        return {"schema": world.run(SCHEMA)} | {name: world.run(ROWS.format(name)) for name in tables}


def test_what_is_restored_is_what_was_backed_up(kept: Kept, fresh: str, tmp_path: Path) -> None:
    done = restored(kept.stopped, fresh, tmp_path, "--send-mail")
    assert done.returncode == 0, done.stderr
    assert content(fresh) == content(kept.database)


def test_life_goes_on(kept: Kept, servers: Servers, fresh: str, tmp_path: Path) -> None:
    """What was waiting to be sent is held back; sign-in works; a dynamic audience takes people in."""
    done = restored(kept.running, fresh, tmp_path)
    assert done.returncode == 0, done.stderr
    with world_of(fresh) as world:
        assert world.run(WAITING) == 0
        assert (
            world.run("SELECT state FROM message WHERE message_id = '<sending@muster.example>'") == "failed"
        )
        assert world.run("SELECT state FROM message WHERE message_id = '<sent@muster.example>'") == "sent"
    environment = clean_environment(MUSTER_DATABASE_URL=fresh, MUSTER_REDIS_URL=servers.new_redis())
    with running_muster(tmp_path, environment) as muster:
        admin = muster.sign_in()
        activity = admin.post("/activities", json={"kind": "course", "title": "After the restore"}).json()
        session = admin.post("/sessions", json={"activity_id": activity["id"], "name": "First"}).json()
        group = admin.post("/groups", json={"name": "After the restore"}).json()
        method = {"kind": "audience", "dynamic": True, "rule": {"blocks": [{"groups": [group["id"]]}]}}
        plan = admin.post(f"/sessions/{session['id']}/plan", json=method).json()
        applied = admin.post(f"/sessions/{session['id']}/apply", json={**method, "hash": plan["hash"]})
        assert applied.is_success, applied.text
        learner = admin.get("/learners?status=active&limit=1").json()["items"][0]["id"]
        admin.post(f"/groups/{group['id']}/members", json={"learner_ids": [learner]}).raise_for_status()
        wait_for_enrolled(admin, session["id"], 1)
        refused = muster.cli("restore", str(kept.stopped), "--replace")
        assert refused.returncode == UNUSABLE
        assert "stop it first" in refused.stderr
        doctor = muster.cli("doctor")
        assert doctor.returncode == 0, doctor.stdout
        assert values(muster.address, "muster_database_up") == [1]


def wait_for_enrolled(client: httpx.Client, session: int, number: int) -> None:
    for _ in range(600):
        if client.get(f"/sessions/{session}/counts").json()["enrolled"] == number:
            return
    raise AssertionError("nobody was enrolled")


def test_nothing_is_thrown_away_unasked(kept: Kept, servers: Servers, tmp_path: Path) -> None:
    database = servers.new_database()
    with world_of(database) as world:
        world.learner()
        before = content(database)
        refused = restored(kept.stopped, database, tmp_path)
        assert refused.returncode == UNUSABLE
        assert "--replace" in refused.stderr
        damaged = tmp_path / "damaged.muster"
        raw = bytearray(kept.stopped.read_bytes())
        raw[len(raw) // 2] ^= 0xFF
        damaged.write_bytes(raw)
        refused = restored(damaged, database, tmp_path, "--replace")
        assert refused.returncode == UNUSABLE
        assert "damaged" in refused.stderr
        assert content(database) == before
    done = restored(kept.stopped, database, tmp_path, "--replace", "--send-mail")
    assert done.returncode == 0, done.stderr
    assert content(database) == content(kept.database)
    again = restored(kept.stopped, database, tmp_path, "--check")
    assert again.returncode == 0
    assert "people" in again.stdout
    servers.drop_database(database)
