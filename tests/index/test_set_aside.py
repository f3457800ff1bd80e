"""What cannot be read, in the index: bitmaps, checkpoints, the past, and loading from tables."""

from datetime import date
from importlib import import_module
from typing import Any

import pytest
from pyroaring import BitMap

from backend.database import execute, fetch, fetch_value, open_connection
from backend.index import BrokenRule, FacetIndex
from backend.index.facts.changes import COLUMNS, change_of
from backend.index.following.checkpoints import read_checkpoint, write_checkpoint
from backend.index.following.load_tables import load_index
from backend.index.following.table_differences import differences
from backend.rules import convert
from tests import naive

DAY = date(2026, 3, 29)


def of_field(field: int, op: str, *values: Any) -> Any:
    return convert(
        {
            "blocks": [
                {
                    "everyone": True,
                    "filters": [{"type": "field", "field": field, "op": op, "values": list(values)}],
                }
            ]
        }
    )


def world() -> naive.World:
    made = naive.World("Europe/Paris")
    for learner in (1, 2, 3):
        made.set("status", learner, None, "active")
        made.set("added", learner, None, "2026-03-01T00:00:00+00:00")
    for field, kind in enumerate(("number", "date", "boolean", "text"), 1):
        made.put("field", field, {"key": f"f{field}", "name": f"F{field}", "type": kind, "options": []})
    made.set("field", 1, 1, 10)
    made.set("field", 2, 1, 2**64)
    return made


async def nowhere(_: int) -> None:
    return


def test_whole_numbers_beyond_a_double_are_doubles() -> None:
    index = world().index()
    assert set(index.evaluate(of_field(1, "gt", 2**63), DAY)) == {2}
    assert set(index.evaluate(of_field(1, "in", float(2**64)), DAY)) == {2}
    assert {type(value) for value in index.facts.fields[1].bitmaps} <= {int, float}
    assert max(index.facts.fields[1].bitmaps) == float(2**64)


@pytest.mark.parametrize(
    ("field", "value"),
    [
        (1, "NaN"),
        (1, 10**400),
        (1, True),
        (2, "infinity"),
        (2, "12345-01-01"),
        (2, "0044-03-15 BC"),
        (3, 1),
        (4, 5),
    ],
)
def test_a_value_that_cannot_be_read_freezes_what_rests_on_it(field: int, value: object) -> None:
    made = world()
    made.set("field", 3, field, value)
    index = made.index()
    with pytest.raises(BrokenRule, match="cannot be read"):
        index.evaluate(of_field(field, "is_set"), DAY)
    other = 1 if field != 1 else 2
    index.evaluate(of_field(other, "is_set"), DAY)
    assert [one.learners for one in index.set_aside()] == [BitMap([3])]
    # Written anew, or taken away, it is no longer aside.
    made.set("field", 3, field, None)
    index = made.index()
    assert not index.set_aside()
    assert set(index.evaluate(of_field(field, "is_empty"), DAY)) == ({3} if field == 1 else {1, 2, 3})


def test_changes_are_told_without_what_cannot_be_read() -> None:
    made = world()
    index = made.index()
    made.set("field", 1, 1, "NaN")
    batch = index.apply(made.log)
    assert [(change.old, change.new) for change in batch.changes] == [(10, None)]


def test_an_unknown_kind_of_fact_is_set_aside() -> None:
    made = world()
    made.set("shoe_size", 1, 7, 44)
    index = made.index()
    assert [one.facet for one in index.set_aside()] == [("shoe_size", 7)]
    assert set(index.evaluate(of_field(1, "is_set"), DAY)) == {1, 2}


def test_days_are_not_told_in_a_time_zone_that_nobody_knows() -> None:
    made = world()
    made.put("organisation", 1, {"name": "M", "timezone": "Mars/Phobos"})
    index = made.index()
    assert index.timezone == "Europe/Paris"
    rule = convert(
        {"blocks": [{"everyone": True, "filters": [{"type": "added", "op": "last_days", "values": [60]}]}]}
    )
    with pytest.raises(BrokenRule):
        index.evaluate(rule, DAY)
    assert set(index.evaluate(of_field(1, "is_set"), DAY)) == {1, 2}
    made.put("organisation", 1, {"name": "M", "timezone": "Asia/Tokyo"})
    assert index.apply(made.log).structure
    assert index.timezone == "Asia/Tokyo"
    assert not index.set_aside()


async def _stored() -> None:
    await execute(
        "INSERT INTO learner (email, first_name, added_at) SELECT i || '@x.example', 'X', now() FROM generate_series(1, 3) i"
    )
    await execute("INSERT INTO field (key, name, type) VALUES ('n', 'N', 'number'), ('d', 'D', 'date')")
    await execute(
        "INSERT INTO field_value (learner_id, field_id, number_value) VALUES (1, 1, 18446744073709551616), (2, 1, '-0')"
    )
    await execute("INSERT INTO field_value (learner_id, field_id, text_value) VALUES (3, 1, 'x')")
    await execute(
        "INSERT INTO field_value (learner_id, field_id, date_value) VALUES (1, 2, '-infinity'), (2, 2, '2020-01-01')"
    )
    await execute("INSERT INTO activity (kind, title) VALUES ('course', 'C')")
    await execute("INSERT INTO session (activity_id, name, starts_at) VALUES (1, 'S', '-infinity')")
    await execute("INSERT INTO segment (name, rule) VALUES ('N', '[]')")
    await execute("SELECT sequence_outbox(1000)")


def told(index: FacetIndex) -> dict[Any, Any]:
    return {(tuple(one.facet), one.frozen): set(one.learners) for one in index.set_aside()}


ASIDE = {
    (("session", 1), False): set(),
    (("segment", 1), False): set(),
    (("field", 1), True): {3},
    (("field", 2), True): {1},
}


@pytest.mark.usefixtures("database")
async def test_it_is_set_aside_however_the_index_comes_about() -> None:
    """From the tables, from the log, and from a checkpoint; and the tables agree with it."""
    followed = await load_index()
    await _stored()
    rows = await fetch(f"SELECT {COLUMNS} FROM change_log ORDER BY seq")
    followed.apply(map(change_of, rows))
    loaded = await load_index()
    assert told(followed) == told(loaded) == ASIDE
    connection = await open_connection()
    await write_checkpoint(loaded, connection)
    await connection.close()
    read = await read_checkpoint()
    assert read is not None
    assert told(read) == ASIDE
    for index in (followed, loaded, read):
        assert await differences(index, nowhere) == []
        assert set(index.facts.fields[1].bitmaps) == {float(2**64), 0}


async def test_infinite_dates_become_null_and_are_listed(database: str) -> None:
    assert database
    await execute("INSERT INTO activity (kind, title) VALUES ('course', 'C')")
    await execute(
        "INSERT INTO session (activity_id, name, starts_at, ends_at) VALUES (1, 'A', '-infinity', '9999-12-31T23:59:59.999999Z'),"
        " (1, 'B', '2026-01-01', 'infinity'), (1, 'C', '1850-01-01', NULL)"
    )
    migration: Any = import_module("backend.migrations.muster_2026_11_28_infinite_dates")
    await execute("DROP TABLE emptied_value")
    await (await migration.forwards()).run()
    rows = await fetch("SELECT row_id, column_name, value FROM emptied_value ORDER BY row_id, column_name")
    assert [tuple(row) for row in rows] == [
        (1, "ends_at", "9999-12-31 23:59:59.999999+00"),
        (1, "starts_at", "-infinity"),
        (2, "ends_at", "infinity"),
    ]
    assert await fetch_value("SELECT count(*) FROM session WHERE ends_at IS NULL") == 3


@pytest.mark.usefixtures("database")
async def test_a_rule_of_any_json_stops_nobody() -> None:
    await _stored()
    stored = [
        "5",
        "-1.5",
        "1e400",
        "true",
        '"rule"',
        "[]",
        "[[1]]",
        '{"blocks": 5}',
        '{"blocks": [1]}',
        "null",
    ]
    for number, rule in enumerate(stored):
        await execute("INSERT INTO segment (name, rule) VALUES ($1, $2::text::jsonb)", f"Rule {number}", rule)
        await execute(
            "INSERT INTO enrollment_method (session_id, kind, name, rule, state, created_at)"
            " VALUES (1, 'audience', $1, $2::text::jsonb, 'live', now())",
            f"Rule {number}",
            rule,
        )
    await execute("SELECT sequence_outbox(1000)")
    rows = await fetch(f"SELECT {COLUMNS} FROM change_log ORDER BY seq")
    followed = FacetIndex()
    followed.apply(map(change_of, rows))
    loaded = await load_index()
    for index in (followed, loaded):
        aside = [one.facet for one in index.set_aside()]
        # Of no rule at all a method may be; a segment is one.
        assert len([one for one in aside if one.name == "segment"]) == len(stored) + 1
        assert len([one for one in aside if one.name == "enrollment_method"]) == len(stored) - 1


@pytest.mark.usefixtures("database")
@pytest.mark.parametrize("name", ["", "Mars/Phobos", "localtime"])
async def test_a_checkpoint_is_read_in_whatever_time_zone(name: str) -> None:
    await _stored()
    await execute("UPDATE organisation SET timezone = $1", name)
    await execute("SELECT sequence_outbox(1000)")
    loaded = await load_index()
    connection = await open_connection()
    await write_checkpoint(loaded, connection)
    await connection.close()
    read = await read_checkpoint()
    assert read is not None
    assert read.facts.timezone == loaded.facts.timezone == "UTC"
