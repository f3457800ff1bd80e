"""Acts that are told by a run in each of two sessions, as moves are: undone together."""

import msgspec

from backend.database import execute, row_by_id
from backend.database.stored_json import stored_as
from backend.services.enrollment.undo import undo_statements
from backend.tables import Run


class _Paired(msgspec.Struct, frozen=True):
    """What the runs of a pair keep of it."""

    pair: int | None = None
    undone_first: bool = False


async def pair_runs(came: int, went: int) -> None:
    """Where people came, and where they left. Undoing goes the other way: first they leave again, then they are back."""
    await execute(undo_statements.PAIR, came, {"pair": went, "undone_first": True})
    await execute(undo_statements.PAIR, went, {"pair": came})


async def undone_together(run_id: int) -> list[int]:
    """The run, and its pair where that can still be undone, in the order in which they are to be undone."""
    row = await row_by_id(Run, run_id)
    kept = stored_as(None if row is None else row["detail"], _Paired, _Paired())
    other = None if kept.pair is None else await row_by_id(Run, kept.pair)
    if other is None or other["state"] != "applied":
        return [run_id]
    return [run_id, other["id"]] if kept.undone_first else [other["id"], run_id]
