"""Enrolling people in several sessions at once."""

from collections.abc import Sequence
from datetime import date

from msgspec import Struct
from pyroaring import BitMap

from backend.database import plan_anew_for
from backend.index import FacetIndex, Follower
from backend.schemas.consequence_acts import EnrollPeople
from backend.schemas.enrollment.enrollment_requests import EnrollmentRequest, ExistingMethod
from backend.schemas.enrollment.plans import PlanRequest
from backend.services.access.actor import Actor
from backend.services.audiences.index_access import current_index
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.acts.method import suppose_plan
from backend.services.consequences.enrolling.addresses import Pasted, create_people, read_addresses
from backend.services.consequences.enrolling.audiences import (
    existing_method,
    method_request,
    request_to_existing,
    who_of,
)
from backend.services.consequences.enrolling.targets import sessions_of_targets
from backend.services.consequences.world import SupposedWorld
from backend.services.enrollment.plans.plan_writing import EvaluatedPlan
from backend.services.enrollment.plans.plans import apply_confirmed, decide_plan
from backend.services.enrollment.writing.enrollment_writer import lock_sessions, write
from backend.services.enrollment.writing.picked_until import put_end
from backend.services.enrollment.writing.writes import Write


class SessionRequest(Struct, frozen=True):
    """The plan of one session."""

    session_id: int
    request: PlanRequest
    existing: ExistingMethod | None


class Enrolling(Struct, frozen=True):
    """What enrolling comes to: a plan for each session, and people who have no account yet."""

    sessions: list[SessionRequest]
    decided: list[EvaluatedPlan]
    pasted: Pasted | None

    @property
    def existing(self) -> list[ExistingMethod]:
        """The methods that are used because they have this audience already."""
        return [one.existing for one in self.sessions if one.existing is not None]


class EnrollAct(Act[EnrollPeople, Enrolling]):
    """As `POST /enrollments/plan`."""

    change = EnrollPeople

    async def permit(self, actor: Actor, follower: Follower, change: EnrollPeople) -> Enrolling:
        sessions, pasted = await _requests(actor, await current_index(follower), change)
        decided = [(await decide_plan(actor, follower, one.session_id, one.request))[2] for one in sessions]
        return Enrolling(sessions, decided, pasted)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: EnrollPeople, found: Enrolling
    ) -> None:
        new = BitMap(_suppose_new(world, found.pasted))
        for decided in found.decided:
            method_id = suppose_plan(world, decided)
            if new:
                world.enter(method_id, new)
                if isinstance(change.until, date):
                    world.end_on(method_id, new, change.until)

    async def write(self, actor: Actor, follower: Follower, change: EnrollPeople) -> list[int]:
        """The runs, one or two a session: of those who have an account, and of those who get one."""
        sessions, pasted = await _requests(actor, await current_index(follower), change)
        await lock_sessions([one.session_id for one in sessions])
        new = [] if pasted is None else await create_people(pasted)
        runs = []
        for one in sessions:
            done = await apply_confirmed(actor, follower, one.session_id, one.request)
            runs.append(done.run_id)
            if new and done.method_id is not None:
                runs += await _enroll_new(actor, one.session_id, done.method_id, new, change)
        return runs

    def summary(self, change: EnrollPeople) -> Summary:
        who = who_of(change)
        values: dict[str, object] = {"who": who, "targets": len(change.targets)}
        if who == "people":
            values["people"] = len(set(change.people or ()))
        if who in {"group_id", "segment_id"}:
            values[who] = getattr(change, who)
        return Summary("enroll", values)


async def _requests(
    actor: Actor, index: FacetIndex, request: EnrollmentRequest
) -> tuple[list[SessionRequest], Pasted | None]:
    who = who_of(request)
    sessions = await sessions_of_targets(actor, index, request.targets)
    pasted = await read_addresses(actor, index, request, sessions) if who == "emails" else None
    picked = pasted.known if pasted is not None else sorted(set(request.people or ()))
    asked = method_request(request, who, picked)
    found = []
    for session_id in sessions:
        existing = await existing_method(actor, index, session_id, asked)
        one = asked if existing is None else request_to_existing(asked, existing)
        found.append(SessionRequest(session_id, one, existing))
    return found, pasted


def _suppose_new(world: SupposedWorld, pasted: Pasted | None) -> list[int]:
    made = [world.new_learner() for _ in pasted.new] if pasted is not None else []
    if made and pasted is not None:
        people = BitMap(made)
        world.change_facts("status", people, None, "invited")
        world.invite(people)
        if pasted.group_id is not None:
            world.change_facts("membership", people, pasted.group_id, "member")
    return made


async def _enroll_new(
    actor: Actor, session_id: int, method_id: int, people: Sequence[int], change: EnrollPeople
) -> list[int]:
    await plan_anew_for(len(people))
    one = Write(
        method_id=method_id,
        session_id=session_id,
        cause="confirm",
        actor_id=actor.id,
        entering=people,
        confirmed=True,
        mail=change.mail,
    )
    runs = [written.run_id for written in await write([one]) if written.run_id is not None]
    if runs and isinstance(change.until, date):
        await put_end(runs[0], method_id, people, change.until)
    return runs
