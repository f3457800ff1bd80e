"""Asking what an act would do, and doing it as it was shown."""

from typing import Any

import httpx

from tests.harness.system import System

Json = dict[str, Any]


async def asked(system: System, *changes: Json, client: httpx.AsyncClient | None = None) -> Json:
    """The consequences of these changes."""
    answer = await system.post("/consequences", {"changes": list(changes)}, client)
    assert answer.status_code == 200, answer.text
    found: Json = answer.json()
    return found


async def done(
    system: System,
    method: str,
    path: str,
    seen: str,
    body: Any = None,
    client: httpx.AsyncClient | None = None,
) -> httpx.Response:
    """The write, with the hash of what was shown."""
    return await (client or system.admin).request(
        method, path, headers={"If-Consequences": seen}, **({} if body is None else {"json": body})
    )


async def people(
    system: System, change: str, *changes: Json, client: httpx.AsyncClient | None = None, **more: Any
) -> set[int]:
    """Whom a number opens to."""
    body = {"changes": list(changes), "change": change, **more}
    answer = await system.post("/consequences/people", body, client)
    assert answer.status_code == 200, answer.text
    return {item["learner"]["id"] for item in answer.json()["items"]}


async def messages(system: System, *changes: Json, limit: int = 100, page: int = 0) -> Json:
    """A page of the messages that would go out, read after those before it."""
    found: Json = {"next": None}
    for _ in range(page + 1):
        body = {"changes": list(changes), "limit": limit, "cursor": found["next"]}
        answer = await system.post("/consequences/messages", body)
        assert answer.status_code == 200, answer.text
        found = answer.json()
    return found
