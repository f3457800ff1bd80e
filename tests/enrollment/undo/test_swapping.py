"""Some change from one method to another while others change the other way, in one act: done, undone, and done again."""

from typing import Any

import pytest

from backend.database import fetch, fetch_value
from backend.services.imports import import_work
from tests.enrollment.undo.test_undo_of_several_methods import standing, undo
from tests.groups.test_unlinking import SOURCELESS
from tests.harness.system import System
from tests.imports.loading import prepare

SHEET = b"group_id,user_id,status\nA,ana,deleted\nB,ana,accepted\nB,ben,deleted\nA,ben,accepted\n"
# How often an enrollment has ended.
ENDS = "SELECT count(*) FROM change_log WHERE facet = 'enrollment' AND (new IS NULL OR new->>0 = 'expired')"


class Swap:
    """Two groups with access to one session, due after 20 and after 30 days: ana is in the first, ben in the second, carl in both."""

    def __init__(self, system: System) -> None:
        self.system = system

    async def begin(self) -> None:
        system = self.system
        self.one, self.other = await system.group("One"), await system.group("Other")
        self.ana, self.ben, self.carl = await system.people(3)
        await system.join(self.one, self.ana, self.carl)
        await system.join(self.other, self.ben, self.carl)
        names = ((self.one, "A"), (self.other, "B"))
        for group, name in names:
            await system.write("UPDATE learner_group SET external_id = $2 WHERE id = $1", group, name)
        for person, name in ((self.ana, "ana"), (self.ben, "ben")):
            await system.write("UPDATE learner SET external_id = $2 WHERE id = $1", person, name)
        self.session = await system.session()
        terms: tuple[dict[str, Any], ...] = ({"due_days": 20}, {"due_days": 30, "mandatory": True})
        for group, more in zip((self.one, self.other), terms, strict=True):
            await system.enroll_group(self.session, group, **more)
        await system.settled()

    async def changes(self, how: str) -> list[dict[str, Any]]:
        """What swaps ana and ben."""
        ana, ben, one, other = [self.ana], [self.ben], self.one, self.other
        if how == "a sheet":
            ready = await prepare(self.system.admin, "memberships", SHEET)
            return [{"act": "import", "id": ready["id"]}]
        move = {"act": "members_move", "unlink": "expire"}
        return [
            move | {"group_id": one, "learner_ids": ana, "to_group_id": other},
            move | {"group_id": other, "learner_ids": ben, "to_group_id": one},
        ]

    async def standing(self) -> dict[str, Any]:
        people = {"ana": self.ana, "ben": self.ben, "carl": self.carl}
        return {name: await standing(self.system, self.session, one) for name, one in people.items()}

    async def swap(self, how: str) -> int:
        """In one act; its run."""
        changes = await self.changes(how)
        shown = (await self.system.post("/consequences", {"changes": changes})).json()
        assert (shown["entering"], shown["leaving"]) == (0, 0), shown
        done = await self.system.post("/consequences/apply", {"changes": changes, "hash": shown["hash"]})
        assert done.status_code == 200, done.text
        await import_work.drain()
        await self.system.settled()
        run: int = done.json()["run_id"]
        return run


@pytest.fixture
async def swap(system: System) -> Swap:
    made = Swap(system)
    await made.begin()
    return made


@pytest.mark.parametrize("how", ["moved with the sessions", "a sheet"])
async def test_who_swaps_methods_has_the_other_due_date_and_an_undo_swaps_back(swap: Swap, how: str) -> None:
    """Given ana by one method and ben by another; when they swap in one act; then nobody leaves, and each is due as the other was."""
    system = swap.system
    before = await swap.standing()
    run = await swap.swap(how)
    after = await swap.standing()
    assert after["carl"] == before["carl"]
    for name, other in (("ana", "ben"), ("ben", "ana")):
        state, _, mandatory, *_ = after[name][0]
        assert (state, mandatory) == ("active", before[other][0][2]), name
        assert [one[0] for one in after[name][1]] == [one[0] for one in before[other][1]]
    assert after["ana"][0][1] > before["ana"][0][1]
    assert after["ben"][0][1] < before["ben"][0][1]
    again = await undo(system, run)
    assert await swap.standing() == before
    last = await undo(system, again)
    redone = await swap.standing()
    for name in before:
        assert redone[name][0] == after[name][0], name
    await undo(system, last)
    assert await swap.standing() == before
    assert await fetch_value(ENDS) == 0
    assert await fetch_value(SOURCELESS) == 0


async def test_a_field_swaps_many_at_once(system: System) -> None:
    """Given rules of two languages; when people of each learn in the other in one act; then an undo brings each due date back."""
    people = await system.people(6)
    session = await system.session()
    for language, days in (("en", 20), ("fr", 30)):
        filters = [{"type": "language", "op": "in", "values": [language]}]
        rule = {"blocks": [{"everyone": True, "groups": [], "filters": filters}]}
        await system.apply(session, kind="audience", rule=rule, dynamic=True, due_days=days)
    await system.write("UPDATE learner SET language = 'fr' WHERE id = ANY($1::int[])", people[:3])
    await system.settled()

    async def told() -> list[tuple[Any, ...]]:
        return [await standing(system, session, one) for one in people]

    before = await told()
    changes = [
        {"act": "learner", "id": one, "language": "en" if n < 3 else "fr"} for n, one in enumerate(people)
    ]
    shown = (await system.post("/consequences", {"changes": changes})).json()
    assert (shown["entering"], shown["leaving"]) == (0, 0)
    done = await system.post("/consequences/apply", {"changes": changes, "hash": shown["hash"]})
    await system.settled()
    after = await told()
    assert [one[0][1] for one in after] != [one[0][1] for one in before]
    assert all(one[0][1] < two[0][1] for one, two in zip(after[:3], before[:3], strict=True))
    assert all(one[0][1] > two[0][1] for one, two in zip(after[3:], before[3:], strict=True))
    runs = await fetch("SELECT id FROM run WHERE caused_by = $1", done.json()["run_id"])
    assert runs
    again = await undo(system, done.json()["run_id"])
    assert await told() == before
    last = await undo(system, again)
    assert [one[0] for one in await told()] == [one[0] for one in after]
    await undo(system, last)
    assert await told() == before
    assert await fetch_value(SOURCELESS) == 0
