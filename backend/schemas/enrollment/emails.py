"""Pasted addresses on the wire."""

from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from backend.enrollment import addresses
from backend.schemas.base import Id, Input, Output
from backend.schemas.enrollment.plans import PlanHash


class Emails(Input):
    """Addresses as pasted (`text`) or one by one; new people join `group_id` when the plan is applied."""

    text: Annotated[str, Meta(max_length=2_000_000)] | UnsetType = UNSET
    emails: Annotated[list[Annotated[str, Meta(max_length=1_000)]], Meta(max_length=20_000)] | UnsetType = (
        UNSET
    )
    group_id: Id | None = None
    hash: PlanHash | UnsetType = UNSET


class SortedEmail(Output):
    """What one pasted address is, in the form in which it is stored; `problem` says why an `invalid` one is none.

    `pasted` is what was pasted where that differs, by characters that nobody sees too.
    """

    email: str
    kind: addresses.Kind
    learner_id: int | None
    problem: str | None = None
    pasted: str | None = None


class EmailPlan(Output):
    """`ask` are addresses whose owners are outside the asker's reach: they have to ask somebody who may enroll them. The sorting. Send the same again with `hash` to apply it: `known` and `new` are enrolled."""

    hash: str
    known: int
    new: int
    duplicate: int
    invalid: int
    excluded: int
    other_session: int
    ask: int
    already_enrolled: int
    items: list[SortedEmail]
    run_id: int | None = None
    method_id: int | None = None
    entered: int = 0
    created: int = 0
