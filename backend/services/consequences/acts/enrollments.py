"""The same done to several enrollments: unenroll, exclude, suspend, resume, extend, move."""

from collections import defaultdict

from msgspec import Struct
from pyroaring import BitMap

from backend.database import fetch
from backend.index import Change, Follower
from backend.schemas.consequence_acts import ChangeEnrollments
from backend.schemas.enrollment import acts
from backend.schemas.enrollment.enrollments import Unenroll
from backend.services.access.actor import Actor
from backend.services.consequences import trial_statements
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.trials import suppose_changes, tried
from backend.services.consequences.world import SupposedWorld
from backend.services.enrollment.acts import acts_on_many, enrollment_acts
from backend.services.enrollment.acts.several_acts import Affected, check_acts

# An exclusion without an end, as the log has it.
FOR_GOOD = "9999-12-31"
_STATES = {"suspend": "suspended", "resume": "active"}


class Tried(Struct, frozen=True):
    """What extending or moving would log, and by session whom it would tell that they are due sooner."""

    logged: list[Change]
    sooner: dict[int, BitMap]


class EnrollmentsAct(Act[ChangeEnrollments, Affected | Tried]):
    """As the acts on one enrollment, for all of these."""

    change = ChangeEnrollments

    async def permit(self, actor: Actor, follower: Follower, change: ChangeEnrollments) -> Affected | Tried:
        if change.do in {"extend", "move"}:
            return await _tried(actor, follower, change)
        erasing = change.on_leave == "erase"
        return await check_acts(actor, follower, change.ids, change.do, erasing=erasing)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: ChangeEnrollments, found: Affected | Tried
    ) -> None:
        if isinstance(found, Tried):
            # Whoever is moved leaves first: by the log they are in both sessions for an instant.
            gone = [one for one in found.logged if one.facet == "source" and one.new is None]
            suppose_changes(world, gone + [one for one in found.logged if one not in gone])
            for session_id, people in found.sooner.items():
                world.tell_sooner(session_id, people)
            return
        for session_id, people in found.people.items():
            if change.do in _STATES:
                completed = _completed(world, session_id, people) if change.do == "resume" else BitMap()
                world.set_state(session_id, completed, "completed")
                world.set_state(session_id, people - completed, _STATES[change.do])
                continue
            # Whatever its methods say, the session leaves them out from now on.
            until = FOR_GOOD if change.until is None else change.until.isoformat()
            world.change_facts("exclusion", people, session_id, until)
            for method_id in world.index.methods_of(session_id):
                waiting = world.index.blocked_people(method_id) & people
                world.release(method_id, BitMap(waiting))
        for method_id, people in found.sources.items():
            world.leave(method_id, people, change.on_leave)

    async def write(self, actor: Actor, follower: Follower, change: ChangeEnrollments) -> object:
        if change.do == "unenroll" and change.on_leave != "expire":
            return [await _unenroll(actor, follower, one, change) for one in change.ids]
        return await acts_on_many.act_on_many(actor, follower, _request(change))

    def summary(self, change: ChangeEnrollments) -> Summary:
        return Summary("enrollments", {"do": change.do, "people": len(set(change.ids))})


def _request(change: ChangeEnrollments) -> acts.Act:
    return acts.Act(**{name: getattr(change, name) for name in acts.Act.__struct_fields__})


def _completed(world: SupposedWorld, session_id: int, people: BitMap) -> BitMap:
    """Those of them who have completed the activity while they were suspended."""
    session = world.index.sessions.get(session_id)
    activity = None if session is None else world.index.activities.get(session.activity_id)
    if activity is None or activity.several_sessions:
        return BitMap()
    return people & world.index.standing_as(activity.id, "completed")


async def _tried(actor: Actor, follower: Follower, change: ChangeEnrollments) -> Tried:
    sooner: dict[int, BitMap] = defaultdict(BitMap)

    async def write() -> None:
        done = await acts_on_many.act_on_many(actor, follower, _request(change))
        for row in await fetch(trial_statements.TOLD_SOONER, done.run_ids):
            sooner[row["session_id"]].add(row["learner_id"])

    return Tried(await tried(write), sooner)


async def _unenroll(
    actor: Actor, follower: Follower, enrollment_id: int, change: ChangeEnrollments
) -> object:
    request = Unenroll(
        on_leave=change.on_leave,
        reason=change.reason,
        certificates=change.certificates,
        confirm=change.confirm,
    )
    return await enrollment_acts.unenroll(actor, follower, enrollment_id, request)
