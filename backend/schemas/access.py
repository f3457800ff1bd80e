"""Signing in, tokens, audit, the organisation."""

from datetime import datetime
from typing import Annotated, Any, Literal

import msgspec
from msgspec import UNSET, Meta, UnsetType

from backend.schemas.base import Code, Id, Input, Name, Output
from backend.schemas.people import Instant

Role = Literal["admin", "group_admin", "coach", "instructor", "manager", "reseller", "learner"]
Scope = Literal["read", "write", "scim"]
Email = Annotated[str, Meta(min_length=1, max_length=320, examples=["ana@example.org"])]
Password = Annotated[str, Meta(max_length=1000)]
Bound = Annotated[int, Meta(ge=0, le=10_000_000, description="people", examples=[1_000])]


class SignInInput(Input):
    """Credentials."""

    email: Email
    password: Password


class PasswordInput(Input):
    """A change of one's own password; it ends one's other sign-ins, and one's API tokens unless `keep_tokens`."""

    current: Password
    new: Password
    keep_tokens: bool = False


class InvitationInput(Input):
    """The password somebody who was invited chooses; it ends what tokens they have unless `keep_tokens`."""

    password: Password
    keep_tokens: bool = False


class InvitedPerson(Output):
    """Who an invitation is for."""

    email: str
    first_name: str
    last_name: str
    language: str


class Account(Output):
    """The person who is signed in, or was when they acted."""

    id: int
    email: str
    first_name: str
    last_name: str
    language: str


class OrganisationFuse(Output):
    """When dynamic changes wait for a person in sessions that do not say: see `Fuse` of sessions."""

    most: int = 1_000
    entering: int = 1_000


class OrganisationFuseInput(Input):
    """What to change of it; what is absent stays."""

    most: Bound | UnsetType = UNSET
    entering: Bound | UnsetType = UNSET


class Organisation(Output):
    """Facts about the whole installation."""

    name: str
    timezone: str
    language: str
    managers_enroll: bool = False
    fuse: OrganisationFuse = msgspec.field(default_factory=OrganisationFuse)


class OrganisationChange(Input):
    """What to change; what is absent stays."""

    name: Name | UnsetType = UNSET
    timezone: Code | UnsetType = UNSET
    language: Code | UnsetType = UNSET
    managers_enroll: bool | UnsetType = UNSET
    fuse: OrganisationFuseInput | UnsetType = UNSET


class Me(Output):
    """Who is signed in and what the interface should show them."""

    learner: Account
    roles: list[Role]
    organisation: Organisation
    smtp: bool
    clock_offset_seconds: float


class TokenInput(Input):
    """A new API token; no scopes: everything its owner may do. Admins may make one for another learner."""

    name: Name
    scopes: list[Scope] = []
    expires_at: Instant | None = None
    learner_id: Id | UnsetType = UNSET


class Token(Output):
    """An API token; `token` itself is told once, when it is made."""

    id: int
    learner_id: int
    name: str
    scopes: list[Scope]
    created_at: datetime
    last_used_at: datetime | None
    expires_at: datetime | None
    token: str | UnsetType = UNSET


class AuditLine(Output):
    """Who did what to which object."""

    id: int
    at: datetime
    actor: Account | None
    action: str
    object_kind: str
    object_id: int | None
    detail: dict[str, Any]
