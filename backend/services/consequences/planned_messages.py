"""Which messages would go out, to whom and when, as far as a reader may see it."""

from collections import defaultdict
from collections.abc import Iterator
from datetime import datetime

from pyroaring import BitMap

from backend.schemas import consequences as wire
from backend.schemas.base import Page
from backend.services.consequences.consequences_as_seen import ConsequenceReader, Visible
from backend.services.consequences.outcome import Notices
from backend.services.paging import decode_cursor, encode_cursor
from backend.services.people.person_names import people as people_named

# What falls due for somebody at one moment is one message, but an invitation is one of its own: the moment, and whether it is one.
_Moment = tuple[datetime, bool]


def count_messages(told: ConsequenceReader, visible: Visible) -> int:
    """How many there would be."""
    return sum(len(people) for people in _by_moment(told, visible).values())


async def messages_page(
    told: ConsequenceReader, request: wire.ConsequencesMessagesRequest
) -> Page[wire.PlannedMessage]:
    """The messages in the order in which they would go out, then by the ids of people."""
    visible = told.visible()
    moments = sorted(_by_moment(told, visible).items())
    after = decode_cursor(request.cursor, tuple[datetime, bool, int])
    found: list[tuple[_Moment, int]] = []
    for moment, people in moments:
        if len(found) > request.limit or (after is not None and moment < after[:2]):
            continue
        first = people.rank(after[2]) if after is not None and moment == after[:2] else 0
        found += [(moment, one) for one in people[first : first + request.limit + 1 - len(found)]]
    shown = found[: request.limit]
    named = {one.id: one for one in await people_named([learner for _, learner in shown if learner > 0])}
    seen = list(_seen(told, visible))
    items = [
        wire.PlannedMessage(
            learner=named.get(learner),
            at=moment[0],
            about=[
                _subject(told, notice)
                for notice, people in seen
                if _moment(notice) == moment and learner in people
            ],
        )
        for moment, learner in shown
    ]
    last = encode_cursor([*shown[-1][0], shown[-1][1]]) if len(found) > request.limit else None
    return Page(items=items, next=last, total=sum(len(people) for _, people in moments))


def _moment(notice: Notices) -> _Moment:
    return notice.at, notice.kind == "invited"


def _by_moment(told: ConsequenceReader, visible: Visible) -> dict[_Moment, BitMap]:
    at: dict[_Moment, BitMap] = defaultdict(BitMap)
    for notice, people in _seen(told, visible):
        at[_moment(notice)] |= people
    return at


def _seen(told: ConsequenceReader, visible: Visible) -> Iterator[tuple[Notices, BitMap]]:
    """What would be told to whom of those whom the reader sees. Who has completed a session is not told of it."""
    for notice in told.outcome.notices:
        people = notice.learners
        if notice.session_id is not None:
            people = people - told.supposed.completed(notice.session_id)
        if not visible.everything:
            theirs = notice.session_id is None or told.sight.views(notice.session_id, told.real)
            people = people & (visible.anywhere | visible.people if theirs else visible.anywhere)
        if people:
            yield notice, people


def _subject(told: ConsequenceReader, notice: Notices) -> wire.MessageSubject:
    session = None if notice.session_id is None else told.supposed.sessions.get(notice.session_id)
    activity = None if session is None else told.supposed.activities.get(session.activity_id)
    return wire.MessageSubject(
        kind=notice.kind,
        session_id=notice.session_id,
        session_name=None if session is None else session.name,
        activity_title=None if activity is None else activity.title,
    )
