"""A rule of groups, filters and exclusions."""

from backend.enrollment.method_kinds.kind import MethodKind, ReasonNames
from backend.words import Message


def audience_reason(names: ReasonNames) -> Message:
    """Why, for whoever belongs to an audience; also that of a segment, whose name is for staff."""
    if names.among:
        return Message("Because you are among: {sentence}", sentence=names.among)
    if names.method:
        return Message("You belong to the audience “{name}”.", name=names.method)
    return Message("You belong to an audience that is enrolled.")


class Audience(MethodKind):
    """Holds whom its rule finds."""

    name = "audience"
    noun = Message.in_context("a kind of method", "audience")
    made_by = "staff"
    needs = "rule"
    says_nobody = "always"

    def reason(self, names: ReasonNames) -> Message:
        return audience_reason(names)
