"""What a method's plan is made from, out of the index at one position."""

from datetime import date

from pyroaring import BitMap

from backend.enrollment.planning import Situation
from backend.index import FacetIndex
from backend.schemas.enrollment import OnLeave


def situation_of(  # noqa: PLR0913 - the method, and when
    index: FacetIndex,
    session_id: int,
    desired: BitMap,
    day: date,
    *,
    method_id: int = 0,
    on_leave: OnLeave = "expire",
    picking: bool = False,
) -> Situation:
    """Everybody's place in the session beside whom the audience holds; `method_id` is 0 for a method that is new.

    `picking` takes nobody out: who stays in the hand-picked method although they are left out has completed.
    """
    actual = index.source_holders(method_id)
    others = [one for one in index.enrolling_methods_of(session_id) if one != method_id]
    left_out = index.excluded(session_id, day)
    return Situation(
        desired=desired,
        actual=actual,
        countable=index.countable,
        elsewhere=index.blocked(session_id, desired - actual),
        enrolled=index.live_enrollments(session_id),
        completed=index.completed(session_id),
        others=BitMap.union(BitMap(), *map(index.source_holders, others)),
        left_out=left_out - actual if picking else left_out,
        keeps=on_leave == "keep",
    )
