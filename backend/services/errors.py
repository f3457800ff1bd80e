"""Errors a person can do something about: each has its status, a type, and a message that says what to do."""

from collections.abc import Sequence
from typing import Any

from backend.schemas.problem import Dependent, Mistake


class MusterError(Exception):
    """Base of all of them. `extra` joins the problem's own members; `headers` the answer's."""

    status = 500
    type = "error"
    title = "Something went wrong"

    def __init__(
        self,
        detail: str = "",
        *,
        errors: Sequence[Mistake] = (),
        extra: dict[str, Any] | None = None,
        headers: dict[str, str] | None = None,
    ) -> None:
        super().__init__(detail or self.title)
        self.detail = detail or self.title
        self.errors = list(errors)
        self.extra = extra or {}
        self.headers = headers or {}


class Malformed(MusterError):
    """The request could not be read at all."""

    status, type, title = 400, "malformed", "The request could not be read"


class NotSignedIn(MusterError):
    """No sign-in or token, or one that is no longer valid."""

    status, type, title = 401, "not_signed_in", "Sign in first"


class Forbidden(MusterError):
    """The actor may know of it, but not do this."""

    status, type, title = 403, "forbidden", "You may not do this"


class NotFound(MusterError):
    """It does not exist, or the actor may not know that it does."""

    status, type, title = 404, "not_found", "There is no such thing"


class Conflict(MusterError):
    """What is stored does not allow it now."""

    status, type, title = 409, "conflict", "This conflicts with what is stored"


class Stale(Conflict):
    """`If-Match` named an older version."""

    type, title = "stale", "It was changed in the meantime"

    def __init__(self, current_version: int) -> None:
        super().__init__(
            f"It was changed in the meantime (version {current_version} now). Load it again and repeat the change.",
            extra={"current_version": current_version},
        )


class HasDependents(Conflict):
    """What others refer to is not deleted silently."""

    type, title = "has_dependents", "Other things depend on it"

    def __init__(self, what: str, dependents: Sequence[Dependent], *, hidden: bool = False) -> None:
        named = ", ".join(f"{d.kind} “{d.name}”" for d in dependents[:5])
        more = f" and {len(dependents) - 5} more" if len(dependents) > 5 else ""
        others = " Others depend on it that you may not see: ask a platform admin." if hidden else ""
        these = f"these depend on it: {named}{more}" if named else "others depend on it"
        super().__init__(
            f"{what} cannot be deleted while {these}.{others}",
            extra={"dependents": list(dependents)},
        )


class TooLarge(MusterError):
    """A body or a list beyond its cap."""

    status, type, title = 413, "too_large", "The request is too large"


class UnsupportedMediaType(MusterError):
    """A body of a type that the route does not read."""

    status, type, title = 415, "unsupported_media_type", "This type of body is not read here"


class Invalid(MusterError):
    """Well-formed, but a value in it is not acceptable; `errors` say which."""

    status, type, title = 422, "invalid", "A value is not acceptable"

    @classmethod
    def at(cls, path: str, code: str, message: str) -> "Invalid":
        """The error about one value."""
        return cls(message, errors=[Mistake(path=path, code=code, message=message)])


class TooMany(MusterError):
    """Tried too often."""

    status, type, title = 429, "too_many", "Too many attempts"

    def __init__(self, detail: str, *, retry_after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, retry_after))})


class Unavailable(MusterError):
    """Cannot be answered truthfully right now."""

    status, type, title = 503, "unavailable", "Try again in a moment"
