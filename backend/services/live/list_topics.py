"""Lists that are read page by page: when something changed that can alter them, and nothing of what it was.

What stands in a list is each reader's own, searched, filtered and sorted: it is asked of its route again, which looks at rights anew.
"""

from typing import get_args

from backend.index import COURSE_GROUP, LISTED, NEEDS_YOU, WAITING_PLACE, FacetIndex
from backend.live.topics import ANYTHING, Subject
from backend.runtime import clock
from backend.schemas.live.frames import ListName, ListState
from backend.services.access.actor import Actor
from backend.services.audiences.visibility import reading_scope
from backend.services.errors import Forbidden
from backend.words import Message

_PEOPLE = frozenset({"membership", "status", "profile", "learner_group"})
_ENROLLED = frozenset({"enrollment", "source", "result", "status", "profile", "session"})
# By list, the names of facts and of tables that can alter it.
_ALTERED_BY: dict[ListName, frozenset[str]] = {
    "groups": _PEOPLE - {"profile"},
    "members": _PEOPLE,
    "people": _PEOPLE | _ENROLLED | {"manager"},
    "participants": _ENROLLED | {"blocked", COURSE_GROUP, WAITING_PLACE},
    "learners": _PEOPLE | {"field", "language", "added", "manager"},
    "activities": frozenset({"activity", "certificate", "session", "enrollment", "status"}),
    "proposals": frozenset({NEEDS_YOU}),
    "held": frozenset({NEEDS_YOU, "enrollment_method"}),
    "qualifications": _PEOPLE | _ENROLLED | {"award", "enrollment_method", "field"},
    "imports": frozenset({LISTED, NEEDS_YOU}),
    "rehearsals": frozenset({LISTED}),
    # How many there are follows from any fact.
    "segments": ANYTHING,
    "enrollment_rules": ANYTHING,
    # Each of them has done something.
    "runs": ANYTHING,
    # What would follow from a rehearsal.
    "everything": ANYTHING,
}
LIST_NAMES: dict[str, ListName] = {name: name for name in get_args(ListName)}
_OF_ADMINS = frozenset({"imports", "rehearsals", "segments", "enrollment_rules", "runs", "everything"})


async def list_subject(actor: Actor, index: FacetIndex, name: ListName) -> Subject:
    """One of `LIST_NAMES`. Raises `Forbidden` for who has no such list: others learn not even when something changes."""
    sight = await reading_scope(actor)
    leads = sight.groups is None or bool(sight.groups or sight.sessions)
    if not (sight.groups is None if name in _OF_ADMINS else leads or index.reports_of(actor.id)):
        raise Forbidden(Message("This list is not yours."))

    def state(index: FacetIndex) -> ListState:
        return ListState(name=name, changed=index.position, day=clock.today(index.timezone))

    return Subject(key=("list", name), kind="list", state=state, altered_by=_ALTERED_BY[name], daily=True)
