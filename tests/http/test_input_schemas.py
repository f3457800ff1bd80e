"""What holds of every schema that is read, and every parameter: no moment without its time zone, no name that is blank."""

from collections.abc import Iterator
from datetime import datetime, time
from types import UnionType
from typing import Annotated, Any, Union, get_args, get_origin, get_type_hints

import msgspec
import pytest

from backend.app import create_app
from backend.controllers.http.openapi_shapes import subclasses
from backend.schemas.base import Input
from backend.schemas.live.frames import ClientFrame
from backend.schemas.text import FORM

NAMES = ("name", "title")


def inputs() -> list[type[msgspec.Struct]]:
    """Every Struct of a body or a frame, and those inside of them."""
    create_app()
    found = {*subclasses(Input), *get_args(ClientFrame)}
    inside = {
        one
        for struct in found
        for hint in get_type_hints(struct).values()
        for one in parts(hint)
        if isinstance(one, type) and issubclass(one, msgspec.Struct)
    }
    return sorted(found | inside, key=lambda struct: struct.__name__)


def parts(hint: Any, metas: tuple[Any, ...] = ()) -> Iterator[Any]:
    """The plain types of an annotation; those that stand without a time zone as `naive`."""
    origin = get_origin(hint)
    if origin is Annotated:
        inner, *found = get_args(hint)
        yield from parts(inner, (*metas, *found))
    elif origin in {Union, UnionType, list, dict}:
        for inner in get_args(hint):
            yield from parts(inner, metas)
    elif hint in {datetime, time} and not any(getattr(meta, "tz", None) for meta in metas):
        yield "naive"
    else:
        yield hint


def forms(hint: Any) -> set[Any]:
    """The forms of texts (`backend.text`) that an annotation asks for."""
    if get_origin(hint) is Annotated:
        inner, *metas = get_args(hint)
        here = {meta.extra[FORM] for meta in metas if getattr(meta, "extra", None) and FORM in meta.extra}
        return here | forms(inner)
    return set().union(*(forms(inner) for inner in get_args(hint)))


@pytest.mark.parametrize("struct", inputs(), ids=lambda struct: struct.__name__)
def test_no_moment_is_read_without_its_time_zone(struct: type[msgspec.Struct]) -> None:
    hints = get_type_hints(struct, include_extras=True)
    assert [name for name, hint in hints.items() if "naive" in parts(hint)] == []


@pytest.mark.parametrize("struct", inputs(), ids=lambda struct: struct.__name__)
def test_names_and_titles_are_read_in_their_form(struct: type[msgspec.Struct]) -> None:
    """Blank names and control characters are refused where the form is `name`, control characters everywhere."""
    hints = get_type_hints(struct, include_extras=True)
    texts = [name for name in NAMES if name in hints and str in set(parts(hints[name]))]
    assert [name for name in texts if not forms(hints[name]) & {"name", "text"}] == []


def test_no_parameter_is_a_moment_without_its_time_zone() -> None:
    naive = {
        f"{route.path} {name}"
        for route in create_app().routes
        for handler in getattr(route, "route_handlers", ())
        for name, field in handler.parsed_fn_signature.parameters.items()
        if "naive" in parts(field.raw)
    }
    assert naive == set()
