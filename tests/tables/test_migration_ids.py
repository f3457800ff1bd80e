"""Migrations written side by side: Piccolo passes over the second of two with one ID without a word."""

from importlib import import_module
from pkgutil import iter_modules

from backend import migrations


def test_every_migration_has_an_id_of_its_own() -> None:
    ids = [
        import_module(f"{migrations.__name__}.{found.name}").ID for found in iter_modules(migrations.__path__)
    ]
    assert len(ids) > 1
    assert len(set(ids)) == len(ids)
