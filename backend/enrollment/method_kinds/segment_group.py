"""Members of a segment into a class: whoever is enrolled in another way is put there while they are in the segment."""

from collections.abc import Iterator

from backend.enrollment.method_kinds.kind import Definition, UnusedPart
from backend.enrollment.method_kinds.segment import Segment
from backend.words import Message

# What only somebody has whom a method enrolls.
_OF_ENROLLED = ("mandatory", "due_at", "due_days", "due_field", "priority", "recertify_months")


class SegmentGroup(Segment):
    """Holds, in its class, whoever is in one segment and enrolled; it enrolls nobody."""

    name = "segment_group"
    noun = Message.in_context("a kind of method", "segment to class")
    only_dynamic = True
    enrolls = False
    of_enrolled = True
    own_fields = None
    shares = frozenset({"segment_id"})

    def mistakes(self, method: Definition) -> Iterator[UnusedPart]:
        if method.course_group_id is None:
            message = Message("Choose the class that the members of the segment are put into.")
            yield UnusedPart("course_group_id", "required", message)
        for name in _OF_ENROLLED:
            if getattr(method, name, None):
                message = Message("It enrolls nobody, so that nobody is due by it: leave this out.")
                yield UnusedPart(name, "enrolls_nobody", message)
