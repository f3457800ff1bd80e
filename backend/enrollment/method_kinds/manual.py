"""People picked by hand, pasted as addresses or named by a sheet."""

from collections.abc import Iterator

from backend.enrollment.method_kinds.kind import Definition, MethodKind, ReasonNames, UnusedPart
from backend.rules import Rule
from backend.words import Message


class Manual(MethodKind):
    """Holds people by name."""

    name = "manual"
    noun = Message.in_context("a kind of method", "manual")
    by_name = True
    made_by = "staff"
    says_nobody = "once_held"

    def unused_parts(self, rule: Rule, method: Definition) -> Iterator[UnusedPart]:
        if rule.blocks:
            message = Message("A manual method holds people by name: leave blocks out.")
            yield UnusedPart("rule.blocks", "by_name", message)

    def sentence(self, name: str, key: str | None) -> Message:
        return Message("Enrolled by hand: {name}.", name=name) if name else Message("Enrolled by hand.")

    def reason(self, names: ReasonNames) -> Message:
        return (
            Message("{name} enrolled you.", name=names.by) if names.by else Message("You were added by hand.")
        )
