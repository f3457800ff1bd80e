"""Acts on enrollments by hand, one by one and many at once, and whom a session leaves out."""

from litestar import Response, delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.confirming import IfConsequences
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, Limit, Search
from backend.schemas.base import Page
from backend.schemas.consequence_acts import ChangeEnrollments
from backend.schemas.enrollment import acts as wire
from backend.schemas.enrollment.enrollments import Enrollment, Unenroll
from backend.services.enrollment.acts import acts_on_many, enrollment_acts, exclusions

TAGS = ["Enrolling"]


@post(
    "/enrollments/{enrollment_id:int}/suspend",
    operation_id="suspendEnrollment",
    opt=rights.enrollment("act"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def suspend(
    enrollment_id: FromPath[int],
    actor: CurrentActor,
    confirmation: IfConsequences,
    data: JSONBody[wire.Because | None] = None,
) -> Response[Enrollment]:
    """Pause access; they stay enrolled."""
    reason = (data or wire.Because()).reason
    return await confirmation.carry_out(
        lambda: ChangeEnrollments(ids=[enrollment_id], do="suspend"),
        lambda _: enrollment_acts.suspend(actor, enrollment_id, reason),
    )


@post(
    "/enrollments/{enrollment_id:int}/resume",
    operation_id="resumeEnrollment",
    opt=rights.enrollment("act"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def resume(
    enrollment_id: FromPath[int],
    actor: CurrentActor,
    confirmation: IfConsequences,
    data: JSONBody[wire.Because | None] = None,
) -> Response[Enrollment]:
    """Give access again."""
    reason = (data or wire.Because()).reason
    return await confirmation.carry_out(
        lambda: ChangeEnrollments(ids=[enrollment_id], do="resume"),
        lambda _: enrollment_acts.resume(actor, enrollment_id, reason),
    )


@post(
    "/enrollments/{enrollment_id:int}/extend",
    operation_id="extendEnrollment",
    opt=rights.enrollment("act"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def extend(
    enrollment_id: FromPath[int],
    data: JSONBody[wire.Extend],
    actor: CurrentActor,
    confirmation: IfConsequences,
) -> Response[Enrollment]:
    """A due date by hand, or some days, weeks or months later, which wins over those of the methods."""
    return await confirmation.carry_out(
        lambda: ChangeEnrollments(
            ids=[enrollment_id],
            do="extend",
            due_at=data.due_at,
            days=data.days,
            weeks=data.weeks,
            months=data.months,
        ),
        lambda _: enrollment_acts.extend(actor, enrollment_id, data),
    )


@post(
    "/enrollments/{enrollment_id:int}/unenroll",
    operation_id="unenroll",
    opt=rights.enrollment("unenroll"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def unenroll(
    enrollment_id: FromPath[int],
    actor: CurrentActor,
    confirmation: IfConsequences,
    data: JSONBody[Unenroll | None] = None,
) -> Response[Enrollment]:
    """End the enrollment; the session leaves the person out from now on, until that is lifted. 409 for a completed one."""
    asked = data or Unenroll()
    return await confirmation.carry_out(
        lambda: ChangeEnrollments(
            ids=[enrollment_id], do="unenroll", on_leave=asked.on_leave, certificates=asked.certificates
        ),
        lambda follower: enrollment_acts.unenroll(actor, follower, enrollment_id, asked),
    )


@post(
    "/enrollments/{enrollment_id:int}/move",
    operation_id="moveEnrollment",
    opt=rights.enrollment("unenroll"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def move(
    enrollment_id: FromPath[int],
    data: JSONBody[wire.Move],
    actor: CurrentActor,
    confirmation: IfConsequences,
) -> Response[Enrollment]:
    """Into another session of the activity: progress is kept, and the old session does not take them back. The enrollment there.

    Undoing either of its two runs, one in each session, takes all of it back.
    """
    return await confirmation.carry_out(
        lambda: ChangeEnrollments(ids=[enrollment_id], do="move", session_id=data.session_id, mail=data.mail),
        lambda follower: enrollment_acts.move(actor, follower, enrollment_id, data),
    )


@post(
    "/sessions/{session_id:int}/enrollments/bulk",
    operation_id="actOnEnrollments",
    opt=rights.session("view"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def act_on_many(
    session_id: FromPath[int], data: JSONBody[wire.Act], actor: CurrentActor, confirmation: IfConsequences
) -> Response[wire.Acted]:
    """One act on many enrollments of the session, as one run. What it does not fit is left as it is, and listed with why.

    All or nothing otherwise: 403 where one of the people is not the caller's to unenroll, exclude or move, 404 for an
    enrollment of another session.
    """
    return await confirmation.carry_out(
        lambda: _change(data),
        lambda follower: acts_on_many.act_in_session(actor, follower, session_id, data),
    )


def _change(data: wire.Act) -> ChangeEnrollments:
    """What is asked about."""
    named = ("ids", "do", "until", "due_at", "days", "weeks", "months", "session_id", "mail")
    return ChangeEnrollments(**{name: getattr(data, name) for name in named})


@get(
    "/sessions/{session_id:int}/exclusions",
    operation_id="listExclusions",
    opt=rights.session("enroll"),
    tags=TAGS,
)
async def list_exclusions(
    session_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[wire.Exclusion]:
    """Whom the session leaves out whatever its methods say, by name."""
    return await exclusions.list_exclusions(actor, follower, session_id, q, limit, cursor)


@post(
    "/sessions/{session_id:int}/exclusions",
    operation_id="exclude",
    opt=rights.session("exclude"),
    tags=TAGS,
    status_code=HTTP_201_CREATED,
)
async def exclude(
    session_id: FromPath[int], data: JSONBody[wire.Exclude], actor: CurrentActor, follower: CurrentFollower
) -> wire.Excluded:
    """Leave people out, for good or until a day, as one run. Whoever is enrolled leaves; who has completed stays so."""
    return await exclusions.exclude(actor, follower, session_id, data)


@delete(
    "/sessions/{session_id:int}/exclusions/{learner_id:int}",
    operation_id="liftExclusion",
    opt=rights.session("exclude"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def lift_one(
    session_id: FromPath[int], learner_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower
) -> wire.Lifted:
    """Leave one person out no longer; the session's methods decide again."""
    return await exclusions.lift(actor, follower, session_id, wire.Lift(learner_ids=[learner_id]))


@post(
    "/sessions/{session_id:int}/exclusions/lift",
    operation_id="liftExclusions",
    opt=rights.session("exclude"),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def lift_many(
    session_id: FromPath[int], data: JSONBody[wire.Lift], actor: CurrentActor, follower: CurrentFollower
) -> wire.Lifted:
    """Leave these people out no longer, as one run; who was not left out is none of it."""
    return await exclusions.lift(actor, follower, session_id, data)
