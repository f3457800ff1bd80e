"""Every error as `application/problem+json`, in one place."""

import re
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from backend.controllers.http.languages import reading_language
from backend.schemas.problem import Mistake, render_mistakes
from backend.services.errors import (
    Conflict,
    Forbidden,
    Invalid,
    Malformed,
    MusterError,
    NotFound,
    NotSignedIn,
    TooLarge,
    Unavailable,
    UnsupportedMediaType,
)
from backend.words import Message, joined
from backend.words.library_messages import message_of

MEDIA_TYPE = "application/problem+json"

_log = structlog.get_logger("muster.http")
_BY_STATUS: dict[int, type[MusterError]] = {
    cls.status: cls
    for cls in (
        Malformed,
        NotSignedIn,
        Forbidden,
        NotFound,
        Conflict,
        TooLarge,
        UnsupportedMediaType,
        Invalid,
        Unavailable,
    )
}
# What a broken constraint means to a person; the rest is named after the constraint.
_CONSTRAINTS = {
    "learner_email_key": ("email", Message("Another learner has this e-mail address.")),
    "learner_external_id_key": ("external_id", Message("Another learner has this external id.")),
    "learner_group_external_id_key": ("external_id", Message("Another group has this external id.")),
    "learner_group_no_cycle": ("parent_id", Message("A group cannot be its own ancestor.")),
    "activity_external_id_key": ("external_id", Message("Another activity has this external id.")),
    "session_external_id_key": ("external_id", Message("Another session has this external id.")),
    "step_no_cycle": ("steps", Message("An activity cannot contain itself through its steps.")),
    "field_key_key": ("key", Message("Another field has this key.")),
    "course_group_name_key": ("name", Message("Another class of this session has this name.")),
    "course_group_external_id_key": ("external_id", Message("Another class has this external id.")),
    "segment_name_key": ("name", Message("Another segment has this name.")),
}


class _MethodNotAllowed(MusterError):
    status, type, title = 405, "method_not_allowed", Message("This address does not take this method")


class _Internal(MusterError):
    status, type, title = 500, "internal", Message("Something went wrong on our side")


def _constraint(error: asyncpg.IntegrityConstraintViolationError) -> MusterError:
    name = error.constraint_name or ""
    path, message = _CONSTRAINTS.get(name, ("", None))
    if isinstance(error, asyncpg.UniqueViolationError):
        message = message or Message("Something with the same key exists already.")
        return Conflict(message, errors=[Mistake(path=path, code="taken", message=message)])
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        message = message or Message(
            "It refers to something that does not exist, or something else refers to it."
        )
        return Conflict(message, errors=[Mistake(path=path, code="reference", message=message)])
    if message is None and name:
        message = Message("A value breaks the rule {name}.", name=name)
    message = message or Message("A value breaks the rule of the database.")
    return Invalid(message, errors=[Mistake(path=path, code="invalid", message=message)])


def _validation(error: ValidationException) -> MusterError:
    extra: Any = error.extra
    if isinstance(extra, list) and any(m.get("key") == "data" for m in extra):
        return Malformed(Message("This request needs a JSON body."))
    mistakes = [
        Mistake(path=str(m.get("key", "")), code="invalid", message=message_of(str(m.get("message", ""))))
        for m in (extra if isinstance(extra, list) else [])
    ]
    told: list[str] = [Message("{path}: {message}", path=m.path, message=m.message) for m in mistakes]
    return Invalid(joined("; ", told or [message_of(_without_address(error.detail))]), errors=mistakes)


def _without_address(detail: str) -> str:
    return re.sub(r" for [A-Z]+ \S+$", "", detail)


# The database has too much to do, is just being restarted or has no room left: another try may work.
_BUSY = (
    asyncpg.SerializationError,
    asyncpg.DeadlockDetectedError,
    asyncpg.LockNotAvailableError,
    # Too many connections, no memory, a full disk.
    asyncpg.InsufficientResourcesError,
    asyncpg.CannotConnectNowError,
    asyncpg.AdminShutdownError,
    asyncpg.CrashShutdownError,
    asyncpg.ConnectionDoesNotExistError,
    asyncpg.InterfaceError,
    # What asyncpg makes of a connection that dies between two messages.
    asyncpg.InternalClientError,
    ConnectionError,
    TimeoutError,
)


def _of_litestar(error: HTTPException) -> MusterError:
    if isinstance(error, ValidationException):
        return _validation(error)
    if error.status_code == _MethodNotAllowed.status:
        return _MethodNotAllowed(headers=error.headers)
    kind = _BY_STATUS.get(error.status_code, _Internal)
    # Litestar's own words for these say less than ours.
    says_less = error.status_code in {401, 404, 413, 415, 500}
    return kind(None if says_less else joined("", [message_of(error.detail)]))


def to_muster_error(error: Exception) -> MusterError:
    """The error of the contract that `error` amounts to; an unexpected one is logged and says nothing about itself."""
    if isinstance(error, MusterError):
        return error
    if isinstance(error, HTTPException) and error.status_code < _Internal.status:
        return _of_litestar(error)
    if isinstance(error, asyncpg.IntegrityConstraintViolationError):
        return _constraint(error)
    if isinstance(error, asyncpg.DataError | asyncpg.ProgramLimitExceededError):
        _log.warning("a value reached the database that it refuses", error=error)
        return Invalid(Message("A value is out of range."))
    if isinstance(error, _BUSY):
        _log.warning("the database is busy or away", error=error)
        return Unavailable(
            Message(
                "The database is busy or away. Try again, with the same Idempotency-Key if you gave one."
            ),
            headers={"Retry-After": "1"},
        )
    _log.error("unexpected error", exc_info=error)
    return _Internal()


def problem_body(error: MusterError, language: str) -> dict[str, Any]:
    """The members of the problem document in its reader's language. `request_id` finds the request's log lines."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return {
        "type": error.type,
        "title": error.title.render(language),
        "status": error.status,
        "detail": error.detail.render(language),
        "errors": render_mistakes(error.errors, language),
        **({"request_id": request_id} if request_id else {}),
        **error.extra,
    }


def answer_problem(request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Litestar's exception handler for everything."""
    found = to_muster_error(error)
    headers = dict(found.headers)
    if found.status == NotSignedIn.status:
        headers.setdefault("WWW-Authenticate", "Bearer")
    return Response(
        problem_body(found, reading_language(request)),
        status_code=found.status,
        media_type=MEDIA_TYPE,
        headers=headers,
    )


# HTTPException is named too: Litestar looks its own exceptions up by their closest class.
EXCEPTION_HANDLERS: dict[
    int | type[Exception], Callable[[Request[Any, Any, Any], Exception], Response[Any]]
] = {
    Exception: answer_problem,
    HTTPException: answer_problem,
    MusterError: answer_problem,
}
