"""What is looked for in a JSON text before a type is decoded: depth, keys that an object repeats, and NUL.

A large text is looked through in pieces, for 2 MB at once hold everybody up for 28 ms: what is longer than a piece is parted into
what it holds, and of that as much is read at once as makes a piece.
"""

import json
from collections.abc import Callable, Iterable, Iterator
from itertools import islice
from typing import Any

import msgspec

from backend.rules.limits import BODY_DEPTH
from backend.schemas.problem import Mistake
from backend.services.errors import Invalid, Malformed, TooLarge
from backend.words import Message
from backend.words.library_messages import message_of

# Bytes read in one step: 3 ms if they are nothing but small objects. Parting 2 MB takes 1 ms.
PIECE = 32 * 1024
# Members of one object; the largest that anything takes has a thousand. Each is looked at when a large object is parted.
MOST_MEMBERS = 5_000
# So many are told at once; whoever mends these asks again.
MOST_MISTAKES = 100
_NUL = b"\\u0000"


class _Duplicate(ValueError):
    pass


class _Key:
    """A key of a large object, equal to no other, so that none takes the place of another."""

    __slots__ = ("name",)

    def __init__(self, name: str) -> None:
        self.name = name


def scan(body: bytes) -> None:
    """Raises `Malformed` for what is not JSON, nests too deep or repeats a key; `Invalid` for a NUL in a text."""
    _scan_piece(body, 0)
    _refuse_nul(body)


def scan_steps(body: bytes, size: int = PIECE) -> Iterator[None]:
    """The same in steps, of pieces of this size."""
    # With how many lists and objects are around each.
    waiting = [(body, 0)]
    while waiting:
        piece, around = waiting.pop()
        children = _children(piece, around) if len(piece) > size else None
        if children is None:
            _scan_piece(piece, around)
            yield
            continue
        yield
        for small in _gathered(children, waiting, around, size):
            _scan_piece(b"[" + b",".join(small) + b"]", around)
            yield
    _refuse_nul(body)


def _scan_piece(piece: bytes, around: int) -> None:
    try:
        value = json.loads(piece, object_pairs_hook=_unique)
    except _Duplicate as error:
        raise _repeated(str(error)) from None
    except RecursionError:
        raise _too_deep() from None
    except ValueError as error:  # also bytes that are not UTF-8
        raise not_json(error) from None
    _check_depth(value, around)


def _children(piece: bytes, around: int) -> list[msgspec.Raw] | None:
    """What a list or object holds; None for what is neither."""
    first = piece.lstrip()[:1]
    if first not in (b"[", b"{"):
        return None
    if around >= BODY_DEPTH:
        raise _too_deep()
    try:
        if first == b"[":
            return msgspec.json.decode(piece, type=list[msgspec.Raw])
        members = msgspec.json.decode(piece, type=dict[_Key, msgspec.Raw], dec_hook=_key_reader())
    except RecursionError:
        raise _too_deep() from None
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_json(error) from None
    if (key := _first_repeated(key.name for key in members)) is not None:
        raise _repeated(key)
    return list(members.values())


def _key_reader() -> Callable[[type, str], _Key]:
    """Reads the keys of one object. Raises `TooLarge` beyond the most."""
    left = MOST_MEMBERS

    def read(_: type, name: str) -> _Key:
        nonlocal left
        left -= 1
        if left < 0:
            raise _too_many()
        return _Key(name)

    return read


def _gathered(
    children: Iterable[msgspec.Raw], waiting: list[tuple[bytes, int]], around: int, size: int
) -> Iterator[list[bytes]]:
    """The small ones, as many together as make a piece; the large ones wait to be parted themselves."""
    together: list[bytes] = []
    length = 0
    for child in children:
        piece = bytes(child)
        if len(piece) > size:
            if not _is_plain(piece, around + 1):
                waiting.append((piece, around + 1))
            continue
        together.append(piece)
        length += len(piece) + 1
        if length > size:
            yield together
            together, length = [], 0
    if together:
        yield together


def _is_plain(piece: bytes, around: int) -> bool:
    """Whether it has no keys, and too few brackets to nest too deep; that it is JSON was seen when it was parted from the rest."""
    return b"{" not in piece and piece.count(b"[") + around <= BODY_DEPTH


def _first_repeated(keys: Iterable[str]) -> str | None:
    seen: set[str] = set()
    for key in keys:
        if key in seen:
            return key
        seen.add(key)
    return None


def _unique(pairs: list[tuple[str, Any]]) -> dict[str, Any]:
    if len(pairs) > MOST_MEMBERS:
        raise _too_many()
    found = dict(pairs)
    if len(found) != len(pairs):
        raise _Duplicate(_first_repeated(key for key, _ in pairs))
    return found


def _check_depth(value: Any, around: int) -> None:
    level, depth = [value], around
    while level:
        depth += 1
        if depth > BODY_DEPTH:
            raise _too_deep()
        level = [
            child
            for node in level
            for child in (node.values() if type(node) is dict else node if type(node) is list else ())
            if type(child) in (dict, list)
        ]


def _refuse_nul(body: bytes) -> None:
    try:
        paths = list(islice(_paths_with_nul(body), MOST_MISTAKES))
    except (msgspec.DecodeError, UnicodeDecodeError) as error:
        raise not_json(error) from None
    if paths:
        said = Message("A text cannot contain the character U+0000.")
        raise Invalid(said, errors=[Mistake(path=path, code="nul", message=said) for path in paths])


def _paths_with_nul(body: bytes, path: str = "") -> Iterator[str]:
    """Where U+0000 stands in a text or key. Only what holds one is decoded, level by level."""
    if _NUL not in body:
        return
    first = body.lstrip()[:1]
    if first == b'"':
        if "\0" in msgspec.json.decode(body, type=str):
            yield path
    elif first == b"[":
        for place, child in enumerate(msgspec.json.decode(body, type=list[msgspec.Raw])):
            yield from _paths_with_nul(bytes(child), f"{path}[{place}]")
    elif first == b"{":
        members = msgspec.json.decode(body, type=dict[str, msgspec.Raw])
        if any("\0" in key for key in members):
            yield path
        for key, child in members.items():
            yield from _paths_with_nul(bytes(child), f"{path}.{key}" if path else key)


def not_json(error: Exception) -> Malformed:
    """What is said of a body that cannot be read at all."""
    return Malformed(Message("The request is not JSON: {error}.", error=message_of(str(error))))


def _repeated(key: str) -> Malformed:
    return Malformed(Message("The key “{key}” appears twice in one object.", key=key))


def _too_many() -> TooLarge:
    return TooLarge(Message("An object of the request has more than {count} keys.", count=MOST_MEMBERS))


def _too_deep() -> Malformed:
    return Malformed(Message("The request nests deeper than {levels} levels.", levels=BODY_DEPTH))
