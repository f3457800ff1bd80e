"""In which language whoever asks reads."""

from typing import Any

from litestar.connection import ASGIConnection

from backend.services.access.actor import Actor
from backend.services.people.languages import is_language
from backend.words import spoken_language


def first_language(accepted: str) -> str | None:
    """The first tag of an Accept-Language header without its region, in lower case: `fr` of `fr-CA,en;q=0.8`."""
    tag = accepted.split(",", 1)[0].split(";", 1)[0].split("-", 1)[0].strip().lower()
    return tag if is_language(tag) else None


def asked_language(connection: ASGIConnection[Any, Any, Any, Any]) -> str | None:
    """The language the request asks answers in, where it asks for one."""
    return first_language(connection.headers.get("accept-language", ""))


def reading_language(connection: ASGIConnection[Any, Any, Any, Any]) -> str:
    """The language of the answer: before it is known who asks, what the request asks for alone."""
    actor = connection.scope.get("user")
    return spoken_language(actor.reads if isinstance(actor, Actor) else asked_language(connection) or "")
