"""What a socket may follow: the right to it, and how its state comes about."""

from typing import Any

from backend.index import NEEDS_YOU, FacetIndex
from backend.index.steps import Steps
from backend.live.editors import Editors
from backend.live.topics import Ended, Subject, Unanswerable
from backend.rules import Facet, canonical_steps
from backend.runtime import clock
from backend.schemas.audiences import PreviewRequest
from backend.schemas.base import LARGEST_ID
from backend.schemas.live.frames import LearnerState, MyState, PreviewFrame
from backend.services.access.actor import Actor
from backend.services.access.rights import learner_for, session_for
from backend.services.audiences import audiences
from backend.services.audiences.audience_people import people_of
from backend.services.audiences.visibility import reading_scope
from backend.services.errors import Invalid, MusterError, NotFound
from backend.services.live import needs_you
from backend.services.live.course_groups_topic import course_groups_subject
from backend.services.live.editors_topic import editors_subject
from backend.services.live.list_topics import LIST_NAMES, list_subject
from backend.services.live.progress_topics import import_subject, method_subject, problem_of, run_subject
from backend.words import Message
from backend.words.nouns import has_been_deleted, there_is_no

# What overdue means moves with the clock; nobody notices a quarter of a minute.
CLOCK_SECONDS = 15.0

# What a function within a function returns is evaluated whenever the outer one is called: these are, once.
_FacetsInSteps = Steps[frozenset[Facet]]
_StateInSteps = Steps[Any]


async def preview_subject(actor: Actor, index: FacetIndex, frame: PreviewFrame) -> Subject:
    """The counts of a draft. Raises `Forbidden`, `NotFound` or `Invalid`."""
    if frame.at is not None and frame.at < clock.today(index.timezone):
        raise Invalid.at(
            "at", "past", Message("The past does not change: ask for it by POST /audiences/preview.")
        )
    request = PreviewRequest(rule=frame.rule, session_id=frame.session_id, at=frame.at, sample=frame.sample)
    question = await audiences.draft_audience(actor, index, request)

    def counted_steps(index: FacetIndex) -> _StateInSteps:
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

    def facets(index: FacetIndex) -> _FacetsInSteps:
        found = yield from index.facets_steps(question.rule)
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
    session = index.sessions.get(session_id)
    return frozenset() if session is None else index.sessions_of(session.activity_id)


def rests_on_index(topic: str) -> bool:
    """Whether what was made a moment ago has to be known to the index before the topic can be followed."""
    return topic.startswith(("session:", "method:", "editors:", "course_groups:"))


async def _learner_subject(actor: Actor, learner_id: int) -> Subject:
    """Events say only that something changed: what it is now is asked of routes, which look at rights anew."""
    await learner_for(actor, learner_id)
    state = LearnerState(id=learner_id)
    return Subject(key=("learner", learner_id), kind="learner", state=lambda _: state, learner_id=learner_id)


# Topics that neither index nor session have a part in.
_BY_ID = {
    "course_groups": course_groups_subject,
    "run": run_subject,
    "import": import_subject,
    "learner": _learner_subject,
}


async def topic_subject(
    actor: Actor, index: FacetIndex, topic: str, editors: Editors, *, editing: bool = False
) -> Subject:
    """What a topic's name stands for; `editing`, where it is the editors of a method: the actor is one. Raises `Forbidden` or `NotFound`."""
    kind, _, number = topic.partition(":")
    if editing and kind != "editors":
        raise Invalid.at("editing", "unfitting", Message("One is an editor only of what editors:ID names."))
    if kind == "me":
        return await _my_subject(actor)
    if kind == "list":
        if number not in LIST_NAMES:
            raise NotFound(Message("There is no list “{name}”.", name=number))
        return await list_subject(actor, index, LIST_NAMES[number])
    found = int(number)
    if found > LARGEST_ID:
        raise NotFound(there_is_no(kind, number))
    if (subject := _BY_ID.get(kind)) is not None:
        return await subject(actor, found)
    if kind == "method":
        return await method_subject(actor, index, found)
    if kind == "editors":
        return await editors_subject(actor, index, found, editors, editing=editing)
    await session_for(actor, found, "view")
    return session_subject(found)


async def _my_subject(actor: Actor) -> Subject:
    """What changes for somebody: their catalog, as events; and, of those who run sessions, how much waits for them."""
    sight = await reading_scope(actor)
    if not (sight.groups is None or sight.groups or sight.sessions):
        me = MyState(id=actor.id)
        return Subject(key=("me", actor.id), kind="me", state=lambda _: me, learner_id=actor.id)

    async def load(index: FacetIndex) -> Any:
        return MyState(id=actor.id, needs_you=await needs_you.counts_in(actor, index))

    def facets(index: FacetIndex) -> Steps[frozenset[Facet]]:
        yield
        if sight.groups is None:
            return frozenset({Facet("blocked")})
        seen = (session for session in index.sessions if sight.views(session, index))
        return frozenset(Facet("blocked", method) for one in seen for method in index.methods_of(one))

    return Subject(
        # Whose rights change follows another one from then on.
        key=("me", actor.id, sight),
        kind="me",
        load=load,
        facets=facets,
        structure=frozenset({"enrollment_method", "session", NEEDS_YOU}),
        daily=True,
        learner_id=actor.id,
    )


def session_subject(session_id: int) -> Subject:
    """The board of a session: its counts, and what happens to its people."""

    def state(index: FacetIndex) -> Any:
        if session_id not in index.sessions:
            raise Ended(problem_of(NotFound(has_been_deleted("session"))))
        return index.counts(session_id, clock.now())

    def facets(index: FacetIndex) -> _FacetsInSteps:
        yield
        session = index.sessions.get(session_id)
        found = {Facet("status"), Facet("enrollment", session_id)}
        found |= {Facet("blocked", method) for method in index.methods_of(session_id)}
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
