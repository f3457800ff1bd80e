"""Versions of enrollment rules, and people pinned to them."""

from litestar import delete, get, post
from litestar.params import FromPath, JSONBody
from litestar.status_codes import HTTP_200_OK, HTTP_201_CREATED

from backend.controllers.access.authentication import CurrentActor
from backend.controllers.enrollment.rule_guards import Against
from backend.controllers.http import route_rights as rights
from backend.controllers.http.parameters import DEFAULT_LIMIT, CurrentFollower, Cursor, Limit
from backend.schemas.base import Page
from backend.schemas.enrollment.rule_pins import Pin, PinCheck, PinCheckRequest, PinInput
from backend.schemas.enrollment.rule_versions import RuleVersion, RuleVersionDetail
from backend.services.consequences.enrolling import enrollment_rule_pins, enrollment_rule_versions

TAGS = ["Enrollment rules"]
RULE = "/enrollment-rules/{rule_id:int}"


@get(f"{RULE}/versions", operation_id="listEnrollmentRuleVersions", opt=rights.admins(), tags=TAGS)
async def list_rule_versions(
    rule_id: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    limit: Limit = DEFAULT_LIMIT,
    cursor: Cursor = None,
) -> Page[RuleVersion]:
    """What it has been since it enrolls where it has enrolled longest, the latest first, each with what differs from the one before it."""
    return await enrollment_rule_versions.list_versions(actor, follower, rule_id, limit=limit, cursor=cursor)


@get(
    f"{RULE}/versions/{{number:int}}",
    operation_id="getEnrollmentRuleVersion",
    opt=rights.admins(),
    tags=TAGS,
)
async def get_rule_version(
    rule_id: FromPath[int],
    number: FromPath[int],
    actor: CurrentActor,
    follower: CurrentFollower,
    against: Against = None,
) -> RuleVersionDetail:
    """One of them with its rule. To have it again, change the enrollment rule to `restore`, whose consequences are asked for like any other's."""
    return await enrollment_rule_versions.get_version(actor, follower, rule_id, number, against)


@get(f"{RULE}/pins", operation_id="listEnrollmentRulePins", opt=rights.admins(), tags=TAGS)
async def list_rule_pins(rule_id: FromPath[int], actor: CurrentActor, follower: CurrentFollower) -> Page[Pin]:
    """People who must be in the rule, or out of it, in any of its sessions."""
    return await enrollment_rule_pins.list_pins(actor, follower, rule_id)


@post(
    f"{RULE}/pins",
    operation_id="pinToEnrollmentRule",
    opt=rights.admins(),
    tags=TAGS,
    status_code=HTTP_201_CREATED,
)
async def pin_to_rule(
    rule_id: FromPath[int], data: JSONBody[PinInput], actor: CurrentActor, follower: CurrentFollower
) -> Pin:
    """Pin somebody in all its sessions. Given again, it replaces what was expected of them; 409 `rule_is_draft` while it enrolls nowhere."""
    return await enrollment_rule_pins.put_pin(actor, follower, rule_id, data)


@delete(
    f"{RULE}/pins/{{learner_id:int}}",
    operation_id="unpinFromEnrollmentRule",
    opt=rights.admins(),
    tags=TAGS,
)
async def unpin_from_rule(rule_id: FromPath[int], learner_id: FromPath[int], actor: CurrentActor) -> None:
    """Take a pin away in all its sessions."""
    await enrollment_rule_pins.remove_pin(actor, rule_id, learner_id)


@post(
    f"{RULE}/pins/check",
    operation_id="checkEnrollmentRulePins",
    opt=rights.admins(reads=True),
    tags=TAGS,
    status_code=HTTP_200_OK,
)
async def check_rule_pins(
    rule_id: FromPath[int], data: JSONBody[PinCheckRequest], actor: CurrentActor, follower: CurrentFollower
) -> list[PinCheck]:
    """What a rule that is not saved would do with the people pinned. Nothing is written."""
    return await enrollment_rule_pins.check_pins(actor, follower, rule_id, data)
