"""Undoing an act takes back what it wrote and all that followed, as one; what was changed since is left alone and listed."""

import pytest

from backend.database import fetch, fetch_value
from backend.schemas.groups import MembersInput
from backend.schemas.people import LearnerChange
from backend.services.access.actor import Actor
from backend.services.enrollment.undo import act_undo
from backend.services.groups import memberships
from backend.services.people import learners
from tests.consequences.acting import ACTS, Scene, Summary, differences, picture
from tests.harness.system import System

# Of who comes back by the undo of an undo it is since then, and they are told anew.
FACTS = (
    "learner", "field_value", "membership", "learner_group", "field", "segment", "session", "result", "standing", "award"
)  # fmt: skip


async def test_an_undo_brings_everything_back(system: System) -> None:
    """Each kind of act in turn, and once more by undoing its undo."""
    scene = Scene(system)
    await scene.begin()
    for act in ACTS:
        before = await picture()
        run = await act(scene)
        assert run is not None, act.__name__
        acted = await picture()
        assert acted != before, act.__name__
        undone = await scene.undo(run)
        assert differences(before, await picture()) == {}, act.__name__
        assert (undone["left_alone_total"], undone["left_facts_total"]) == (0, 0), act.__name__
        redone = await scene.undo(undone["id"])
        again = await picture()
        told = differences({name: acted[name] for name in FACTS}, {name: again[name] for name in FACTS})
        assert told == {}, act.__name__
        await scene.undo(redone["id"])
        assert differences(before, await picture()) == {}, act.__name__


# Everything that goes, or loses what it refers to, with a group, a field or a class; whole rows.
_KEPT = (
    "learner_group", "membership", "field", "field_value", "session", "session_instructor", "enrollment_method", "course_group",
    "course_group_instructor",
)  # fmt: skip


async def rows() -> dict[str, list[str]]:
    """Without hand-picked methods, which are made where somebody is kept, and stay."""
    found = {}
    for table in _KEPT:
        of_table = await fetch(
            f"SELECT to_jsonb(t) - 'version' FROM {table} t WHERE to_jsonb(t)->>'hand_picked' IS DISTINCT FROM 'true'"
        )
        found[table] = sorted(repr(sorted(row[0].items())) for row in of_table)
    return found


async def test_what_goes_with_something_that_is_deleted_comes_back_with_it(system: System) -> None:
    """A group with subgroups, a session and access; a qualification with links; a field by whose date people are due; a class."""
    company = await system.group("Company")
    group = await system.group("Sales", company)
    below = await system.group("Below", group)
    (ana,), (ben,) = await system.people(1, group), await system.people(1)
    await system.join(group, ben, role="coach")
    await system.people(1, below)
    skill = (await system.post("/groups", {"name": "Forklift", "kind": "qualification"})).json()["id"]
    await system.join(skill, ana)
    fields = [
        (await system.post("/fields", {"name": name, "type": "date"})).json()["id"]
        for name in ("Hired", "Born")
    ]
    for person in (ana, ben):
        dates = {"fields": {"hired": "2026-01-15", "born": "1990-05-01"}}
        assert (await system.admin.patch(f"/learners/{person}", json=dates)).is_success
    own, safety = await system.session(group_id=group), await system.session(name="Safety")
    course_group = (
        await system.post(f"/sessions/{own}/course-groups", {"name": "A", "instructor_ids": [ana, ben]})
    ).json()["id"]
    await system.apply(own, kind="group", group_id=group, due_field=fields[0], due_field_days=3)
    await system.apply(safety, kind="group", group_id=skill)
    assignment = {"add": [{"group_id": group, "qualification_id": skill}]}
    plan = (await system.post("/assignments/plan", assignment)).json()
    assigned = await system.post("/assignments/apply", {**assignment, "hash": plan["hash"]})
    assert assigned.is_success, assigned.text
    placed = {"learner_ids": [ana]}
    assert (await system.post(f"/sessions/{own}/course-groups/{course_group}/members", placed)).is_success
    await system.settled()

    for change in (
        {"act": "group_delete", "id": group},
        {"act": "group_delete", "id": skill},
        {"act": "field_delete", "id": fields[0]},
        {"act": "field_delete", "id": fields[1]},
        {"act": "course_group_delete", "session_id": own, "id": course_group},
    ):
        before, picture_before = await rows(), await picture()
        shown = (await system.post("/consequences", {"changes": [change]})).json()
        done = await system.post("/consequences/apply", {"changes": [change], "hash": shown["hash"]})
        assert done.status_code == 200, (change, done.text)
        await system.settled()
        assert await rows() != before, change
        undone = await system.post(f"/runs/{done.json()['run_id']}/undo", {})
        assert undone.status_code == 200, (change, undone.text)
        await system.settled()
        told = undone.json()
        assert (told["left_alone"], told["left_facts"]) == ([], []), change
        assert differences(before, await rows()) == {}, change
        assert differences(picture_before, await picture()) == {}, change


async def test_what_was_changed_since_is_left_alone_and_listed(system: System) -> None:
    scene = Scene(system)
    await scene.begin()
    left, stays, edited, *_ = scene.people
    removed = await scene.remove([left, stays], unlink="expire")
    assert removed is not None
    # One of them is put back by somebody else, as a coach.
    vera = await system.person("vera@example.org", is_admin=True, first_name="Vera", last_name="Novak")
    again = MembersInput(learner_ids=[stays], role="coach")
    other = Actor(vera, is_admin=True)
    await scene.do(
        [Summary("members_add", {"group_id": scene.sales, "people": 1})],
        lambda: memberships.add_members(other, scene.sales, again),
        actor=other,
    )
    undone = await scene.undo(removed)
    rows = await fetch("SELECT learner_id, role FROM membership WHERE group_id = $1", scene.sales)
    roles = {row["learner_id"]: row["role"] for row in rows}
    assert (roles[left], roles[stays]) == ("member", "coach")
    (fact,) = undone["left_facts"]
    assert (fact["what"], fact["learner"]["id"], fact["by"]["id"]) == ("Membership of Sales", stays, vera)
    # What followed for the other one went back with them; who was left alone is as the facts are now.
    assert await system.enrolled(scene.linked) >= {left, stays}
    # Of one row some columns may be as they were left, and others not.
    change = LearnerChange(language="fr", first_name="Anna")
    run = await scene.do(
        [Summary("learner", {"learner_id": edited})],
        lambda: learners.change_learner(scene.admin, edited, change, None),
    )
    await scene.do(
        [],
        lambda: learners.change_learner(other, edited, LearnerChange(first_name="Anne"), None),
        actor=other,
    )
    assert run is not None
    (fact,) = (await scene.undo(run))["left_facts"]
    assert (fact["what"], fact["learner"]["id"], fact["by"]["id"]) == ("the first name", edited, vera)
    row = await fetch("SELECT language, first_name FROM learner WHERE id = $1", edited)
    assert tuple(row[0]) == ("en", "Anne")


async def test_undone_once_as_a_whole_or_not_at_all(system: System, monkeypatch: pytest.MonkeyPatch) -> None:
    scene = Scene(system)
    await scene.begin()
    before = await picture()
    run = await scene.remove(scene.people[:3], unlink="expire")
    acted = await picture()

    async def fails(*_: object, **__: object) -> None:
        raise RuntimeError("killed in the middle")

    with monkeypatch.context() as patched:
        patched.setattr(act_undo, "undo_followers", fails)
        assert (await system.admin.post(f"/runs/{run}/undo")).status_code == 500
    assert await picture() == acted
    assert (await system.admin.post(f"/runs/{run}/undo")).is_success
    assert (await system.admin.post(f"/runs/{run}/undo")).status_code == 409
    await system.settled()
    assert differences(before, await picture()) == {}
    # What it wrote is kept for thirty days.
    old = await scene.remove(scene.people[:1], unlink="expire")
    await system.write("UPDATE run SET created_at = created_at - interval '31 days' WHERE id = $1", old)
    await system.write("UPDATE run_fact SET at = at - interval '31 days' WHERE run_id = $1", old)
    answer = await system.admin.post(f"/runs/{old}/undo")
    assert (answer.status_code, answer.json()["type"]) == (409, "too_old")
    assert not (await system.admin.get(f"/runs/{old}")).json()["can_undo"]
    await act_undo.forget_old_facts()
    assert await fetch_value("SELECT count(*) FROM run_fact WHERE run_id = $1", old) == 0


async def test_who_may_undo_an_act(system: System) -> None:
    """Whoever did it, of what is still theirs; platform admins all; others do not know of it."""
    scene = Scene(system)
    await scene.begin()
    clients = {}
    for name, role in (("cora", "admin"), ("carl", "admin"), ("lea", "member")):
        person = await system.person(f"{name}@example.org")
        await system.join(scene.sales, person, role=role)
        clients[name] = (Actor(person), await system.client(f"{name}@example.org"))
    await system.settled()
    cora, hers = clients["cora"]
    first = await scene.remove(scene.people[:2], actor=cora, unlink="expire")
    second = await scene.remove(scene.people[2:3], actor=cora, unlink="expire")
    for name in ("carl", "lea"):
        client = clients[name][1]
        assert (await client.get(f"/runs/{first}")).status_code == 404
        assert (await client.post(f"/runs/{first}/undo")).status_code == 404
        listed = (await client.get("/runs", params={"caused_by": first})).json()
        assert listed["total"] == 0
        # What followed in a session of theirs they see, without whose doing it was.
        for run in (await client.get("/runs")).json()["items"]:
            assert run["caused_by"] is None
            assert run["cause_sentence"] is None
    shown = (await hers.get(f"/runs/{first}")).json()
    assert (shown["sentence"], shown["can_undo"]) == ("Removed 2 people from Sales", True)
    undone = await scene.undo(first or 0, hers)
    assert undone["left_facts_total"] == 0
    await system.leave(scene.sales, cora.id)
    undone = await scene.undo(second or 0, hers)
    assert [fact["reason"] for fact in undone["left_facts"]] == ["beyond_rights"]
    assert scene.people[2] not in await system.enrolled(scene.linked)
    assert set(scene.people[:2]) <= await system.enrolled(scene.linked)
