"""Lists over much: who waits for a session inside a path, and the grid of assignments, by HTTP and in a browser."""

import asyncio
import time
from collections.abc import Awaitable, Callable

import httpx
from playwright.sync_api import Page

from backend.database import execute, fetch, fetch_value
from benchmarks.figures import Figure, quantile
from benchmarks.watching import settled
from benchmarks.writing import Admin
from tests.harness.browser import chromium
from tests.harness.instance import ADMIN_EMAIL, ADMIN_PASSWORD, Muster

# Enrolled in the path's session, all of whom wait; a smaller organisation has everybody in it.
WAITING = 100_000
# Groups and activities of the grid, and of how many of the activities each group is given.
SIDE, GIVEN = 200, 20
# Members of each of the groups.
MEMBERS = 5
# Assignments of one request.
AT_ONCE = 1_000
ASKED = 20
NEEDS_MS, GRID_MS, OPENED_MS = 250.0, 1_000.0, 1_000.0

_MEMBERS = """
INSERT INTO membership (learner_id, group_id, role, since)
SELECT l.id, $1, 'member', now()
FROM (SELECT id FROM learner WHERE status IN ('invited', 'active') ORDER BY id LIMIT $2) l
"""
_GROUPS = """
WITH made AS (
    INSERT INTO learner_group (name) SELECT 'Grid ' || i FROM generate_series(1, $1::integer) i RETURNING id
), chosen AS (
    SELECT id FROM learner WHERE status IN ('invited', 'active') ORDER BY id LIMIT $2::integer
), members AS (
    INSERT INTO membership (learner_id, group_id, role, since) SELECT chosen.id, made.id, 'member', now() FROM made, chosen
)
SELECT id FROM made ORDER BY id
"""
_ACTIVITIES = """
WITH made AS (
    INSERT INTO activity (kind, title) SELECT 'course', 'Grid ' || i FROM generate_series(1, $1::integer) i RETURNING id
), sessions AS (
    INSERT INTO session (activity_id, name) SELECT id, 'Open' FROM made
)
SELECT id FROM made ORDER BY id
"""


async def listing_figures(muster: Muster, token: str) -> list[Figure]:
    """All figures of this part."""
    headers = {"Authorization": f"Bearer {token}"}
    async with httpx.AsyncClient(base_url=f"{muster.address}/api/v1", headers=headers, timeout=60) as client:
        admin = Admin(client)
        figures = await _waiting(muster, admin)
        figures += await _grid(muster, admin)
    return figures + await asyncio.to_thread(_opened, muster)


async def _waiting(muster: Muster, admin: Admin) -> list[Figure]:
    """A path with a program inside, which has two sessions: somebody has to choose for everybody."""
    people = min(
        WAITING, await fetch_value("SELECT count(*) FROM learner WHERE status IN ('invited', 'active')")
    )
    program = (await admin.post("/activities", {"kind": "program", "title": "Inside", "steps": []}))["id"]
    for name in ("Spring", "Autumn"):
        await admin.post("/sessions", {"activity_id": program, "name": name})
    step = {"kind": "program", "title": "Inside", "activity_id": program, "mandatory": True}
    path = (await admin.post("/activities", {"kind": "path", "title": "Outer", "steps": [step]}))["id"]
    session = (await admin.post("/sessions", {"activity_id": path, "name": "Outer"}))["id"]
    group = await admin.group()
    await execute(_MEMBERS, group, people)
    await settled(muster)
    _, applied = await admin.confirm(session, group)
    await admin.finished(applied["run_id"])
    await settled(muster)
    (need,) = (await admin.get("/needs-you/needs_session"))["items"]
    assert need["people"] == people, need
    paths = ("/needs-you", "/needs-you/needs_session", f"/sessions/{session}/inner-steps")
    names = ("GET /needs-you", "GET /needs-you/needs_session", "GET /sessions/{id}/inner-steps")
    return [
        Figure(f"{name}, {people:,} wait", "ms", await _asked(lambda path=path: admin.get(path)), NEEDS_MS)  # type: ignore[misc]  # of a lambda with a default mypy infers nothing
        for name, path in zip(names, paths, strict=True)
    ]


async def _grid(muster: Muster, admin: Admin) -> list[Figure]:
    groups = [row["id"] for row in await fetch(_GROUPS, SIDE, MEMBERS)]
    activities = [row["id"] for row in await fetch(_ACTIVITIES, SIDE)]
    await settled(muster)
    add = [
        {"group_id": group, "activity_id": activities[(row + n * 7) % SIDE]}
        for row, group in enumerate(groups)
        for n in range(GIVEN)
    ]
    for start in range(0, len(add), AT_ONCE):
        asked = {"add": add[start : start + AT_ONCE], "mail": False}
        shown = await admin.post("/assignments/plan", asked)
        await admin.post("/assignments/apply", asked | {"hash": shown["hash"]})
    await settled(muster)
    found = await admin.get("/assignments/grid?q=Grid&activity_q=Grid")
    size = (len(found["groups"]), len(found["activities"]), len(found["cells"]))
    assert size == (SIDE, SIDE, SIDE * GIVEN), size
    taken = await _asked(lambda: admin.get("/assignments/grid?q=Grid&activity_q=Grid"))
    return [Figure(f"GET /assignments/grid, {SIDE} by {SIDE}, {SIDE * GIVEN:,} given", "ms", taken, GRID_MS)]


async def _asked(ask: Callable[[], Awaitable[object]]) -> float:
    """Milliseconds within which nearly all of the answers are there, read and decoded."""
    taken = []
    for _ in range(ASKED):
        started = time.perf_counter()
        await ask()
        taken.append((time.perf_counter() - started) * 1000)
    return quantile(taken, 0.95)


def _opened(muster: Muster) -> list[Figure]:
    """From the address to the first row of the grid, in a browser that has been here before."""
    with chromium() as browser:
        context = browser.new_context(base_url=muster.address)
        signed_in = context.request.post(
            "/api/v1/auth/login",
            data={"email": ADMIN_EMAIL, "password": ADMIN_PASSWORD},
            headers={"Origin": muster.address},
        )
        assert signed_in.ok, signed_in.text()
        page = context.new_page()
        taken = sorted(_open(page) for _ in range(6))
    return [
        Figure(
            f"the grid in a browser, {SIDE} by {SIDE}, to its first row",
            "ms",
            taken[len(taken) // 2],
            OPENED_MS,
        )
    ]


def _open(page: Page) -> float:
    page.goto("about:blank")
    started = time.perf_counter()
    page.goto("/assignments?q=Grid&activity=Grid", wait_until="commit")
    page.locator('[role="row"][aria-rowindex="2"]').wait_for()
    return (time.perf_counter() - started) * 1000
