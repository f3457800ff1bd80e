"""Rules that would decide by who is enrolled in what they enroll in themselves."""

from backend.enrollment.circles import circle_through
from backend.enrollment.method_kinds import METHOD_KINDS
from backend.index import FacetIndex
from backend.index.facts.structure_rows import Method
from backend.rules import Rule, enrollments_asked, leaves_of
from backend.schemas.problem import Mistake
from backend.services.enrollment.drafts.method_drafts import MethodDraft
from backend.words import Message


def circle_problems(draft: MethodDraft, index: FacetIndex) -> list[Mistake]:
    """What decides by who is enrolled, or who completed, must not, through dynamic methods, ask about its own activity."""
    session = index.sessions.get(draft.session_id)
    if session is None or draft.rule is None or not METHOD_KINDS[draft.kind].enrolls:
        return []
    asks = {session.activity_id: asked_activities(draft.rule, index) | _before(draft)}
    if not asks[session.activity_id]:
        return []
    for method in index.methods.values():
        own = index.sessions.get(method.session_id)
        if own is None or method.id == draft.id or not method.dynamic or method.state == "draft":
            continue
        if method.active and method.rule is not None:
            before = asks.get(own.activity_id, frozenset())
            asks[own.activity_id] = before | asked_activities(method.rule, index) | _before(method)
    circle = circle_through(session.activity_id, asks)
    if not circle:
        return []
    titles = [index.activities[a].title if a in index.activities else str(a) for a in circle]
    message = Message(
        "This rule would decide by who is enrolled in what it enrolls in itself: {titles}.",
        titles=" → ".join(titles),
    )
    path = "rule" if draft.after_activity_id is None else "after_activity_id"
    return [Mistake(path=path, code="circular_enrollment", message=message)]


def _before(method: MethodDraft | Method) -> frozenset[int]:
    """What a chain follows: whom it enrolls there goes on to complete it."""
    # Other kinds may have kept one from before it was refused.
    after = method.after_activity_id if method.kind == "chain" else None
    return frozenset() if after is None else frozenset([after])


def asked_activities(rule: Rule, index: FacetIndex) -> frozenset[int]:
    """The activities whose enrollments the rule asks about, inside segments too."""
    return frozenset(
        activity
        for one in index.opened(rule)
        for leaf in leaves_of(one)
        for activity in enrollments_asked(leaf)
    )
