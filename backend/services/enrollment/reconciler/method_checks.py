"""The methods that are to be looked at: for whom, and because of what."""

from typing import Any

import msgspec
from pyroaring import BitMap

from backend.schemas.enrollment import RunCause


class MethodCheck(msgspec.Struct):
    """A method to look at: for these people, or for everybody (`learners` is None). `retry` were blocked and may be free."""

    learners: BitMap | None
    retry: BitMap
    cause: RunCause = "change"
    reason: dict[str, Any] | None = None
    # The run that wrote what makes everybody be looked at.
    run_id: int | None = None


class MethodChecks(dict[int, MethodCheck]):
    """Checks by method, one each."""

    def add(self, method_id: int, more: MethodCheck) -> None:
        """Look at the method for these people, too."""
        check = self.get(method_id)
        if check is None:
            self[method_id] = more
            return
        check.learners = (
            None if check.learners is None or more.learners is None else check.learners | more.learners
        )
        check.retry |= more.retry
        # A change that somebody made says more than the clock.
        check.cause = check.cause if check.cause == more.cause else "change"
        check.reason = more.reason or check.reason
        check.run_id = more.run_id or check.run_id

    def add_whole(
        self,
        method_id: int,
        cause: RunCause = "change",
        reason: dict[str, Any] | None = None,
        run_id: int | None = None,
    ) -> None:
        """Look at everybody of a method."""
        self.add(method_id, MethodCheck(None, BitMap(), cause, reason, run_id))
