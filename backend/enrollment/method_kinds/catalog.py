"""Whom a session is offered to: it stands in the catalog of the people of a rule, and enrolls none of them."""

from backend.enrollment.method_kinds.kind import MethodKind, ReasonNames
from backend.words import Message


class Catalog(MethodKind):
    """Holds whom its rule finds: they see the session, and what it lets them do. A session has one at most."""

    name = "catalog"
    noun = Message.in_context("a kind of method", "catalog")
    made_by = "staff"
    is_dynamic = True
    only_dynamic = True
    enrolls = False
    of_session = True
    needs = "rule"
    says_nobody = "always"

    def reason(self, names: ReasonNames) -> Message:
        if names.among:
            return Message("Offered to: {sentence}", sentence=names.among)
        return Message("It is offered to you.")
