"""Reading JSON strictly: depth, duplicate keys and NUL are looked for before a type is decoded."""

import asyncio
import json
import re
from typing import Any, TypeVar

import msgspec

from backend.rules.limits import BODY_DEPTH
from backend.schemas.calendar import outside_calendar
from backend.schemas.problem import Mistake
from backend.services.errors import Invalid, Malformed

T = TypeVar("T")

# Beyond this, scanning leaves the event loop alone.
LARGE_BODY = 256 * 1024

# A text that has no normal form brings a place of its own, within the object that msgspec names.# So many are told at once; whoever mends these asks again.
MOST_MISTAKES = 100

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


class _Duplicate(ValueError):
    pass


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    found = dict(pairs)
    if len(found) != len(pairs):
        seen: set[str] = set()
        raise _Duplicate(next(key for key, _ in pairs if key in seen or seen.add(key)))  # type: ignore[func-returns-value]
    return found


def _check_depth(value: Any) -> None:
    level, depth = [value], 0
    while level:
        depth += 1
        if depth > BODY_DEPTH:
            raise Malformed(f"The request nests deeper than {BODY_DEPTH} levels.")
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node if type(node) is list else ())
            if type(child) in (dict, list)
        ]


def _paths_with_nul(value: Any, path: str = "") -> list[str]:
    if isinstance(value, str):
        return [path] if "\0" in value else []
    if isinstance(value, list):
        return [p for i, child in enumerate(value) for p in _paths_with_nul(child, f"{path}[{i}]")]
    if isinstance(value, dict):
        inner = [
            p
            for key, child in value.items()
            for p in _paths_with_nul(child, f"{path}.{key}" if path else key)
        ]
        return ([path] if any("\0" in key for key in value) else []) + inner
    return []


def scan(body: bytes) -> None:
    """Raises `Malformed` for what is not JSON, nests too deep or repeats a key; `Invalid` for a NUL in a text."""
    try:
        value = json.loads(body, object_pairs_hook=_unique)
    except _Duplicate as error:
        raise Malformed(f"The key “{error}” appears twice in one object.") from None
    except RecursionError:
        raise Malformed(f"The request nests deeper than {BODY_DEPTH} levels.") from None
    except ValueError as error:  # also bytes that are not UTF-8
        raise Malformed(f"The request is not JSON: {error}.") from None
    _check_depth(value)
    if b"\\u0000" in body and (paths := _paths_with_nul(value)):
        raise Invalid(
            "A text cannot contain the character U+0000.",
            errors=[
                Mistake(path=p, code="nul", message="A text cannot contain the character U+0000.")
                for p in paths
            ],
        )


def mistake_of(error: Exception) -> Mistake:
    """What msgspec found wrong, with the contract's path and a code."""
    text = str(error)
    path = "".join(reversed(_AT.findall(text))).removeprefix(".")
    message = _AT.sub("", text)
    if named := _NAMED.search(message):
        path = f"{path}.{named['field']}" if path else named["field"]
    code = next((code for words, code in _CODES if words in message), "invalid")
    return Mistake(path=path, code=code, message=message)


def decode_as(body: bytes, kind: type[T]) -> T:
    """Decode scanned JSON strictly as `kind`; raises `Invalid` with the path of the first offence."""
    try:
        read = msgspec.json.decode(body, type=kind)
    except msgspec.ValidationError as error:
        mistake = mistake_of(error)
        where = f"{mistake.path}: " if mistake.path else ""
        raise Invalid(f"{where}{mistake.message}", errors=[mistake]) from None
    except msgspec.DecodeError as error:
        # Numbers beyond a double, lone surrogates: what the standard library lets pass.
        raise Malformed(f"The request is not JSON: {error}.") from None
    if mistakes := outside_calendar(read):
        raise Invalid(f"{mistakes[0].path}: {mistakes[0].message}", errors=mistakes[:MOST_MISTAKES])
    return read


async def decode(body: bytes, kind: type[T]) -> T:
    """Scan and decode `body` as `kind`. Raises `Malformed` or `Invalid`."""
    if len(body) > LARGE_BODY:
        await asyncio.to_thread(scan, body)
    else:
        scan(body)
    return decode_as(body, kind)
