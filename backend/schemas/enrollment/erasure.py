"""Erasing on the wire: what goes has to be named by whoever asks for it."""

from typing import Annotated

from msgspec import Meta

from backend.schemas.base import Input, Output

Figure = Annotated[int, Meta(ge=0, le=100_000_000)]


class EraseFigures(Input):
    """How many completions and how many certificates go."""

    completions: Figure
    certificates: Figure


class ErasedResult(Output):
    """A result that stays, because the person's enrollment in another session counts it."""

    learner_id: int
    activity_id: int
    session_id: int
