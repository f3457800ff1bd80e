"""Paths and programs inside a path, and in which of their sessions its people are enrolled, on the wire."""

from typing import Literal

from backend.schemas.base import Output
from backend.schemas.people import Person

InnerState = Literal["follows", "offered", "needs_session"]


class OpenSession(Output):
    """A session of the inner activity that has not ended."""

    id: int
    name: str


class InnerStep(Output):
    """A path or program inside a session's path. `people`: who is enrolled in the session, and in none of the inner one yet.

    `follows`: a subpath method stands in `session_id`, and whoever is enrolled here is enrolled there. `offered`: it has one open session
    (`session_id`), in which a plan of such a method would enroll them. `needs_session`: it has none, or several: somebody has to choose.
    """

    step_id: int
    activity_id: int
    kind: Literal["path", "program"]
    title: str
    state: InnerState
    session_id: int | None
    session_name: str | None
    method_id: int | None
    sessions: list[OpenSession]
    people: int
    # The first of them, by id.
    learners: list[Person]
