"""Which session a subpath follows: one of a path that has its session's activity as a step."""

import msgspec

from backend.enrollment.method_kinds.subpath import rule_of_parent
from backend.index import FacetIndex
from backend.services.enrollment.drafts.method_drafts import MethodDraft
from backend.services.errors import Invalid
from backend.words import Message


def with_parents(draft: MethodDraft, index: FacetIndex) -> MethodDraft:
    """The draft of a subpath with its rule. Raises `Invalid` for a session that is none of a path around its own."""
    if draft.kind != "subpath" or draft.parent_session_id is None:
        return draft
    own, parent = index.sessions.get(draft.session_id), index.sessions.get(draft.parent_session_id)
    inside = (
        set() if parent is None else {step.child_activity_id for step in index.steps_of(parent.activity_id)}
    )
    if own is None or parent is None or own.activity_id not in inside:
        message = Message("This is no session of a path that has this activity as a step.")
        raise Invalid.at("parent_session_id", "not_around", message)
    rule = rule_of_parent(parent.activity_id, parent.id, draft.rule)
    return msgspec.structs.replace(draft, rule=rule)
