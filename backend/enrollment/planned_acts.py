"""What an act is that has not been done yet: one sentence, as a rehearsal lists it. What has been done is told by `acts`."""

from collections.abc import Callable, Mapping
from typing import Any

from backend.enrollment.acts import (
    BY_ID,
    MOST_CHANGED,
    count_in,
    name_in,
    person_of,
    what_changed,
)
from backend.enrollment.group_changes import planned_change
from backend.words import Message, joined

_THINGS = {
    "group_delete": Message("Delete the group {name}"),
    "segment": Message("Change the segment {name}"),
    "segment_delete": Message("Delete the segment {name}"),
    "session": Message("Change the session {name}"),
    "field_delete": Message("Delete the field {name}"),
    "enrollment_rule_delete": Message("Delete the enrollment rule {name}"),
    "requirements": Message("Change what {name} requires"),
    "course_group_delete": Message("Delete the class {name}"),
}
_METHODS = {
    "method": Message("Change how people are enrolled in {name}"),
    "method_delete": Message("Remove an enrollment method of {name}"),
}
_MEMBERS = {
    "members_add": Message("Add {who} to {group}"),
    "members_remove": Message("Remove {who} from {group}"),
    "members_move": Message("Move {who} from {group} to {other}"),
}
_OPTIONS = {
    "option_rename": Message("Rename “{old}” of {field} to “{new}”"),
    "option_merge": Message("Merge “{old}” of {field} into “{new}”"),
}
_ENROLLMENTS = {
    "unenroll": Message("Unenroll {who}"),
    "exclude": Message("Exclude {who}"),
    "suspend": Message("Suspend {who} in sessions"),
    "resume": Message("Resume {who} in sessions"),
    "extend": Message("Change when {who} is due"),
    "move": Message("Move {who} to another session"),
}
_PLAIN = {"import": Message("Apply an import")}


def planned(act: Mapping[str, Any], names: Mapping[str, str], people: Mapping[int, str]) -> Message:
    """What the act would do: `names` by kind and id (`group:3`), `people` by id, those whom the reader may see."""
    kind = str(act.get("act", ""))
    teller = _TELLERS.get(kind)
    return _PLAIN.get(kind, Message("Make changes")) if teller is None else teller(act, names, people)


def _who(act: Mapping[str, Any], people: Mapping[int, str]) -> str:
    person = people.get(person_of(act) or 0)
    return person or Message.plural("{count:,} person", "{count:,} people", count_in(act))


def _of_thing(act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    return _THINGS[act["act"]].fill(name=name_in(act, names, BY_ID[act["act"]]))


def _of_group(act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    old = name_in(act, names, "group", "old_parent_id") if act.get("old_parent_id") else None
    return planned_change(act, name_in(act, names, "group"), name_in(act, names, "group", "parent_id"), old)


def _of_method(act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    thing = "session" if isinstance(act.get("session_id"), int) else "method"
    return _METHODS[act["act"]].fill(name=name_in(act, names, thing))


def _of_members(act: Mapping[str, Any], names: Mapping[str, str], people: Mapping[int, str]) -> Message:
    return _MEMBERS[act["act"]].fill(
        who=_who(act, people),
        group=name_in(act, names, "group", "group_id"),
        other=name_in(act, names, "group", "to_group_id"),
    )


def _of_assignments(act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    added, removed = (act.get(key) if isinstance(act.get(key), int) else 0 for key in ("added", "removed"))
    told = []
    if added and isinstance(act.get("group_id"), int):
        told.append(
            Message.plural(
                "Give {group} access to {count:,} course",
                "Give {group} access to {count:,} courses",
                added,
                group=name_in(act, names, "group", "group_id"),
            )
        )
    elif added:
        told.append(Message.plural("Make {count:,} assignment", "Make {count:,} assignments", added))
    if removed:
        told.append(Message.plural("Remove {count:,} assignment", "Remove {count:,} assignments", removed))
    return joined(" · ", told) if told else Message("Change assignments")


def _of_enrollment_rule(
    act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]
) -> Message:
    name = str(act.get("name") or name_in(act, names, "enrollment_rule", "enrollment_rule_id"))
    said = (
        Message("Make the enrollment rule {name}")
        if act.get("made")
        else Message("Change the enrollment rule {name}")
    )
    return said.fill(name=name)


def _of_class(act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    name = str(act.get("name") or name_in(act, names, "course_group"))
    said = Message("Make the class {name}") if act.get("made") else Message("Change the class {name}")
    return said.fill(name=name)


def _of_option(act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    told = {"old": act.get("from", ""), "new": act.get("to", "")}
    return _OPTIONS[act["act"]].fill(field=name_in(act, names, "field"), **told)


def _of_person(act: Mapping[str, Any], names: Mapping[str, str], people: Mapping[int, str]) -> Message:
    person = people.get(person_of(act) or 0) or Message("somebody")
    changed = [what_changed(str(one), names) for one in (act.get("changed") or [])[:MOST_CHANGED]]
    if not changed:
        return Message("Change {person}", person=person)
    return Message("Change {what} of {person}", what=joined(", ", changed), person=person)


def _of_results(act: Mapping[str, Any], _names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    return Message.plural("Record {count:,} result", "Record {count:,} results", count_in(act))


def _of_enrollments(act: Mapping[str, Any], _names: Mapping[str, str], people: Mapping[int, str]) -> Message:
    said = _ENROLLMENTS.get(str(act.get("do")), Message("Change enrollments of {who}"))
    return said.fill(who=_who(act, people))


def _of_enrolling(act: Mapping[str, Any], names: Mapping[str, str], people: Mapping[int, str]) -> Message:
    targets = act.get("targets", 1)
    where = Message.plural(
        "{count:,} course", "{count:,} courses", targets if isinstance(targets, int) else 1
    )
    for thing in ("group", "segment"):
        if isinstance(act.get(f"{thing}_id"), int):
            return Message("Enroll {who} in {where}", who=name_in(act, names, thing), where=where)
    if not count_in(act):
        return Message("Enroll people in {where}", where=where)
    return Message("Enroll {who} in {where}", who=_who(act, people), where=where)


_Teller = Callable[[Mapping[str, Any], Mapping[str, str], Mapping[int, str]], Message]
_TELLERS: dict[str, _Teller] = {
    "learner": _of_person,
    "group": _of_group,
    **dict.fromkeys(_THINGS, _of_thing),
    **dict.fromkeys(_METHODS, _of_method),
    **dict.fromkeys(_MEMBERS, _of_members),
    **dict.fromkeys(_OPTIONS, _of_option),
    "assignments": _of_assignments,
    "enrollment_rule": _of_enrollment_rule,
    "course_group": _of_class,
    "results": _of_results,
    "enrollments": _of_enrollments,
    "enroll": _of_enrolling,
}
