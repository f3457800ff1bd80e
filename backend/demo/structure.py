"""Making structure only where it is missing, so that a demo can be loaded twice."""

from collections.abc import Iterable, Sequence
from typing import Any

import msgspec

from backend.database import fetch, fetch_value
from backend.schemas.groups import GroupRow
from backend.schemas.imports import ImportKind
from backend.schemas.learning.activities import ActivityInput
from backend.schemas.learning.sessions import SessionInput
from backend.schemas.people import FieldInput
from backend.services.access.actor import Actor
from backend.services.errors import Invalid
from backend.services.groups import group_bulk
from backend.services.imports.applying import CHUNK, write_rows
from backend.services.learning import activities, sessions
from backend.services.people import fields
from backend.words import Message, joined


async def ids_of(table: str) -> dict[str, int]:
    """Ids of a table's rows by their external id."""
    rows = await fetch(f"SELECT external_id, id FROM {table} WHERE external_id IS NOT NULL")
    return {row["external_id"]: row["id"] for row in rows}


async def ensure_fields(actor: Actor, wanted: Iterable[FieldInput]) -> None:
    """Create the fields whose key is not there."""
    known = {row["key"] for row in await fetch("SELECT key FROM field")}
    for field in wanted:
        if field.key not in known:
            await fields.create_field(actor, field)


async def ensure_groups(actor: Actor, wanted: Sequence[GroupRow]) -> dict[str, int]:
    """Create or update the groups; ids by external id."""
    answer = await group_bulk.bulk_upsert(actor, wanted)
    if answer.errors:
        raise Invalid(Message("A group could not be made: {reason}", reason=answer.errors[0].message))
    return await ids_of("learner_group")


async def ensure_activity(actor: Actor, wanted: ActivityInput) -> int:
    """The id of the activity with this external id, made if need be."""
    found: int | None = await fetch_value(
        "SELECT id FROM activity WHERE external_id = $1", wanted.external_id
    )
    return found if found is not None else (await activities.create_activity(actor, wanted)).id


async def ensure_session(actor: Actor, wanted: SessionInput) -> int:
    """The id of the session with this external id, made if need be."""
    found: int | None = await fetch_value("SELECT id FROM session WHERE external_id = $1", wanted.external_id)
    return found if found is not None else (await sessions.create_session(actor, wanted)).id


async def write_all(actor: Actor, kind: ImportKind, rows: Sequence[msgspec.Struct]) -> None:
    """Write any number of rows as the importers do. Raises `Invalid` for the first row that is refused."""
    for start in range(0, len(rows), CHUNK):
        chunk: Sequence[Any] = rows[start : start + CHUNK]
        answer = await write_rows(actor, kind, chunk)
        if answer.errors:
            mistake = answer.errors[0]
            raise Invalid(joined(": ", [kind, repr(chunk[mistake.row]), mistake.path, mistake.message]))
