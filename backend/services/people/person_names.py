"""Names for lists: who somebody is, as samples and rows show them. Callers have checked that they may be shown."""

from collections.abc import Sequence

from backend.database import fetch
from backend.index import FacetIndex
from backend.schemas.enrollment.plans import BlockedPerson
from backend.schemas.people import Person
from backend.services.access.actor import Actor
from backend.services.audiences.reason_reader import reader_of
from backend.services.people import statements


async def people(learner_ids: Sequence[int]) -> list[Person]:
    """Those who exist among `learner_ids`, in the order of their ids."""
    if not learner_ids:
        return []
    return [Person(**row) for row in await fetch(statements.PEOPLE, list(learner_ids))]


async def blocked_people(
    actor: Actor, index: FacetIndex, learner_ids: Sequence[int], session_id: int
) -> list[BlockedPerson]:
    """People with the other session of the activity that they are enrolled in, where the actor may see who is in it."""
    if not learner_ids:
        return []
    reader = await reader_of(actor)
    found = []
    for row in await fetch(statements.BLOCKED, list(learner_ids), session_id):
        why = reader.elsewhere(index, row["session_id"])
        person = Person(**{name: row[name] for name in Person.__struct_fields__})
        found.append(BlockedPerson(learner=person, reason=why.sentence, why=why, session_id=why.ref))
    return found
