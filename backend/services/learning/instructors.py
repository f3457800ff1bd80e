"""Who instructs a session, or a class of one."""

from collections.abc import Mapping, Sequence

from piccolo.columns import Column
from piccolo.table import Table

from backend.database import fetch, none_of
from backend.schemas.problem import Mistake
from backend.services.access.actor import Actor
from backend.services.errors import Invalid
from backend.services.people.learner_lists import add_own_people
from backend.services.statements import some_rows
from backend.services.where_clauses import Conditions
from backend.tables import CourseGroupInstructor, SessionInstructor
from backend.words import Message

# By table: what they instruct, and who they are.
_COLUMNS: Mapping[type[Table], tuple[Column, Column]] = {
    SessionInstructor: (SessionInstructor.session_id, SessionInstructor.learner_id),
    CourseGroupInstructor: (CourseGroupInstructor.course_group_id, CourseGroupInstructor.learner_id),
}


async def write_instructors(
    actor: Actor, table: type[Table], owner_id: int, learner_ids: Sequence[int]
) -> None:
    """Those who instruct it from now on. Raises `Invalid` for whom there is not, as far as the actor may know."""
    owner, learner = _COLUMNS[table]
    conditions = Conditions()
    await add_own_people(actor, conditions)
    if not actor.is_admin:
        # Whoever instructs it already may go on doing so.
        now = await table.select(learner).where(owner == owner_id).output(as_list=True)
        conditions.parts[-1] += f" OR l.id = ANY({conditions.value(now)}::integer[])"
    conditions.add("l.id = ANY({}::integer[])", list(learner_ids))
    rows = await fetch(some_rows("l.id", "learner l", conditions.sql), *conditions.values)
    known = {row[0] for row in rows}
    mistakes = [
        Mistake(f"instructor_ids[{i}]", "unknown", Message("There is no such learner."))
        for i, one in enumerate(learner_ids)
        if one not in known
    ]
    if mistakes:
        raise Invalid(Message("Some instructors do not exist."), errors=mistakes)
    await table.delete().where(owner == owner_id, none_of(learner, learner_ids))
    if known:
        new = [table({owner: owner_id, learner: one}) for one in sorted(known)]
        await table.insert(*new).on_conflict(action="DO NOTHING")
