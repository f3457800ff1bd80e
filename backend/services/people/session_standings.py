"""Where people stand in a session, for lists from which they are picked: one question for all of a page."""

from collections.abc import Sequence

from asyncpg import Record

from backend.database import fetch, fetch_value
from backend.runtime import clock
from backend.schemas.people import SessionStanding
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import instructed_sessions, led_groups
from backend.services.access.rights import is_session_staff
from backend.services.people import statements
from backend.services.statements import TIME_ZONE


async def session_standings(
    actor: Actor, session: Record, learner_ids: Sequence[int]
) -> dict[int, SessionStanding]:
    """Of these people, whom the actor may see; of others than the session's staff, of their own team, as in its list of enrollments.

    The actor may enroll in the session.
    """
    today = clock.today(await fetch_value(TIME_ZONE))
    rows = await fetch(
        statements.SESSION_STANDINGS,
        list(learner_ids),
        session["id"],
        today,
        actor.id,
        await is_session_staff(actor, session),
        actor.is_admin,
        list(await led_groups(actor)),
        list(await instructed_sessions(actor)),
    )
    return {row["learner_id"]: found for row in rows if (found := _standing(row)) is not None}


def _standing(row: Record) -> SessionStanding | None:
    if row["here"] is not None:
        return SessionStanding(state="suspended" if row["here"] == "suspended" else "enrolled")
    if row["excluded"]:
        return SessionStanding(state="excluded")
    if not row["elsewhere"]:
        return None
    return SessionStanding(
        state="blocked" if row["blocked"] else "elsewhere",
        session_id=row["other_id"],
        session_name=row["other_name"],
    )
