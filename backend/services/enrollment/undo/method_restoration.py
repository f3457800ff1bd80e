"""What an undo does to the run's method: it is again as it was before the run, and people are wanted again who had been left out."""

from typing import Any

from asyncpg import Record
from pyroaring import BitMap

from backend.database import execute, fetch_value
from backend.enrollment.state_causes import Stated
from backend.services.enrollment.drafts import method_statements
from backend.services.enrollment.drafts.method_drafts import COLUMNS
from backend.services.enrollment.fuses import held_removals
from backend.services.enrollment.undo import undo_statements
from backend.services.enrollment.writing.exclusions import undo_exclusions

# What of a method goes back besides its policy.
STATE = ("state", "state_reason", "state_cause", "state_details")
# Likewise, where it was kept: releases of before did not have it.
LINKED = ("qualification_id",)


async def method_now(run: Record) -> dict[str, Any] | None:
    """The run's method as its row stands now; None when it is gone."""
    found: dict[str, Any] | None = await fetch_value(method_statements.METHOD_AS_JSON, run["method_id"])
    return found


async def restore_method(run: Record, *, freezing: bool = True) -> bool | None:
    """The method as it was before the run; None when the run did not change it, False when somebody has since.

    What the rule itself did would be done again: then the method is frozen until a person confirms a plan of it. Without
    `freezing` what the rule rests on goes back, too.
    """
    now = await method_now(run)
    if now is None:
        return None
    if "method" not in run["detail"]:
        if freezing and now["dynamic"] and run["cause"] in ("change", "clock", "check", "approve"):
            why = Stated("undone", {"run_id": run["id"]})
            await held_removals.set_state(run["method_id"], "frozen", why)
        return None
    after, before = run["detail"]["method_after"], run["detail"]["method"]
    if after is None:
        return False
    # What was kept before a column was there says nothing of it.
    compared = tuple(name for name in (*COLUMNS, "deleted_at") if name in after)
    if any(now[name] != after[name] for name in compared):
        return False
    if before is None:
        await held_removals.set_state(run["method_id"], "draft")
        return True
    # With an act its row has gone back among the facts, before the run that is undone here: what it says of the state is so again,
    # and what an undo's run kept of it was read when it was so already.
    state = STATE if freezing else ()
    names = (*compared, *state, *(name for name in LINKED if name in before))
    await execute(undo_statements.restore_method(names), run["method_id"], before)
    return True


async def take_back_exclusions(run: Record, undo_id: int, people: list[int], among: BitMap | None) -> None:
    """Who was unenrolled by hand, or left out, is wanted again, and so on the other way round. `among`: only of these people."""
    await undo_exclusions(run["id"], run["detail"], undo_id, among)
    # Of runs of before there were exclusions.
    methods = run["detail"].get("left_out_of")
    if methods:
        await execute(
            undo_statements.TAKE_BACK_EXCLUSIONS,
            methods,
            people,
        )
