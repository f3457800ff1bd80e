"""Undoing an import takes back all of it: whom it enrolled, whom it took out, and the history that it wrote."""

from typing import Any

from backend.database import fetch, fetch_value
from tests.enrollment.writing.test_sources_decide import HISTORY, imported
from tests.harness.system import System

SOURCES = "SELECT method_id, learner_id, since, until FROM source WHERE session_id = $1 AND (until IS NULL OR until < '2025-01-01')"
ENROLLMENTS = "SELECT learner_id, state, since, until, due_at FROM enrollment WHERE session_id = $1"


async def picture(session: int) -> tuple[set[Any], set[Any]]:
    """Sources (of those that ended, history alone) and enrollments."""
    sources = {tuple(row) for row in await fetch(SOURCES, session)}
    return sources, {tuple(row) for row in await fetch(ENROLLMENTS, session)}


async def test_history_goes_and_comes_with_its_run(system: System) -> None:
    group = await system.group()
    (held,), (stranger, came) = await system.people(1, group), await system.people(2)
    session = await system.session()
    await system.enroll_group(session, group, due_days=5)
    await system.settled()
    before = await picture(session)
    since, until = HISTORY
    runs = []
    for person, times in (
        (held, {"since": since, "until": until}),
        (stranger, {"since": since, "until": until}),
        (came, {"since": since}),
    ):
        assert (await imported(system, person, session, **times)).errors == []
        runs.append(await fetch_value("SELECT max(id) FROM run WHERE cause = 'import'"))
    assert len({*runs}) == 3, "whose history alone has grown is in a run, too"
    figures = await fetch("SELECT entered, left_count, total FROM run WHERE id = ANY($1) ORDER BY id", runs)
    assert [tuple(row) for row in figures] == [(0, 0, 1), (0, 0, 1), (1, 0, 1)]
    await system.settled()
    imported_all = await picture(session)
    assert len(imported_all[0]) == len(before[0]) + 3

    undoes = []
    for run in runs:
        undone = (await system.post(f"/runs/{run}/undo", {})).json()
        assert (undone["people"], undone["left_alone_total"]) == (1, 0), undone
        undoes.append(await fetch_value("SELECT max(id) FROM run WHERE undo_of = $1", run))
    await system.settled()
    assert await picture(session) == before

    # An undo can be undone like every run, and that again.
    again = []
    for run in undoes:
        assert (await system.post(f"/runs/{run}/undo", {})).json()["left_alone_total"] == 0
        again.append(await fetch_value("SELECT max(id) FROM run WHERE undo_of = $1", run))
    await system.settled()
    assert await picture(session) == imported_all
    for run in again:
        assert (await system.post(f"/runs/{run}/undo", {})).json()["left_alone_total"] == 0
    await system.settled()
    assert await picture(session) == before


async def test_who_was_taken_out_by_an_import_comes_back(system: System) -> None:
    (person,) = await system.people(1)
    session = await system.session()
    await imported(system, person, session, since=HISTORY[0])
    await system.settled()
    live = (await picture(session))[1]
    await imported(system, person, session, since=HISTORY[0], until=HISTORY[1])
    run = await fetch_value("SELECT max(id) FROM run WHERE cause = 'import'")
    await system.settled()
    assert await system.enrolled(session) == set()
    assert await fetch_value("SELECT left_count FROM run WHERE id = $1", run) == 1
    assert (await system.post(f"/runs/{run}/undo", {})).json()["left_alone_total"] == 0
    await system.settled()
    assert (await picture(session))[1] == live


async def test_history_that_another_import_has_written_since_stays(system: System) -> None:
    (person,) = await system.people(1)
    session = await system.session()
    await imported(system, person, session, since=HISTORY[0], until=HISTORY[1])
    first = await fetch_value("SELECT max(id) FROM run WHERE cause = 'import'")
    await imported(system, person, session, since=HISTORY[0], until="2024-12-31T00:00:00Z")
    answer = (await system.post(f"/runs/{first}/undo", {})).json()
    assert answer["left_alone_total"] == 1
    assert (await system.enrollment(session, person))["state"] == "expired"


async def test_an_import_that_the_release_before_wrote_beside_a_new_column_can_be_undone(
    system: System,
) -> None:
    (person,) = await system.people(1)
    session = await system.session()
    await imported(system, person, session, since=HISTORY[0])
    run = await fetch_value("SELECT max(id) FROM run WHERE cause = 'import'")
    await system.write("UPDATE run_change SET after = after || '{\"run_id\": null}' WHERE run_id = $1", run)
    undone = (await system.post(f"/runs/{run}/undo", {})).json()
    assert (undone["people"], undone["left_alone_total"]) == (1, 0), undone
