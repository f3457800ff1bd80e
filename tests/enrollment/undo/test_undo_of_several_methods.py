"""One act that somebody leaves several methods by, or changes from one to another by, is undone as one: nobody is left alone."""

from typing import Any

import pytest

from backend.database import fetch, fetch_value
from tests.groups.test_unlinking import SOURCELESS, complete
from tests.harness.system import System


async def do(system: System, **change: Any) -> int:
    """An act, as it was shown; its run."""
    shown = await system.post("/consequences", {"changes": [change]})
    assert shown.status_code == 200, shown.text
    done = await system.post("/consequences/apply", {"changes": [change], "hash": shown.json()["hash"]})
    assert done.status_code == 200, done.text
    await system.settled()
    run_id: int = done.json()["run_id"]
    return run_id


async def undo(system: System, run_id: int) -> int:
    """Nobody is left alone; the undo's run."""
    undone = await system.post(f"/runs/{run_id}/undo", {})
    assert undone.status_code == 200, undone.text
    told = undone.json()
    assert (told["left_alone"], told["left_facts"]) == ([], [])
    await system.settled()
    undo_id: int = told["id"]
    return undo_id


async def standing(system: System, session: int, person: int) -> tuple[Any, ...]:
    """How somebody is enrolled, and by which sources since when."""
    enrollment = await system.enrollment(session, person)
    rows = await fetch(
        "SELECT method_id, since, kept_from FROM source WHERE learner_id = $1 AND until IS NULL ORDER BY method_id",
        person,
    )
    kept = ("state", "due_at", "mandatory", "since", "completed_at")
    return tuple(enrollment[name] for name in kept), [tuple(row) for row in rows]


@pytest.mark.parametrize("held", [False, True], ids=["ended", "held by another"])
@pytest.mark.parametrize("due", [{}, {"due_days": 3}], ids=["", "due"])
async def test_who_leaves_several_methods_at_once_comes_back_to_each(
    system: System, due: dict[str, int], held: bool
) -> None:
    """Given two snapshots that hold ana; when she leaves their group with its sessions; then an undo opens both again."""
    group, other = await system.group(), await system.group("Other")
    (ana,) = await system.people(1, group)
    await system.join(other, ana)
    session = await system.session()
    for days in (0, 2):
        policy: dict[str, Any] = {name: value + days for name, value in due.items()}
        await system.apply(session, kind="group", group_id=group, dynamic=False, **policy)
    if held:
        later: dict[str, Any] = {name: value + 20 for name, value in due.items()}
        await system.apply(session, kind="group", group_id=other, dynamic=False, **later)
    await system.settled()
    before = await standing(system, session, ana)
    run = await do(system, act="members_remove", group_id=group, learner_ids=[ana], unlink="expire")
    after = await standing(system, session, ana)
    assert await system.enrolled(session) == ({ana} if held else set())
    # Told as it was: her enrollment ended once.
    told = (await system.admin.get(f"/runs/{run}")).json()["runs"]
    assert (told["left"], told["losing"]) == ((0, 2) if held else (1, 1))
    again = await undo(system, run)
    assert await standing(system, session, ana) == before
    last = await undo(system, again)
    assert (await standing(system, session, ana))[0][:3] == after[0][:3]
    await undo(system, last)
    assert await standing(system, session, ana) == before


async def test_who_completed_and_leaves_what_they_were_kept_from_comes_back_to_it(system: System) -> None:
    """Given ana, who completed, kept by hand and in the group again; when she leaves it with its sessions; then both come back."""
    group = await system.group()
    (ana,) = await system.people(1, group)
    activity = await system.activity()
    session = await system.session(activity)
    method = (await system.enroll_group(session, group))["method_id"]
    await complete(system, activity, ana)
    await system.settled()
    first = await do(system, act="members_remove", group_id=group, learner_ids=[ana], unlink="group_only")
    kept = await standing(system, session, ana)
    assert [one[2] for one in kept[1]] == [method]
    second = await do(system, act="members_add", group_id=group, learner_ids=[ana])
    both = await standing(system, session, ana)
    assert len(both[1]) == 2
    # What is completed stays, by hand.
    third = await do(system, act="members_remove", group_id=group, learner_ids=[ana], unlink="expire")
    assert len((await standing(system, session, ana))[1]) == 1
    await undo(system, third)
    assert await standing(system, session, ana) == both
    await undo(system, second)
    assert await standing(system, session, ana) == kept
    # And where that was all that held her.
    fourth = await do(system, act="members_add", group_id=group, learner_ids=[ana])
    await undo(system, fourth)
    await do(system, act="members_remove", group_id=group, learner_ids=[ana], unlink="expire")
    assert await fetch_value(SOURCELESS) == 0
    await undo(
        system, await fetch_value("SELECT max(id) FROM run WHERE session_id IS NULL AND cause <> 'undo'")
    )
    assert await standing(system, session, ana) == kept
    await undo(system, first)
    held = await standing(system, session, ana)
    assert [(one[0], one[2]) for one in held[1]] == [(method, None)]


async def test_who_changes_from_one_method_to_another_changes_back(system: System) -> None:
    """Given rules of two languages, each with its due date; when ana learns in the other; then an undo brings the first date back."""
    (ana,) = await system.people(1)
    session = await system.session()
    for language, days in (("en", 20), ("fr", 30)):
        filters = [{"type": "language", "op": "in", "values": [language]}]
        rule = {"blocks": [{"everyone": True, "groups": [], "filters": filters}]}
        await system.apply(session, kind="audience", rule=rule, dynamic=True, due_days=days)
    await system.settled()
    before = await standing(system, session, ana)
    run = await do(system, act="learner", id=ana, language="fr")
    assert (await standing(system, session, ana))[0][1] > before[0][1]
    await undo(system, run)
    assert await standing(system, session, ana) == before


async def test_a_method_whose_making_was_undone_and_done_again_is_undone_once_more(system: System) -> None:
    """Given a method that was made, undone and made again by undoing that; when that is undone; then it enrolls nobody."""
    group = await system.group()
    (ana,) = await system.people(1, group)
    session = await system.session()
    made = await do(
        system, act="method", session_id=session, kind="group", group_id=group, name="M", dynamic=True
    )
    again = await undo(system, await undo(system, made))
    assert await system.enrolled(session) == {ana}
    last = await undo(system, again)
    assert await fetch_value("SELECT state FROM enrollment_method WHERE group_id = $1", group) == "draft"
    assert await system.enrolled(session) == set()
    await undo(system, last)
    assert await system.enrolled(session) == {ana}
