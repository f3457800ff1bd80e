"""Rows of structure as the log has them."""

from typing import Any

import msgspec

from backend.services.consequences.world import SupposedWorld

# By table, the mapping of an index that has its rows by id.
_MAPPINGS = {
    "learner_group": "groups",
    "field": "fields",
    "session": "sessions",
    "segment": "segments",
    "enrollment_method": "methods",
}


def stored_row(world: SupposedWorld, table: str, row_id: int) -> dict[str, Any]:
    """The row as it stands in the supposed world, in the log's form; to be changed by the caller."""
    row: dict[str, Any] = msgspec.to_builtins(getattr(world.index, _MAPPINGS[table])[row_id])
    return row
