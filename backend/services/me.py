"""Who is signed in, in which roles."""

from backend import clock
from backend.database import fetch_row
from backend.schemas.access import Account, Me, Role
from backend.services.actor import Actor
from backend.services.organisations import organisation

_ROLES = """
SELECT EXISTS (SELECT FROM membership WHERE learner_id = $1 AND role = 'admin') AS group_admin,
       EXISTS (SELECT FROM membership WHERE learner_id = $1 AND role = 'coach') AS coach,
       EXISTS (SELECT FROM session_instructor WHERE learner_id = $1) AS instructor,
       EXISTS (SELECT FROM learner WHERE manager_id = $1) AS manager,
       EXISTS (SELECT FROM environment_reseller WHERE learner_id = $1) AS reseller
"""


async def roles_of(actor: Actor) -> list[Role]:
    """The actor's roles, the widest first; everybody is a learner."""
    row = await fetch_row(_ROLES, actor.id)
    held: tuple[Role, ...] = ("group_admin", "coach", "instructor", "manager", "reseller")
    roles: list[Role] = ["admin"] if actor.is_admin else []
    return [*roles, *(role for role in held if row is not None and row[role]), "learner"]


async def me(actor: Actor, *, smtp: bool) -> Me:
    """What the interface asks first; `smtp` tells whether mail leaves the house."""
    return Me(
        learner=Account(
            id=actor.id,
            email=actor.email,
            first_name=actor.first_name,
            last_name=actor.last_name,
            language=actor.language,
        ),
        roles=await roles_of(actor),
        organisation=await organisation(),
        smtp=smtp,
        clock_offset_seconds=clock.offset().total_seconds(),
    )
