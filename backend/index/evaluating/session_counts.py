"""Numbers of a session's board, from bitmaps."""

from datetime import datetime

import msgspec
from pyroaring import BitMap

from backend.index.facts.learner_facts import Facts
from backend.index.facts.structure import Structure
from backend.index.facts.values import EMPTY, union


class SessionCounts(msgspec.Struct, frozen=True):
    """People of a session who count (status invited or active), each number of people."""

    enrolled: int = 0
    completed: int = 0
    in_progress: int = 0
    not_started: int = 0
    overdue: int = 0
    blocked: int = 0
    expired: int = 0
    # How many places the session has; null where there is no limit.
    capacity: int | None = None


def session_counts(facts: Facts, structure: Structure, session_id: int, now: datetime) -> SessionCounts:
    """`enrolled` are the live ones: completed, in progress (something reported on the activity) or not started.

    `overdue` are live, not completed, and due before `now`. `blocked` are wanted by a method of the session and
    enrolled in another one.
    """
    countable = facts.countable
    wanted = [facts.blocked[m].present for m in structure.methods_of(session_id) if m in facts.blocked]
    blocked = countable.intersection_cardinality(union(wanted))
    enrollments = facts.enrollments.get(session_id)
    session = structure.sessions.get(session_id)
    capacity = None if session is None else session.capacity
    if enrollments is None:
        return SessionCounts(blocked=blocked, capacity=capacity)
    completed = enrollments.states.get("completed") & countable
    open_ones = (enrollments.live() & countable) - completed
    results = None if session is None else facts.results.get(session.activity_id)
    started = EMPTY if results is None else results.statuses.present
    in_progress = open_ones.intersection_cardinality(started)
    overdue = union(enrollments.due.between(high=now, below=True))
    return SessionCounts(
        enrolled=len(open_ones) + len(completed),
        completed=len(completed),
        in_progress=in_progress,
        not_started=len(open_ones) - in_progress,
        overdue=open_ones.intersection_cardinality(overdue),
        blocked=blocked,
        expired=countable.intersection_cardinality(enrollments.states.get("expired")),
        capacity=capacity,
    )


def blocked_elsewhere(facts: Facts, structure: Structure, session_id: int, people: BitMap) -> BitMap:
    """Those of `people` with a live enrollment in another session of an activity that allows only one."""
    session = structure.sessions.get(session_id)
    activity = None if session is None else structure.activities.get(session.activity_id)
    if activity is None or activity.several_sessions:
        return BitMap()
    others = structure.sessions_of(activity.id) - {session_id}
    elsewhere = people & union([facts.enrollments[s].live() for s in others if s in facts.enrollments])
    here = facts.enrollments.get(session_id)
    return elsewhere if here is None else elsewhere - here.live()
