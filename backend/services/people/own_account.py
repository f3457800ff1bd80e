"""Who is signed in, in which roles."""

from backend.database import fetch_row
from backend.runtime import clock
from backend.schemas.access import Account, Me, Role
from backend.services.access.actor import Actor
from backend.services.people import statements
from backend.services.people.organisation import organisation


async def roles_of(actor: Actor) -> list[Role]:
    """The actor's roles, the widest first; everybody is a learner."""
    row = await fetch_row(statements.ROLES, actor.id)
    held: tuple[Role, ...] = ("group_admin", "coach", "instructor", "manager", "reseller")
    roles: list[Role] = ["admin"] if actor.is_admin else []
    return [*roles, *(role for role in held if row is not None and row[role]), "learner"]


async def me(actor: Actor, *, smtp: bool) -> Me:
    """What the interface asks first; `smtp` tells whether a mail server is configured."""
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
