"""`application/problem+json` (RFC 9457)."""

from collections.abc import Iterable
from typing import TypeVar

import msgspec

from backend.schemas.base import Output
from backend.words import translate


class Mistake(msgspec.Struct):
    """One offending value; `path` like `rule.blocks[0].filters[1].values`, empty for the whole body."""

    path: str
    code: str
    message: str


class RowMistake(msgspec.Struct):
    """One offending value of a row of a bulk request; `row` counts from 0."""

    row: int
    path: str
    code: str
    message: str


AnyMistake = TypeVar("AnyMistake", Mistake, RowMistake)


def render_mistakes(mistakes: Iterable[AnyMistake], language: str) -> list[AnyMistake]:
    """The mistakes as somebody of this language reads them."""
    return [
        msgspec.structs.replace(mistake, message=translate(mistake.message, language)) for mistake in mistakes
    ]


class Dependent(msgspec.Struct, omit_defaults=True):
    """Something that refers to what was to be deleted. A method is named as its session where it has no name; its session comes with it."""

    kind: str
    id: int
    name: str
    session_id: int | None = None
    session_name: str | None = None


class Dependents(Output):
    """What refers to something: what deleting it would break.

    `total`: of those that the reader may know of, of which the first are `items`. `hidden`: there are more, `hidden_count` of them,
    which are counted and not named.
    """

    items: list[Dependent]
    total: int
    hidden: bool
    hidden_count: int


class Problem(Output):
    """Every error of the API. `dependents` and `current_version` come with the conflicts they explain.

    `request_id` is also in the header `X-Request-ID` and in the log.
    """

    type: str
    title: str
    status: int
    detail: str
    errors: list[Mistake]
    request_id: str | msgspec.UnsetType = msgspec.UNSET
