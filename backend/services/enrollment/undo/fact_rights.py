"""Whether what an act wrote is still the actor's to change: who is no admin takes back within their rights alone."""

from collections.abc import Awaitable, Callable
from collections.abc import Set as AbstractSet

from backend.database import row_by_id
from backend.index import FacetIndex
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import administered_groups
from backend.services.access.rights import is_session_staff, session_for
from backend.services.enrollment.drafts.method_drafts import stored_draft
from backend.services.enrollment.rights.enrollment_rights import permit_for
from backend.services.errors import Forbidden, NotFound
from backend.tables import CourseGroup, EnrollmentMethod


class FactRights:
    """Of one actor, who did the act; the `index` is needed for who is no admin."""

    def __init__(self, actor: Actor, index: FacetIndex | None) -> None:
        self.actor = actor
        self.index = index

    async def allowed(self, table: str, objects: AbstractSet[int]) -> frozenset[int]:
        """Those of the objects of this table that are theirs to change now."""
        asked: dict[str, Callable[[int], Awaitable[bool]]] = {
            "membership": self._group,
            "learner_group": self._group,
            "session": self._session,
            "session_instructor": self._session,
            "enrollment_method": self._method,
            # Staff grade. A certificate goes with the result that awarded it, whoever has it.
            "exclusion": self._staff,
            "course_group": self._staff,
            "course_group_instructor": self._instructors,
            "result": self._staff,
            "result_attempt": self._staff,
            "award": self._anybody,
            # Of oneself one changes one's name and language.
            "learner": self._oneself,
        }
        may = asked.get(table, self._nobody)
        return frozenset([one for one in objects if await may(one)])

    async def _group(self, group_id: int) -> bool:
        return group_id in await administered_groups(self.actor)

    async def _session(self, session_id: int) -> bool:
        try:
            await session_for(self.actor, session_id, "manage")
        except (Forbidden, NotFound):
            return False
        return True

    async def _instructors(self, course_group_id: int) -> bool:
        row = await row_by_id(CourseGroup, course_group_id)
        return row is not None and await self._session(row["session_id"])

    async def _staff(self, session_id: int) -> bool:
        try:
            session = await session_for(self.actor, session_id, "view")
        except (Forbidden, NotFound):
            return False
        return await is_session_staff(self.actor, session)

    async def _method(self, method_id: int) -> bool:
        row = await row_by_id(EnrollmentMethod, method_id)
        if row is None or self.index is None:
            return False
        try:
            session = await session_for(self.actor, row["session_id"], "enroll")
            permit = await permit_for(self.actor, self.index, session)
            permit.require_open(self.index, stored_draft(row))
        except (Forbidden, NotFound):
            return False
        return True

    async def _oneself(self, learner_id: int) -> bool:
        return learner_id == self.actor.id

    @staticmethod
    async def _anybody(_: int) -> bool:
        return True

    @staticmethod
    async def _nobody(_: int) -> bool:
        return False
