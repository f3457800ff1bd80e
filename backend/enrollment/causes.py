"""Why something happened to a person: the causes there are, and the words that tell each of them."""

from typing import Any, Literal, get_args

from backend.words import Message

Cause = Literal[
    # Facts about the person.
    "membership",
    "field",
    "result",
    "award",
    "language",
    "added",
    "manager",
    "status",
    "enrollment",
    "exclusion",
    # What rules mention was changed.
    "group_moved",
    "field_changed",
    "activity_changed",
    "certificate_changed",
    "segment_changed",
    "session_changed",
    "rule_changed",
    "day",
    "until",
    # What somebody did.
    "by_hand",
    "excluded",
    "moved",
    "paused",
    "confirmed",
    "self",
    "imported",
    "approved",
    "undone",
    "method_removed",
    "checked",
    # How it stands.
    "other_session",
    "kept",
    "returns",
    "unknown",
    "another_method",
]
CAUSES = frozenset(get_args(Cause))
# What changes of structure are recorded as, where they are not about a person.
_OF_STRUCTURE: dict[str, Cause] = {
    "learner_group": "group_moved",
    "session": "session_changed",
    "activity": "activity_changed",
    "certificate": "certificate_changed",
    "segment": "segment_changed",
}
# Causes of runs that say by themselves why people came or went.
OF_RUNS: dict[str, Cause] = {
    "confirm": "confirmed",
    "self": "self",
    "import": "imported",
    "approve": "approved",
    "undo": "undone",
    "check": "checked",
    "act": "by_hand",
}

WORDS = {
    "membership": Message("Now in {name}"),
    "membership.gone": Message("No longer in {name}"),
    "membership.role": Message("Another role in {name}"),
    "field": Message("{name}: {new}"),
    "result": Message("Result in {name}: {new}"),
    "result.gone": Message("No result in {name} any more"),
    "award": Message("Has the certificate {name}"),
    "award.gone": Message("No longer has the certificate {name}"),
    "language": Message("Language: {new}"),
    "added": Message("Added on another day"),
    "manager": Message("Has another manager"),
    "manager.gone": Message("Has no manager any more"),
    "status": Message("Now {new}"),
    "enrollment": Message("Enrolled in {name}"),
    "enrollment.gone": Message("No longer enrolled in {name}"),
    "exclusion": Message("Excluded from the session"),
    "exclusion.gone": Message("No longer excluded from the session"),
    "group_moved": Message("The group {name} was moved"),
    "field_changed": Message("The field {name} was changed"),
    "activity_changed": Message("The activity {name} was changed"),
    "certificate_changed": Message("The certificate {name} was changed"),
    "segment_changed": Message("The segment {name} was changed"),
    "session_changed": Message("The session {name} was changed"),
    "rule_changed": Message("The rule was changed"),
    "day": Message("A day has passed"),
    "until": Message("Was enrolled by hand until {new}"),
    "by_hand": Message("By hand"),
    "by_hand.note": Message("By hand: {note}"),
    "by_hand.by": Message("By {by}"),
    "by_hand.by.note": Message("By {by}: {note}"),
    "excluded": Message("Excluded by hand"),
    "excluded.note": Message("Excluded by hand: {note}"),
    "excluded.by": Message("Excluded by {by}"),
    "excluded.by.note": Message("Excluded by {by}: {note}"),
    "moved": Message("Moved to another session, or from one"),
    "moved.note": Message("Moved to another session, or from one: {note}"),
    "moved.by": Message("Moved to another session, or from one, by {by}"),
    "moved.by.note": Message("Moved to another session, or from one, by {by}: {note}"),
    "paused": Message("Paused"),
    "paused.note": Message("Paused: {note}"),
    "paused.by": Message("Paused by {by}"),
    "paused.by.note": Message("Paused by {by}: {note}"),
    "paused.own": Message("Paused by your coach"),
    "confirmed": Message("Somebody confirmed a plan"),
    "self": Message("They did so themselves"),
    "imported": Message("By an import"),
    "approved": Message("Somebody approved the removal"),
    "undone": Message("Somebody undid the run"),
    "method_removed": Message("Its method was removed"),
    "checked": Message("By the regular check"),
    "other_session": Message("Enrolled in “{name}”"),
    "kept": Message("Stays enrolled without a method, by policy"),
    "returns": Message("Left “{name}” and may return on {day}"),
    "returns.unnamed": Message("Left, and may return on {day}"),
    "returns.never": Message("Left “{name}” and does not return by it"),
    "returns.never.unnamed": Message("Left, and does not return by the same method"),
    "unknown": Message("Not recorded"),
    "another_method": Message("By another method"),
    "unnamed": Message("something that is gone"),
    "session": Message("another session"),
    "empty": Message("not set"),
    "yes": Message("yes"),
    "no": Message("no"),
    "started": Message.in_context("result", "started"),
    "completed": Message.in_context("result", "completed"),
    "failed": Message.in_context("result", "failed"),
    "pending": Message.in_context("status", "waiting for approval"),
    "invited": Message.in_context("status", "invited"),
    "active": Message.in_context("status", "active"),
    "suspended": Message.in_context("status", "suspended"),
    "deactivated": Message.in_context("status", "deactivated"),
}


def cause_of(recorded: dict[str, Any]) -> Cause:
    """The cause of what a run recorded: a fact of the change log, a change of structure, or an act."""
    facet = str(recorded.get("facet", ""))
    if facet == "field" and recorded.get("old") is None and recorded.get("new") is None:
        return "field_changed"
    known: Cause = _OF_STRUCTURE.get(facet) or (facet if facet in CAUSES else "unknown")  # type: ignore[assignment]  # narrowed
    return known


def plain_sentence(recorded: dict[str, Any]) -> Message:
    """What was recorded, where nothing but that is at hand: with the name of what it is about, without its value in words."""
    cause, new = cause_of(recorded), recorded.get("new")
    shown = (new[0] if new else None) if isinstance(new, list) else new
    key = f"{cause}.gone" if f"{cause}.gone" in WORDS and (shown is None or shown == "expired") else cause
    said = WORDS["empty"] if shown is None else WORDS.get(str(shown), str(shown))
    return WORDS[key].fill(name=recorded.get("name") or WORDS["unnamed"], new=said)
