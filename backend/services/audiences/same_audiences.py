"""Audiences that hold the same people as a rule that somebody types: one of them would be enough."""

from collections.abc import Iterator

from backend.index import BrokenRule, FacetIndex, Follower
from backend.runtime import clock
from backend.schemas.audiences import PreviewRequest, SameAudience, SameAudiences, SameRequest
from backend.services.access.actor import Actor
from backend.services.audiences.audiences import AudienceDraft, draft_audience
from backend.services.audiences.index_access import current_index


async def same_audiences(actor: Actor, follower: Follower, request: SameRequest) -> SameAudiences:
    """The live methods and segments with exactly the same people, as far as the actor may look into both.

    Nothing is claimed of a rule that the actor may evaluate in part only, nor of an audience that is sealed to them: what is equal
    within their reach may differ beyond it. Raises what a preview raises; a broken rule is the same as nothing.
    """
    index = await current_index(follower, actor.committed)
    question = await draft_audience(actor, index, PreviewRequest(rule=request.rule))
    if _is_cut(question, request):
        return SameAudiences(items=[])
    methods = list(_methods(question, request, index))
    # Only platform admins may know whom a segment holds.
    segments = [] if not actor.is_admin else [one for one in index.segments if one != request.except_segment]
    day = clock.today(index.timezone)
    try:
        found = await index.sliced(
            lambda: index.same_people_steps(question.opened, day, sorted(methods), sorted(segments))
        )
    except BrokenRule:
        return SameAudiences(items=[])
    return SameAudiences(
        items=[
            *(
                SameAudience(kind="segment", id=one, name=index.segments[one].name)
                for one in found.segments
                if one in index.segments
            ),
            *(_method(index, one) for one in found.methods if one in index.methods),
        ]
    )


def _is_cut(question: AudienceDraft, request: SameRequest) -> bool:
    """Whether there is more to the rule than the actor may evaluate."""
    if question.sight.groups is None:
        return False
    asked, given = question.rule, request.rule
    # People by name whom the actor may not see are gone from what was asked.
    named = (set(asked.include), set(asked.exclude)) == (set(given.include), set(given.exclude))
    return not named or len(question.opened.blocks) != len(asked.blocks)


def _methods(question: AudienceDraft, request: SameRequest, index: FacetIndex) -> Iterator[int]:
    """Those that are not asked about, and whose rule the actor may read as a whole."""
    sight, left_out = question.sight, set(request.except_methods)
    for method_id, method in index.methods.items():
        if method_id in left_out or (
            request.except_segment is not None and method.segment_id == request.except_segment
        ):
            continue
        if sight.groups is not None and (
            not sight.views(method.session_id, index) or sight.seals_index_method(method, index)
        ):
            continue
        yield method_id


def _method(index: FacetIndex, method_id: int) -> SameAudience:
    method = index.methods[method_id]
    session = index.sessions.get(method.session_id)
    name = session.name if session is not None else ""
    return SameAudience(
        kind="method",
        id=method_id,
        name=method.name or name,
        session_id=method.session_id,
        session_name=name,
    )
