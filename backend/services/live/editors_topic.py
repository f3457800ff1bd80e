"""Who edits a method, as those follow it who may edit it too."""

from backend.database import fetch
from backend.index import FacetIndex
from backend.live.editors import Editors
from backend.live.topics import Ended, Subject
from backend.schemas.live.frames import EventPerson, MethodEditors
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.enrollment.drafts.method_drafts import stored_draft
from backend.services.enrollment.drafts.method_rows import method_row
from backend.services.enrollment.rights.enrollment_rights import permit_for
from backend.services.errors import Forbidden, NotFound
from backend.services.live.progress_topics import problem_of
from backend.services.people.statements import PEOPLE
from backend.words.nouns import has_been_deleted, there_is_no

# Editors at other processes are looked for this often; those at this one are told at once.
LOOK_SECONDS = 2.0


async def editors_subject(
    actor: Actor, index: FacetIndex, method_id: int, editors: Editors, *, editing: bool
) -> Subject:
    """Raises `NotFound` for who may not enroll in the session, `Forbidden` for who may see the method, but not edit it."""
    method = index.methods.get(method_id)
    missing = NotFound(there_is_no("method", method_id))
    if method is None:
        raise missing
    try:
        session = await session_for(actor, method.session_id, "enroll")
    except (NotFound, Forbidden):
        raise missing from None
    row = await method_row(session["id"], method_id)
    (await permit_for(actor, index, session)).require_open(index, stored_draft(row))

    async def load(index: FacetIndex) -> MethodEditors:
        if method_id not in index.methods:
            raise Ended(problem_of(NotFound(has_been_deleted("method"))))
        ids = await editors.of(method_id)
        if ids is None:
            return MethodEditors(id=method_id, editors=None)
        rows = await fetch(PEOPLE, ids) if ids else []
        return MethodEditors(
            id=method_id,
            editors=[
                EventPerson(id=one["id"], first_name=one["first_name"], last_name=one["last_name"])
                for one in rows
            ],
        )

    return Subject(
        key=("editors", method_id, editing),
        kind="editors",
        load=load,
        structure=frozenset({"enrollment_method"}),
        every=lambda _: LOOK_SECONDS,
        editors_of=method_id,
        editing=editing,
    )
