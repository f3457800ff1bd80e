"""A session that thousands watch on one API process: the last one served, memory of each, and those who do not read."""

import asyncio
import os
import re
import secrets
import time
from pathlib import Path
from urllib.parse import urlsplit

import httpx

from backend.database import execute, fetch_value
from backend.services.access.sign_ins import hash_token
from benchmarks.crowd import Crowd
from benchmarks.figures import Figure, quantile
from benchmarks.sockets import Class, open_socket
from tests.harness.instance import Muster

WATCHERS = 5_000
SETTLING_SECONDS = 120.0
CHANGES = 40
STALLED = 5
# Sockets that come and go first, so that what the first one of all costs is not counted as what each costs.
WARMING = 200
# No answer to a ping is awaited for longer; then the connection is told and cut.
DROPPED_WITHIN_SECONDS = 40.0

_COACHES = """
WITH made AS (
    INSERT INTO learner (email, added_at) SELECT 'watcher-' || $1 || '-' || n || '@bench.example', now()
    FROM generate_series(1, cardinality($3::bytea[])) n RETURNING id
), numbered AS (SELECT id, row_number() OVER () AS n FROM made), joined AS (
    INSERT INTO membership (learner_id, group_id, role, since) SELECT id, $2, 'coach', now() FROM made
)
INSERT INTO api_token (learner_id, name, token_hash, created_at) SELECT id, 'bench', ($3::bytea[])[n], now() FROM numbered
"""


async def watching_figures(
    muster: Muster, admin: str, lesson: Class, watchers: int = WATCHERS
) -> list[Figure]:
    """One change after another while `watchers` coaches of the session look on, some of whom do not read."""
    address = urlsplit(muster.address)
    tokens = [secrets.token_hex(16) for _ in range(watchers)]
    await execute(_COACHES, lesson.mark, lesson.group, [hash_token(token) for token in tokens])
    await settled(muster)
    await execute("ANALYZE learner, membership, api_token")
    where = {"host": address.hostname, "port": address.port, "topic": f"session:{lesson.session}"}
    api = api_process(muster.pid)
    with Crowd() as first:
        await asyncio.to_thread(first.ask, "open", tokens=tokens[:WARMING], **where)
    await _gone(muster)
    before = resident_bytes(api)
    with Crowd() as crowd:
        opening = await asyncio.to_thread(crowd.ask, "open", tokens=tokens, **where)
        # A smoke check does not wait half a minute for those who do not read.
        among = STALLED if watchers >= WATCHERS else 0
        stalled = [await open_socket(muster.live_url, admin, max_queue=1) for _ in range(among)]
        for socket in stalled:
            await socket.send(f'{{"type":"watch","id":"s","topic":"session:{lesson.session}"}}')
            socket.transport.pause_reading()
        stopped = time.monotonic()
        last, middle = await _changes(muster, admin, lesson, crowd)
        each = (resident_bytes(api) - before) / watchers / 1000
        dropped = [await _dropped(muster, stopped)] if stalled else []
        for socket in stalled:
            socket.transport.abort()
    return [
        Figure(f"{watchers:,} watchers, opening and first state", "s", opening),
        Figure(f"{watchers:,} watchers, last one served, p50", "ms", quantile(last, 0.5), 250.0),
        Figure(f"{watchers:,} watchers, last one served, worst of {CHANGES}", "ms", max(last), 250.0),
        Figure(f"{watchers:,} watchers, middle one served, p50", "ms", quantile(middle, 0.5)),
        Figure("memory of a watcher in the API process", "KB", each, 35.0),
        *(
            Figure("a reader who reads nothing is dropped after", "s", took, DROPPED_WITHIN_SECONDS)
            for took in dropped
        ),
    ]


async def _changes(
    muster: Muster, admin: str, lesson: Class, crowd: Crowd
) -> tuple[list[float], list[float]]:
    """Milliseconds from the answer to each change until the last and the middle watcher had its event and its state."""
    last, middle = [], []
    headers = {"Authorization": f"Bearer {admin}"}
    async with httpx.AsyncClient(base_url=f"{muster.address}/api/v1", headers=headers, timeout=30) as client:
        for i in range(CHANGES):
            learner = lesson.learners[i % len(lesson.learners)]["id"]
            enters = i // len(lesson.learners) % 2 == 0
            inside = i % len(lesson.learners) + 1
            enrolled = inside if enters else len(lesson.learners) - inside
            marks = [f'"learner":{{"id":{learner},', f'"enrolled":{enrolled},']
            await asyncio.to_thread(crowd.ask, "expect", marks=marks)
            value = lesson.inside if enters else lesson.outside
            answer = await client.patch(f"/learners/{learner}", json={"fields": {lesson.field["key"]: value}})
            committed = time.monotonic()
            assert answer.is_success, answer.text
            served = await asyncio.to_thread(crowd.ask, "served")
            last.append((max(served) - committed) * 1000)
            middle.append((quantile(served, 0.5) - committed) * 1000)
    return last, middle


async def _dropped(muster: Muster, stopped: float) -> float:
    """Seconds until all who do not read were closed with 4408."""
    async with asyncio.timeout(2 * DROPPED_WITHIN_SECONDS), httpx.AsyncClient() as client:
        # Another process's counter: there is nothing to be told by.
        while await _metric(client, muster, r'muster_live_closed_total\{code="4408"\}') < STALLED:  # noqa: ASYNC110 - another process's counter
            await asyncio.sleep(0.2)
    return time.monotonic() - stopped


async def settled(muster: Muster) -> None:
    """Wait until all that was written is numbered and in the API's index."""
    async with asyncio.timeout(SETTLING_SECONDS), httpx.AsyncClient() as client:
        while True:
            position = (await client.get(f"{muster.address}/api/health")).json()["position"]
            if not await fetch_value(
                "SELECT EXISTS (SELECT FROM outbox) OR seq > $1 FROM log_head", position
            ):
                return
            await asyncio.sleep(0.2)


async def _gone(muster: Muster) -> None:
    async with asyncio.timeout(DROPPED_WITHIN_SECONDS), httpx.AsyncClient() as client:
        # Another process's counter, as above.
        while await _metric(client, muster, r"muster_live_sockets\{[^}]*\}"):  # noqa: ASYNC110 - another process's counter
            await asyncio.sleep(0.1)


async def _metric(client: httpx.AsyncClient, muster: Muster, name: str) -> float:
    found = re.search(
        rf"^{name} ([0-9.e+]+)", (await client.get(f"{muster.address}/metrics")).text, re.MULTILINE
    )
    return 0.0 if found is None else float(found[1])


def api_process(supervisor: int) -> int:
    """The process that serves HTTP and sockets, by its command line."""
    for entry in Path("/proc").iterdir():
        if not entry.name.isdigit():
            continue
        try:
            mine = f"PPid:\t{supervisor}\n" in (entry / "status").read_text()
            if mine and b"backend.runtime.serving" in (entry / "cmdline").read_bytes():
                return int(entry.name)
        except OSError:
            continue
    raise LookupError("no API process")


def resident_bytes(pid: int) -> int:
    """What the process holds in memory now."""
    pages = int(Path(f"/proc/{pid}/statm").read_text().split()[1])
    return pages * os.sysconf("SC_PAGE_SIZE")
