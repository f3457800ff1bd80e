"""Errors a person can do something about: each has its status, a type, and a message that says what to do."""

from collections.abc import Sequence
from typing import Any, ClassVar, Self

from backend.schemas.problem import Dependent, Mistake
from backend.words import Message, joined
from backend.words.nouns import thing


class MusterError(Exception):
    """Base of all of them. `extra` joins the problem's own members; `headers` the answer's."""

    status: ClassVar[int] = 500
    type: ClassVar[str] = "error"
    title: ClassVar[Message] = Message("Something went wrong")

    def __init__(
        self,
        detail: Message | None = None,
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

    @classmethod
    def about(cls, mistakes: Sequence[Mistake], *, told: int | None = None) -> Self:
        """The error about these values; its detail tells of the first `told` of them, or of all."""
        return cls(joined("; ", [mistake.message for mistake in mistakes[:told]]), errors=mistakes)


class Malformed(MusterError):
    """The request could not be read at all."""

    status, type, title = 400, "malformed", Message("The request could not be read")


class NotSignedIn(MusterError):
    """No sign-in or token, or one that is no longer valid."""

    status, type, title = 401, "not_signed_in", Message("Sign in first")


class Forbidden(MusterError):
    """The actor may know of it, but not do this."""

    status, type, title = 403, "forbidden", Message("You may not do this")


class NotFound(MusterError):
    """It does not exist, or the actor may not know that it does."""

    status, type, title = 404, "not_found", Message("There is no such thing")


class Conflict(MusterError):
    """What is stored does not allow it now."""

    status, type, title = 409, "conflict", Message("This conflicts with what is stored")


class Stale(Conflict):
    """`If-Match` named an older version."""

    type, title = "stale", Message("It was changed in the meantime")

    def __init__(self, current_version: int) -> None:
        super().__init__(
            Message(
                "It was changed in the meantime (version {version} now). Load it again and repeat the change.",
                version=current_version,
            ),
            extra={"current_version": current_version},
        )


class HasDependents(Conflict):
    """What others refer to is not deleted silently."""

    type, title = "has_dependents", Message("Other things depend on it")

    def __init__(self, what: Message, dependents: Sequence[Dependent], *, hidden: bool = False) -> None:
        super().__init__(
            _depended_on(what, dependents, hidden=hidden), extra={"dependents": list(dependents)}
        )


def _depended_on(what: Message, dependents: Sequence[Dependent], *, hidden: bool) -> Message:
    if not dependents:
        return Message(
            "{what} cannot be deleted while others depend on it."
            " Others depend on it that you may not see: ask a platform admin.",
            what=what,
        )
    named = joined(
        ", ",
        [Message("{kind} “{name}”", kind=thing(one.kind), name=one.name) for one in dependents[:5]],
    )
    more = len(dependents) - 5
    these = Message("{named} and {more} more", named=named, more=more) if more > 0 else named
    if hidden:
        return Message(
            "{what} cannot be deleted while these depend on it: {these}."
            " Others depend on it that you may not see: ask a platform admin.",
            what=what,
            these=these,
        )
    return Message("{what} cannot be deleted while these depend on it: {these}.", what=what, these=these)


class TooLarge(MusterError):
    """A body or a list beyond its cap."""

    status, type, title = 413, "too_large", Message("The request is too large")


class UnsupportedMediaType(MusterError):
    """A body of a type that the route does not read."""

    status, type, title = 415, "unsupported_media_type", Message("This type of body is not read here")


class Invalid(MusterError):
    """Well-formed, but a value in it is not acceptable; `errors` say which."""

    status, type, title = 422, "invalid", Message("A value is not acceptable")

    @classmethod
    def at(cls, path: str, code: str, message: Message) -> Self:
        """The error about one value."""
        return cls(message, errors=[Mistake(path=path, code=code, message=message)])


class TooMany(MusterError):
    """Tried too often."""

    status, type, title = 429, "too_many", Message("Too many attempts")

    def __init__(self, detail: Message, *, retry_after: int) -> None:
        super().__init__(detail, headers={"Retry-After": str(max(1, retry_after))})


class Unavailable(MusterError):
    """Cannot be answered truthfully right now."""

    status, type, title = 503, "unavailable", Message("Try again in a moment")
