"""What the one writer is asked to write, and what it has written."""

from collections.abc import Mapping, Sequence
from typing import Any, Literal

from msgspec import Struct

from backend.schemas.enrollment import RunCause
from backend.services.enrollment.writing.erase_progress import Erasure

# The log row that caused it: {"facet", "ref", "name", "old", "new"}.
Reason = dict[str, Any]


class Write(Struct, frozen=True, kw_only=True):
    """What becomes of one method's people in one run.

    `releasing` are blocked people whom the method wants no longer. `confirmed` allows progress to be erased: a person
    has seen who leaves. With `run_id` the work belongs to a run that exists.
    """

    method_id: int
    session_id: int
    cause: RunCause
    entering: Sequence[int] = ()
    leaving: Sequence[int] = ()
    releasing: Sequence[int] = ()
    reasons: Mapping[int, Reason] = {}
    actor_id: int | None = None
    position: int | None = None
    detail: dict[str, Any] = {}
    confirmed: bool = False
    # What a person asked for those who leave, instead of what the method says.
    on_leave: Literal["keep", "expire", "erase"] | None = None
    # What a person asked for who erases; all writes of one call share it.
    erasure: Erasure | None = None
    run_id: int | None = None
    # The act that it follows from.
    caused_by: int | None = None
    # A run that turns out to have nothing to do leaves no trace.
    drop_empty: bool = False
    # Who is newly enrolled is told later, as the row in `telling` says that the caller has written.
    defer_notices: bool = False
    # Who is newly enrolled is not told at all.
    mail: bool = True
    # The method enrolls nobody: whoever enters or leaves is put into its class, or taken out of it.
    places: bool = False


class Written(Struct):
    """What was done, in numbers of people; `run_id` is None when nothing was and no run was given.

    `entered` and `left`: whose enrollment began or ended; `gaining` and `losing`: who got or lost a source and is enrolled
    as before; `completed_stay`: who lost it and has completed.
    """

    run_id: int | None
    entered: int = 0
    left: int = 0
    gaining: int = 0
    losing: int = 0
    completed_stay: int = 0
    blocked: int = 0
    released: int = 0
    # Of those who left: whose enrollment ended, and who stay by another method or because they are kept.
    ended: int = 0
    kept: int = 0
    held: int = 0

    @property
    def did_nothing(self) -> bool:
        """Whether nothing was written about anybody."""
        return not (any(counted(self).values()) or self.released)


def counted(written: Written) -> dict[str, int]:
    """What the run, and the answer to whoever asked for it, tells of it."""
    return {name: getattr(written, name) for name in COUNTED}


COUNTED = ("entered", "left", "gaining", "losing", "completed_stay", "blocked")
