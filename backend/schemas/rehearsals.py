"""Rehearsals on the wire: drafts of acts with a name."""

from datetime import datetime
from typing import Literal

from msgspec import UNSET, UnsetType

from backend.schemas.base import Input, Name, Output
from backend.schemas.consequence_acts import Change, Changes
from backend.schemas.consequences import Consequences, Figures
from backend.schemas.enrollment.plans import PlanHash
from backend.schemas.people import Person


class RehearsalInput(Input):
    """A draft of acts, that are done one after the other."""

    name: Name
    changes: Changes


class RehearsalChange(Input):
    """What to change of a draft; what is absent stays."""

    name: Name | UnsetType = UNSET
    changes: Changes | UnsetType = UNSET


class RehearsalConfirmation(Input):
    """The hash that its consequences came with."""

    hash: PlanHash


class Rehearsal(Output):
    """A draft of acts. `changes` is null where what is stored can no longer be read. `run_id`: the run that carried it out.

    `acts` says each of the changes in a sentence, in the reader's language.
    """

    id: int
    name: str
    changes: list[Change] | None
    acts: list[str]
    state: Literal["draft", "applied"]
    run_id: int | None
    by: Person | None
    created_at: datetime
    changed_at: datetime
    version: int


class RehearsalConsequences(Consequences, kw_only=True):
    """What would follow now, beside what would have when somebody looked last at these changes.

    `changed_underneath`: facts changed since, so that something else would follow.
    """

    changed_underneath: bool
    looked_at: datetime | None
    before: Figures | None


class RehearsalApplied(Output):
    """The run that all of it is; null where it changed nothing."""

    run_id: int | None
