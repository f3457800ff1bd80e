"""What every kind of enrollment method says of itself. A kind is one module beside this one, and a line in the registry."""

from abc import ABC, abstractmethod
from collections.abc import Iterator, Mapping
from datetime import datetime
from types import MappingProxyType
from typing import Any, ClassVar, Literal, NamedTuple, Protocol

from backend.rules import Rule
from backend.words import Message

# What of the activity before counts.
AfterStatus = Literal["completed", "successful"]
KindName = Literal[
    "manual", "audience", "group", "segment", "segment_group", "chain", "self", "subpath", "catalog"
]
# Platform admins alone; whoever enrolls others in the session; whoever leads the session's group.
MadeBy = Literal["admins", "staff", "leaders"]


class Definition(Protocol):
    """What of a method its kind looks at: a draft, or whatever has the columns of one."""

    @property
    def name(self) -> str: ...
    @property
    def rule(self) -> Rule | None: ...
    @property
    def group_id(self) -> int | None: ...
    @property
    def subgroups(self) -> bool | None: ...
    @property
    def segment_id(self) -> int | None: ...
    @property
    def course_group_id(self) -> int | None: ...
    @property
    def after_activity_id(self) -> int | None: ...
    @property
    def after_status(self) -> AfterStatus | None: ...
    @property
    def delay_days(self) -> int | None: ...
    @property
    def earlier(self) -> bool | None: ...
    @property
    def parent_session_id(self) -> int | None: ...
    @property
    def key(self) -> str | None: ...
    @property
    def open(self) -> bool | None: ...
    @property
    def opens_at(self) -> datetime | None: ...
    @property
    def closes_at(self) -> datetime | None: ...


class ReasonNames(NamedTuple):
    """The names that telling somebody why they are enrolled may use; empty where there is none.

    `by` confirmed it. `group` is empty for a private group that they are not in, which `is_private` says. `among` is what of its rule
    covers them, in a sentence, where whoever asks can tell.
    """

    method: str
    by: str
    group: str
    is_private: bool
    after: str
    among: str = ""


class UnusedPart(NamedTuple):
    """A part of what was asked that is refused: one that a method of the kind would ignore, or that does not fit."""

    path: str
    code: str
    message: Message


class OwnFields(NamedTuple):
    """Fields of a policy that belong to one kind alone, and what is answered where another kind is given one of them."""

    names: tuple[str, ...]
    elsewhere: Message


class MethodKind(ABC):
    """One way to enroll people. What a kind does not say is as most kinds have it."""

    name: ClassVar[KindName]
    # Its name within a sentence.
    noun: ClassVar[Message]
    # Until it works it is refused rather than stored and forgotten.
    is_available: ClassVar[bool] = True
    # Whether whoever it holds is enrolled by that.
    enrolls: ClassVar[bool] = True
    # Whether it holds, of those it finds, only who is enrolled in another way.
    of_enrolled: ClassVar[bool] = False
    # Whether it is a part of its session: made, changed and removed with that alone, and in no list of methods.
    of_session: ClassVar[bool] = False
    # People enter one by one and by name: there is no rule to keep true, and there may be none at all.
    by_name: ClassVar[bool] = False
    # Whether a new one follows changes unless it is said otherwise.
    is_dynamic: ClassVar[bool] = False
    made_by: ClassVar[MadeBy] = "admins"
    # Whether it can only follow changes: what is asked of it is never a list of one moment.
    only_dynamic: ClassVar[bool] = False
    # The field without which it enrolls nobody, and those that no other kind has, with what they are unless it is said otherwise.
    needs: ClassVar[str | None] = None
    own_fields: ClassVar[OwnFields | None] = None
    # What is another kind's own and its own too.
    shares: ClassVar[frozenset[str]] = frozenset()
    defaults: ClassVar[Mapping[str, Any]] = MappingProxyType({})
    # Whether a rule of nobody has to be said in so many words. A list without anybody on it yet need not.
    says_nobody: ClassVar[Literal["always", "once_held", "never"]] = "never"

    def may_be_made(self, *, is_admin: bool, leads: bool) -> bool:
        """Whether it may be made by whoever enrolls others in a session; `leads`: they lead the session's group."""
        return is_admin or self.made_by == "staff" or (self.made_by == "leaders" and leads)

    def derived_rule(self, method: Definition) -> Rule | None:
        """The rule that the method stands for, made of what was asked."""
        return method.rule

    def told_by_rule(self, rule: Rule) -> Mapping[str, Any]:
        """Fields that are stored in the rule alone, as a rule says them."""
        return {}

    def restored_by(self, rule: Rule) -> Mapping[str, Any]:
        """What has to be asked for to have this rule, which one like it had, again; nothing where nobody can ask for it."""
        return {"rule": rule}

    def unused_parts(self, rule: Rule, method: Definition) -> Iterator[UnusedPart]:
        """What in the rule as asked would be ignored: refused, for accepted it would enroll others than meant."""
        yield from ()

    def mistakes(self, method: Definition) -> Iterator[UnusedPart]:
        """What of its own fields is missing, or does not fit together."""
        yield from ()

    def sentence(self, name: str, key: str | None) -> Message | None:
        """Who is enrolled by it, on its card and in the catalog; None where its rule says so."""
        return None

    @abstractmethod
    def reason(self, names: ReasonNames) -> Message:
        """Why somebody is enrolled, told to themselves: no name of what is for staff alone."""
