"""Versions of a method's rule, as those see them who may see the method."""

from collections.abc import Mapping
from typing import Any

import msgspec
from asyncpg import Record

from backend.enrollment.method_kinds import METHOD_KINDS
from backend.index import Follower
from backend.rules import Rule
from backend.schemas.base import Page
from backend.schemas.enrollment import rule_versions as wire
from backend.services.access.actor import Actor
from backend.services.access.rights import session_for
from backend.services.audiences.index_access import current_index
from backend.services.enrollment.drafts.method_drafts import stored_draft
from backend.services.enrollment.drafts.method_rows import method_row
from backend.services.enrollment.guards import rule_versions
from backend.services.enrollment.guards.rule_versions import Owner, VersionReader
from backend.services.enrollment.rights.enrollment_rights import permit_for


async def list_versions(  # noqa: PLR0913 - the parts of one request
    actor: Actor, follower: Follower, session_id: int, method_id: int, *, limit: int, cursor: str | None
) -> Page[wire.RuleVersion]:
    """Its versions, the latest first. Raises `NotFound`."""
    reader, row = await _reader(actor, follower, session_id, method_id)
    return await rule_versions.list_versions(reader, _owner(row), limit=limit, cursor=cursor)


async def get_version(  # noqa: PLR0913, PLR0917 - likewise
    actor: Actor, follower: Follower, session_id: int, method_id: int, number: int, against: int | None
) -> wire.RuleVersionDetail:
    """One version, compared with the one before it or `against`. Raises `NotFound`."""
    reader, row = await _reader(actor, follower, session_id, method_id)
    return await rule_versions.get_version(reader, _owner(row), number, against)


def _owner(row: Record) -> Owner:
    # Who is picked into the hand-picked method is told by runs: it has no rule.
    return Owner(
        method_id=row["id"],
        rule=None if row["hand_picked"] else row["rule"],
        created_at=row["created_at"],
        created_by=row["created_by"],
    )


async def _reader(
    actor: Actor, follower: Follower, session_id: int, method_id: int
) -> tuple[VersionReader, Record]:
    session = await session_for(actor, session_id, "enroll")
    index = await current_index(follower)
    permit = await permit_for(actor, index, session)
    row = await method_row(session_id, method_id)
    stored, sight, kind = stored_draft(row), permit.reader, METHOD_KINDS[row["kind"]]
    # What a method is now that is sealed to somebody it has become through what it was.
    sealed_now = sight.seals_method(row["kind"], row["rule"], index) or not permit.reads(index, stored)
    editable = permit.opens(index, stored) and row["enrollment_rule_id"] is None

    def seals(rule: Rule) -> bool:
        draft = msgspec.structs.replace(stored, rule=rule)
        return sealed_now or sight.seals(rule, index) or not permit.reads(index, draft)

    def restore(rule: Rule) -> Mapping[str, Any]:
        draft = msgspec.structs.replace(stored, rule=rule)
        return kind.restored_by(rule) if editable and permit.opens(index, draft) else {}

    def sees_run(run: Mapping[str, Any]) -> bool:
        if actor.is_admin or (actor.id and run["actor_id"] == actor.id):
            return True
        return permit.staff and run["session_id"] == session_id

    return VersionReader(actor, index, sight, seals, restore, sees_run), row
