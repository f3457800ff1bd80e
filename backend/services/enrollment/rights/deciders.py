"""Who may decide about what waits of a method: platform admins, and of its session's staff those to whom the method is open."""

from asyncpg import Record

from backend.database import Row, fetch
from backend.index import FacetIndex
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.visibility import AudienceScope, reading_scope
from backend.services.enrollment.drafts.method_drafts import stored_draft
from backend.services.enrollment.rights import right_statements
from backend.services.enrollment.rights.enrollment_rights import Permit, permit_for
from backend.services.errors import Forbidden, NotFound

# Who is nearest to a session comes first; of more than this, the others find on their page what waits for them.
MOST_STAFF = 200


class MethodRights:
    """Of one person, which methods are theirs to decide about; permits by session, asked for once."""

    def __init__(self, actor: Actor, index: FacetIndex, sight: AudienceScope) -> None:
        self.actor, self.index, self.sight = actor, index, sight
        self._permits: dict[int, Permit | None] = {}

    async def decides(self, session_id: int, method: Record | Row) -> bool:
        """Whether the method, a row as it is stored, is theirs to change, and so what waits about it theirs to decide."""
        if self.actor.is_admin:
            return True
        if not self.sight.views(session_id, self.index):
            return False
        if session_id not in self._permits:
            try:
                session = await session_for(self.actor, session_id, "enroll")
                self._permits[session_id] = await permit_for(self.actor, self.index, session)
            except (Forbidden, NotFound):
                self._permits[session_id] = None
        permit = self._permits[session_id]
        return permit is not None and permit.opens(self.index, stored_draft(method))


class Deciders:
    """Who decides about methods, several of them in a row: what is known of a person is asked for once."""

    def __init__(self, index: FacetIndex) -> None:
        self._index = index
        self._known: dict[int, MethodRights] = {}

    async def of_method(self, method_id: int) -> list[int]:
        """The ids of those who may decide about what waits of the method."""
        rows = await fetch(right_statements.METHODS_BY_ID, [method_id])
        if not rows:
            return []
        (method,) = rows
        admins = await fetch(right_statements.ADMINS)
        staff = await fetch(right_statements.STAFF, [method["session_id"]], MOST_STAFF)
        return [row["id"] for row in admins] + [
            row["id"]
            for row in staff
            if await (await self._rights(row["id"])).decides(method["session_id"], method)
        ]

    async def _rights(self, learner_id: int) -> MethodRights:
        if learner_id not in self._known:
            actor = Actor(learner_id)
            self._known[learner_id] = MethodRights(actor, self._index, await reading_scope(actor))
        return self._known[learner_id]


async def staff_of_all(session_ids: list[int], most: int) -> list[int]:
    """Who is staff of every one of the sessions, platform admins apart; the nearest to the first of them first."""
    rows = await fetch(right_statements.STAFF, session_ids, most)
    return [row["id"] for row in rows]
