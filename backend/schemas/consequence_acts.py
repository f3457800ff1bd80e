"""The acts on the wire whose consequences can be asked about."""

from datetime import date
from typing import Annotated

from msgspec import UNSET, Meta, UnsetType

from backend.schemas.assignments import AssignmentsRequest
from backend.schemas.base import Id, Input, Text
from backend.schemas.enrollment import OnLeave
from backend.schemas.enrollment.acts import ActKind, Days, Months, Weeks
from backend.schemas.enrollment.course_groups import CourseGroupChange
from backend.schemas.enrollment.enrollment_requests import EnrollmentRequest
from backend.schemas.enrollment.enrollment_rules import EnrollmentRuleChange, EnrollmentRuleRemoval
from backend.schemas.enrollment.erasure import EraseFigures
from backend.schemas.enrollment.methods import MethodRemoval
from backend.schemas.enrollment.plans import PlanRequest
from backend.schemas.groups import GroupChange, MembersInput, MembersMove, MembersRemoval
from backend.schemas.learning.results import ResultRow
from backend.schemas.learning.sessions import SessionChange
from backend.schemas.people import Instant, LearnerChange, OptionMerge, OptionRename
from backend.schemas.qualifications import RequirementsRequest
from backend.schemas.segments import SegmentChange

# A bulk edit of a page of people, and a rehearsal of a reorganisation; more is a sheet to import.
MOST_CHANGES = 1_000

# As many enrollments as one request may act on: written in one transaction in about a second.
MOST_ENROLLMENTS = 10_000


class EditLearner(LearnerChange, tag_field="act", tag="learner", kw_only=True):
    """As `PATCH /learners/{id}`."""

    id: Id


class AddMembers(MembersInput, tag_field="act", tag="members_add", kw_only=True):
    """As `POST /groups/{group_id}/members`."""

    group_id: Id


class RemoveMembers(MembersRemoval, tag_field="act", tag="members_remove", kw_only=True):
    """As `POST /groups/{group_id}/members/remove`."""

    group_id: Id


class MoveMembers(MembersMove, tag_field="act", tag="members_move", kw_only=True):
    """As `POST /groups/{group_id}/members/move`."""

    group_id: Id


class EditGroup(GroupChange, tag_field="act", tag="group", kw_only=True):
    """As `PATCH /groups/{id}`: another parent can move people in and out of audiences."""

    id: Id


class DeleteGroup(Input, tag_field="act", tag="group_delete", kw_only=True):
    """As `DELETE /groups/{id}`, also while others depend on it."""

    id: Id


class EditSegment(SegmentChange, tag_field="act", tag="segment", kw_only=True):
    """As `PATCH /segments/{id}`."""

    id: Id


class DeleteSegment(Input, tag_field="act", tag="segment_delete", kw_only=True):
    """As `DELETE /segments/{id}`, also while others use it: their rules freeze."""

    id: Id


class EditMethod(PlanRequest, tag_field="act", tag="method", kw_only=True):
    """As a plan of the session: a new method, or with `method_id` another one of it."""

    session_id: Id


class DeleteMethod(MethodRemoval, tag_field="act", tag="method_delete", kw_only=True):
    """As deleting the method with this `id`."""

    id: Id


class ApplyImport(Input, tag_field="act", tag="import", kw_only=True):
    """As `POST /imports/{id}/apply`."""

    id: Id


class RecordResults(Input, tag_field="act", tag="results", kw_only=True):
    """As `POST /results/bulk`."""

    results: Annotated[list[ResultRow], Meta(max_length=10_000)]


class DeleteField(Input, tag_field="act", tag="field_delete", kw_only=True):
    """As `DELETE /fields/{id}`, also while rules refer to it: they freeze."""

    id: Id


class RenameOption(OptionRename, tag_field="act", tag="option_rename", kw_only=True):
    """As `POST /fields/{field_id}/options/rename`."""

    field_id: Id


class MergeOptions(OptionMerge, tag_field="act", tag="option_merge", kw_only=True):
    """As `POST /fields/{field_id}/options/merge`."""

    field_id: Id


class EditSession(SessionChange, tag_field="act", tag="session", kw_only=True):
    """As `PATCH /sessions/{id}`."""

    id: Id


class ChangeEnrollments(Input, tag_field="act", tag="enrollments", kw_only=True):
    """The same done to several enrollments. `on_leave` and `certificates` belong to `unenroll`, `until` to `exclude`.

    `due_at`, or how much later, belongs to `extend`; `session_id` and `mail` to `move`.
    """

    ids: Annotated[list[Id], Meta(min_length=1, max_length=MOST_ENROLLMENTS)]
    do: ActKind
    reason: Text = ""
    until: date | None = None
    due_at: Instant | UnsetType | None = UNSET
    days: Days | None = None
    weeks: Weeks | None = None
    months: Months | None = None
    session_id: Id | None = None
    mail: bool = True
    on_leave: OnLeave = "expire"
    certificates: bool = False
    confirm: EraseFigures | None = None


class EnrollPeople(EnrollmentRequest, tag_field="act", tag="enroll", kw_only=True):
    """As `POST /enrollments/plan`."""


class ChangeAssignments(AssignmentsRequest, tag_field="act", tag="assignments", kw_only=True):
    """As `POST /assignments/plan`."""


class SaveEnrollmentRule(EnrollmentRuleChange, tag_field="act", tag="enrollment_rule", kw_only=True):
    """As `POST /enrollment-rules`, or with `id` as `PATCH /enrollment-rules/{id}`."""

    id: Id | None = None


class DeleteEnrollmentRule(
    EnrollmentRuleRemoval, tag_field="act", tag="enrollment_rule_delete", kw_only=True
):
    """As `DELETE /enrollment-rules/{id}`."""

    id: Id


class ChangeRequirements(RequirementsRequest, tag_field="act", tag="requirements", kw_only=True):
    """As `PUT /groups/{id}/requirements`."""

    id: Id


class SaveCourseGroup(CourseGroupChange, tag_field="act", tag="course_group", kw_only=True):
    """As `POST /sessions/{session_id}/course-groups`, or with `id` as `PATCH …/{id}`."""

    session_id: Id
    id: Id | None = None


class DeleteCourseGroup(Input, tag_field="act", tag="course_group_delete", kw_only=True):
    """As `DELETE /sessions/{session_id}/course-groups/{id}`, after taking out whoever was put into it by hand."""

    session_id: Id
    id: Id


Change = (
    EditLearner
    | AddMembers
    | RemoveMembers
    | MoveMembers
    | EditGroup
    | DeleteGroup
    | EditSegment
    | DeleteSegment
    | EditMethod
    | DeleteMethod
    | ApplyImport
    | RecordResults
    | DeleteField
    | RenameOption
    | MergeOptions
    | EditSession
    | ChangeEnrollments
    | EnrollPeople
    | ChangeAssignments
    | SaveEnrollmentRule
    | DeleteEnrollmentRule
    | ChangeRequirements
    | SaveCourseGroup
    | DeleteCourseGroup
)

Changes = Annotated[list[Change], Meta(min_length=1, max_length=MOST_CHANGES)]
