"""The request: its `data` is read strictly, and it knows who acts."""

from typing import Any, get_args

import msgspec
from litestar import Request
from litestar.datastructures import State
from litestar.types import Empty

from backend.controllers.decoding import decode, mistake_of
from backend.schemas.calendar import outside_calendar
from backend.schemas.commons import BadRow, Bulk
from backend.services.actor import Actor
from backend.services.errors import TooLarge


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
    envelope = msgspec.defstruct(
        "Envelope", [(field.encode_name, list[msgspec.Raw])], forbid_unknown_fields=True
    )
    rows: list[msgspec.Raw] = getattr(await decode(body, envelope), field.encode_name)
    if len(rows) > kind.most_rows():
        raise TooLarge(f"One request may carry {kind.most_rows():,} rows; this one has {len(rows):,}.")
    (row_kind,) = get_args(field.type)
    decoder = msgspec.json.Decoder(row_kind)
    read: list[Any] = []
    for row in rows:
        try:
            one = decoder.decode(row)
            outside = outside_calendar(one)
            read.append(BadRow(**msgspec.structs.asdict(outside[0])) if outside else one)
        except msgspec.ValidationError as error:
            mistake = mistake_of(error)
            read.append(BadRow(mistake.path, mistake.code, mistake.message))
    return kind(**{field.name: read})
