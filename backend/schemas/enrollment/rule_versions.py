"""Versions of rules on the wire."""

from datetime import datetime
from typing import Annotated, Any, Literal

from msgspec import Meta

from backend.rules import Rule
from backend.schemas.audiences import SentencePart
from backend.schemas.base import Output
from backend.schemas.enrollment import RunCause
from backend.schemas.people import Person

VersionNumber = Annotated[int, Meta(ge=1, le=2**31 - 1, examples=[3])]


class RuleDifference(Output):
    """One difference to another version. `path` is the part of the newer rule, or of the older one for what is gone."""

    change: Literal["added", "removed", "changed"]
    part: Literal[
        "block", "groups", "subgroups", "everyone", "filter", "values", "include", "exclude", "nobody"
    ]
    path: str
    sentence: str
    parts: list[SentencePart]


class RuleVersion(Output):
    """A rule as it was saved, the first one with number 1.

    `at` is null for the rule that there was when versions were begun. `run_id` confirmed it, `cause` is that run's (`undo`: it came back
    by one), where the reader sees it. `difference` is to the version `against`, the one before it; null where there is none, or it is sealed.
    A `sealed` one has a part outside the reader's rights. `restorable`: whether the reader may plan with it again.
    """

    number: int
    at: datetime | None
    by: Person | None
    run_id: int | None
    cause: RunCause | None
    current: bool
    sealed: bool
    sentence: str | None
    against: int | None
    difference: list[RuleDifference] | None
    restorable: bool


class RuleVersionDetail(RuleVersion):
    """The same with the rule. `restore` is what a plan of the method takes beside `method_id` to have it again; of a segment its change."""

    rule: Rule | None
    restore: dict[str, Any] | None
