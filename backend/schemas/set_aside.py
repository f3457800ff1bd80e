"""What is stored and cannot be read."""

from datetime import datetime
from typing import Literal

from backend.schemas.base import Output

SetAsideState = Literal["set_aside", "emptied"]


class SetAsideRow(Output):
    """A stored value that was set aside, or that an upgrade emptied because it could not be read.

    `what` is the kind of thing (`session`, `field`, …) and `id` which; `learners` how many people's values they are, `learner_ids` the
    first of them. While `rules_freeze`, nobody is added or removed by rules that rest on it.
    """

    state: SetAsideState
    what: str
    id: int | None
    name: str | None
    reason: str
    rules_freeze: bool
    learners: int = 0
    learner_ids: list[int] = []
    at: datetime | None = None
