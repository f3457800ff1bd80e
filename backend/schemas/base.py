"""What every part of the wire format shares: bases, common value types, pages."""

from typing import Annotated, Generic, TypeVar

import msgspec
from msgspec import UNSET, Meta, UnsetType

from backend.schemas.text import FORM, Form, clean

__all__ = [
    "UNSET",
    "BadRow",
    "Bulk",
    "Code",
    "Id",
    "Input",
    "LongText",
    "Name",
    "Output",
    "Page",
    "Text",
    "UnsetType",
]

LARGEST_ID = 2**31 - 1
# What JSON schemas can say of the normal form: not blank, no control characters.
_SEEN = r"^(?=[^\n]*\S)[^\u0000-\u001f\u007f-\u009f\u2028\u2029]*$"


def _form(form: Form, most: int, *, blank: bool = False) -> Meta:
    """A text in this normal form, of at most so many characters."""
    if blank:
        return Meta(extra={FORM: form}, max_length=most)
    return Meta(extra={FORM: form}, extra_json_schema={"pattern": _SEEN}, min_length=1, max_length=most)


# Ids are PostgreSQL integers: anything beyond is not an id, and must not reach a query.
Id = Annotated[int, Meta(ge=1, le=LARGEST_ID, description="an id", examples=[7])]
# The forms are those of `backend.text`: what is decoded is clean already.
Name = Annotated[str, _form("name", 300)]
Text = Annotated[str, _form("text", 300, blank=True)]
LongText = Annotated[str, _form("long", 20_000, blank=True)]
# External ids, keys, language tags: short and never blank.
Code = Annotated[str, _form("code", 200)]


class Input(msgspec.Struct, forbid_unknown_fields=True, kw_only=True, omit_defaults=True):
    """Base of everything that is read: an unknown field is a mistake, not noise; texts come out in their normal form."""

    def __post_init__(self) -> None:
        clean(self)


class Output(msgspec.Struct, kw_only=True):
    """Base of everything that is answered."""


class BadRow(msgspec.Struct):
    """Stands in the place of a row of a bulk request that could not be read."""

    path: str
    code: str
    message: str


class Bulk(Input):
    """Base of bulk requests: one field, the list of rows.

    A row that cannot be read becomes a `BadRow` in its place, so that one bad row does not refuse the good ones.
    """

    @classmethod
    def most_rows(cls) -> int:
        """How many rows one request may carry: what is written in one transaction in about a second."""
        return 10_000


T = TypeVar("T")


class Page(Output, Generic[T], kw_only=True):
    """One page of a list; `next` is the cursor of the next page, or null on the last one."""

    items: list[T]
    next: str | None = None
    total: int
