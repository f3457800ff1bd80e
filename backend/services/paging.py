"""Keyset cursors: opaque to the outside, the last row's sort key inside."""

import base64
import binascii
from collections.abc import Callable, Sequence
from typing import Any, TypeVar

import msgspec

from backend.schemas.base import Page
from backend.services.errors import Invalid
from backend.words import Message

DEFAULT_LIMIT, LARGEST_LIMIT = 100, 1000

Row = TypeVar("Row")
Item = TypeVar("Item")
Key = TypeVar("Key")


def encode_cursor(key: Sequence[Any]) -> str:
    """The cursor that continues after `key`."""
    return base64.urlsafe_b64encode(msgspec.json.encode(key)).decode().rstrip("=")


def decode_cursor(cursor: str | None, kind: type[Key]) -> Key | None:
    """The key in a cursor; `kind` is its tuple type. Raises `Invalid` for one that this list did not give."""
    if not cursor:
        return None
    try:
        body = base64.urlsafe_b64decode(cursor + "=" * (-len(cursor) % 4))
        return msgspec.json.decode(body, type=kind)
    except (binascii.Error, ValueError, msgspec.DecodeError):
        raise Invalid.at("cursor", "cursor", Message("This cursor is not one that this list gave.")) from None


def page_of(
    rows: Sequence[Row],
    limit: int,
    total: int,
    *,
    item: Callable[[Row], Item],
    key: Callable[[Row], Sequence[Any]],
) -> Page[Item]:
    """A page from up to `limit + 1` rows: the one too many tells that there is a next page."""
    shown = rows[:limit]
    more = len(rows) > limit
    return Page(
        items=[item(row) for row in shown], next=encode_cursor(key(shown[-1])) if more else None, total=total
    )
