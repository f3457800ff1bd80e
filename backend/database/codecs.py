"""How values come from PostgreSQL and go there: what Python has no value for must not end whoever reads the row.

PostgreSQL knows the infinite, years up to 294276, and JSON as deep as it likes. An instant or day beyond Python's calendar is
read as the calendar's end on that side, which is before or after everything; JSON that cannot be decoded is an `UnreadableJson`.
Whoever keeps rows sets these aside (`backend.index.facts.set_aside`). What Muster itself takes in is bounded far closer.
"""

from datetime import UTC, date, datetime, timedelta
from typing import Any

import asyncpg
import msgspec

from backend.words import Message

# Within these every instant has a day in every time zone.
FIRST = datetime(1, 1, 2, tzinfo=UTC)
LAST = datetime(9999, 12, 30, tzinfo=UTC)
# PostgreSQL counts from here.
_EPOCH = datetime(2000, 1, 1, tzinfo=UTC)
_EPOCH_DAY = _EPOCH.toordinal()
_MICROSECOND = timedelta(microseconds=1)


class UnreadableJson(msgspec.Struct, frozen=True):
    """JSON that PostgreSQL holds and Python cannot: nested too deep, or numbers beyond a double."""

    text: str


def decode_json(text: str) -> Any:
    """The value, or `UnreadableJson`."""
    try:
        return msgspec.json.decode(text)
    except (msgspec.DecodeError, RecursionError):
        return UnreadableJson(text)


def encode_json(value: object) -> str:
    """JSON of a value. Text goes as it is: Piccolo hands over JSON that it has already encoded."""
    if isinstance(value, UnreadableJson):
        return value.text
    return value if isinstance(value, str) else msgspec.json.encode(value, enc_hook=_english).decode()


def _english(value: object) -> str:
    if isinstance(value, Message):
        return str(value)
    # What msgspec expects of a hook that does not know the type.
    raise NotImplementedError


def decode_instant(sent: tuple[int]) -> datetime:
    """An instant from microseconds, within the calendar."""
    try:
        return min(max(_EPOCH + timedelta(microseconds=sent[0]), FIRST), LAST)
    except OverflowError:
        return LAST if sent[0] > 0 else FIRST


def encode_instant(value: datetime) -> tuple[int]:
    """Microseconds; without a time zone it is UTC."""
    if value.tzinfo is None:
        value = value.replace(tzinfo=UTC)
    return ((value - _EPOCH) // _MICROSECOND,)


def decode_day(sent: tuple[int]) -> date:
    """A day from its number, within the calendar."""
    return date.fromordinal(min(max(sent[0] + _EPOCH_DAY, date.min.toordinal()), date.max.toordinal()))


def encode_day(value: date) -> tuple[int]:
    """The day's number."""
    return (value.toordinal() - _EPOCH_DAY,)


async def install(connection: asyncpg.Connection) -> None:
    """Let this connection read and write by them."""
    for name in ("json", "jsonb"):
        await connection.set_type_codec(name, schema="pg_catalog", encoder=encode_json, decoder=decode_json)
    await connection.set_type_codec(
        "timestamptz", schema="pg_catalog", encoder=encode_instant, decoder=decode_instant, format="tuple"
    )
    await connection.set_type_codec(
        "date", schema="pg_catalog", encoder=encode_day, decoder=decode_day, format="tuple"
    )
