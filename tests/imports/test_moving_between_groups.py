"""A sheet that moves people from one group to another, both of which give access to one session."""

import pytest

from backend.database import fetch_value
from backend.services.imports import import_work
from tests.groups.test_unlinking import SOURCELESS, Moving
from tests.harness.system import System
from tests.imports.loading import load, prepare


async def named(moving: Moving) -> None:
    """As sheets name them."""
    for name, group in (("G-FROM", moving.group), ("G-TO", moving.other)):
        await moving.system.write("UPDATE learner_group SET external_id = $2 WHERE id = $1", group, name)
    await moving.system.write("UPDATE learner SET external_id = 'ana' WHERE id = $1", moving.ana)
    await moving.system.settled()


SHEET = b"group_id,user_id,status\nG-FROM,ana,deleted\nG-TO,ana,accepted\n"


@pytest.mark.parametrize("gives", ["two rules", "one rule"])
async def test_who_is_moved_by_a_sheet_stays_enrolled(system: System, gives: str) -> None:
    """Given two groups with access to one session; when a sheet moves ana between them; then her enrollment goes on."""
    moving = Moving(system)
    await moving.begin(gives)
    await named(moving)
    sources = await moving.sources()
    before = await system.enrollment(moving.session, moving.ana)
    ready = await prepare(system.admin, "memberships", SHEET)
    change = {"act": "import", "id": ready["id"]}
    shown = (await system.post("/consequences", {"changes": [change]})).json()
    assert (shown["entering"], shown["leaving"], shown["messages"]) == (0, 0, 0)
    done = await system.post("/consequences/apply", {"changes": [change], "hash": shown["hash"]})
    assert done.status_code == 200, done.text
    await import_work.drain()
    found = (await system.admin.get(f"/imports/{ready['id']}")).json()
    assert (found["state"], found["created"], found["updated"], found["errors"]) == ("done", 1, 1, 0)
    await system.settled()
    assert await moving.ends() == 0
    after = await system.enrollment(moving.session, moving.ana)
    assert (after["id"], after["state"], after["since"]) == (before["id"], "active", before["since"])
    assert (await moving.sources() == sources) == (gives == "one rule")
    assert len(await moving.sources()) == 1
    assert await fetch_value(SOURCELESS) == 0
    undone = await system.post(f"/runs/{done.json()['run_id']}/undo", {})
    assert (undone.status_code, undone.json()["left_alone_total"]) == (200, 0), undone.text
    await system.settled()
    assert await moving.ends() == 0
    assert await moving.sources() == sources
    assert (await system.enrollment(moving.session, moving.ana))["due_at"] == before["due_at"]


async def test_who_is_moved_by_a_sheet_where_nothing_holds_them_leaves(system: System) -> None:
    """Given that the other group gives access to nothing any more; when a sheet moves ana; then her access ends."""
    moving = Moving(system)
    await moving.begin("two rules")
    await named(moving)
    await system.write("UPDATE enrollment_method SET active = false WHERE group_id = $1", moving.other)
    await system.settled()
    await load(system.admin, "memberships", SHEET)
    await system.settled()
    assert await system.enrolled(moving.session) == set()
