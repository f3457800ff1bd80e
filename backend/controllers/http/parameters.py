"""Parameters that many routes share."""

from typing import Annotated, Any

from litestar import Request
from litestar.di import NamedDependency
from litestar.params import QueryParameter

from backend.index import Follower
from backend.services.enrollment.reconciler.followed_work import FollowedWork
from backend.services.errors import Invalid
from backend.services.paging import DEFAULT_LIMIT, LARGEST_LIMIT
from backend.settings import Settings
from backend.words import Message

Limit = Annotated[int, QueryParameter(ge=1, le=LARGEST_LIMIT, description="how many items a page has")]
Cursor = Annotated[str | None, QueryParameter(max_length=4_000, description="`next` of the page before")]
Search = Annotated[
    str | None, QueryParameter(max_length=300, description="words to be found, in whatever case")
]
SortBy = Annotated[
    str | None, QueryParameter(max_length=30, description="order; a minus before it reverses it")
]
# What handlers are given by name: how far this process's index is, its settings, and the version in `If-Match`.
CurrentFollower = NamedDependency[Follower]
CurrentFollowedWork = NamedDependency[FollowedWork]
CurrentSettings = NamedDependency[Settings]
IfMatch = NamedDependency[int | None]

__all__ = [
    "DEFAULT_LIMIT",
    "CurrentFollowedWork",
    "CurrentFollower",
    "CurrentSettings",
    "Cursor",
    "IfMatch",
    "Limit",
    "Search",
    "SortBy",
    "provide_if_match",
]


def provide_if_match(request: Request[Any, Any, Any]) -> int | None:
    """The version in `If-Match`: `3`, `"3"` or `W/"3"`; none for `*` or without the header."""
    given = request.headers.get("if-match")
    if given is None or given.strip() == "*":
        return None
    text = given.strip().removeprefix("W/").strip('"')
    if not text.isascii() or not text.isdigit() or len(text) > 10:
        raise Invalid.at(
            "If-Match", "version", Message("If-Match names the version a change was made on, such as 3.")
        )
    return int(text)
