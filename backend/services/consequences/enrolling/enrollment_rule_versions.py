"""Versions of an enrollment rule, for platform admins: those of the method that it has had longest, for all of them have the same rule."""

from backend.index import Follower
from backend.schemas.base import Page
from backend.schemas.enrollment import rule_versions as wire
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.audiences.index_access import current_index
from backend.services.consequences.enrolling.rule_drafts import linked_methods, rule_row
from backend.services.enrollment.guards import rule_versions
from backend.services.enrollment.guards.rule_versions import Owner, VersionReader, reader_of_all

# No method has it: of a rule that enrolls nowhere no versions are kept, and what it is now is shown as the first.
_NO_METHOD = 0


async def list_versions(
    actor: Actor, follower: Follower, rule_id: int, *, limit: int, cursor: str | None
) -> Page[wire.RuleVersion]:
    """Its versions, the latest first. Raises `NotFound`."""
    reader, owner = await _reader(actor, follower, rule_id)
    return await rule_versions.list_versions(reader, owner, limit=limit, cursor=cursor)


async def get_version(
    actor: Actor, follower: Follower, rule_id: int, number: int, against: int | None
) -> wire.RuleVersionDetail:
    """One version, compared with the one before it or `against`. Raises `NotFound`."""
    reader, owner = await _reader(actor, follower, rule_id)
    return await rule_versions.get_version(reader, owner, number, against)


async def _reader(actor: Actor, follower: Follower, rule_id: int) -> tuple[VersionReader, Owner]:
    require_admin(actor)
    row = await rule_row(rule_id)
    methods = (await linked_methods(rule_id)).values()
    reader = reader_of_all(actor, await current_index(follower))
    return reader, Owner(
        method_id=min(methods, default=_NO_METHOD),
        rule=row["rule"],
        created_at=row["created_at"],
        created_by=row["created_by"],
    )
