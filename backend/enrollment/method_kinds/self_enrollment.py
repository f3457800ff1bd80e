"""People who enroll themselves, with a key if one is asked for."""

from collections.abc import Iterator
from datetime import datetime

from backend.enrollment.method_kinds.kind import Definition, MethodKind, OwnFields, ReasonNames, UnusedPart
from backend.rules import Rule
from backend.words import Message


class SelfEnrollment(MethodKind):
    """Holds whoever enrolled themselves."""

    name = "self"
    noun = Message.in_context("a kind of method", "self")
    by_name = True
    made_by = "leaders"
    own_fields = OwnFields(
        ("key", "open", "capacity", "opens_at", "closes_at"),
        Message("Only self enrollment has a key, places, and days on which it opens and closes."),
    )

    def derived_rule(self, method: Definition) -> Rule | None:
        """None: nobody is found, people come."""
        return None

    def unused_parts(self, rule: Rule, method: Definition) -> Iterator[UnusedPart]:
        for name in ("blocks", "include", "exclude"):
            if getattr(rule, name):
                message = Message("People enroll themselves here: a rule would be ignored.")
                yield UnusedPart(f"rule.{name}", "derived", message)

    def mistakes(self, method: Definition) -> Iterator[UnusedPart]:
        has_key = bool(method.key and method.key.strip())
        if not has_key and not method.open:
            message = Message("Give a key, or say that it is open to everyone who sees the session.")
            yield UnusedPart("open", "required", message)
        if has_key and method.open:
            message = Message("What is open to everyone has no key: give one of the two.")
            yield UnusedPart("open", "either_or", message)
        if (
            method.opens_at is not None
            and method.closes_at is not None
            and method.closes_at <= method.opens_at
        ):
            yield UnusedPart("closes_at", "order", Message("It closes after it opens."))

    def sentence(self, name: str, key: str | None) -> Message:
        return Message("Self enrollment with a key.") if key else Message("Self enrollment.")

    def reason(self, names: ReasonNames) -> Message:
        return Message("You enrolled yourself.")


def takes_people(opens_at: datetime | None, closes_at: datetime | None, now: datetime) -> bool:
    """Whether people may enroll themselves at that moment."""
    return (opens_at is None or opens_at <= now) and (closes_at is None or now < closes_at)
