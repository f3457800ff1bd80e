"""The rows of methods: one of a session's loaded, a draft written."""

from typing import Any

from asyncpg import Record
from piccolo.columns import Column

from backend.database import as_json, fetch, row_by_id
from backend.enrollment.method_kinds import of_session
from backend.runtime import clock
from backend.schemas.enrollment import MethodState
from backend.services.access.actor import Actor
from backend.services.audiences.rule_versions import sign_versions
from backend.services.enrollment.drafts import method_statements
from backend.services.enrollment.drafts.method_drafts import MethodDraft
from backend.services.errors import Conflict, NotFound
from backend.tables import EnrollmentMethod
from backend.words import Message

# A method that is written anew says nothing of why it was in another state.
WITHOUT_REASON: dict[Column | str, Any] = {
    EnrollmentMethod.state_reason: "",
    EnrollmentMethod.state_cause: None,
    EnrollmentMethod.state_details: None,
}


class OfEnrollmentRule(Conflict):
    """The method belongs to an enrollment rule, and is changed only with it."""

    type, title = "enrollment_rule", Message("This method belongs to an enrollment rule")

    def __init__(self, rule_id: int) -> None:
        message = Message("This method belongs to an enrollment rule: change that rule, in all its sessions.")
        super().__init__(message, extra={"enrollment_rule_id": rule_id})


def refuse_elsewhere(belongs_to: int | None, of_rule: int | None) -> None:
    """Raises `OfEnrollmentRule` for a method of an enrollment rule that is not changed through this rule."""
    if belongs_to is not None and belongs_to != of_rule:
        raise OfEnrollmentRule(belongs_to)


async def method_row(session_id: int, method_id: int) -> Record:
    """The method of this session that is not deleted. Raises `NotFound`."""
    row = await row_by_id(EnrollmentMethod, method_id)
    found = row is not None and row["session_id"] == session_id and row["deleted_at"] is None
    # What is a part of its session is changed with that.
    if row is None or not found or of_session(row["kind"]):
        raise NotFound(Message("This session has no method {id}.", id=method_id))
    return row


async def save_method(actor: Actor, draft: MethodDraft, *, state: MethodState) -> int:
    """Write the method's row, new or changed; its id."""
    columns = draft.columns()
    columns["rule"] = None if draft.rule is None else as_json(draft.rule)
    if draft.id:
        values: dict[Column | str, Any] = {EnrollmentMethod.state: state, **WITHOUT_REASON}
        values.update(columns.items())
        values[EnrollmentMethod.qualification_id] = draft.qualification_id
        values[EnrollmentMethod.version] = EnrollmentMethod.version + 1
        await EnrollmentMethod.update(values).where(EnrollmentMethod.id == draft.id)
        await sign_versions(actor)
        return draft.id
    row = EnrollmentMethod(
        session_id=draft.session_id,
        kind=draft.kind,
        enrollment_rule_id=draft.enrollment_rule_id,
        qualification_id=draft.qualification_id,
        state=state,
        created_by=actor.id or None,
        created_at=clock.now(),
        **columns,
    )
    made: int = (await EnrollmentMethod.insert(row).returning(EnrollmentMethod.id))[0]["id"]
    await sign_versions(actor)
    return made


async def held_by(method_id: int) -> list[int]:
    """Everybody whom the method holds, in order."""
    return sorted(row["learner_id"] for row in await fetch(method_statements.HELD_BY, method_id))
