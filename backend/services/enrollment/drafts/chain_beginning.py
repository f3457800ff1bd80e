"""From when on a chain counts that leaves out who completed earlier: from the moment at which it is confirmed."""

import msgspec

from backend.enrollment.method_kinds.chain import begin_on, has_begun
from backend.index import FacetIndex
from backend.rules import limits
from backend.runtime import clock
from backend.services.enrollment.drafts.method_drafts import MethodDraft
from backend.services.errors import Invalid
from backend.words import Message


def begun(draft: MethodDraft, index: FacetIndex) -> MethodDraft:
    """The draft with a rule that says since when it counts, where it has to. Raises `Invalid` where too many did it today."""
    if draft.kind != "chain" or draft.earlier is not False or draft.after_activity_id is None:
        return draft
    if has_begun(draft):
        return draft
    today = clock.today(index.timezone)
    done = index.reached_on(draft.after_activity_id, draft.after_status or "completed", today)
    if len(done) > limits.VALUES:
        message = Message(
            "{count:,} people did so today, too many to name in a rule: confirm this tomorrow.",
            count=len(done),
        )
        raise Invalid.at("earlier", "too_many", message)
    return msgspec.structs.replace(draft, rule=begin_on(draft, today, list(done)))


def not_begun(draft: MethodDraft) -> MethodDraft:
    """Without what its rule says: nobody has confirmed it yet."""
    if draft.kind != "chain" or draft.rule is None:
        return draft
    return msgspec.structs.replace(draft, rule=msgspec.structs.replace(draft.rule, blocks=[]))
