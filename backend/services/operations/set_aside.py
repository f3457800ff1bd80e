"""What is stored and cannot be read, for those who can put it right."""

from backend.index import FacetIndex, Follower
from backend.index.facts.set_aside import SetAside
from backend.schemas.base import Page
from backend.schemas.set_aside import SetAsideRow
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.paging import decode_cursor, encode_cursor
from backend.tables import EmptiedValue
from backend.words import Message
from backend.words.catalog import ENGLISH

# People named of one fact; whoever mends these sees the next ones.
MOST_NAMED = 100
# What upgrades emptied; beyond it the table itself is the better list.
MOST_EMPTIED = 1_000

_EMPTIED = Message("{column} was {value} and was emptied")

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
    rows = await everything(follower, actor.reads)
    (start,) = decode_cursor(cursor, tuple[int]) or (0,)
    shown = rows[start : start + limit]
    more = start + limit < len(rows)
    return Page(items=shown, next=encode_cursor((start + limit,)) if more else None, total=len(rows))


async def everything(follower: Follower, language: str = ENGLISH) -> list[SetAsideRow]:
    """All of it, told in a language. Raises `IndexBehind`."""
    index = follower.index
    found = [_row(one, index, language) for one in index.set_aside()]
    emptied = await EmptiedValue.select().order_by(EmptiedValue.id).limit(MOST_EMPTIED)
    return found + [
        SetAsideRow(
            state="emptied",
            what=row["table_name"],
            id=row["row_id"],
            name=index.name_of(row["table_name"], row["row_id"]),
            reason=_EMPTIED.render(language, column=row["column_name"], value=repr(row["value"])),
            rules_freeze=False,
            at=row["at"],
        )
        for row in emptied
    ]


def _row(one: SetAside, index: FacetIndex, language: str) -> SetAsideRow:
    facet = one.facet
    return SetAsideRow(
        state="set_aside",
        what=facet.name,
        id=facet.ref,
        name=index.name_of(_TABLES.get(facet.name, facet.name), facet.ref),
        reason=one.reason.render(language),
        rules_freeze=one.frozen,
        learners=len(one.learners),
        learner_ids=one.learners[:MOST_NAMED].to_array().tolist(),
    )
