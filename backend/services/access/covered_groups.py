"""How far an actor's roles reach: sets of group and session ids, asked once a request and kept on the actor."""

from backend.database import fetch
from backend.services.access import statements
from backend.services.access.actor import Actor

# People from whom on a group is searched for one of them, and not each of them for groups: a tenth of a large organisation.
LARGE_TEAM = 10_000


async def _ask(actor: Actor, name: str, sql: str, *arguments: object) -> frozenset[int]:
    found: frozenset[int] | None = actor.known.get(name)
    if found is None:
        found = frozenset(row[0] for row in await fetch(sql, *arguments))
        actor.known[name] = found
    return found


async def led_groups(actor: Actor) -> frozenset[int]:
    """Groups the actor is admin or coach of, subgroups included."""
    return await _ask(actor, "led", statements.COVERED, actor.id, ["admin", "coach"])


async def administered_groups(actor: Actor) -> frozenset[int]:
    """Groups the actor is admin of, subgroups included."""
    return await _ask(actor, "administered", statements.COVERED, actor.id, ["admin"])


async def joined_groups(actor: Actor) -> frozenset[int]:
    """Groups the actor is in themselves, in whatever role."""
    return await _ask(actor, "joined", statements.JOINED, actor.id)


async def containing_groups(actor: Actor) -> frozenset[int]:
    """Groups the actor is in, and all groups above those: whose catalogs they see."""
    return await _ask(actor, "containing", statements.CONTAINING, actor.id)


async def instructed_sessions(actor: Actor) -> frozenset[int]:
    """Sessions the actor instructs."""
    return await _ask(actor, "instructed", statements.INSTRUCTED, actor.id)


async def instructed_course_groups(actor: Actor) -> dict[int, int]:
    """Classes the actor instructs, with the session of each."""
    found: dict[int, int] | None = actor.known.get("instructed course groups")
    if found is None:
        rows = await fetch(statements.INSTRUCTED_COURSE_GROUPS, actor.id)
        found = actor.known["instructed course groups"] = {row["id"]: row["session_id"] for row in rows}
    return found


async def team_groups(actor: Actor) -> frozenset[int]:
    """Groups in whose catalog the actor's team finds its sessions, where managers enroll; none otherwise."""
    if not await _ask(actor, "enrolls a team", statements.ENROLLS_A_TEAM, actor.id):
        return frozenset()
    team = await _ask(actor, "team", statements.TEAM, actor.id)
    sql = statements.GROUPS_OF_TEAM if len(team) < LARGE_TEAM else statements.GROUPS_OF_LARGE_TEAM
    return await _ask(actor, "team groups", sql, list(team))


async def organises(actor: Actor) -> bool:
    """Whether the actor enrolls others: staff, and managers where they enroll their teams."""
    return await is_staff(actor) or bool(await team_groups(actor))


async def is_staff(actor: Actor) -> bool:
    """Whether the actor organises learning for others: platform admin, group admin, coach, instructor of a session or a class."""
    return (
        actor.is_admin
        or bool(await led_groups(actor))
        or bool(await instructed_sessions(actor))
        or bool(await instructed_course_groups(actor))
    )
