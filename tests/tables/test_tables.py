"""The definitions say what the database says: tables, columns, types, nullability, defaults, keys, references."""

# ruff: noqa: SLF001 - Piccolo keeps what it knows of a table in `_meta`

import importlib
import json
from typing import Any

import msgspec
import pytest
from piccolo.columns import JSONB, BigSerial, ForeignKey, OnDelete, Serial
from piccolo.columns.base import Column
from piccolo.conf.apps import table_finder
from piccolo.table import Table

import backend.tables
from backend.database import NOW, fetch, fetch_value
from backend.piccolo_app import APP_CONFIG
from backend.services.enrollment.drafts.method_drafts import COLUMNS, IN_RULE, MethodDraft

TYPES = {
    "SERIAL": "int4",
    "BIGSERIAL": "int8",
    "INTEGER": "int4",
    "BIGINT": "int8",
    "SMALLINT": "int2",
    "TEXT": "text",
    "TEXT[]": "_text",
    "INTEGER[]": "_int4",
    "TIMESTAMP WITH TIME ZONE": "timestamptz",
    "TIMESTAMPTZ": "timestamptz",
    "DOUBLE PRECISION": "float8",
    "BOOLEAN": "bool",
    "JSONB": "jsonb",
    "BYTEA": "bytea",
    "DATE": "date",
}
ON_DELETE = {
    b"c": OnDelete.cascade,
    b"n": OnDelete.set_null,
    b"r": OnDelete.restrict,
    b"a": OnDelete.no_action,
}
TABLES: list[type[Table]] = [getattr(backend.tables, name) for name in backend.tables.__all__]
PICCOLOS_OWN = {"migration"}

_REFERENCES = """
SELECT a.attname AS column, k.confrelid::regclass::text AS table, k.confdeltype AS on_delete
FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = k.conkey[1]
WHERE k.contype = 'f' AND k.conrelid = $1::regclass AND array_length(k.conkey, 1) = 1
"""
_KEY = """
SELECT a.attname FROM pg_constraint k JOIN pg_attribute a ON a.attrelid = k.conrelid AND a.attnum = ANY(k.conkey)
WHERE k.contype = 'p' AND k.conrelid = $1::regclass ORDER BY array_position(k.conkey, a.attnum)
"""


def _type(column: Column) -> str:
    return TYPES[column.column_type.upper()]


async def test_every_table_is_defined(database: str) -> None:
    stored = {
        row["tablename"] for row in await fetch("SELECT tablename FROM pg_tables WHERE schemaname = 'public'")
    }
    assert {table._meta.tablename for table in TABLES} == stored - PICCOLOS_OWN
    assert set(APP_CONFIG.table_classes) == set(TABLES)


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table._meta.tablename)
async def test_columns_are_alike(table: type[Table], database: str) -> None:
    name = table._meta.tablename
    stored = {
        row["column_name"]: (row["udt_name"], row["is_nullable"] == "YES")
        for row in await fetch(
            "SELECT column_name, udt_name, is_nullable FROM information_schema.columns"
            " WHERE table_schema = 'public' AND table_name = $1",
            name,
        )
    }
    defined = {
        column._meta.db_column_name: (_type(column), column._meta.null) for column in table._meta.columns
    }
    assert defined == stored
    key = [row[0] for row in await fetch(_KEY, name)]
    assert table._meta.primary_key._meta.db_column_name == key[0]
    references = {
        row["column"]: (row["table"], ON_DELETE[row["on_delete"]]) for row in await fetch(_REFERENCES, name)
    }
    for column in table._meta.columns:
        if isinstance(column, ForeignKey):
            target: Any = column._foreign_key_meta.resolved_references
            assert references.pop(column._meta.name) == (
                target._meta.tablename,
                column._foreign_key_meta.on_delete,
            )
    assert set(references) <= set(key[:1]), "a reference that is not defined"


_DEFAULTS = """
SELECT a.attname AS column, a.attidentity <> '' AS counted, a.attgenerated <> '' AS generated,
       pg_get_expr(d.adbin, d.adrelid) AS expression
FROM pg_attribute a LEFT JOIN pg_attrdef d ON d.adrelid = a.attrelid AND d.adnum = a.attnum
WHERE a.attrelid = $1::regclass AND a.attnum > 0 AND NOT a.attisdropped
"""


def _default(column: Column) -> Any:
    found = column.get_default_value()
    return json.loads(found) if isinstance(column, JSONB) and isinstance(found, str) else found


@pytest.mark.parametrize("table", TABLES, ids=lambda table: table._meta.tablename)
async def test_defaults_are_alike(table: type[Table], database: str) -> None:
    for row in await fetch(_DEFAULTS, table._meta.tablename):
        column = table._meta.get_column_by_name(row["column"])
        if row["counted"]:
            assert isinstance(column, Serial | BigSerial), row["column"]
        elif row["generated"] or row["expression"] is None or "now()" in row["expression"]:
            # The moment is the database's to tell: whoever inserts through Piccolo gives it.
            assert _default(column) is None, row["column"]
        else:
            assert _default(column) == await fetch_value(f"SELECT {row['expression']}"), row["column"]


def test_a_row_without_what_it_needs_is_refused() -> None:
    with pytest.raises(ValueError, match="created_at"):
        backend.tables.SignIn(token_hash=b"", learner_id=1)


def test_a_draft_is_what_the_table_takes() -> None:
    """A method's columns are declared once: a new draft is a new row, and every name of a policy is a column, or stands in the rule."""
    draft = MethodDraft(session_id=1)
    row = backend.tables.EnrollmentMethod(session_id=1, kind="audience", created_at=NOW).to_dict()
    assert {name: row[name] for name in COLUMNS} == draft.columns()
    assert set(msgspec.structs.asdict(draft)) - IN_RULE <= set(row)


async def test_rows_can_be_written_and_read(database: str) -> None:
    tables = importlib.import_module("backend.tables")
    group = tables.LearnerGroup(name="Paris")
    await group.save()
    found = await tables.LearnerGroup.objects().where(tables.LearnerGroup.name == "Paris").first()
    assert (found.id, found.kind, found.private) == (group.id, "group", False)


def test_piccolos_own_commands_find_them() -> None:
    assert set(table_finder(["backend.tables"])) == set(TABLES)
