"""How far an actor's roles reach: sets of group and session ids, asked once a request and kept on the actor."""

from backend.database import fetch
from backend.services.actor import Actor

# A role on a group covers its subgroups.
_COVERED = """
WITH RECURSIVE covered(id) AS (
    SELECT group_id FROM membership WHERE learner_id = $1 AND role = ANY($2::text[])
    UNION
    SELECT g.id FROM learner_group g JOIN covered ON g.parent_id = covered.id
)
SELECT id FROM covered
"""
# Being in a group is being in the groups above it.
_CONTAINING = """
WITH RECURSIVE containing(id, parent_id) AS (
    SELECT g.id, g.parent_id FROM membership m JOIN learner_group g ON g.id = m.group_id WHERE m.learner_id = $1
    UNION
    SELECT g.id, g.parent_id FROM learner_group g JOIN containing c ON g.id = c.parent_id
)
SELECT id FROM containing
"""

# Groups with somebody of the actor's team in them, direct or indirect reports, and all groups above those; nothing while
# managers do not enroll.
_TEAM_GROUPS = """
WITH RECURSIVE team(id) AS (
    SELECT l.id FROM organisation o, learner l WHERE o.managers_enroll AND l.manager_id = $1
    UNION
    SELECT l.id FROM learner l JOIN team t ON l.manager_id = t.id
), containing(id, parent_id) AS (
    SELECT g.id, g.parent_id FROM learner_group g
    WHERE g.id IN (SELECT m.group_id FROM membership m JOIN team t ON t.id = m.learner_id)
    UNION
    SELECT g.id, g.parent_id FROM learner_group g JOIN containing c ON g.id = c.parent_id
)
SELECT id FROM containing
"""
# A condition on the learner `l`: direct and indirect reports of the person that is put in.
IS_REPORT = """
l.id IN (
    WITH RECURSIVE team(id) AS (
        SELECT t.id FROM learner t WHERE t.manager_id = {0}
        UNION
        SELECT t.id FROM learner t JOIN team ON t.manager_id = team.id
    )
    SELECT id FROM team
)
"""


async def _ask(actor: Actor, name: str, sql: str, *arguments: object) -> frozenset[int]:
    found = actor.known.get(name)
    if found is None:
        found = frozenset(row[0] for row in await fetch(sql, *arguments))
        actor.known[name] = found
    return found


async def led_groups(actor: Actor) -> frozenset[int]:
    """Groups the actor is admin or coach of, subgroups included."""
    return await _ask(actor, "led", _COVERED, actor.id, ["admin", "coach"])


async def administered_groups(actor: Actor) -> frozenset[int]:
    """Groups the actor is admin of, subgroups included."""
    return await _ask(actor, "administered", _COVERED, actor.id, ["admin"])


async def joined_groups(actor: Actor) -> frozenset[int]:
    """Groups the actor is in themselves, in whatever role."""
    return await _ask(actor, "joined", "SELECT group_id FROM membership WHERE learner_id = $1", actor.id)


async def containing_groups(actor: Actor) -> frozenset[int]:
    """Groups the actor is in, and all groups above those: whose catalogs they see."""
    return await _ask(actor, "containing", _CONTAINING, actor.id)


async def instructed_sessions(actor: Actor) -> frozenset[int]:
    """Sessions the actor instructs."""
    return await _ask(
        actor, "instructed", "SELECT session_id FROM session_instructor WHERE learner_id = $1", actor.id
    )


async def team_groups(actor: Actor) -> frozenset[int]:
    """Groups in whose catalog the actor's team finds its sessions, where managers enroll; none otherwise."""
    return await _ask(actor, "team groups", _TEAM_GROUPS, actor.id)


async def organises(actor: Actor) -> bool:
    """Whether the actor enrolls others: staff, and managers where they enroll their teams."""
    return await is_staff(actor) or bool(await team_groups(actor))


async def is_staff(actor: Actor) -> bool:
    """Whether the actor organises learning for others: platform admin, group admin, coach or instructor."""
    return actor.is_admin or bool(await led_groups(actor)) or bool(await instructed_sessions(actor))
