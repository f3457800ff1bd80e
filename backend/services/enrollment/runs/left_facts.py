"""What kind of fact an undo left alone, in words."""

from collections.abc import Mapping
from typing import Any

from backend.database import row_by_id
from backend.enrollment.acts import COLUMNS
from backend.tables import Activity, Field, LearnerGroup
from backend.words import Message, joined

_GONE = Message("something that is gone")
_STRUCTURE = {
    "learner_group": Message("The group {name}"),
    "field": Message("The field {name}"),
    "segment": Message("The segment {name}"),
    "session": Message("The session {name}"),
    "enrollment_method": Message("The enrollment method {name}"),
    "course_group": Message("The class {name}"),
}


async def tell_fact(kept: Mapping[str, Any]) -> Message:
    """What it is, without whom it is about; groups are named to whoever undid, for they were theirs to change."""
    table, row = kept["table"], kept["row"]
    if table in _STRUCTURE:
        return _STRUCTURE[table].fill(name=row.get("name") or f"{row.get('id')}")
    if table == "learner":
        told = [COLUMNS.get(column, column) for column in kept["columns"]]
        return joined(", ", told) if told else Message("The account")
    return await _about_person(table, row)


async def _about_person(table: str, row: Mapping[str, Any]) -> Message:
    if table == "membership":
        group = await row_by_id(LearnerGroup, row["group_id"])
        return Message("Membership of {name}", name=_GONE if group is None else group["name"])
    if table == "field_value":
        field = await row_by_id(Field, row["field_id"])
        return Message("Value of {name}", name=_GONE if field is None else field["name"])
    if table in ("result", "result_attempt"):
        activity = await row_by_id(Activity, row["activity_id"])
        return Message("Result in {name}", name=_GONE if activity is None else activity["title"])
    if table == "award":
        return Message("A certificate")
    return Message("Exclusion from a session") if table == "exclusion" else Message("Instructor")
