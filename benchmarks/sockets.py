"""What a browser feels: previews over the socket while typing, and a committed change on a coach's screen."""

import asyncio
import json
import secrets
import time
from collections.abc import AsyncIterator, Callable, Sequence
from contextlib import asynccontextmanager, suppress
from itertools import count
from typing import Any

import httpx
import msgspec
from websockets.asyncio.client import ClientConnection, connect

from backend.rules import Rule
from benchmarks.figures import Figure, quantile

CHANGES = 200
PATIENCE_SECONDS = 30
# Others' changes, and how many of them one request makes.
RATE = 1_000
AT_ONCE = 50


async def open_socket(url: str, token: str, max_queue: int | None = 16) -> ClientConnection:
    """A socket of the person the token is of; it reads ahead at most `max_queue` frames."""
    headers = {"Authorization": f"Bearer {token}"}
    return await connect(
        url, additional_headers=headers, compression=None, max_size=None, max_queue=max_queue
    )


async def until(socket: ClientConnection, **wanted: Any) -> dict[str, Any]:
    """The first frame to come with these values."""
    async with asyncio.timeout(PATIENCE_SECONDS):
        while True:
            frame: dict[str, Any] = json.loads(await socket.recv())
            assert frame["type"] != "error", frame
            if all(frame.get(name) == value for name, value in wanted.items()):
                return frame


async def preview_figures(url: str, token: str, rules: Sequence[Rule]) -> list[Figure]:
    """One editor typing: each rule replaces the one before under the same id, and is waited for."""
    taken = []
    async with await open_socket(url, token) as socket:
        for rule in rules:
            frame = json.dumps({"type": "preview", "id": "a", "rule": msgspec.to_builtins(rule)})
            started = time.perf_counter()
            await socket.send(frame)
            await until(socket, type="counts")
            taken.append((time.perf_counter() - started) * 1000)
    return [
        Figure("preview over the socket, p50", "ms", quantile(taken, 0.5), 5.0),
        Figure("preview over the socket, p95", "ms", quantile(taken, 0.95), 25.0),
    ]


class Class:
    """A session with a dynamic audience on a field, and its coach."""

    def __init__(self, http: httpx.Client) -> None:
        self.http = http
        self.field = next(
            f for f in self._get("/fields")["items"] if f["type"] == "choice" and len(f["options"]) > 1
        )
        self.inside, self.outside = self.field["options"][:2]
        # A kept directory has those of earlier runs.
        self.mark = secrets.token_hex(4)
        self.coach_email = f"coach-{self.mark}@bench.example"
        self.group = self._post("/groups", {"name": "Benchmark"})["id"]
        self.coach = self._post("/learners", {"email": self.coach_email})["id"]
        self.learners = [
            self._post(
                "/learners",
                {
                    "email": f"learner-{i}-{self.mark}@bench.example",
                    "fields": {self.field["key"]: self.outside},
                },
            )
            for i in range(5)
        ]
        members = [learner["id"] for learner in self.learners]
        self._post(f"/groups/{self.group}/members", {"learner_ids": members})
        self._post(f"/groups/{self.group}/members", {"learner_ids": [self.coach], "role": "coach"})
        activity = self._post("/activities", {"kind": "path", "title": "Benchmark", "steps": []})["id"]
        self.session = self._post(
            "/sessions",
            {
                "activity_id": activity,
                "name": "Benchmark",
                "group_id": self.group,
                "fuse": {"count": 1000, "percent": 100, "most": 1_000_000, "entering": 1_000_000},
            },
        )["id"]
        filter_ = {"type": "field", "field": self.field["key"], "op": "in", "values": [self.inside]}
        method = {
            "kind": "audience",
            "dynamic": True,
            "rule": {"blocks": [{"groups": [self.group], "filters": [filter_]}]},
        }
        plan = self._post(f"/sessions/{self.session}/plan", method)
        self._post(f"/sessions/{self.session}/apply", method | {"hash": plan["hash"]})

    def _get(self, path: str) -> Any:
        return self.http.get(path).raise_for_status().json()

    def _post(self, path: str, body: Any) -> Any:
        answer = self.http.post(path, json=body)
        assert answer.is_success, f"{path}: {answer.text}"
        return answer.json()


async def change_figures(url: str, base: str, token: str, coach_token: str, lesson: Class) -> list[Figure]:
    """One change after another, with nothing else to do and among a thousand changes a second."""
    after, whole = await _changes(url, base, token, coach_token, lesson)
    figures = [
        Figure("change by HTTP to the coach's socket, p50", "ms", quantile(after, 0.5), 15.0),
        Figure("change by HTTP to the coach's socket, p95", "ms", quantile(after, 0.95), 250.0),
        Figure("the same with the HTTP request itself, p50", "ms", quantile(whole, 0.5)),
        Figure("the same with the HTTP request itself, p95", "ms", quantile(whole, 0.95)),
    ]
    async with _traffic(base, token) as rate:
        after, _ = await _changes(url, base, token, coach_token, lesson)
        made = rate()
    return [
        *figures,
        Figure(
            f"change to the coach's socket among {RATE:,} changes a second, p50", "ms", quantile(after, 0.5)
        ),
        Figure(
            f"change to the coach's socket among {RATE:,} changes a second, p95",
            "ms",
            quantile(after, 0.95),
            500.0,
        ),
        Figure("changes a second that were made meanwhile", "1/s", made),
    ]


async def _changes(
    url: str, base: str, token: str, coach_token: str, lesson: Class
) -> tuple[list[float], list[float]]:
    """Milliseconds from the change's answer to the coach's socket; and from sending the change over HTTP."""
    whole, after = [], []
    async with (
        await open_socket(url, coach_token) as socket,
        httpx.AsyncClient(base_url=base, headers={"Authorization": f"Bearer {token}"}, timeout=30) as client,
    ):
        await socket.send(json.dumps({"type": "watch", "id": "s", "topic": f"session:{lesson.session}"}))
        await until(socket, type="state")
        for i in range(CHANGES):
            learner = lesson.learners[i % len(lesson.learners)]["id"]
            enters = i // len(lesson.learners) % 2 == 0
            value = lesson.inside if enters else lesson.outside
            seen = asyncio.create_task(until(socket, type="event", event="entered" if enters else "left"))
            started = time.perf_counter()
            answer = await client.patch(f"/learners/{learner}", json={"fields": {lesson.field["key"]: value}})
            committed = time.perf_counter()
            assert answer.is_success, answer.text
            frame = await seen
            assert frame["data"]["learner"]["id"] == learner
            arrived = time.perf_counter()
            whole.append((arrived - started) * 1000)
            after.append(max(arrived - committed, 0) * 1000)
    return after, whole


@asynccontextmanager
async def _traffic(base: str, token: str) -> AsyncIterator[Callable[[], float]]:
    """Others' changes: people put into a group and taken out of it again, `RATE` a second; gives how many it really is."""
    made, started = 0, time.monotonic()

    async def send() -> None:
        nonlocal made
        headers = {"Authorization": f"Bearer {token}"}
        async with httpx.AsyncClient(base_url=base, headers=headers, timeout=30) as client:
            listed = await client.get("/learners", params={"limit": AT_ONCE})
            people = [learner["id"] for learner in listed.json()["items"]]
            group = (await client.post("/groups", json={"name": f"Traffic {secrets.token_hex(4)}"})).json()[
                "id"
            ]
            for turn in count():
                path = f"/groups/{group}/members" + ("/remove" if turn % 2 else "")
                answer = await client.post(path, json={"learner_ids": people})
                assert answer.is_success, answer.text
                made += len(people)
                await asyncio.sleep(max(0.0, started + made / RATE - time.monotonic()))

    task = asyncio.create_task(send())
    try:
        yield lambda: made / (time.monotonic() - started)
    finally:
        task.cancel()
        with suppress(asyncio.CancelledError):
            await task
