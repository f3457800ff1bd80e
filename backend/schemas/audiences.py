"""Questions about an audience, and their answers."""

from datetime import date, datetime
from typing import Annotated, Any, Literal

from msgspec import UNSET, Meta, UnsetType

from backend.rules import Rule
from backend.schemas.base import Id, Input, Output
from backend.schemas.enrollment.reasons import Reason
from backend.schemas.people import FieldValue, MemberRole, Status

# A sample is looked at, not worked through: the list of members has pages.
SAMPLE_MOST = 50
LIMIT_MOST = 1000
LIMIT_DEFAULT = 50

Sample = Annotated[int, Meta(ge=0, le=SAMPLE_MOST, description="how many of the people to show")]
Limit = Annotated[int, Meta(ge=1, le=LIMIT_MOST)]
Cursor = Annotated[str, Meta(max_length=2_000)]
MemberTab = Annotated[
    Literal[
        "matching",
        "nearly",
        "excluded",
        "entering",
        "leaving",
        "gaining",
        "losing",
        "completed_stay",
        "blocked",
    ],
    Meta(
        description="`nearly`: fail exactly one filter; from `entering` on the words of plans, which need `session_id`"
    ),
]


class PreviewRequest(Input):
    """How many people a rule holds, and how each of its parts narrows it."""

    rule: Rule
    session_id: Id | None = None
    at: date | None = None
    sample: Sample = 0


class SameRequest(Input):
    """A rule, and what is not to be compared with it: the methods and the segment that are being edited."""

    rule: Rule
    except_methods: Annotated[list[Id], Meta(max_length=1_000)] = []
    except_segment: Id | None = None


class SameAudience(Output):
    """A live method or a segment that holds exactly the same people. A method is named as its session where it has no name."""

    kind: Literal["method", "segment"]
    id: int
    name: str
    session_id: int | None = None
    session_name: str | None = None


class SameAudiences(Output):
    """Segments first. Of more than ten of a kind the first are told."""

    items: list[SameAudience]


class FilterCounts(Output):
    """People of the block after this filter in order, and the block's total if this filter were removed."""

    remaining: int
    without: int


class SealedGroup(Output):
    """A group of a sealed block: a private one outside one's rights has no name."""

    id: int | None
    name: str | None
    count: int


class BlockCounts(Output, omit_defaults=True):
    """The people of one block. A sealed one holds a group outside one's rights: only each group's own number is told."""

    total: int | None
    groups_total: int | None
    filters: list[FilterCounts]
    sealed: bool = False
    groups: list[SealedGroup] = []


class PreviewCounts(Output):
    """How many people a rule holds, and its parts: what two moments can agree on."""

    total: int
    blocks: list[BlockCounts]
    included: int
    excluded: int
    blocked: int
    sample: list["AudienceMember"]


class Preview(PreviewCounts):
    """The answer to a preview. `position` is the place in the change log that it is true for."""

    position: int
    as_of: datetime


class Fact(Output):
    """One thing the rule asks about a person: `path` of the filter, what it is called, and the person's value."""

    path: str
    actual: Any


class AudienceMember(Output):
    """A person of an audience, with what the rule uses of them."""

    id: int
    email: str
    first_name: str
    last_name: str
    language: str
    status: Status
    added_at: datetime
    external_id: str | None
    manager_id: int | None
    fields: dict[str, FieldValue]
    groups: list["AudienceGroup"]
    facts: list[Fact]
    session_id: int | UnsetType | None = UNSET


class AudienceGroup(Output):
    """A group the person is in directly."""

    id: int
    role: MemberRole


class MembersRequest(Input):
    """A page of the people of a rule, or of those around it (`tab`)."""

    rule: Rule
    at: date | None = None
    limit: Limit = LIMIT_DEFAULT
    cursor: Cursor | None = None
    q: Annotated[str, Meta(max_length=200)] | None = None
    tab: MemberTab = "matching"
    session_id: Id | None = None
    method_id: Id | None = None


class ExplainRequest(Input):
    """Why somebody is in an audience, or is not; with a session also how they stand there, and with a method of it by that method."""

    rule: Rule
    learner_id: Id
    at: date | None = None
    session_id: Id | None = None
    method_id: Id | None = None


class NextChange(Output):
    """On `date` the answer becomes `becomes`, unless a fact changes first."""

    date: date
    becomes: bool


class ExplainNode(Output, omit_defaults=True):
    """One part of a rule, asked about one person.

    `actual` is what is so, in words; `since` when the facts behind it last changed; `of` are nested filters.
    """

    matches: bool
    type: str | None = None
    actual: str | None = None
    since: datetime | None = None
    next_change: NextChange | None = None
    of: list["ExplainNode"] | None = None


class ExplainBlock(Output, omit_defaults=True):
    """Holds when `groups` and every one of `filters` hold. A sealed block (see previews) tells nothing."""

    matches: bool | None
    groups: ExplainNode | None
    filters: list[ExplainNode]
    next_change: NextChange | None = None
    sealed: bool = False


class ExplainTree(Output, omit_defaults=True):
    """Mirrors the rule. Holds when `status` holds, and a block or `include`, and not `exclude`."""

    matches: bool
    status: ExplainNode
    blocks: list[ExplainBlock]
    include: ExplainNode
    exclude: ExplainNode
    next_change: NextChange | None = None


class SessionStanding(Output):
    """How somebody stands in a session now.

    Whom a rule holds may be `excluded`: left out of the session by name; or `blocked`: enrolled in another session instead.
    `barred`: they left a method that does not take them back yet; `returns_on`: the day from which on it does, null where it never does.
    """

    state: Literal["enrolled", "excluded", "blocked", "ended", "none"]
    reason: Reason | None = None
    barred: Reason | None = None
    returns_on: date | None = None


class Explanation(Output):
    """Whether the person is in the audience, and why; `standing` where a session was given."""

    matches: bool
    tree: ExplainTree
    standing: SessionStanding | None = None


class ForecastRequest(Input, rename={"from_": "from"}):
    """The audience's size on the days to come if nothing but time changes."""

    rule: Rule
    from_: date
    to: date


# A line of so many points shows a course; each of them reads the change log.
HISTORY_DAYS = 31


class HistoryRequest(Input):
    """The audience's size at the end of some days."""

    rule: Rule
    days: Annotated[list[date], Meta(min_length=1, max_length=HISTORY_DAYS)]


class ForecastDay(Output):
    """The audience's size on one day."""

    date: date
    total: int


class DescribeRequest(Input):
    """The rule as a sentence, in `language` or the reader's own."""

    rule: Rule
    language: Annotated[str, Meta(pattern="^[a-z]{2}(-[A-Za-z]{2,4})?$")] | None = None


class SentencePart(Output):
    """A piece of a sentence: text, or a noun.

    A noun has a `kind` (what `id` names, or `value`, `language`, `people`) and the `path` in the rule that it comes from.
    """

    text: str
    kind: str | None = None
    id: int | None = None
    path: str | None = None


class Description(Output):
    """The rule as a sentence, whole and in its parts."""

    sentence: str
    parts: list[SentencePart]
