"""Why something happened to somebody, on the wire: the same on every page, in every event and list."""

from typing import Any

from backend.enrollment.causes import Cause
from backend.schemas.base import Output


class Reason(Output):
    """The cause, what it is about and its value before and after, as far as the reader may know; and all of it as a sentence.

    `another_method`: it is not for the reader, and the rest is null. `note` are the words of whoever did it. `facet` is what
    `cause` was called earlier, `text` what `note` was.
    """

    cause: Cause
    sentence: str
    ref: int | None = None
    name: str | None = None
    old: Any = None
    new: Any = None
    note: str | None = None
    facet: str = ""
    text: str | None = None
