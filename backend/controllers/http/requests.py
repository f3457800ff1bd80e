"""The request: its `data` is read strictly, and it knows who acts."""

import asyncio
from functools import cache
from typing import Any, get_args

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.types import Empty

from backend.controllers.http.decoding import decode, mistake_of
from backend.index.time_slices import TimeSlice
from backend.schemas.base import BadRow, Bulk
from backend.schemas.calendar import outside_calendar
from backend.services.access.actor import Actor
from backend.services.errors import TooLarge
from backend.words import Message


class MusterRequest(Request[Actor | None, str, State]):
    """Litestar alone would take "1" for 1, and the last of two equal keys."""

    async def json(self) -> Any:
        """The body as the handler's `data` type; plain values where it has none. Raises `Malformed` or `Invalid`."""
        if self._json is Empty:
            field = self.route_handler.parsed_data_field
            kind: Any = field.annotation if field is not None else Any
            body = await self.body()
            if isinstance(kind, type) and issubclass(kind, Bulk):
                self._json = await decode_bulk(body, kind)
            else:
                self._json = await decode(body, kind)
        return self._json


async def decode_bulk(body: bytes, kind: type[Bulk]) -> Bulk:
    """The request with every row that cannot be read replaced by a `BadRow`.

    Raises `TooLarge` beyond the most rows, `Malformed` or `Invalid` where not even the list of rows can be read.
    """
    (field,) = msgspec.structs.fields(kind)
    rows: list[msgspec.Raw] = getattr(await decode(body, _rows_apart(kind)), field.encode_name)
    if len(rows) > kind.most_rows():
        raise TooLarge(
            Message(
                "One request may carry {most:,} rows; this one has {count:,}.",
                most=kind.most_rows(),
                count=len(rows),
            )
        )
    (row_kind,) = get_args(field.type)
    decoder = msgspec.json.Decoder(row_kind)
    read: list[Any] = []
    time_slice = TimeSlice()
    for row in rows:
        read.append(_row(row, decoder))
        if time_slice.used_up():
            await asyncio.sleep(0)
    return kind(**{field.name: read})


@cache
def _rows_apart(kind: type[Bulk]) -> type[msgspec.Struct]:
    """A bulk request whose rows are not decoded yet. Made once: what is known of a type is kept for ever."""
    (field,) = msgspec.structs.fields(kind)
    return msgspec.defstruct(
        f"{kind.__name__}RowsApart", [(field.encode_name, list[msgspec.Raw])], forbid_unknown_fields=True
    )


def _row(row: msgspec.Raw, decoder: msgspec.json.Decoder[Any]) -> Any:
    try:
        one = decoder.decode(row)
    except msgspec.ValidationError as error:
        mistake = mistake_of(error)
        return BadRow(mistake.path, mistake.code, mistake.message)
    outside = outside_calendar(one)
    return BadRow(**msgspec.structs.asdict(outside[0])) if outside else one
