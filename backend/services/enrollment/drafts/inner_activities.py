"""Paths and programs inside the path of a session: which follow it, which could, and who waits for somebody to choose a session."""

from collections.abc import Iterator
from datetime import datetime

import msgspec
from pyroaring import BitMap

from backend.index import FacetIndex
from backend.index.facts.structure_rows import Method, Session, Step
from backend.schemas.enrollment.inner_steps import InnerState

INNER = frozenset({"path", "program"})


class Inside(msgspec.Struct, frozen=True):
    """A step, the method that follows the outer session, the open sessions of the inner activity, and who is in none of its sessions."""

    step: Step
    activity_id: int
    method: Method | None
    sessions: list[Session]
    waiting: BitMap
    # Who is enrolled in one of its sessions, or has completed it.
    inside: BitMap

    @property
    def state(self) -> InnerState:
        """Whether it follows by itself."""
        if self.method is not None:
            return "follows"
        return "offered" if len(self.sessions) == 1 else "needs_session"


def inside_of(index: FacetIndex, session_id: int, now: datetime) -> Iterator[Inside]:
    """The paths and programs inside, as they stand for a session."""
    outer = index.sessions.get(session_id)
    if outer is None:
        return
    enrolled = index.enrolled_as(session_id, "active") | index.enrolled_as(session_id, "suspended")
    for step in index.steps_of(outer.activity_id):
        child = step.child_activity_id
        if step.kind not in INNER or child is None:
            continue
        method = _following(index, child, session_id)
        live = [index.live_enrollments(session) for session in index.sessions_of(child)]
        inside = BitMap.union(index.standing_as(child, "completed"), *live)
        waiting = BitMap() if method is not None else (enrolled & index.countable) - inside
        yield Inside(step, child, method, open_sessions(index, child, now), waiting, inside)


def open_sessions(index: FacetIndex, activity_id: int, now: datetime) -> list[Session]:
    """Sessions with methods that have not ended."""
    found = [index.sessions[one] for one in sorted(index.sessions_of(activity_id))]
    return [one for one in found if not one.legacy and (one.ends_at is None or one.ends_at > now)]


def _following(index: FacetIndex, activity_id: int, session_id: int) -> Method | None:
    """The subpath method by which the session's people are enrolled in the inner activity."""
    for inner in sorted(index.sessions_of(activity_id)):
        for method_id in sorted(index.methods_of(inner)):
            method = index.methods[method_id]
            follows = method.kind == "subpath" and method.parent_session_id == session_id
            if follows and method.active and method.state != "draft":
                return method
    return None
