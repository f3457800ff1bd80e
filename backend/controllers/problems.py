"""Every error as `application/problem+json`, in one place."""

import re
from collections.abc import Callable
from typing import Any

import asyncpg
import structlog
from litestar import Request, Response
from litestar.exceptions import HTTPException, ValidationException

from backend.schemas.problem import Mistake
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
    "learner_email_key": ("email", "Another learner has this e-mail address."),
    "learner_external_id_key": ("external_id", "Another learner has this external id."),
    "learner_group_external_id_key": ("external_id", "Another group has this external id."),
    "learner_group_no_cycle": ("parent_id", "A group cannot be its own ancestor."),
    "activity_external_id_key": ("external_id", "Another activity has this external id."),
    "session_external_id_key": ("external_id", "Another session has this external id."),
    "step_no_cycle": ("steps", "An activity cannot contain itself through its steps."),
    "field_key_key": ("key", "Another field has this key."),
    "segment_name_key": ("name", "Another segment has this name."),
}


class _MethodNotAllowed(MusterError):
    status, type, title = 405, "method_not_allowed", "This address does not take this method"


class _Internal(MusterError):
    status, type, title = 500, "internal", "Something went wrong on our side"


def _constraint(error: asyncpg.IntegrityConstraintViolationError) -> MusterError:
    name = error.constraint_name or ""
    path, message = _CONSTRAINTS.get(name, ("", ""))
    if isinstance(error, asyncpg.UniqueViolationError):
        message = message or "Something with the same key exists already."
        return Conflict(message, errors=[Mistake(path=path, code="taken", message=message)])
    if isinstance(error, asyncpg.ForeignKeyViolationError):
        message = message or "It refers to something that does not exist, or something else refers to it."
        return Conflict(message, errors=[Mistake(path=path, code="reference", message=message)])
    message = message or f"A value breaks the rule {name or 'of the database'}."
    return Invalid(message, errors=[Mistake(path=path, code="invalid", message=message)])


def _validation(error: ValidationException) -> MusterError:
    extra: Any = error.extra
    if isinstance(extra, list) and any(m.get("key") == "data" for m in extra):
        return Malformed("This request needs a JSON body.")
    mistakes = [
        Mistake(path=str(m.get("key", "")), code="invalid", message=str(m.get("message", "")))
        for m in (extra if isinstance(extra, list) else [])
    ]
    detail = "; ".join(f"{m.path}: {m.message}" for m in mistakes) or _without_address(error.detail)
    return Invalid(detail, errors=mistakes)


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
    return kind("" if error.status_code in (401, 404, 413, 415, 500) else error.detail)


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
        return Invalid("A value is out of range.")
    if isinstance(error, _BUSY):
        _log.warning("the database is busy or away", error=error)
        return Unavailable(
            "The database is busy or away. Try again, with the same Idempotency-Key if you gave one.",
            headers={"Retry-After": "1"},
        )
    _log.error("unexpected error", exc_info=error)
    return _Internal()


def problem_body(error: MusterError) -> dict[str, Any]:
    """The members of the problem document; sockets send the same. `request_id` finds the request's log lines."""
    request_id = structlog.contextvars.get_contextvars().get("request_id")
    return {
        "type": error.type,
        "title": error.title,
        "status": error.status,
        "detail": error.detail,
        "errors": error.errors,
        **({"request_id": request_id} if request_id else {}),
        **error.extra,
    }


def answer_problem(_request: Request[Any, Any, Any], error: Exception) -> Response[dict[str, Any]]:
    """Litestar's exception handler for everything."""
    found = to_muster_error(error)
    headers = dict(found.headers)
    if found.status == NotSignedIn.status:
        headers.setdefault("WWW-Authenticate", "Bearer")
    return Response(problem_body(found), status_code=found.status, media_type=MEDIA_TYPE, headers=headers)


# HTTPException is named too: Litestar looks its own exceptions up by their closest class.
EXCEPTION_HANDLERS: dict[
    int | type[Exception], Callable[[Request[Any, Any, Any], Exception], Response[Any]]
] = {
    Exception: answer_problem,
    HTTPException: answer_problem,
    MusterError: answer_problem,
}
