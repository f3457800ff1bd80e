"""What waits for a person to decide, on the wire."""

from datetime import datetime
from typing import Literal

from backend.schemas.base import Output

NeedKind = Literal[
    "held_removals",
    "held_entries",
    "frozen",
    "broken_pins",
    "jumps",
    "blocked",
    "needs_session",
    "imports",
    "proposals",
]


class Need(Output):
    """One thing that waits for a person.

    Pinned people who are not where they must be are one thing for each method or segment (`name` is the segment's), and so is a jump of an audience.

    `people`: how many it is about. `why` says it in the reader's language, where there is more to say than the kind does.
    """

    kind: NeedKind
    session_id: int | None = None
    session_name: str | None = None
    activity_title: str | None = None
    method_id: int | None = None
    method_name: str | None = None
    run_id: int | None = None
    import_id: int | None = None
    proposal_id: int | None = None
    segment_id: int | None = None
    jump_id: int | None = None
    name: str | None = None
    people: int = 0
    since: datetime | None = None
    why: str | None = None
