"""The paths and programs inside the path of a session, for its staff."""

from backend.index import Follower
from backend.runtime import clock
from backend.schemas.enrollment import inner_steps as wire
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.index_access import latest_index
from backend.services.enrollment.drafts.inner_activities import Inside, inside_of
from backend.services.people.person_names import people

# Of those who wait so many are named, who can be enrolled at once.
MOST_NAMED = 1_000


async def list_inner_steps(actor: Actor, follower: Follower, session_id: int) -> list[wire.InnerStep]:
    """For whoever sees who is enrolled in the session."""
    await session_for(actor, session_id, "view")
    index = await latest_index(follower)
    found = list(inside_of(index, session_id, clock.now()))
    named = {one.step.id: list(one.waiting[:MOST_NAMED]) for one in found}
    known = {person.id: person for person in await people([one for some in named.values() for one in some])}
    return [
        wire.InnerStep(
            step_id=one.step.id,
            activity_id=one.activity_id,
            kind="path" if one.step.kind == "path" else "program",
            title=one.step.title,
            state=one.state,
            session_id=_session_id(one),
            session_name=index.name_of("session", _session_id(one)),
            method_id=None if one.method is None else one.method.id,
            sessions=[wire.OpenSession(id=session.id, name=session.name) for session in one.sessions],
            people=len(one.waiting),
            learners=[known[learner] for learner in named[one.step.id] if learner in known],
        )
        for one in found
    ]


def _session_id(one: Inside) -> int | None:
    if one.method is not None:
        return one.method.session_id
    return one.sessions[0].id if one.state == "offered" else None
