"""Many people at their rules at once: sixteen who type, and a hundred whose rules stay open while facts change."""

import asyncio
import json
import time
from collections.abc import Sequence
from random import Random
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection

from backend.rules import Rule
from benchmarks.figures import Figure, quantile
from benchmarks.sockets import Class, open_socket, until

TYPISTS = 16
RULES_EACH = 40
# A quick typist changes a rule about seven times a second.
KEYSTROKE_SECONDS = 0.15
EDITORS = 100
JOINS = 20
# People whose facts change at once while the editors look on.
MOVED = 50


async def typing_figures(url: str, token: str, rules: Sequence[Rule], seed: int = 1) -> list[Figure]:
    """Each types rules of their own, at the pace of a person."""
    random = Random(seed)
    taken: list[float] = []

    async def typist() -> None:
        async with await open_socket(url, token) as socket:
            for _ in range(RULES_EACH):
                await asyncio.sleep(random.uniform(0.5, 1.5) * KEYSTROKE_SECONDS)
                frame = json.dumps(
                    {"type": "preview", "id": "a", "rule": msgspec.to_builtins(random.choice(rules))}
                )
                started = time.perf_counter()
                await socket.send(frame)
                await until(socket, type="counts")
                taken.append((time.perf_counter() - started) * 1000)

    await asyncio.gather(*(typist() for _ in range(TYPISTS)))
    name = f"preview with {TYPISTS} editors typing, a rule every {KEYSTROKE_SECONDS * 1000:.0f} ms each"
    return [
        Figure(f"{name}, p50", "ms", quantile(taken, 0.5), 5.0),
        Figure(f"{name}, p95", "ms", quantile(taken, 0.95), 25.0),
    ]


async def editor_figures(
    url: str, base: str, token: str, rules: Sequence[Rule], lesson: Class
) -> list[Figure]:
    """A hundred different rules stay subscribed; each has the class's group in it, which somebody joins again and again.

    Meanwhile other people's facts change in bulk, without a pause.
    """
    sockets = [await open_socket(url, token) for _ in range(EDITORS)]
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=base, headers=headers, timeout=60) as client:
        for i, socket in enumerate(sockets):
            rule: dict[str, Any] = msgspec.to_builtins(rules[i % len(rules)])
            # The count of the first block tells of joining alone, whatever else changes.
            rule["blocks"] = [{"groups": [lesson.group]}, *rule["blocks"]]
            # No two are one topic.
            rule["exclude"] = [lesson.learners[0]["id"]]
            await socket.send(json.dumps({"type": "preview", "id": "a", "rule": rule, "sample": 0}))
        members = [(await until(socket, type="counts"))["blocks"][0]["total"] for socket in sockets]
        facts = asyncio.create_task(change_facts(client, lesson))
        last, middle = await _joins(client, sockets, lesson, members[0])
        facts.cancel()
        await asyncio.gather(facts, return_exceptions=True)
    for socket in sockets:
        await socket.close()
    return [
        Figure(
            f"{EDITORS} editors with different rules, last one told, p50", "ms", quantile(last, 0.5), 250.0
        ),
        Figure(f"{EDITORS} editors with different rules, last one told, worst", "ms", max(last)),
        Figure(f"{EDITORS} editors with different rules, middle one told, p50", "ms", quantile(middle, 0.5)),
    ]


async def _joins(
    client: httpx.AsyncClient, sockets: Sequence[ClientConnection], lesson: Class, members: int
) -> tuple[list[float], list[float]]:
    last, middle = [], []
    for i in range(JOINS):
        joining = (
            await client.post("/learners", json={"email": f"join-{i}-{lesson.mark}@bench.example"})
        ).json()
        wanted = members + i + 1
        told = [asyncio.create_task(_told(socket, wanted)) for socket in sockets]
        answer = await client.post(f"/groups/{lesson.group}/members", json={"learner_ids": [joining["id"]]})
        committed = time.perf_counter()
        assert answer.is_success, answer.text
        arrived = [(at - committed) * 1000 for at in await asyncio.gather(*told)]
        last.append(max(arrived))
        middle.append(quantile(arrived, 0.5))
    return last, middle


async def _told(socket: ClientConnection, members: int) -> float:
    while (await until(socket, type="counts"))["blocks"][0]["total"] < members:
        pass
    return time.perf_counter()


async def change_facts(client: httpx.AsyncClient, lesson: Class) -> None:
    """Change the same people's facts in bulk, again and again, until cancelled."""
    turn = 0
    while True:
        turn += 1
        value = (lesson.inside, lesson.outside)[turn % 2]
        people = [
            {"email": f"moved-{i}-{lesson.mark}@bench.example", "fields": {lesson.field["key"]: value}}
            for i in range(MOVED)
        ]
        answer = await client.post("/learners/bulk", json={"learners": people})
        assert answer.is_success, answer.text
