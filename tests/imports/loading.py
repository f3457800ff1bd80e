"""Loads files over the API and tells what became of them."""

from pathlib import Path
from typing import Any

import httpx

from backend.services.imports import import_work

FILES = Path(__file__).parent / "files"
IGNORE = {"unused_columns": "ignore"}


async def prepare(
    admin: httpx.AsyncClient, kind: str, content: bytes, answers: dict[str, str] | None = None
) -> dict[str, Any]:
    """A file that was read, and its questions answered."""
    made = await admin.post("/imports", files={"file": ("sheet", content)}, data={"kind": kind})
    assert made.status_code == 202, made.text
    path = f"/imports/{made.json()['id']}"
    await import_work.drain()
    if answers:
        answered = await admin.post(f"{path}/answers", json=answers)
        assert answered.status_code == 200, answered.text
        await import_work.drain()
    found: dict[str, Any] = (await admin.get(path)).json()
    return found


async def load(
    admin: httpx.AsyncClient, kind: str, name: str | bytes, answers: dict[str, str] | None = None
) -> dict[str, Any]:
    """A file that was applied."""
    content = name if isinstance(name, bytes) else (FILES / name).read_bytes()
    ready = await prepare(admin, kind, content, answers)
    assert ready["state"] == "ready", ready
    applied = await admin.post(f"/imports/{ready['id']}/apply")
    assert applied.status_code == 200, (applied.text, ready["questions"])
    await import_work.drain()
    done: dict[str, Any] = (await admin.get(f"/imports/{ready['id']}")).json()
    assert done["state"] == "done"
    for count in ("created", "updated", "unchanged", "errors", "reactivated", "left"):
        assert done[count] == ready[count], f"{count}: what was foreseen was not done"
    return done


def counts(found: dict[str, Any]) -> tuple[int, int, int, int]:
    return found["created"], found["updated"], found["unchanged"], found["errors"]


async def problems(admin: httpx.AsyncClient, found: dict[str, Any]) -> list[tuple[int, str]]:
    rows = (await admin.get(f"/imports/{found['id']}/rows", params={"limit": 1000})).json()["items"]
    return [(row["row"], row["problem"]["code"]) for row in rows if row["problem"]]


async def people(admin: httpx.AsyncClient) -> dict[str, dict[str, Any]]:
    """Everybody but the admin, by the part of their address before the @."""
    rows = (await admin.get("/learners", params={"limit": 1000})).json()["items"]
    return {row["email"].partition("@")[0].lower(): row for row in rows if row["email"] != "root@example.org"}


async def fields(admin: httpx.AsyncClient, **types: str) -> None:
    for key, kind in types.items():
        assert (await admin.post("/fields", json={"key": key, "name": key, "type": kind})).is_success


async def group(admin: httpx.AsyncClient, name: str) -> int:
    made = await admin.post("/groups", json={"name": name, "external_id": name})
    assert made.status_code == 201, made.text
    return int(made.json()["id"])
