"""Segments: named audiences that rules and methods refer to."""

from asyncpg import Record

from backend import clock
from backend.database import execute, fetch, fetch_row, fetch_value, transaction
from backend.index import BrokenRule, FacetIndex, Follower
from backend.rules import InvalidRule, Rule
from backend.rules import convert as rule_of
from backend.schemas.audience import Segment, SegmentInput, SegmentPatch
from backend.schemas.commons import LARGEST_ID, UNSET, Page
from backend.services import audit
from backend.services.actor import Actor
from backend.services.audiences import caught_up, kept
from backend.services.dependents import Dependency, named, refuse, rules_that_refer
from backend.services.errors import NotFound
from backend.services.paging import decode_cursor, page_of
from backend.services.rights import require_admin
from backend.services.sealing import sight_of
from backend.services.versions import lock_row

_PAGE = """
SELECT * FROM segment WHERE ($1::text IS NULL OR name ILIKE $1)
  AND ($2::text IS NULL OR (lower(name), id) > ($2, $3::integer)) ORDER BY lower(name), id LIMIT $4
"""
_METHODS = """
SELECT em.id, coalesce(nullif(em.name, ''), s.name)
FROM enrollment_method em JOIN session s ON s.id = em.session_id WHERE em.segment_id = $1 AND em.deleted_at IS NULL
"""


async def list_segments(
    actor: Actor, follower: Follower, *, q: str | None, limit: int, cursor: str | None
) -> Page[Segment]:
    """Segments by name, with their totals. Staff may use them; only admins see and change their rules."""
    await sight_of(actor)
    index = await caught_up(follower)
    like = None if not q else f"%{q.strip().replace('%', '').replace('_', '')}%"
    after = decode_cursor(cursor, tuple[str, int]) or (None, None)
    rows = await fetch(_PAGE, like, *after, limit + 1)
    total = await fetch_value("SELECT count(*) FROM segment WHERE $1::text IS NULL OR name ILIKE $1", like)
    found = {row["id"]: await _segment(actor, index, row) for row in rows[:limit]}
    return page_of(
        rows,
        limit,
        total,
        item=lambda row: found[row["id"]],
        key=lambda row: (row["name"].lower(), row["id"]),
    )


async def get_segment(actor: Actor, follower: Follower, segment_id: int) -> Segment:
    """One segment. Raises `NotFound`."""
    await sight_of(actor)
    index = await caught_up(follower)
    return await _segment(actor, index, await _row(segment_id))


async def create_segment(actor: Actor, follower: Follower, request: SegmentInput) -> Segment:
    """A new segment. Raises `Invalid` for its rule, `Conflict` for a name that is taken."""
    require_admin(actor)
    index = await caught_up(follower)
    rule = await kept(request.rule, index)
    async with transaction():
        row = await fetch_row(
            "INSERT INTO segment (name, rule, created_by) VALUES ($1, $2, $3) RETURNING *",
            request.name.strip(),
            rule,
            actor.id or None,
        )
        assert row is not None  # noqa: S101 - it was inserted
        await audit.record(actor, "segment.create", "segment", row["id"], name=row["name"])
    return await _segment(actor, index, row)


async def update_segment(
    actor: Actor, follower: Follower, segment_id: int, patch: SegmentPatch, version: int | None
) -> Segment:
    """Change name or rule; everything that refers to it follows. Raises `Stale`, `Invalid` (also for a cycle)."""
    require_admin(actor)
    index = await caught_up(follower)
    async with transaction():
        # One edit of segments at a time: two at once could close a circle that neither sees.
        await execute("SELECT pg_advisory_xact_lock(hashtext('segment.rule'))")
        await lock_row("segment", segment_id, version)
        row = await _row(segment_id)
        index = await caught_up(follower)
        rule = row["rule"]
        if patch.rule is not UNSET:
            rule = await kept(patch.rule, index, inside_segment=segment_id)
        changed = await fetch_row(
            "UPDATE segment SET name = $2, rule = $3, version = version + 1 WHERE id = $1 RETURNING *",
            segment_id,
            row["name"] if patch.name is UNSET else patch.name.strip(),
            rule,
        )
        assert changed is not None  # noqa: S101 - it is locked
        await audit.record(actor, "segment.update", "segment", segment_id, name=changed["name"])
    return await _segment(actor, index, changed)


async def delete_segment(actor: Actor, segment_id: int) -> None:
    """Delete it. Raises `HasDependents` while methods or other segments refer to it."""
    require_admin(actor)
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock(hashtext('segment.rule'))")
        row = await _row(segment_id)
        dependents = await named("method", _METHODS, segment_id)
        dependents += await rules_that_refer(Dependency("segment", segment_id))
        await refuse(f"The segment “{row['name']}”", dependents)
        await execute("DELETE FROM segment WHERE id = $1", segment_id)
        await audit.record(actor, "segment.delete", "segment", segment_id, name=row["name"])


async def _row(segment_id: int) -> Record:
    row = None
    if 0 < segment_id <= LARGEST_ID:
        row = await fetch_row("SELECT * FROM segment WHERE id = $1", segment_id)
    if row is None:
        raise NotFound(f"There is no segment {segment_id}.")
    return row


async def _segment(actor: Actor, index: FacetIndex, row: Record) -> Segment:
    """On the wire; only admins read the rule and its number, because both may be about people others may not see."""
    rule, total, problem = Rule(), None, None
    if actor.is_admin:
        try:
            rule = rule_of(row["rule"])
            asked, today = rule, clock.today(index.timezone)
            total = len(await index.sliced(lambda: index.evaluate_steps(asked, today)))
        except (BrokenRule, InvalidRule) as broken:
            problem = "; ".join(found.message for found in broken.problems)
    return Segment(
        id=row["id"], name=row["name"], rule=rule, total=total, version=row["version"], problem=problem
    )
