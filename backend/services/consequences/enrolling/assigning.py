"""Assignments that are to be made and removed: which method of which session each of them is, checked as it would be done."""

from collections.abc import Iterator, Mapping, Sequence
from contextlib import contextmanager
from typing import Any

import msgspec
from msgspec import Struct

from backend.index import FacetIndex, Follower
from backend.schemas.assignments import AssignmentsRequest, NewAssignment
from backend.schemas.consequence_acts import DeleteMethod
from backend.schemas.enrollment.plans import PlanRequest
from backend.schemas.problem import Mistake
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import led_groups
from backend.services.access.rights import session_for
from backend.services.consequences.enrolling.targets import session_of_target
from backend.services.enrollment.drafts.method_drafts import MethodDraft, stored_draft
from backend.services.enrollment.drafts.method_rows import method_row
from backend.services.enrollment.methods.method_removal import check_removal
from backend.services.enrollment.plans.plan_writing import EvaluatedPlan
from backend.services.enrollment.plans.plans import decide_within
from backend.services.enrollment.rights.enrollment_rights import Permit, permit_for
from backend.services.enrollment.rights.legacy_sessions import refuse_legacy
from backend.services.errors import Invalid, MusterError
from backend.services.groups.requirements import linked_groups, qualification_for, requirements_of
from backend.words import Message

# What of an assignment is its method's.
_TERMS = (
    "subgroups", "mandatory", "due_at", "due_days", "due_field", "due_field_days", "priority", "recertify_months", "role", "on_leave",
)  # fmt: skip


class GroupToEnroll(Struct, frozen=True):
    """A group that is to be enrolled in a session; `place` is where it was asked for. `linked_to`: the qualification that requires it."""

    place: str
    session_id: int
    asked: NewAssignment
    linked_to: int | None = None


class Removal(Struct, frozen=True):
    """A method that is to go, and whom it holds."""

    change: DeleteMethod
    session_id: int
    people: list[int]


async def additions_of(actor: Actor, index: FacetIndex, request: AssignmentsRequest) -> list[GroupToEnroll]:
    """The sessions that are meant, each once a group. Raises `NotFound`, `Forbidden`, `Invalid`, `ChooseSession`."""
    if not (request.add or request.remove):
        raise Invalid.at("add", "required", Message("Name at least one assignment to make or to remove."))
    known: dict[tuple[object, ...], list[int]] = {}
    found: dict[tuple[int, int], GroupToEnroll] = {}
    for number, one in enumerate(request.add):
        place = f"add[{number}]"
        for session_id in await _sessions(actor, index, one, place, known):
            key = (one.group_id, session_id)
            if key in found:
                raise Invalid.at(place, "duplicate", Message("This group is given this session twice."))
            found[key] = GroupToEnroll(place, session_id, one, one.qualification_id)
    return [*found.values(), *await _for_linked_groups(actor, index, found)]


async def _for_linked_groups(
    actor: Actor, index: FacetIndex, found: Mapping[tuple[int, int], GroupToEnroll]
) -> list[GroupToEnroll]:
    """What follows where a qualification requires something more: groups that are linked to it are given that, too.

    Each on the terms that it has, unless it has the activity in another way. Of groups that are not the actor's, nothing.
    """
    following: dict[tuple[int, int], GroupToEnroll] = {}
    for qualification_id in sorted({group_id for group_id, _ in found}):
        group = index.groups.get(qualification_id)
        linked = await linked_groups(qualification_id) if group and group.kind == "qualification" else []
        if not linked:
            continue
        required = {one.activity_id for one in await requirements_of(qualification_id)}
        new = {
            session_id: index.sessions[session_id].activity_id
            for group_id, session_id in found
            if group_id == qualification_id and index.sessions[session_id].activity_id not in required
        }
        for draft, given in linked:
            if not (actor.is_admin or draft.group_id in await led_groups(actor)):
                continue
            for session_id, activity_id in new.items():
                key = (draft.group_id or 0, session_id)
                if activity_id not in given and key not in found and key not in following:
                    asked = NewAssignment(group_id=key[0], session_id=session_id, **_terms_of(draft))
                    place = found[qualification_id, session_id].place
                    following[key] = GroupToEnroll(place, session_id, asked, qualification_id)
    return list(following.values())


def _terms_of(draft: MethodDraft) -> dict[str, Any]:
    """What another assignment on the same terms is asked for with."""
    terms = {name: getattr(draft, name) for name in _TERMS if name != "recertify_months"}
    return {name: value for name, value in terms.items() if name != "subgroups" or value is not None}


async def _sessions(
    actor: Actor,
    index: FacetIndex,
    one: NewAssignment,
    place: str,
    known: dict[tuple[object, ...], list[int]],
) -> list[int]:
    """What one row gives access to; rows that name the same are looked up once."""
    target = (one.session_id, one.activity_id, one.qualification_id)
    if target not in known:
        known[target] = (
            [await session_of_target(actor, index, one, place)]
            if one.qualification_id is None
            else await _sessions_required(actor, one, place)
        )
    return known[target]


async def _sessions_required(actor: Actor, one: NewAssignment, place: str) -> list[int]:
    """The sessions in which the people of a qualification take what it requires."""
    if one.session_id is not None or one.activity_id is not None:
        message = Message("Name a session, an activity or a qualification, one of these.")
        raise Invalid.at(place, "either_or", message)
    with _told_of(place):
        await qualification_for(actor, one.qualification_id or 0, "see")
        required = await requirements_of(one.qualification_id or 0)
    found = sorted({session.session_id for activity in required for session in activity.sessions})
    if not found:
        message = Message("This qualification requires nothing yet: say what it requires first.")
        raise Invalid.at(f"{place}.qualification_id", "requires_nothing", message)
    for session_id in found:
        refuse_legacy(await session_for(actor, session_id, "enroll"))
    return found


async def decided_additions(
    actor: Actor, index: FacetIndex, additions: Sequence[GroupToEnroll]
) -> list[EvaluatedPlan]:
    """A plan for each: of a new method, or of the one by which the session has the group already."""
    permits: dict[int, Permit] = {}
    decided = []
    for one in additions:
        if one.session_id not in permits:
            session = await session_for(actor, one.session_id, "enroll")
            permits[one.session_id] = await permit_for(actor, index, session)
        permit = permits[one.session_id]
        terms: dict[str, Any] = {name: getattr(one.asked, name) for name in _TERMS}
        method_id = await _existing(permit, index, one)
        request = PlanRequest(kind="group", method_id=method_id, group_id=one.asked.group_id, **terms)
        with _told_of(one.place):
            decided.append(
                await decide_within(permit, index, one.session_id, request, linked_to=one.linked_to)
            )
    return decided


async def _existing(permit: Permit, index: FacetIndex, one: GroupToEnroll) -> int | None:
    """The session's method of this very group that is the actor's to change."""
    for method_id in sorted(index.methods_of(one.session_id)):
        method = index.methods[method_id]
        if method.kind != "group" or method.group_id != one.asked.group_id:
            continue
        if not method.active or method.state == "draft":
            continue
        if permit.everything or permit.opens(
            index, stored_draft(await method_row(one.session_id, method_id))
        ):
            return method_id
    return None


async def removals_of(actor: Actor, follower: Follower, request: AssignmentsRequest) -> list[Removal]:
    """The methods that are to go. Raises `NotFound`, `Forbidden`, and `Invalid` for one that is no assignment or there twice."""
    found: dict[int, Removal] = {}
    for number, one in enumerate(request.remove):
        place = f"remove[{number}]"
        with _told_of(place):
            people = await check_removal(actor, follower, one.method_id)
        method = follower.index.methods.get(one.method_id)
        if method is None or method.kind != "group":
            message = Message("This is no assignment of a group: remove it on its session's page.")
            raise Invalid.at(f"{place}.method_id", "not_group", message)
        if one.method_id in found:
            raise Invalid.at(place, "duplicate", Message("This assignment is there twice."))
        change = DeleteMethod(id=one.method_id, people=one.people)
        found[one.method_id] = Removal(change, method.session_id, people)
    return list(found.values())


@contextmanager
def _told_of(place: str) -> Iterator[None]:
    """Whatever is refused says which of the assignments it is about; what is wrong with the rule is wrong with its group."""
    try:
        yield
    except MusterError as error:
        errors = error.errors or [Mistake(path="", code=error.type, message=error.detail)]
        error.errors = [msgspec.structs.replace(one, path=_path(place, one.path)) for one in errors]
        raise


def _path(place: str, path: str) -> str:
    name = "group_id" if path.startswith("rule") else path
    return f"{place}.{name}" if name else place
