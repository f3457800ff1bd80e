"""Requests over HTTP: how many a second one API process answers to sixteen clients, and a hundred previews one after the other."""

import asyncio
import json
import time
from collections.abc import Callable, Sequence
from typing import Any, Self
from urllib.parse import urlsplit

import httpx
import msgspec

from backend.rules import Rule
from benchmarks.figures import Figure, quantile

CLIENTS = 16
# Of each client, for each kind of request.
REQUESTS_EACH = 60
PREVIEWS = 100
# People whose pages are opened and whose names are changed, each by one client alone.
PEOPLE = CLIENTS
# 1,000 and 400 requests a second.
READ_MS, WRITE_MS = 1.0, 2.5
PREVIEWS_SECONDS = 0.25

# Method, path and body of a client's nth request.
Request = Callable[[int, int], tuple[str, str, Any]]


class Client:
    """One kept connection, with as little of a client as will do: it runs beside what it measures."""

    def __init__(self, address: str, token: str) -> None:
        self._address, self._token = address, token

    async def __aenter__(self) -> Self:
        parts = urlsplit(self._address)
        self._reader, self._writer = await asyncio.open_connection(parts.hostname, parts.port)
        return self

    async def __aexit__(self, *_: object) -> None:
        self._writer.close()

    async def ask(self, method: str, path: str, body: Any = None) -> None:
        """One request, answered with success."""
        content = b"" if body is None else json.dumps(body).encode()
        head = (
            f"{method} {path} HTTP/1.1\r\nHost: x\r\nAuthorization: Bearer {self._token}\r\n"
            f"Content-Type: application/json\r\nContent-Length: {len(content)}\r\n\r\n"
        )
        self._writer.write(head.encode() + content)
        answer = await self._reader.readuntil(b"\r\n\r\n")
        length = next(
            int(line.partition(b":")[2])
            for line in answer.split(b"\r\n")
            if line.startswith(b"content-length:")
        )
        told = await self._reader.readexactly(length)
        assert answer.startswith(b"HTTP/1.1 2"), (answer, told)


async def request_figures(address: str, token: str, rules: Sequence[Rule]) -> list[Figure]:
    """The figures of an instance with one API process."""
    bodies = [{"rule": msgspec.to_builtins(rule), "sample": 0} for rule in rules[:PREVIEWS]]
    people = await _people(address, token)
    kinds: list[tuple[str, float, Request]] = [
        (
            "preview",
            READ_MS,
            lambda client, n: ("POST", "/api/v1/audiences/preview", bodies[(client + n) % len(bodies)]),
        ),
        (
            "GET /learners/{id}",
            READ_MS,
            lambda client, _: ("GET", f"/api/v1/learners/{people[client]}", None),
        ),
        (
            "PATCH /learners/{id}",
            WRITE_MS,
            lambda client, n: ("PATCH", f"/api/v1/learners/{people[client]}", {"first_name": f"Name {n}"}),
        ),
    ]
    figures = [await _previews(address, token, bodies)]
    for name, most, request in kinds:
        figures += await _at_once(address, token, name, most, request)
    return figures


async def _people(address: str, token: str) -> list[int]:
    headers = {"Authorization": f"Bearer {token}"}
    mark = time.time_ns()
    rows = [{"email": f"asked-{i}-{mark}@bench.example"} for i in range(PEOPLE)]
    async with httpx.AsyncClient(base_url=f"{address}/api/v1", headers=headers, timeout=60) as client:
        made = [await client.post("/learners", json=row) for row in rows]
    return [answer.json()["id"] for answer in made]


async def _previews(address: str, token: str, bodies: Sequence[dict[str, Any]]) -> Figure:
    """The same rules once before, as somebody who looks at them again."""
    seconds = 0.0
    async with Client(address, token) as client:
        for _ in range(2):
            started = time.perf_counter()
            for n in range(PREVIEWS):
                await client.ask("POST", "/api/v1/audiences/preview", bodies[n % len(bodies)])
            seconds = time.perf_counter() - started
    return Figure(f"{PREVIEWS} previews over HTTP, one after the other", "s", seconds, PREVIEWS_SECONDS)


async def _at_once(address: str, token: str, name: str, most: float, request: Request) -> list[Figure]:
    taken: list[float] = []

    async def client(number: int) -> None:
        async with Client(address, token) as client:
            for n in range(REQUESTS_EACH):
                started = time.perf_counter()
                await client.ask(*request(number, n))
                taken.append((time.perf_counter() - started) * 1000)

    started = time.perf_counter()
    await asyncio.gather(*(client(number) for number in range(CLIENTS)))
    each = (time.perf_counter() - started) * 1000 / len(taken)
    return [
        Figure(f"{name}, {CLIENTS} clients, time for each", "ms", each, most),
        Figure(f"{name}, {CLIENTS} clients, requests a second", "1/s", 1000 / each),
        Figure(f"{name}, {CLIENTS} clients, answered within, p95", "ms", quantile(taken, 0.95)),
    ]
