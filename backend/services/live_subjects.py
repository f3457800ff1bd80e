"""What a socket may follow: the right to it, and how its state comes about."""

from typing import Any

from backend import clock
from backend.index import FacetIndex
from backend.index.steps import Steps
from backend.live.topics import Ended, Subject, Unanswerable
from backend.rules import Facet, canonical_steps
from backend.schemas.audience import PreviewRequest
from backend.schemas.commons import LARGEST_ID
from backend.schemas.live import MyState, PreviewFrame
from backend.services import audiences
from backend.services.actor import Actor
from backend.services.audience_people import people_of
from backend.services.errors import Invalid, MusterError, NotFound
from backend.services.live_progress import import_subject, method_subject, problem_of, run_subject
from backend.services.rights import session_for

# What overdue means moves with the clock; nobody notices a quarter of a minute.
CLOCK_SECONDS = 15.0


async def preview_subject(actor: Actor, index: FacetIndex, frame: PreviewFrame) -> Subject:
    """The counts of a draft. Raises `Forbidden`, `NotFound` or `Invalid`."""
    if frame.at is not None and frame.at < clock.today(index.timezone):
        raise Invalid.at("at", "past", "The past does not change: ask for it by POST /audiences/preview.")
    request = PreviewRequest(rule=frame.rule, session_id=frame.session_id, at=frame.at, sample=frame.sample)
    question = await audiences.draft(actor, index, request)

    def counted_steps(index: FacetIndex) -> Steps[Any]:
        try:
            found = yield from question.counted_steps(index)
        except MusterError as error:
            raise Unanswerable(problem_of(error)) from None
        return found

    async def with_sample(index: FacetIndex) -> Any:
        try:
            found, sample, _ = await question.answer(index, index)
        except MusterError as error:
            raise Unanswerable(problem_of(error)) from None
        found.sample = await people_of(question.sight, index, question.opened, sample)
        return found

    def facets(index: FacetIndex) -> frozenset[Facet]:
        found = index.facets(question.rule)
        if frame.session_id is not None:
            found |= {Facet("enrollment", other) for other in _siblings(index, frame.session_id)}
        if frame.sample:
            found |= {Facet("profile")}
        return found

    spelling = await index.sliced(lambda: canonical_steps(question.rule))
    return Subject(
        key=("preview", spelling, frame.session_id, frame.at, frame.sample, question.sight),
        kind="preview",
        steps=None if frame.sample else counted_steps,
        load=with_sample if frame.sample else None,
        facets=facets,
        daily=frame.at is None and index.depends_on_time(question.rule),
    )


def _siblings(index: FacetIndex, session_id: int) -> frozenset[int]:
    session = index.structure.sessions.get(session_id)
    return frozenset() if session is None else index.structure.sessions_of(session.activity_id)


def rests_on_index(topic: str) -> bool:
    """Whether what was made a moment ago has to be known to the index before the topic can be followed."""
    return topic.startswith(("session:", "method:"))


async def topic_subject(actor: Actor, index: FacetIndex, topic: str) -> Subject:
    """What a topic's name stands for. Raises `Forbidden` or `NotFound`."""
    kind, _, number = topic.partition(":")
    if kind == "me":
        me = MyState(id=actor.id)
        return Subject(key=("me", actor.id), kind="me", state=lambda _: me, learner_id=actor.id)
    found = int(number)
    if found > LARGEST_ID:
        raise NotFound(f"There is no {kind} {number}.")
    if kind == "run":
        return await run_subject(actor, found)
    if kind == "import":
        return await import_subject(actor, found)
    if kind == "method":
        return await method_subject(actor, index, found)
    await session_for(actor, found, "view")
    return session_subject(found)


def session_subject(session_id: int) -> Subject:
    """The board of a session: its counts, and what happens to its people."""

    def state(index: FacetIndex) -> Any:
        if session_id not in index.structure.sessions:
            raise Ended(problem_of(NotFound("This session has been deleted.")))
        return index.counts(session_id, clock.now())

    def facets(index: FacetIndex) -> frozenset[Facet]:
        session = index.structure.sessions.get(session_id)
        found = {Facet("status"), Facet("enrollment", session_id)}
        found |= {Facet("blocked", method) for method in index.structure.methods_of(session_id)}
        return frozenset(found if session is None else found | {Facet("result", session.activity_id)})

    return Subject(
        key=("session", session_id),
        kind="session",
        state=state,
        facets=facets,
        structure=frozenset({"session", "enrollment_method"}),
        every=lambda _: CLOCK_SECONDS,
        session_id=session_id,
    )
