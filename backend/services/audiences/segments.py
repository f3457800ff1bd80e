"""Segments: named audiences that rules and methods refer to."""

from asyncpg import Record

from backend import tables
from backend.database import Row, as_json, fetch, fetch_value, lock_by_name, row_by_id, transaction
from backend.index import BrokenRule, FacetIndex, Follower
from backend.rules import InvalidRule, Rule
from backend.rules import convert as rule_of
from backend.runtime import clock
from backend.schemas.base import UNSET, Page
from backend.schemas.problem import Dependent, Dependents
from backend.schemas.segments import Segment, SegmentChange, SegmentInput
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.audiences import statements
from backend.services.audiences.audiences import check_stored_rule
from backend.services.audiences.dependents import Dependency, listed, named, refuse, rules_that_refer
from backend.services.audiences.index_access import current_index
from backend.services.audiences.rule_pins import refuse_broken
from backend.services.audiences.rule_versions import sign_versions
from backend.services.audiences.visibility import scope_of
from backend.services.errors import NotFound
from backend.services.paging import decode_cursor, page_of
from backend.services.versions import lock_row, write_columns
from backend.words import Message, translate
from backend.words.nouns import there_is_no


async def list_segments(
    actor: Actor, follower: Follower, *, q: str | None, limit: int, cursor: str | None
) -> Page[Segment]:
    """Segments by name, with their totals. Staff may use them; only admins see and change their rules."""
    await scope_of(actor)
    index = await current_index(follower)
    like = None if not q else f"%{q.strip().replace('%', '').replace('_', '')}%"
    after = decode_cursor(cursor, tuple[str, int]) or (None, None)
    rows = await fetch(statements.SEGMENTS_BY_NAME, like, *after, limit + 1)
    total = await fetch_value(statements.COUNT_SEGMENTS, like)
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
    await scope_of(actor)
    index = await current_index(follower)
    return await _segment(actor, index, await _row(segment_id))


async def create_segment(actor: Actor, follower: Follower, request: SegmentInput) -> Segment:
    """A new segment. Raises `Invalid` for its rule, `Conflict` for a name that is taken."""
    require_admin(actor)
    index = await current_index(follower)
    rule = await check_stored_rule(request.rule, index)
    async with transaction():
        made = await tables.Segment.insert(
            tables.Segment(name=request.name.strip(), rule=as_json(rule), created_by=actor.id or None)
        ).returning(*tables.Segment.all_columns())
        row = made[0]
        await sign_versions(actor)
        await audit.record(actor, "segment.create", "segment", row["id"], name=row["name"])
    return await _segment(actor, index, row)


async def change_segment(
    actor: Actor, follower: Follower, segment_id: int, patch: SegmentChange, version: int | None
) -> Segment:
    """Change name or rule; everything that refers to it follows. Raises `Stale`, `Invalid` (also for a cycle), `BrokenPins`."""
    require_admin(actor)
    await current_index(follower)
    async with transaction():
        # One edit of segments at a time: two at once could close a circle that neither sees.
        await lock_by_name("segment.rule")
        row = await lock_row(tables.Segment, segment_id, version)
        index = await current_index(follower)
        rule = row["rule"]
        if patch.rule is not UNSET:
            rule = await check_stored_rule(patch.rule, index, inside_segment=segment_id)
            await refuse_broken(index, rule, segment_id=segment_id, accepted=patch.accept_broken_pins)
        name = row["name"] if patch.name is UNSET else patch.name.strip()
        await write_columns(tables.Segment, segment_id, {"name": name, "rule": as_json(rule)})
        await sign_versions(actor)
        changed = await _row(segment_id)
        await audit.record(actor, "segment.update", "segment", segment_id, name=changed["name"])
    return await _segment(actor, index, changed)


async def check_change(
    actor: Actor, follower: Follower, segment_id: int, patch: SegmentChange
) -> Rule | None:
    """The rule that it would have, where another one is given. Raises what `change_segment` raises."""
    require_admin(actor)
    await _row(segment_id)
    if patch.rule is UNSET:
        return None
    return await check_stored_rule(patch.rule, await current_index(follower), inside_segment=segment_id)


async def require_segment(actor: Actor, segment_id: int) -> None:
    """Raises what deleting it raises, whatever depends on it."""
    require_admin(actor)
    await _row(segment_id)


async def delete_segment(actor: Actor, segment_id: int, *, with_dependents: bool = False) -> None:
    """Delete it. Raises `HasDependents` while methods or other segments refer to it.

    `with_dependents`: somebody has seen them. Their rules freeze.
    """
    require_admin(actor)
    async with transaction():
        await lock_by_name("segment.rule")
        row = await _row(segment_id)
        if not with_dependents:
            await refuse(Message("The segment “{name}”", name=row["name"]), await _dependents(segment_id))
        # The rule of such a method goes on naming it.
        await tables.EnrollmentMethod.update(
            {
                tables.EnrollmentMethod.segment_id: None,
                tables.EnrollmentMethod.version: tables.EnrollmentMethod.version + 1,
            }
        ).where(tables.EnrollmentMethod.segment_id == segment_id)
        await tables.Segment.delete().where(tables.Segment.id == segment_id)
        await audit.record(actor, "segment.delete", "segment", segment_id, name=row["name"])


async def list_dependents(actor: Actor, segment_id: int) -> Dependents:
    """What uses it: what deleting it would break. For platform admins."""
    await require_segment(actor, segment_id)
    return await listed(actor, await _dependents(segment_id))


async def _dependents(segment_id: int) -> list[Dependent]:
    return [
        *await named("method", statements.METHODS_OF_SEGMENT, segment_id),
        *await rules_that_refer(Dependency("segment", segment_id)),
    ]


async def _row(segment_id: int) -> Record:
    row = await row_by_id(tables.Segment, segment_id)
    if row is None:
        raise NotFound(there_is_no("segment", segment_id))
    return row


async def _segment(actor: Actor, index: FacetIndex, row: Row) -> Segment:
    """On the wire; only admins read the rule and its number, because both may be about people others may not see."""
    rule, total, problem = Rule(), None, None
    if actor.is_admin:
        try:
            rule = rule_of(row["rule"])
            asked, today = rule, clock.today(index.timezone)
            total = len(await index.sliced(lambda: index.evaluate_steps(asked, today)))
        except (BrokenRule, InvalidRule) as broken:
            problem = "; ".join(translate(found.message, actor.reads) for found in broken.problems)
    return Segment(
        id=row["id"], name=row["name"], rule=rule, total=total, version=row["version"], problem=problem
    )
