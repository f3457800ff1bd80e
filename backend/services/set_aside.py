"""What is stored and cannot be read, for those who can put it right."""

from backend.database import fetch
from backend.index import Follower
from backend.index.aside import SetAside
from backend.index.structure import STRUCTURE, Structure
from backend.schemas.commons import Page
from backend.schemas.set_aside import SetAsideRow
from backend.services.actor import Actor
from backend.services.paging import decode_cursor, encode_cursor
from backend.services.rights import require_admin

# People named of one fact; whoever mends these sees the next ones.
MOST_NAMED = 100
# What upgrades emptied; beyond it the table itself is the better list.
MOST_EMPTIED = 1_000

_EMPTIED = f"""
SELECT table_name, row_id, column_name, value, at FROM emptied_value ORDER BY id LIMIT {MOST_EMPTIED}
"""
# What facts refer to.
_TABLES = {
    "membership": "learner_group",
    "result": "activity",
    "award": "certificate",
    "enrollment": "session",
}


async def list_set_aside(
    actor: Actor, follower: Follower, *, limit: int, cursor: str | None
) -> Page[SetAsideRow]:
    """For platform admins: what this process cannot read now, then what upgrades emptied. Raises `IndexBehind`."""
    require_admin(actor)
    rows = await everything(follower)
    (start,) = decode_cursor(cursor, tuple[int]) or (0,)
    shown = rows[start : start + limit]
    more = start + limit < len(rows)
    return Page(items=shown, next=encode_cursor((start + limit,)) if more else None, total=len(rows))


async def everything(follower: Follower) -> list[SetAsideRow]:
    """All of it. Raises `IndexBehind`."""
    index = follower.index
    found = [_row(one, index.structure) for one in index.set_aside()]
    for table, row_id, column, value, at in await fetch(_EMPTIED):
        found.append(
            SetAsideRow(
                state="emptied",
                what=table,
                id=row_id,
                name=_name(table, row_id, index.structure),
                reason=f"{column} was {value!r} and was emptied",
                rules_freeze=False,
                at=at,
            )
        )
    return found


def _row(one: SetAside, structure: Structure) -> SetAsideRow:
    facet = one.facet
    return SetAsideRow(
        state="set_aside",
        what=facet.name,
        id=facet.ref,
        name=_name(_TABLES.get(facet.name, facet.name), facet.ref, structure),
        reason=one.reason,
        rules_freeze=one.frozen,
        learners=len(one.learners),
        learner_ids=one.learners[:MOST_NAMED].to_array().tolist(),
    )


def _name(table: str, row_id: int | None, structure: Structure) -> str | None:
    if table not in STRUCTURE or row_id is None:
        return None
    row = structure.table(table).get(row_id)
    found: str | None = getattr(row, "name", None) or getattr(row, "title", None)
    return found
