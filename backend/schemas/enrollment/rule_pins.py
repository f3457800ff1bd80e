"""Pins on the wire: people who must be in a rule, or out of it."""

from datetime import datetime
from typing import Annotated, Literal

from msgspec import Meta

from backend.rules import Rule
from backend.schemas.base import Id, Input, Output, Text
from backend.schemas.enrollment.reasons import Reason
from backend.schemas.people import Person

Expected = Annotated[Literal["in", "out"], Meta(description="what the rule must do with the person")]


class PinInput(Input):
    """Somebody who must be in the rule, or out of it; given again it replaces what was expected of them."""

    learner_id: Id
    expected: Expected
    note: Text = ""


class PinnedPerson(Output):
    """Somebody pinned, whom a rule puts elsewhere than is expected."""

    learner: Person
    expected: Expected
    note: str


class Pin(PinnedPerson):
    """A pin. `holds`: whether the rule does now what is expected; null where it cannot be evaluated.

    `broken_since` and `cause` say since when changes of facts or of the rule have it otherwise, and which.
    """

    by: Person | None
    at: datetime
    holds: bool | None
    broken_since: datetime | None
    cause: Reason | None


class PinCheckRequest(Input):
    """A rule that is not saved, to be asked of the people pinned."""

    rule: Rule


class PinCheck(PinnedPerson):
    """What a rule would do with somebody pinned; `holds` is null where it cannot be evaluated."""

    holds: bool | None
