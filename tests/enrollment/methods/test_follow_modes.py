"""How a dynamic method follows its audience: only in, only out, between two instants, and whether who left comes back."""

from collections.abc import Iterator
from datetime import timedelta
from typing import Any

import pytest

from backend.runtime import clock
from tests.harness.system import System, until

LIVE = "SELECT coalesce(array_agg(learner_id ORDER BY learner_id), '{}') FROM enrollment WHERE session_id = $1 AND state <> 'expired'"


@pytest.fixture(autouse=True)
def _restored_clock() -> Iterator[None]:
    yield
    clock.set_offset(timedelta(0))


def following(group: int, **how: Any) -> dict[str, Any]:
    """A dynamic method of a group."""
    return {"kind": "audience", "dynamic": True, "rule": {"blocks": [{"groups": [group]}]}, **how}


async def consequences(system: System, change: dict[str, Any]) -> tuple[int, int]:
    """How many would enter and leave."""
    told = (await system.post("/consequences", {"changes": [change]})).json()
    return told["entering"], told["leaving"]


async def test_a_method_that_only_enters_lets_nobody_go(system: System) -> None:
    group = await system.group()
    (first,) = await system.people(1, group)
    session = await system.session()
    applied = await system.apply(session, **following(group, follow="enter"))
    await system.leave(group, first)
    (second,) = await system.people(1, group)
    await system.settled()
    assert await system.enrolled(session) == {first, second}
    # Nor does a plan of it, unless it is to follow both ways.
    method = {"method_id": applied["method_id"]}
    assert (await system.plan(session, **method))["leaving"] == 0
    assert (await system.plan(session, **method, follow="both"))["leaving"] == 1


async def test_a_method_that_only_lets_go_enters_nobody_whom_no_person_confirmed(system: System) -> None:
    group = await system.group()
    first, second = await system.people(2, group)
    session = await system.session()
    await system.apply(session, **following(group, follow="leave"))
    assert await system.enrolled(session) == {first, second}
    (third,) = await system.people(1)
    inside = {"act": "members_add", "group_id": group, "learner_ids": [third]}
    assert await consequences(system, inside) == (0, 0)
    await system.join(group, third)
    await system.leave(group, first)
    await system.settled()
    assert await system.enrolled(session) == {second}


async def test_who_left_comes_back_never_or_after_some_days(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    never, later = await system.session(), await system.session()
    await system.apply(never, **following(group, reenter="never"))
    await system.apply(later, **following(group, reenter="after_days", reenter_days=3))
    await system.leave(group, person)
    await system.settled()
    assert await system.enrolled(never) == await system.enrolled(later) == set()
    inside = {"act": "members_add", "group_id": group, "learner_ids": [person]}
    assert await consequences(system, inside) == (0, 0)
    await system.join(group, person)
    await system.settled()
    assert await system.enrolled(never) == await system.enrolled(later) == set()
    clock.set_offset(timedelta(days=3))
    await until(LIVE, later, is_=[person])
    assert await system.enrolled(never) == set()


async def explained(system: System, session: int, group: int, person: int, **more: Any) -> dict[str, Any]:
    """How the person stands in the session whose method holds the group."""
    body = {"rule": {"blocks": [{"groups": [group]}]}, "learner_id": person, "session_id": session, **more}
    answer = await system.post("/audiences/explain", body)
    assert answer.status_code == 200, answer.text
    assert answer.json()["matches"] is True
    found: dict[str, Any] = answer.json()["standing"]
    return found


async def test_who_left_is_told_when_they_may_return(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    session, other = await system.session(), await system.session()
    days = {"reenter": "after_days", "reenter_days": 3}
    later = (await system.apply(session, **following(group, name="Sales", **days)))["method_id"]
    await system.apply(other, **following(group, reenter="never"))
    assert (await explained(system, session, group, person))["barred"] is None
    await system.leave(group, person)
    await system.settled()
    await system.join(group, person)
    await system.settled()
    day = clock.today("UTC") + timedelta(days=3)
    told = await explained(system, session, group, person, method_id=later)
    assert (told["state"], told["returns_on"]) == ("ended", day.isoformat())
    assert told["barred"]["sentence"] == f"Left “Sales” and may return on {day.day} {day:%B %Y}"
    told = await explained(system, other, group, person)
    assert (told["returns_on"], told["barred"]["cause"]) == (None, "returns")
    # Another method of the session is not what keeps them out.
    everybody = await system.apply(session, **following(group, on_leave="keep"))
    told = await explained(system, session, group, person, method_id=everybody["method_id"])
    assert (told["state"], told["barred"]) == ("enrolled", None)


async def test_undoing_that_somebody_left_takes_them_in_again(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    session = await system.session()
    await system.apply(session, **following(group, reenter="never"))
    removal = {"learner_ids": [person], "unlink": "expire"}
    act = {"act": "members_remove", "group_id": group, **removal}
    told = (await system.post("/consequences", {"changes": [act]})).json()
    done = await system.admin.post(
        f"/groups/{group}/members/remove", json=removal, headers={"If-Consequences": told["hash"]}
    )
    await until(LIVE, session, is_=[])
    assert (await system.post(f"/runs/{done.headers['Run']}/undo", {})).is_success
    await until(LIVE, session, is_=[person])
    await system.settled()
    assert await system.write_value("SELECT count(*) FROM departure") == 0


LEFT_ON = "SELECT min(left_on) FROM departure WHERE learner_id = $1"


async def act(system: System, **change: Any) -> int:
    """Do it as it was shown; its run."""
    told = (await system.post("/consequences", {"changes": [change]})).json()
    done = await system.post("/consequences/apply", {"changes": [change], "hash": told["hash"]})
    assert done.is_success, done.text
    await system.settled()
    found: int = done.json()["run_id"]
    return found


async def undo(system: System, run: int) -> int:
    """Take it back; the undo's run."""
    answer = await system.post(f"/runs/{run}/undo", {})
    assert answer.is_success, answer.text
    await system.settled()
    found: int = answer.json()["id"]
    return found


async def test_undoing_the_undo_of_a_departure_writes_it_again(system: System) -> None:
    """Given that somebody left for good; when that is undone, and the undo too; then they have left since the same day."""
    group = await system.group()
    (person,) = await system.people(1, group)
    session = await system.session()
    await system.apply(session, **following(group, reenter="never"))
    removal = {"group_id": group, "learner_ids": [person], "unlink": "expire"}
    run = await act(system, act="members_remove", **removal)
    left_on = await system.write_value(LEFT_ON, person)
    assert left_on is not None
    clock.set_offset(timedelta(days=2))
    first = await undo(system, run)
    assert await system.enrolled(session) == {person}
    second = await undo(system, first)
    assert await system.write_value(LEFT_ON, person) == left_on
    await act(system, act="members_add", group_id=group, learner_ids=[person])
    assert await system.enrolled(session) == set()
    # And a third time the other way round.
    await system.leave(group, person)
    await system.settled()
    await undo(system, second)
    assert await system.enrolled(session) == {person}
    assert await system.write_value(LEFT_ON, person) is None


async def test_undoing_that_a_method_takes_everybody_back_bars_them_again(system: System) -> None:
    group = await system.group()
    (person,) = await system.people(1, group)
    session = await system.session()
    method = (await system.apply(session, **following(group, reenter="never")))["method_id"]
    await system.leave(group, person)
    await system.settled()
    await system.join(group, person)
    await system.settled()
    left_on = await system.write_value(LEFT_ON, person)
    done = await system.apply(session, method_id=method, reenter="always")
    assert await system.enrolled(session) == {person}
    await undo(system, done["run_id"])
    assert await system.enrolled(session) == set()
    assert await system.write_value(LEFT_ON, person) == left_on


async def test_a_method_starts_and_ends(system: System) -> None:
    """Before it starts it enrolls nobody; when it has ended, its people leave as its policy says."""
    group = await system.group()
    (person,) = await system.people(1, group)
    session, kept = await system.session(), await system.session()
    now = clock.now()
    window = {
        "starts_at": (now + timedelta(days=1)).isoformat(),
        "ends_at": (now + timedelta(days=3)).isoformat(),
    }
    plan = await system.plan(session, **following(group, **window))
    assert plan["entering"] == 0
    assert [warning["code"] for warning in plan["warnings"]] == ["not_started"]
    await system.apply(session, **following(group, **window))
    await system.apply(kept, **following(group, **window, follow="enter"))
    await system.settled()
    assert await system.enrolled(session) == set()
    clock.set_offset(timedelta(days=2))
    await until(LIVE, session, is_=[person])
    await until(LIVE, kept, is_=[person])
    clock.set_offset(timedelta(days=4))
    await until(LIVE, session, is_=[])
    assert await system.enrolled(kept) == {person}


REFUSED: list[tuple[dict[str, Any], str]] = [
    ({"dynamic": False, "follow": "enter"}, "follow"),
    ({"dynamic": False, "reenter": "never"}, "reenter"),
    ({"dynamic": False, "ends_at": "2030-01-01T00:00:00Z"}, "ends_at"),
    ({"follow": "enter", "reenter": "never"}, "reenter"),
    ({"follow": "leave", "reenter": "never"}, "reenter"),
    ({"reenter": "after_days"}, "reenter_days"),
    ({"reenter": "never", "reenter_days": 3}, "reenter_days"),
    ({"starts_at": "2030-01-02T00:00:00Z", "ends_at": "2030-01-01T00:00:00Z"}, "ends_at"),
]


async def test_what_does_not_fit_together_is_refused(system: System) -> None:
    group, session = await system.group(), await system.session()
    for how, path in REFUSED:
        answer = await system.post(f"/sessions/{session}/plan", {**following(group), **how})
        assert answer.status_code == 422, how
        assert [error["path"] for error in answer.json()["errors"]] == [path], how
    picked = {"kind": "manual", "rule": {"include": []}, "follow": "leave"}
    assert (await system.post(f"/sessions/{session}/plan", picked)).status_code == 422
