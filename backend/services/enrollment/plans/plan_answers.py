"""A plan as people see it: how many, samples, warnings, and whether it would be held."""

from typing import Any

from asyncpg import Record

from backend.database import fetch_row
from backend.enrollment.fuse import Fuse
from backend.enrollment.planning import Plan
from backend.index import FacetIndex
from backend.runtime import clock
from backend.schemas.enrollment import plans as wire
from backend.services.access.actor import Actor
from backend.services.access.rights import is_session_staff
from backend.services.enrollment.drafts.inner_activities import inside_of
from backend.services.enrollment.drafts.method_drafts import MethodDraft
from backend.services.enrollment.fuses.fuses import fuse_of
from backend.services.enrollment.plans import plan_statements
from backend.services.enrollment.plans.plan_warnings import Context, warnings_of
from backend.services.enrollment.plans.plan_writing import EvaluatedPlan
from backend.services.people.person_names import blocked_people, people
from backend.tables import CourseGroup

# Of these a plan names some people.
NAMED = ("entering", "leaving", "gaining", "losing", "completed_stay", "excluded")


async def plan_to_wire(actor: Actor, index: FacetIndex, session: Record, decided: EvaluatedPlan) -> wire.Plan:
    """The plan as people see it."""
    made = decided.plan
    organisation = await fetch_row(plan_statements.ORGANISATION)
    assert organisation is not None  # noqa: S101 - the schema brings the row
    context = Context(
        now=clock.now(),
        timezone=organisation["timezone"],
        language=actor.reads,
        enrolled=len(index.live_enrollments(session["id"])) if await is_session_staff(actor, session) else 0,
        **_due_by_field(index, decided),
    )
    named = {name: list(getattr(made, name)[: wire.SAMPLE]) for name in NAMED}
    known = {person.id: person for person in await people([one for some in named.values() for one in some])}
    return wire.Plan(
        hash=decided.hash,
        **{name: len(getattr(made, name)) for name in Plan.__struct_fields__},
        held=decided.draft.dynamic and _exceeds_fuse(fuse_of(session, organisation), made),
        samples=wire.Samples(
            **{name: [known[one] for one in some if one in known] for name, some in named.items()},
            blocked=await blocked_people(actor, index, list(made.blocked[: wire.SAMPLE]), session["id"]),
        ),
        warnings=warnings_of(
            session,
            decided.draft,
            made,
            context,
            list(inside_of(index, session["id"], context.now)),
            decided.broken,
        ),
        position=decided.position,
        broken_pins=[pin.told() for pin in decided.broken],
        course_group=await _class_of(decided.draft),
    )


async def _class_of(draft: MethodDraft) -> wire.PlanClass | None:
    """The class that the method puts people into."""
    if draft.course_group_id is None:
        return None
    rows = await CourseGroup.select(CourseGroup.id, CourseGroup.name).where(
        CourseGroup.id == draft.course_group_id
    )
    return next((wire.PlanClass(**row) for row in rows), None)


def _due_by_field(index: FacetIndex, decided: EvaluatedPlan) -> dict[str, Any]:
    """The field by which the plan's people are due, and how many of them have no date in it."""
    field = index.find_field(decided.draft.due_field) if decided.draft.due_field is not None else None
    if field is None:
        return {}
    held = decided.plan.opening | decided.plan.staying
    return {"field": field.name, "missing": len(held - index.with_any_value(field.id))}


def _exceeds_fuse(fuse: Fuse, made: Plan) -> bool:
    remaining = len(made.closing) + len(made.staying)
    return fuse.removal_exceeds(leaving=len(made.leaving), left_lately=0, remaining=remaining)
