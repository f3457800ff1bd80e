"""Who wrote the versions of rules that triggers keep: these know nobody but the runs that are written for."""

from backend.database import execute
from backend.services.access.actor import Actor
from backend.services.audiences import statements


async def sign_versions(actor: Actor) -> None:
    """Whatever versions this transaction has made and nobody has signed are the actor's."""
    if actor.id:
        await execute(statements.SIGN_VERSIONS, actor.id)
