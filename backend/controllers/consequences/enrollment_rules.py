"""`/enrollment-rules`: rules that enroll in several sessions."""

from typing import Literal

from litestar import Response, delete, get, patch, post
from litestar.params import FromPath, FromQuery, JSONBody
from litestar.status_codes import HTTP_201_CREATED

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.http import route_rights as rights
from backend.controllers.http.confirming import IfConsequences
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, IfMatch, Limit, Search
from backend.schemas.base import Page
from backend.schemas.consequence_acts import DeleteEnrollmentRule, SaveEnrollmentRule
from backend.schemas.enrollment.enrollment_rules import (
    EnrollmentRule,
    EnrollmentRuleChange,
    EnrollmentRuleInput,
)
from backend.services.consequences.enrolling import enrollment_rules

TAGS = ["Enrollment rules"]


def _change(
    data: EnrollmentRuleInput | EnrollmentRuleChange, rule_id: int | None = None
) -> SaveEnrollmentRule:
    given = {name: getattr(data, name) for name in data.__struct_fields__}
    return SaveEnrollmentRule(id=rule_id, **given)


@get("/enrollment-rules", operation_id="listEnrollmentRules", opt=rights.admins(), tags=TAGS)
async def list_rules(
    actor: CurrentActor,
    follower: CurrentFollower,
    q: Search = None,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[EnrollmentRule]:
    """Rules with their targets and people, the newest first."""
    return await enrollment_rules.list_rules(actor, follower, q=q, limit=limit, cursor=cursor)


@get("/enrollment-rules/{rule_id:int}", operation_id="getEnrollmentRule", opt=rights.admins(), tags=TAGS)
async def get_rule(rule_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower) -> EnrollmentRule:
    """One rule."""
    return await enrollment_rules.get_rule(actor, follower, rule_id)


@post(
    "/enrollment-rules",
    operation_id="createEnrollmentRule",
    opt=rights.admins(),
    tags=TAGS,
)
async def create_rule(
    data: JSONBody[EnrollmentRuleInput], actor: CurrentActor, confirmation: IfConsequences
) -> Response[EnrollmentRule]:
    """Make a rule. With `If-Consequences` it enrolls as was shown (act `enrollment_rule`); without, it is a draft that enrolls nobody."""
    change = _change(data)
    return await confirmation.carry_out(
        lambda: change,
        lambda follower: enrollment_rules.save(actor, follower, change, confirmed=confirmation.given),
        HTTP_201_CREATED,
    )


@patch(
    "/enrollment-rules/{rule_id:int}",
    operation_id="changeEnrollmentRule",
    opt=rights.admins(),
    tags=TAGS,
)
async def change_rule(
    rule_id: FromPath[int],
    data: JSONBody[EnrollmentRuleChange],
    actor: CurrentActor,
    if_match: IfMatch,
    confirmation: IfConsequences,
) -> Response[EnrollmentRule]:
    """Change it in all its sessions, as was shown; of a live one 409 `needs_plan` without `If-Consequences`."""
    change = _change(data, rule_id)
    return await confirmation.carry_out(
        lambda: change,
        lambda follower: enrollment_rules.save(
            actor,
            follower,
            change,
            version=if_match,
            confirmed=confirmation.given,
        ),
    )


@delete(
    "/enrollment-rules/{rule_id:int}", operation_id="deleteEnrollmentRule", opt=rights.admins(), tags=TAGS
)
async def delete_rule(
    rule_id: FromPath[int],
    actor: CurrentActor,
    confirmation: IfConsequences,
    people: FromQuery[Literal["keep", "expire"]] = "keep",
) -> Response[None]:
    """Delete it with its methods. `people`: whom it alone enrolled stays (`keep`), or loses access."""
    change = DeleteEnrollmentRule(id=rule_id, people=people)
    return await confirmation.carry_out(
        lambda: change,
        lambda follower: enrollment_rules.delete(actor, follower, change, confirmed=confirmation.given),
    )
