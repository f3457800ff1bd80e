"""The words for codes of the wire, such as `learner` or `held`, where they stand within a sentence."""

from collections.abc import Sequence

from backend.words.message import Message

_THINGS = {
    "activity": Message.in_context("thing", "activity"),
    "certificate": Message.in_context("thing", "certificate"),
    "enrollment_rule": Message.in_context("thing", "enrollment rule"),
    "field": Message.in_context("thing", "field"),
    "group": Message.in_context("thing", "group"),
    "learner": Message.in_context("thing", "learner"),
    "method": Message.in_context("thing", "method"),
    "path": Message.in_context("thing", "path"),
    "segment": Message.in_context("thing", "segment"),
    "session": Message.in_context("thing", "session"),
    "step": Message.in_context("thing", "step"),
}
_THERE_IS_NO = {
    "activity": Message("There is no activity {id}."),
    "course_group": Message("There is no class {id}."),
    "enrollment_method": Message("There is no method {id}."),
    "enrollment_rule": Message("There is no enrollment rule {id}."),
    "field": Message("There is no field {id}."),
    "group": Message("There is no group {id}."),
    "import": Message("There is no import {id}."),
    "learner": Message("There is no learner {id}."),
    "method": Message("There is no method {id}."),
    "rehearsal": Message("There is no rehearsal {id}."),
    "run": Message("There is no run {id}."),
    "segment": Message("There is no segment {id}."),
    "session": Message("There is no session {id}."),
    "token": Message("There is no token {id}."),
}
_THERE_IS_NONE_NAMED = {
    "group": Message("There is no group “{name}”."),
    "learner": Message("There is no learner “{name}”."),
    "session": Message("There is no session “{name}”."),
}
_HAS_BEEN_DELETED = {
    "import": Message("This import has been deleted."),
    "method": Message("This method has been deleted."),
    "run": Message("This run has been deleted."),
    "session": Message("This session has been deleted."),
}
_ACTIVITY_KINDS = {
    "course": Message.in_context("a kind of activity", "course"),
    "path": Message.in_context("a kind of activity", "path"),
    "program": Message.in_context("a kind of activity", "program"),
}
_FIELD_TYPES = {
    "boolean": Message.in_context("a type of field", "boolean"),
    "choice": Message.in_context("a type of field", "choice"),
    "date": Message.in_context("a type of field", "date"),
    "number": Message.in_context("a type of field", "number"),
    "text": Message.in_context("a type of field", "text"),
}
_ENROLLMENT_STATES = {
    "active": Message.in_context("an enrollment is", "active"),
    "completed": Message.in_context("an enrollment is", "completed"),
    "expired": Message.in_context("an enrollment is", "expired"),
    "suspended": Message.in_context("an enrollment is", "suspended"),
}
_RUN_STATES = {
    "applied": Message.in_context("a run is", "applied"),
    "applying": Message.in_context("a run is", "applying"),
    "approved": Message.in_context("a run is", "approved"),
    "failed": Message.in_context("a run is", "failed"),
    "gone": Message.in_context("a run is", "gone"),
    "held": Message.in_context("a run is", "held"),
    "rejected": Message.in_context("a run is", "rejected"),
    "undone": Message.in_context("a run is", "undone"),
}
_IMPORT_STATES = {
    "applying": Message.in_context("an import is", "applying"),
    "cancelled": Message.in_context("an import is", "cancelled"),
    "done": Message.in_context("an import is", "done"),
    "failed": Message.in_context("an import is", "failed"),
    "reading": Message.in_context("an import is", "reading"),
    "ready": Message.in_context("an import is", "ready"),
}
_MESSAGE_STATES = {
    "cancelled": Message.in_context("a message is", "cancelled"),
    "dormant": Message.in_context("a message is", "dormant"),
    "failed": Message.in_context("a message is", "failed"),
    "kept": Message.in_context("a message is", "kept"),
    "pending": Message.in_context("a message is", "pending"),
    "sending": Message.in_context("a message is", "sending"),
    "sent": Message.in_context("a message is", "sent"),
}


def thing(code: str) -> str:
    """A kind of thing, such as `method`."""
    return _THINGS.get(code, code)


def there_is_no(code: str, id_: int | str) -> Message:
    """That no thing of this kind has the id."""
    return _THERE_IS_NO[code].fill(id=id_)


def there_is_none_named(code: str, name: int | str) -> Message:
    """That no thing of this kind has the name or external id."""
    return _THERE_IS_NONE_NAMED[code].fill(name=name)


def has_been_deleted(code: str) -> Message:
    """That this thing of the kind is no more."""
    return _HAS_BEEN_DELETED[code]


def row_named(number: int, lines: Sequence[int] | None) -> Message:
    """A row of a bulk request by its number, or of a sheet by its line."""
    return (
        Message("Row {number}", number=number)
        if lines is None
        else Message("Line {number}", number=lines[number])
    )


def activity_kind(code: str) -> str:
    """A kind of activity, in the middle of a sentence."""
    return _ACTIVITY_KINDS.get(code, code)


def field_type(code: str) -> str:
    """A type of field."""
    return _FIELD_TYPES.get(code, code)


def enrollment_state(code: str) -> str:
    """What an enrollment is."""
    return _ENROLLMENT_STATES.get(code, code)


def run_state(code: str) -> str:
    """What a run is, or becomes."""
    return _RUN_STATES.get(code, code)


def import_state(code: str) -> str:
    """What an import is."""
    return _IMPORT_STATES.get(code, code)


def message_state(code: str) -> str:
    """What a message of the outbox is."""
    return _MESSAGE_STATES.get(code, code)
