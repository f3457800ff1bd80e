"""Erasing progress: an act of a person, who names how many completions and certificates go. No rule ever does it."""

from collections.abc import Sequence
from dataclasses import dataclass, field
from typing import Any

from asyncpg import Record

from backend.database import execute, fetch, fetch_row
from backend.schemas.enrollment.erasure import ErasedResult, EraseFigures
from backend.services.enrollment.writing import erase_statements as sql
from backend.services.errors import Conflict
from backend.words import Message

# Results that stay are named up to this number; what more there are is counted.
MOST_NAMED = 100


class EraseUnconfirmed(Conflict):
    """What goes is not what was confirmed, or nothing was; the figures come with it."""

    type, title = "erase_unconfirmed", Message("Confirm what is erased")

    def __init__(self, figures: EraseFigures, staying: Sequence[ErasedResult]) -> None:
        super().__init__(
            Message(
                "This erases {completions:,} completions and {certificates:,} certificates."
                " Send these figures as `confirm` to do it.",
                completions=figures.completions,
                certificates=figures.certificates,
            ),
            extra={"erase": figures, "staying": staying[:MOST_NAMED], "staying_total": len(staying)},
        )


@dataclass(slots=True)
class Erasure:
    """What was asked, and what came of it. Without `confirm` nothing is erased, unless it was `confirmed` before (large runs)."""

    certificates: bool = False
    confirm: EraseFigures | None = None
    confirmed: bool = False
    # A trial, which tells the figures and is taken back.
    dry_run: bool = False
    done: EraseFigures = field(default_factory=lambda: EraseFigures(completions=0, certificates=0))
    staying: list[ErasedResult] = field(default_factory=list)


async def count_losses(
    session_ids: Sequence[int], learner_ids: Sequence[int], *, certificates: bool
) -> tuple[EraseFigures, list[ErasedResult]]:
    """What erasing takes of these pairs, whose enrollments have ended; and the results that others count."""
    row = await fetch_row(sql.FORESEE, list(session_ids), list(learner_ids))
    assert row is not None  # noqa: S101 - it is one row of figures
    figures = EraseFigures(
        completions=row["completions"], certificates=row["certificates"] if certificates else 0
    )
    return figures, [ErasedResult(**one) for one in row["staying"]]


async def erase(rows: Sequence[Record], erasure: Erasure | None) -> None:
    """Erase what those who left did there. Raises `EraseUnconfirmed`, and the caller's transaction takes all of it back."""
    if not rows and (erasure is None or erasure.confirmed):
        return
    sessions = [row["session_id"] for row in rows]
    learners = [row["learner_id"] for row in rows]
    certificates = erasure is not None and erasure.certificates
    if erasure is not None and not erasure.confirmed:
        figures, staying = await count_losses(sessions, learners, certificates=certificates)
        if figures != erasure.confirm and not erasure.dry_run:
            raise EraseUnconfirmed(figures, staying)
        erasure.done, erasure.staying = figures, staying
    await execute(sql.ERASE, sessions, learners, [row["run_id"] for row in rows], certificates)


async def confirm_large(erasure: Erasure, session_id: int, method_id: int) -> None:
    """Look at what goes when this method ends, before it ends chunk by chunk. Raises `EraseUnconfirmed`."""
    alone = [row["learner_id"] for row in await fetch(sql.ALONE, method_id)]
    figures, staying = await count_losses([session_id] * len(alone), alone, certificates=erasure.certificates)
    if figures != erasure.confirm:
        raise EraseUnconfirmed(figures, staying)
    erasure.confirmed, erasure.done, erasure.staying = True, figures, staying


def detail_of(erasure: Erasure | None) -> dict[str, Any]:
    """What a large run has to know of it."""
    return {} if erasure is None else {"certificates": erasure.certificates}
