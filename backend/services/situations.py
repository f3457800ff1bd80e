"""What a method's plan is made from, out of the index at one position."""

from pyroaring import BitMap

from backend.enrollment.planning import Situation
from backend.index import FacetIndex
from backend.index.values import EMPTY, union
from backend.schemas.enrolling import OnLeave


def situation_of(
    index: FacetIndex, session_id: int, desired: BitMap, *, method_id: int = 0, on_leave: OnLeave = "expire"
) -> Situation:
    """Everybody's place in the session beside whom the audience holds; `method_id` is 0 for a method that is new."""
    actual = index.facts.sources.get(method_id, EMPTY)
    enrollments = index.facts.enrollments.get(session_id)
    others = index.structure.methods_of(session_id) - {method_id}
    return Situation(
        desired=desired,
        actual=actual,
        countable=index.countable,
        elsewhere=index.blocked(session_id, desired - actual),
        enrolled=EMPTY if enrollments is None else enrollments.live(),
        completed=EMPTY if enrollments is None else enrollments.states.get("completed"),
        others=union([index.facts.sources[m] for m in others if m in index.facts.sources]),
        keeps=on_leave == "keep",
    )
