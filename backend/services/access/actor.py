"""Who acts: a learner signed in by a cookie or a token."""

from dataclasses import dataclass, field
from typing import Any, Literal

READ, WRITE, SCIM = "read", "write", "scim"
# What a token can be limited to; none at all means everything its owner may do.
SCOPES = (READ, WRITE, SCIM)


@dataclass(slots=True, eq=False)
class Actor:
    """The acting learner. What they may do beyond `is_admin` is asked of `services.rights`, which remembers it here.

    One is made for each request; a socket makes a new one whenever it checks again.
    """

    id: int
    is_admin: bool = False
    email: str = ""
    first_name: str = ""
    last_name: str = ""
    language: str = "en"
    # The language the request asks answers in, where it asks for one.
    asked_language: str | None = None
    scopes: frozenset[str] = frozenset()
    via: Literal["cookie", "token", "internal"] = "internal"
    sign_in_id: int | None = None
    token_id: int | None = None
    # What was committed when they were looked up, for questions to the index: see `backend.index.following.follower.COMMITTED`.
    committed: tuple[int | None, int] | None = None
    known: dict[str, Any] = field(default_factory=dict, repr=False)

    @property
    def reads(self) -> str:
        """The language sentences are written in for them."""
        return self.asked_language or self.language

    def allows(self, scope: str) -> bool:
        """Whether the token in use covers `scope`; a cookie covers everything."""
        return not self.scopes or scope in self.scopes or (scope == READ and WRITE in self.scopes)


# Acts of the product itself (demo data, command line): everything is allowed, and the audit names nobody.
SYSTEM = Actor(id=0, is_admin=True)
