"""From a settled world to its difference from the real one."""

from collections import defaultdict
from collections.abc import Iterable, Mapping
from datetime import date, datetime

from msgspec import Struct
from pyroaring import BitMap

from backend.enrollment.method_kinds import enrolls, of_session
from backend.enrollment.outcomes import OutcomeDifference, difference
from backend.enrollment.state_causes import Stated
from backend.index import FacetIndex
from backend.index.steps import Steps
from backend.index.supposing import SupposedIndex
from backend.services.consequences.outcome import (
    DueChange,
    MethodOutcome,
    NoticeKind,
    Notices,
    Outcome,
    SessionOutcome,
)
from backend.services.consequences.outcome_reasons import OutcomeReasons
from backend.services.consequences.supposed_writer import SupposedWriter
from backend.services.mail.notice_rows import next_full_hour

Filed = tuple[NoticeKind, int | None, BitMap]


class Dates(Struct):
    """What becomes of dates alone: due dates that follow fields, and days on which picks end; as in `Outcome`."""

    due: dict[int, dict[int, DueChange]] = {}
    ends: dict[int, dict[date, BitMap]] = {}


def outcome_steps(  # noqa: PLR0913, PLR0917 - all that a world has gathered
    index: SupposedIndex,
    writer: SupposedWriter,
    held: Mapping[int, BitMap],
    frozen: Mapping[int, Stated],
    filed: Iterable[Filed],
    reasons: OutcomeReasons,
    dates: Dates,
) -> Steps[Outcome]:
    """Everything, in steps of a method or session."""
    methods: list[MethodOutcome] = []
    for method_id in sorted(writer.methods | held.keys()):
        found = _method(index, writer, method_id, held.get(method_id, BitMap()))
        if found is not None and found:
            methods.append(found)
        yield
    by_session: dict[int, list[MethodOutcome]] = defaultdict(list)
    for one in methods:
        by_session[one.session_id].append(one)
    sessions: dict[int, SessionOutcome] = {}
    for session_id in sorted(writer.sessions | by_session.keys()):
        of_session = _session(index, session_id, by_session[session_id])
        if of_session:
            sessions[session_id] = of_session
        yield
    notices = _notices(index, writer, filed)
    return Outcome(
        position=index.position,
        sessions=sessions,
        methods=methods,
        notices=notices,
        messages=_messages(index, notices),
        frozen=dict(frozen),
        reasons=reasons,
        due_changes=dates.due,
        ends=dates.ends,
    )


def _method(
    index: SupposedIndex, writer: SupposedWriter, method_id: int, held: BitMap
) -> MethodOutcome | None:
    real = index.real
    method = index.methods.get(method_id) or real.methods.get(method_id)
    # To whom a session is offered is no matter of enrollments.
    if method is None or of_session(method.kind):
        return None
    before, after = real.source_holders(method_id), index.source_holders(method_id)
    session_id = method.session_id
    # Who is kept has not gained anything.
    opened = after - before - (writer.kept[session_id] if method.hand_picked else BitMap())
    found = difference(
        opened,
        before - after,
        live_before=real.live_enrollments(session_id),
        live=index.live_enrollments(session_id),
        completed=index.completed(session_id),
    )
    if not enrolls(method.kind):
        # Who is put into a class, and enrolled at the same time, is enrolled by another method.
        found = OutcomeDifference(
            entering=BitMap(),
            leaving=BitMap(),
            gaining=found.entering | found.gaining,
            losing=found.leaving | found.losing,
            completed_stay=found.completed_stay,
        )
    return MethodOutcome(
        method_id=method_id,
        session_id=session_id,
        entering=found.entering,
        leaving=found.leaving,
        gaining=found.gaining,
        losing=found.losing,
        completed_stay=found.completed_stay,
        blocked=index.blocked_people(method_id) - real.blocked_people(method_id),
        freed=real.blocked_people(method_id) & opened,
        held=held,
    )


def _session(index: SupposedIndex, session_id: int, methods: list[MethodOutcome]) -> SessionOutcome:
    before, after = index.real.live_enrollments(session_id), index.live_enrollments(session_id)

    def of(*names: str) -> BitMap:
        return BitMap.union(BitMap(), *(getattr(one, name) for one in methods for name in names))

    found = difference(
        (after - before) | of("entering", "gaining"),
        (before - after) | of("leaving", "losing", "completed_stay"),
        live_before=before,
        live=after,
        completed=index.completed(session_id),
    )
    return SessionOutcome(
        session_id=session_id,
        entering=found.entering,
        leaving=found.leaving,
        gaining=found.gaining,
        losing=found.losing,
        completed_stay=found.completed_stay,
        blocked=of("blocked"),
        freed=of("freed"),
        held=of("held"),
    )


def _notices(index: SupposedIndex, writer: SupposedWriter, filed: Iterable[Filed]) -> list[Notices]:
    now = writer.now
    found = [
        Notices("enrolled", session_id, at, people)
        for session_id, told in sorted(writer.enrolled.items())
        for at, people in sorted(told.items())
        if people
    ]
    sooner: dict[int, BitMap] = defaultdict(BitMap)
    for one in writer.sooner:
        sooner[one.session_id] |= one.people
    at = next_full_hour(now, index.timezone)
    found += [Notices("due_changed", session_id, at, people) for session_id, people in sorted(sooner.items())]
    return found + [
        Notices(kind, session_id, at if kind == "due_changed" else now, people)
        for kind, session_id, people in filed
        if people
    ]


def _messages(index: FacetIndex, notices: Iterable[Notices]) -> int:
    told: dict[tuple[bool, datetime], BitMap] = defaultdict(BitMap)
    for one in notices:
        completed = BitMap() if one.session_id is None else index.completed(one.session_id)
        told[one.kind == "invited", one.at] |= one.learners - completed
    return sum(map(len, told.values()))
