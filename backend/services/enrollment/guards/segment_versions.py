"""Versions of a segment's rule, for platform admins: nobody else reads its rule."""

from backend.database import row_by_id
from backend.index import Follower
from backend.schemas.base import Page
from backend.schemas.enrollment import rule_versions as wire
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.guards import rule_versions
from backend.services.enrollment.guards.rule_versions import Owner, VersionReader, reader_of_all
from backend.services.errors import NotFound
from backend.tables import Segment
from backend.words.nouns import there_is_no


async def list_versions(
    actor: Actor, follower: Follower, segment_id: int, *, limit: int, cursor: str | None
) -> Page[wire.RuleVersion]:
    """Its versions, the latest first. Raises `NotFound`."""
    reader, owner = await _reader(actor, follower, segment_id)
    return await rule_versions.list_versions(reader, owner, limit=limit, cursor=cursor)


async def get_version(
    actor: Actor, follower: Follower, segment_id: int, number: int, against: int | None
) -> wire.RuleVersionDetail:
    """One version, compared with the one before it or `against`. Raises `NotFound`."""
    reader, owner = await _reader(actor, follower, segment_id)
    return await rule_versions.get_version(reader, owner, number, against)


async def _reader(actor: Actor, follower: Follower, segment_id: int) -> tuple[VersionReader, Owner]:
    require_admin(actor)
    row = await row_by_id(Segment, segment_id)
    if row is None:
        raise NotFound(there_is_no("segment", segment_id))
    reader = reader_of_all(actor, await current_index(follower))
    return reader, Owner(segment_id=segment_id, rule=row["rule"], created_by=row["created_by"])
