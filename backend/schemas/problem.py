"""`application/problem+json` (RFC 9457)."""

import msgspec

from backend.schemas.commons import Output


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


class Dependent(msgspec.Struct):
    """Something that refers to what was to be deleted."""

    kind: str
    id: int
    name: str


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
