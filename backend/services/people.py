"""Names for lists: who somebody is, as samples and rows show them. Callers have checked that they may be shown."""

from collections.abc import Sequence

from backend.database import fetch
from backend.schemas.enrolling.plans import BlockedPerson
from backend.schemas.people import Person

_PEOPLE = "SELECT id, email, first_name, last_name FROM learner WHERE id = ANY($1::integer[]) ORDER BY id"
_BLOCKED = """
SELECT l.id, l.email, l.first_name, l.last_name, e.session_id, o.name
FROM learner l
JOIN session s ON s.id = $2
JOIN enrollment e ON e.learner_id = l.id AND e.activity_id = s.activity_id AND e.session_id <> s.id AND e.state <> 'expired'
JOIN session o ON o.id = e.session_id
WHERE l.id = ANY($1::integer[]) ORDER BY l.id
"""


async def people(learner_ids: Sequence[int]) -> list[Person]:
    """Those who exist among `learner_ids`, in the order of their ids."""
    if not learner_ids:
        return []
    return [Person(**row) for row in await fetch(_PEOPLE, list(learner_ids))]


async def blocked_people(learner_ids: Sequence[int], session_id: int) -> list[BlockedPerson]:
    """People with the other session of the activity that they are enrolled in."""
    if not learner_ids:
        return []
    return [
        BlockedPerson(
            learner=Person(
                id=row["id"], email=row["email"], first_name=row["first_name"], last_name=row["last_name"]
            ),
            reason=f"Enrolled in “{row['name']}”",
            session_id=row["session_id"],
        )
        for row in await fetch(_BLOCKED, list(learner_ids), session_id)
    ]
