"""What an act named, as it was called then: what is deleted has no name later."""

from collections.abc import Mapping, Sequence
from typing import Any

from piccolo.columns import Column
from piccolo.table import Table

from backend.database import any_of
from backend.enrollment.acts import name_keys
from backend.tables import (
    Activity,
    CourseGroup,
    EnrollmentMethod,
    EnrollmentRule,
    Field,
    LearnerGroup,
    Segment,
    Session,
)

_NAMES: dict[str, tuple[type[Table], Column]] = {
    "group": (LearnerGroup, LearnerGroup.name),
    "segment": (Segment, Segment.name),
    "field": (Field, Field.name),
    "session": (Session, Session.name),
    "activity": (Activity, Activity.title),
    "course_group": (CourseGroup, CourseGroup.name),
    "enrollment_rule": (EnrollmentRule, EnrollmentRule.name),
    "method": (EnrollmentMethod, EnrollmentMethod.session_id.name),
}


async def names_of(acts: Sequence[Mapping[str, Any]]) -> dict[str, str]:
    """By kind and id (`group:3`). Names of people are not kept: who reads it may not see them, and they change."""
    wanted: dict[str, set[int]] = {}
    for act in acts:
        for kind, id_ in name_keys(act):
            wanted.setdefault(kind, set()).add(id_)
    found: dict[str, str] = {}
    for kind, ids in wanted.items():
        table, name = _NAMES[kind]
        key = table._meta.primary_key  # noqa: SLF001 - Piccolo keeps it there
        for row in await table.select(key.as_alias("id"), name.as_alias("name")).where(
            any_of(key, sorted(ids))
        ):
            found[f"{kind}:{row['id']}"] = row["name"]
    return found
