"""Enrolling from anywhere on the wire: who, in what, and how; and what somebody proposes who may not do it."""

from datetime import date, datetime
from typing import Annotated, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.enrollment.addresses import MOST_ADDRESSES
from backend.schemas.base import Id, Input, LongText, Output
from backend.schemas.enrollment.emails import SortedEmail
from backend.schemas.enrollment.methods import Policy
from backend.schemas.enrollment.plans import PlanHash
from backend.schemas.people import Person

# As many sessions as one confirmation shows, and one transaction enrolls in.
MOST_TARGETS = 100
MOST_PICKED = 20_000

_Address = Annotated[str, Meta(max_length=1_000)]


class Target(Input):
    """A session, or an activity, which stands for its one open session."""

    activity_id: Id | None = None
    session_id: Id | None = None


class EnrollmentRequest(Policy, kw_only=True):
    """Who is to be enrolled (one of `people`, `rule`, `segment_id`, `group_id`, `emails`, `after_activity_id`), in which sessions, and how.

    People and addresses join each session's hand-picked method unless other terms are asked for; the others are a method of each session,
    or the one that it has of the same audience. With `emails`, `group_id` is the group that new people join. `until`, with
    people and addresses: the first day on which they are no longer enrolled by that.
    """

    people: Annotated[list[Id], Meta(max_length=MOST_PICKED, examples=[[12, 15]])] | UnsetType = UNSET
    emails: (
        Annotated[str, Meta(max_length=2_000_000)]
        | Annotated[list[_Address], Meta(max_length=MOST_ADDRESSES)]
        | UnsetType
    ) = UNSET
    targets: Annotated[
        list[Target], Meta(min_length=1, max_length=MOST_TARGETS, examples=[[{"session_id": 7}]])
    ]
    mail: bool = True
    until: date | UnsetType | None = UNSET


class EnrollmentConfirmation(EnrollmentRequest, kw_only=True):
    """The same with the hash of what was shown."""

    hash: PlanHash


class ExistingMethod(Output):
    """A method that has the same audience already: it is used, and no second one is made."""

    session_id: int
    method_id: int
    name: str


class Addresses(Output):
    """What pasted addresses are. `ask`: their owners are outside the asker's reach, who has to ask somebody who may enroll them."""

    known: int = 0
    new: int = 0
    duplicate: int = 0
    invalid: int = 0
    excluded: int = 0
    ask: int = 0
    items: list[SortedEmail] = []


class Enrolled(Output):
    """The runs of what was done, one a session; they belong to one act, which is undone as one."""

    run_ids: list[int]


ProposalState = Literal["open", "approved", "declined"]


class ProposalInput(Input):
    """What somebody asks to be done for them, and a word of theirs to who decides."""

    session_id: Id
    body: EnrollmentRequest
    message: Annotated[LongText, Meta(examples=["They start in May."])] = ""


class Approval(Input):
    """The hash of what was shown to whoever approves."""

    hash: PlanHash


class Decline(Input):
    """Why not: told to who proposed it."""

    note: LongText = ""


class Proposal(Output):
    """What somebody proposed, and what became of it.

    `message` is what they said themselves, `note` what was answered. `may_decide`: whether the reader may approve or decline it.
    """

    id: int
    session_id: int
    session_name: str
    activity_title: str
    body: EnrollmentRequest
    by: Person
    state: ProposalState
    message: str
    note: str
    at: datetime
    decided_by: Person | None
    decided_at: datetime | None
    run_id: int | None
    may_decide: bool
