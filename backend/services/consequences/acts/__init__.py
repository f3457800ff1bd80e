"""The acts that can be asked about, each in a module of its own."""

from collections.abc import Mapping
from types import MappingProxyType
from typing import Any

import msgspec

from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.acts.assignments import AssignmentsAct
from backend.services.consequences.acts.course_group import CourseGroupAct, CourseGroupDeleteAct
from backend.services.consequences.acts.enroll import EnrollAct
from backend.services.consequences.acts.enrollment_rule import EnrollmentRuleAct, EnrollmentRuleDeleteAct
from backend.services.consequences.acts.enrollments import EnrollmentsAct
from backend.services.consequences.acts.field import FieldDeleteAct, OptionMergeAct, OptionRenameAct
from backend.services.consequences.acts.group import GroupAct, GroupDeleteAct
from backend.services.consequences.acts.learner import LearnerAct
from backend.services.consequences.acts.members import MembersAddAct, MembersMoveAct, MembersRemoveAct
from backend.services.consequences.acts.method import MethodAct, MethodDeleteAct
from backend.services.consequences.acts.requirements import RequirementsAct
from backend.services.consequences.acts.results import ResultsAct
from backend.services.consequences.acts.segment import SegmentAct, SegmentDeleteAct
from backend.services.consequences.acts.session import SessionAct
from backend.services.consequences.acts.sheet import ImportAct

__all__ = ["ACTS", "Act", "Summary", "act_of"]

ACTS: Mapping[type[msgspec.Struct], Act[Any, Any]] = MappingProxyType(
    {
        act.change: act
        for act in (
            LearnerAct(),
            MembersAddAct(),
            MembersRemoveAct(),
            MembersMoveAct(),
            GroupAct(),
            GroupDeleteAct(),
            SegmentAct(),
            SegmentDeleteAct(),
            MethodAct(),
            MethodDeleteAct(),
            ImportAct(),
            ResultsAct(),
            FieldDeleteAct(),
            OptionRenameAct(),
            OptionMergeAct(),
            SessionAct(),
            EnrollmentsAct(),
            EnrollAct(),
            AssignmentsAct(),
            EnrollmentRuleAct(),
            EnrollmentRuleDeleteAct(),
            RequirementsAct(),
            CourseGroupAct(),
            CourseGroupDeleteAct(),
        )
    }
)


def act_of(change: msgspec.Struct) -> Act[Any, Any]:
    """The act that is asked about in this form."""
    return ACTS[type(change)]
