"""Finds days and instants outside the calendar (`rules.calendar`) in anything that was read from the wire."""

from collections.abc import Iterator
from datetime import date
from functools import cache
from typing import Any

import msgspec
from msgspec import inspect

from backend.rules.calendar import SAID, in_calendar
from backend.schemas.problem import Mistake


def outside_calendar(read: Any, path: str = "") -> list[Mistake]:
    """One mistake for each; `read` is a struct of the wire, or a list of them."""
    return [Mistake(path=place, code="out_of_range", message=SAID) for place in _outside(read, path)]


def _outside(value: Any, path: str) -> Iterator[str]:
    if isinstance(value, date):
        if not in_calendar(value):
            yield path
    elif isinstance(value, msgspec.Struct):
        for name, wire in _dated(type(value)):
            yield from _outside(getattr(value, name), f"{path}.{wire}" if path else wire)
    elif isinstance(value, list | tuple):
        for i, one in enumerate(value):
            yield from _outside(one, f"{path}[{i}]")
    elif isinstance(value, dict):
        for key, one in value.items():
            yield from _outside(one, f"{path}.{key}")


@cache
def _dated(kind: type[msgspec.Struct]) -> tuple[tuple[str, str], ...]:
    """The attributes of a struct that may hold days, with their names on the wire: most of ten thousand rows have one."""
    info = inspect.type_info(kind)
    assert isinstance(info, inspect.StructType)  # noqa: S101 - it is one
    return tuple((field.name, field.encode_name) for field in info.fields if _holds_days(field.type, set()))


def _holds_days(kind: Any, seen: set[Any]) -> bool:
    match kind:
        case inspect.DateTimeType() | inspect.DateType() | inspect.AnyType():
            return True
        case inspect.StructType(cls=cls, fields=fields):
            known = cls in seen
            seen.add(cls)
            return not known and any(_holds_days(field.type, seen) for field in fields)
        case inspect.UnionType(types=types):
            return any(_holds_days(one, seen) for one in types)
        case (
            inspect.ListType(item_type=inner)
            | inspect.VarTupleType(item_type=inner)
            | inspect.DictType(value_type=inner)
            | inspect.Metadata(type=inner)
        ):
            return _holds_days(inner, seen)
        case _:
            return False
