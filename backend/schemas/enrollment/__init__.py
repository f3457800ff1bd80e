"""The words of enrolling on the wire, which methods, plans, runs and enrollments share."""

from typing import Literal

from backend.enrollment.method_kinds.kind import KindName
from backend.schemas.base import Code

MethodKind = KindName
MethodState = Literal["live", "frozen", "held", "draft"]
OnLeave = Literal["keep", "expire", "erase"]
Role = Literal["learner", "coach"]
EnrollmentState = Literal["active", "completed", "expired", "suspended"]
RunCause = Literal["confirm", "change", "clock", "import", "act", "self", "approve", "undo", "check"]
RunState = Literal["applying", "applied", "held", "rejected", "undone", "failed"]

# What people type to enroll themselves.
Key = Code
