"""An act is a run: what follows from it names it, and what was confirmed passes the fuses."""

from typing import Any

import msgspec
from pyroaring import BitMap

from backend.database import fetch, fetch_value, transaction
from backend.schemas.groups import MembersInput
from backend.services.access.actor import Actor
from backend.services.consequences.act_runs import act_run
from backend.services.consequences.outcome import Changed, MethodOutcome
from backend.services.groups import memberships
from tests.consequences.acting import Scene, Summary, picture
from tests.consequences.asking import asked, done
from tests.harness.system import System


class Shown(msgspec.Struct):
    """What somebody was shown."""

    methods: list[MethodOutcome]


async def _runs(run_id: int, **more: Any) -> list[dict[str, Any]]:
    rows = await fetch("SELECT * FROM run WHERE caused_by = $1 ORDER BY id", run_id)
    return [dict(row) for row in rows if all(row[name] == value for name, value in more.items())]


async def test_what_follows_names_the_act(system: System) -> None:
    scene = Scene(system)
    await scene.begin()
    # Nothing follows, and nothing is changed: no trace.
    assert await scene.do([Summary("members_add", {"group_id": scene.sales, "people": 1})]) is None
    run = await scene.remove(scene.people[:3], unlink="expire")
    assert run is not None
    shown = (await system.admin.get(f"/runs/{run}")).json()
    assert shown["sentence"] == "Removed 3 people from Sales"
    assert (shown["cause"], shown["actor"]["id"], shown["session_id"]) == ("act", system.admin_id, None)
    followed = (await system.admin.get("/runs", params={"caused_by": run})).json()
    assert followed["total"] == shown["runs"]["count"] > 0
    assert sum(one["left"] for one in followed["items"]) == shown["runs"]["left"] > 0
    for one in followed["items"]:
        assert (one["caused_by"], one["cause_sentence"]) == (run, "Removed 3 people from Sales")
        assert one["cause_actor"]["id"] == system.admin_id
    tops = (await system.admin.get("/runs", params={"caused_by": 0})).json()["items"]
    assert run in {one["id"] for one in tops}
    assert not {one["id"] for one in tops} & {one["id"] for one in followed["items"]}
    person = scene.people[3]
    await system.write("UPDATE learner SET first_name = 'Ana', last_name = 'Lopez' WHERE id = $1", person)
    edit = {"language": "fr", "first_name": "Ana", "fields": {"city": "Lyon", "shoe": 41}}
    asked_of = await asked(system, {"act": "learner", "id": person, **edit})
    changed = await done(system, "PATCH", f"/learners/{person}", asked_of["hash"], edit)
    told = (await system.admin.get(f"/runs/{changed.headers['Run']}")).json()["sentence"]
    # What was given and stays as it was is not named.
    assert told == "Changed the language, City, Shoe of Ana Lopez"
    # What follows from what followed is the act's, too: their place is free, and others who waited for it come.
    french = await system.admin.get(f"/runs/{run}", headers={"Accept-Language": "fr"})
    assert french.json()["sentence"] != shown["sentence"]


async def test_what_follows_from_what_follows_is_the_acts(system: System) -> None:
    scene = Scene(system)
    await scene.begin()
    person = scene.people[0]
    # Another session of the same activity wants whom the first one has.
    second = await system.session(scene.basics)
    await system.enroll_group(second, scene.spare)
    await system.settled()
    assert (
        await fetch_value(
            "SELECT count(*) FROM blocked WHERE session_id = $1 AND learner_id = $2", second, person
        )
        == 1
    )
    before = await picture()
    run = await scene.remove([person], unlink="expire")
    assert run is not None
    assert person in await system.enrolled(second)
    assert [one["entered"] for one in await _runs(run, session_id=second)] == [1]
    await scene.undo(run)
    after = await picture()
    assert {name for name in before if before[name] != after[name]} == set()


async def test_two_acts_in_one_batch_are_two_causes(system: System) -> None:
    """Undoing one takes back nothing of the other."""
    scene = Scene(system)
    await scene.begin()
    runs = []
    async with transaction():
        for person in scene.others:
            added = MembersInput(learner_ids=[person])
            async with act_run(
                scene.admin, [Summary("members_add", {"group_id": scene.sales, "people": 1})]
            ) as run:
                await memberships.add_members(scene.admin, scene.sales, added)
            runs.append(run)
    await system.settled()
    for run in runs:
        assert [one["entered"] for one in await _runs(run, session_id=scene.linked)] == [1]
    await scene.undo(runs[0])
    assert scene.others[0] not in await system.enrolled(scene.linked)
    assert scene.others[1] in await system.enrolled(scene.linked)


async def _shown(session: int, people: list[int]) -> Shown:
    """That these would leave."""
    method = await fetch_value(
        "SELECT id FROM enrollment_method WHERE session_id = $1 AND NOT hand_picked", session
    )
    nobody = {name: BitMap() for name in Changed.__struct_fields__}
    return Shown(
        [MethodOutcome(method_id=method, session_id=session, **nobody | {"leaving": BitMap(people)})]
    )


async def test_what_was_confirmed_passes_the_fuse(system: System) -> None:
    scene = Scene(system)
    await scene.begin()
    await system.write(
        "UPDATE session SET fuse_count = 0, fuse_percent = 0 WHERE id = ANY($1)",
        [scene.linked, scene.of_segment],
    )
    await system.settled()
    going, also = scene.people[:2], scene.people[2:4]
    shown = await _shown(scene.linked, going)

    async def leave(people: list[int], actor: Actor, outcome: Shown) -> int:
        async with transaction():
            summary = Summary("members_remove", {"group_id": scene.sales, "people": len(people)})
            index = scene.system.follower.index
            async with act_run(actor, [summary], outcome, index) as run:
                await system.leave(scene.sales, *people)
        await system.settled()
        return run

    run = await leave(going, scene.admin, shown)
    assert not set(going) & await system.enrolled(scene.linked)
    # What nobody had seen is held, in the name of the act; its undo takes it off the list.
    assert set(going) <= await system.enrolled(scene.of_segment)
    assert [one["total"] for one in await _runs(run, state="held")] == [2]
    assert (await system.admin.get(f"/runs/{run}")).json()["runs"]["held"] == 1
    await scene.undo(run)
    assert set(going) <= await system.enrolled(scene.linked)
    states = await fetch(
        "SELECT state FROM enrollment_method WHERE session_id = $1 AND NOT hand_picked", scene.of_segment
    )
    assert [row["state"] for row in states] == ["live"]
    # Whoever may not approve confirms for themselves alone.
    carl = Actor(await system.person("carl@example.org"))
    await leave(also, carl, await _shown(scene.linked, also))
    assert set(also) <= await system.enrolled(scene.linked)
