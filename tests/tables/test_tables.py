"""The definitions say what the database says: tables, columns, types, nullability, keys, references."""

# ruff: noqa: SLF001 - Piccolo keeps what it knows of a table in `_meta`

import importlib
from typing import Any

import pytest
from piccolo.columns import ForeignKey, OnDelete
from piccolo.columns.base import Column
from piccolo.conf.apps import table_finder
from piccolo.table import Table

import backend.tables
from backend.database import fetch
from backend.piccolo_app import APP_CONFIG

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


async def test_rows_can_be_written_and_read(database: str) -> None:
    tables = importlib.import_module("backend.tables")
    group = tables.LearnerGroup(name="Paris")
    await group.save()
    found = await tables.LearnerGroup.objects().where(tables.LearnerGroup.name == "Paris").first()
    assert (found.id, found.kind, found.private) == (group.id, "group", False)


def test_piccolos_own_commands_find_them() -> None:
    assert set(table_finder(["backend.tables"])) == set(TABLES)
