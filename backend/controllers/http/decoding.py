"""Reading JSON strictly, as a type: what msgspec alone would let pass is looked for first."""

import asyncio
import re
from typing import TypeVar

import msgspec

from backend.controllers.http.json_scan import MOST_MISTAKES, not_json, scan, scan_steps
from backend.index.time_slices import TimeSlice
from backend.schemas.calendar import outside_calendar
from backend.schemas.problem import Mistake
from backend.schemas.text import PlacedTextError
from backend.services.errors import Invalid
from backend.words import Message, joined
from backend.words.library_messages import message_of

T = TypeVar("T")

# Beyond this a body is looked through in slices of time.
LARGE_BODY = 256 * 1024

# A text that has no normal form brings a place of its own, within the object that msgspec names.
_AT = re.compile(r" - at `(?:key in )?\$((?:[^`]|`(?! - at |$))*)`(?= - at |$)", re.DOTALL)
_NAMED = re.compile(r"(?P<kind>unknown|required) field `(?P<field>[^`]*)`")
_CODES = (
    ("This is blank", "blank"),
    ("control character", "character"),
    ("is invisible", "character"),
    ("unknown field", "unknown_field"),
    ("missing required", "required"),
    ("length", "length"),
    ("regex", "pattern"),
    (">=", "range"),
    ("<=", "range"),
    ("Invalid", "choice"),
    ("Expected", "type"),
)


def mistake_of(error: Exception) -> Mistake:
    """What msgspec found wrong, with the contract's path and a code."""
    text = str(error)
    path = "".join(reversed(_AT.findall(text))).removeprefix(".")
    message = _AT.sub("", text)
    if named := _NAMED.search(message):
        path = f"{path}.{named['field']}" if path else named["field"]
    code = next((code for words, code in _CODES if words in message), "invalid")
    # What refused a text says so in a message of its own, which msgspec tells in English.
    refused = error.__cause__
    told = refused.message if isinstance(refused, PlacedTextError) else message_of(message)
    return Mistake(path=path, code=code, message=told)


def _told(mistake: Mistake) -> Message:
    if not mistake.path:
        return joined("", [mistake.message])
    return Message("{path}: {message}", path=mistake.path, message=mistake.message)


def decode_as(body: bytes, kind: type[T]) -> T:
    """Decode scanned JSON strictly as `kind`; raises `Invalid` with the path of the first offence."""
    try:
        read = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        mistake = mistake_of(error)
        raise Invalid(_told(mistake), errors=[mistake]) from None
    except msgspec.DecodeError as error:
        # Numbers beyond a double, lone surrogates: what the standard library lets pass.
        raise not_json(error) from None
    if mistakes := outside_calendar(read):
        raise Invalid(_told(mistakes[0]), errors=mistakes[:MOST_MISTAKES])
    return read


async def decode(body: bytes, kind: type[T]) -> T:
    """Scan and decode `body` as `kind`. Raises `Malformed` or `Invalid`."""
    if len(body) > LARGE_BODY:
        time_slice = TimeSlice()
        for _ in scan_steps(body):
            if time_slice.used_up():
                await asyncio.sleep(0)
    else:
        scan(body)
    return decode_as(body, kind)
