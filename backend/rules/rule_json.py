"""From bytes to a rule, safely: size and depth are refused before anything is decoded."""

import json
import re
from collections.abc import Iterator
from typing import Any

import msgspec

from backend.rules import limits
from backend.rules.filters import registry
from backend.rules.problems import InvalidRule, Problem
from backend.rules.tree import Block, Rule
from backend.words import Message
from backend.words.library_messages import message_of

# Strings are swallowed whole, so that brackets inside them are not counted.
_BRACKETS = re.compile(rb'"(?:[^"\\]|\\.)*+"|[\[\]{}]', re.DOTALL)
_PLACE = re.compile(r" - at `\$(?P<place>.*)`$", re.DOTALL)


def convert(raw: object, path: str = "rule") -> Rule:
    """The rule in already decoded JSON (`raw`); raises `InvalidRule` with every problem of its shape."""
    try:
        return msgspec.convert(raw, Rule)
    except msgspec.ValidationError:
        raise InvalidRule(_shape_problems(raw, path)) from None


def check_body(body: bytes, *, path: str = "rule", most_bytes: int = limits.BODY_BYTES) -> None:
    """Refuse a JSON body that is too large or too deep to decode, repeats a key, or holds U+0000.

    Raises `InvalidRule` with the codes `too_large`, `too_deep`, `malformed`, `duplicate_key`, `character`.
    """
    if len(body) > most_bytes:
        raise InvalidRule(
            [
                Problem(
                    path,
                    "too_large",
                    Message("At most {most:,} bytes are accepted.", most=most_bytes),
                )
            ]
        )
    if depth_of(body) > limits.BODY_DEPTH:
        raise InvalidRule(
            [Problem(path, "too_deep", Message("Filters can be nested {depth} deep.", depth=limits.DEPTH))]
        )
    repeated: list[str] = []

    def pairs(found: list[tuple[str, Any]]) -> dict[str, Any]:
        made = dict(found)
        if len(made) != len(found):
            keys = [key for key, _ in found]
            repeated.extend(key for key in made if keys.count(key) > 1)
        return made

    try:
        decoded = json.loads(body, object_pairs_hook=pairs, parse_constant=_refuse_constant)
    except (ValueError, RecursionError) as error:
        raise InvalidRule(
            [Problem(path, "malformed", Message("This is not JSON: {error}.", error=message_of(str(error))))]
        ) from None
    problems = [
        Problem(path, "duplicate_key", Message("The key {key!r} appears twice in one object.", key=key))
        for key in repeated
    ]
    if b"\\u0000" in body:
        problems += [
            Problem(place, "character", Message("Text cannot hold the character U+0000."))
            for place in _zeros(decoded, path)
        ]
    if problems:
        raise InvalidRule(problems)


def depth_of(body: bytes) -> int:
    """How deep brackets are nested in a JSON text, found without decoding it; stops at the first too deep."""
    depth = deepest = 0
    for token in _BRACKETS.finditer(body):
        byte = body[token.start()]
        if byte in b"[{":
            depth += 1
            deepest = max(deepest, depth)
            if deepest > limits.BODY_DEPTH:
                break
        elif byte in b"]}":
            depth -= 1
    return deepest


def _refuse_constant(name: str) -> None:
    raise ValueError(f"{name} is not a JSON value")


def _zeros(value: object, path: str) -> Iterator[str]:
    if isinstance(value, str):
        if "\x00" in value:
            yield path
    elif isinstance(value, list):
        for i, item in enumerate(value):
            yield from _zeros(item, f"{path}[{i}]")
    elif isinstance(value, dict):
        for key, item in value.items():
            if "\x00" in key:
                yield path
            yield from _zeros(item, f"{path}.{key}")


def _shape_problems(raw: object, path: str) -> list[Problem]:
    """Every problem of shape: the decoder stops at the first, so the parts are tried one by one."""
    if not isinstance(raw, dict):
        return _try(raw, Rule, path)
    shell = dict(raw)
    problems: list[Problem] = []
    if isinstance(raw.get("blocks"), list):
        shell["blocks"] = []
        for i, block in enumerate(raw["blocks"][: limits.BLOCKS]):
            problems += _block_problems(block, f"{path}.blocks[{i}]")
    return _try(shell, Rule, path) + problems


def _block_problems(raw: object, path: str) -> list[Problem]:
    if not isinstance(raw, dict):
        return _try(raw, Block, path)
    shell = dict(raw)
    problems: list[Problem] = []
    if isinstance(raw.get("filters"), list):
        shell["filters"] = []
        for i, found in enumerate(raw["filters"][: limits.FILTERS]):
            problems += _filter_problems(found, f"{path}.filters[{i}]")
    return _try(shell, Block, path) + problems


def _filter_problems(raw: object, path: str) -> list[Problem]:
    if not isinstance(raw, dict) or not isinstance(raw.get("of"), list):
        return _try(raw, registry.Registered, path)
    problems: list[Problem] = []
    for i, found in enumerate(raw["of"][: limits.FILTERS]):
        problems += _filter_problems(found, f"{path}.of[{i}]")
    return _try({**raw, "of": []}, registry.Registered, path) + problems


def _try(raw: object, kind: Any, path: str) -> list[Problem]:
    try:
        msgspec.convert(raw, kind)
    except msgspec.ValidationError as error:
        return [_problem(error, path)]
    return []


def _problem(error: msgspec.ValidationError, path: str) -> Problem:
    text = str(error)
    place = _PLACE.search(text)
    if place is None:
        return Problem(path, _code(text), Message("{text}.", text=message_of(text)))
    return Problem(
        f"{path}{place['place']}", _code(text), Message("{text}.", text=message_of(text[: place.start()]))
    )


def _code(text: str) -> str:
    if "unknown field" in text:
        return "unknown_field"
    if "missing required field" in text:
        return "missing"
    if "Invalid enum value" in text or "Invalid value" in text:
        return "choice"
    return "type"
