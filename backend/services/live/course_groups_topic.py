"""The classes of a session, as those follow them who run it or instruct some of them."""

from backend.database import fetch
from backend.index import COURSE_GROUP, FacetIndex
from backend.index.steps import Steps
from backend.live.topics import Ended, Subject
from backend.rules import Facet
from backend.schemas.live.frames import CourseGroupsState, CourseGroupState
from backend.services.access.actor import Actor
from backend.services.access.rights import course_groups_in, is_session_staff, session_for
from backend.services.errors import NotFound
from backend.services.live import statements
from backend.services.live.progress_topics import problem_of
from backend.words.nouns import has_been_deleted


async def course_groups_subject(actor: Actor, session_id: int) -> Subject:
    """Raises `NotFound` or `Forbidden` for who neither runs the session nor instructs a class of it."""
    session = await session_for(actor, session_id, "class")
    own = None if await is_session_staff(actor, session) else await course_groups_in(actor, session_id)

    async def load(index: FacetIndex) -> CourseGroupsState:
        if session_id not in index.sessions:
            raise Ended(problem_of(NotFound(has_been_deleted("session"))))
        rows = await fetch(statements.COURSE_GROUPS, session_id, own)
        return CourseGroupsState(
            session_id=session_id, course_groups=[CourseGroupState(**row) for row in rows]
        )

    def facets(index: FacetIndex) -> Steps[frozenset[Facet]]:
        yield
        methods = [index.methods[one] for one in index.methods_of(session_id) if one in index.methods]
        held = {Facet("source", one.id) for one in methods if one.course_group_id is not None}
        return frozenset({Facet("status"), Facet("enrollment", session_id), *held})

    return Subject(
        key=("course_groups", session_id, None if own is None else tuple(own)),
        kind="course_groups",
        load=load,
        facets=facets,
        structure=frozenset({"session", "enrollment_method", COURSE_GROUP}),
    )
