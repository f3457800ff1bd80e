"""What was decided about one method: who is to come, who is to go, and why."""

import msgspec
from pyroaring import BitMap

from backend.enrollment.state_causes import Stated
from backend.index.facts.structure_rows import Method
from backend.index.facts.values import EMPTY
from backend.schemas.enrollment import RunCause
from backend.services.enrollment.writing.writes import Reason


class Decision(msgspec.Struct, frozen=True, kw_only=True):
    """What is to become of one method and its people. `remaining` hold its source before anybody leaves."""

    method: Method
    cause: RunCause = "change"
    entering: BitMap = EMPTY
    leaving: BitMap = EMPTY
    releasing: BitMap = EMPTY
    # Looked at, and holding the source or not in the audience: told only of held methods, for they may be on the list.
    staying: BitMap = EMPTY
    unwanted: BitMap = EMPTY
    remaining: int = 0
    problem: Stated | None = None
    reasons: dict[int, Reason] = {}
    # The run that wrote the fact behind it, of those of whom one did.
    runs: dict[int, int] = {}

    @property
    def people(self) -> int:
        """How many people it touches."""
        return len(self.entering) + len(self.leaving) + len(self.releasing)
