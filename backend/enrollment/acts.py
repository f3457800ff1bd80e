"""What an act was, as its run tells it: one sentence, of what it was about and how many people."""

from collections.abc import Callable, Mapping, Sequence
from typing import Any

from backend.enrollment.group_changes import done_change
from backend.words import Message, joined

# Of more acts in one run the others are counted.
MOST_TOLD = 3
# Of one person so many things that were changed are named.
MOST_CHANGED = 5

# Where each kind of thing is named in what a run keeps of its acts.
NAMED = {
    "group": ("group_id", "to_group_id", "parent_id", "old_parent_id", "qualification_id"),
    "segment": ("segment_id",),
    "field": ("field_id",),
    "session": ("session_id",),
    "activity": ("activity_id",),
    "enrollment_rule": ("enrollment_rule_id",),
    "course_group": ("course_group_id",),
    # By its session's name.
    "method": ("method_id",),
}
# Acts that name their thing by `id` alone, as their routes do.
BY_ID = {
    "group": "group",
    "group_delete": "group",
    "segment": "segment",
    "segment_delete": "segment",
    "field_delete": "field",
    "enrollment_rule_delete": "enrollment_rule",
    "session": "session",
    "requirements": "group",
    "course_group_delete": "course_group",
}
COLUMNS = {
    "status": Message.in_context("of a person", "the status"),
    "language": Message.in_context("of a person", "the language"),
    "manager_id": Message.in_context("of a person", "the manager"),
    "added_at": Message.in_context("of a person", "the day added"),
    "email": Message.in_context("of a person", "the e-mail address"),
    "first_name": Message.in_context("of a person", "the first name"),
    "last_name": Message.in_context("of a person", "the last name"),
    "external_id": Message.in_context("of a person", "the external id"),
    "is_admin": Message.in_context("of a person", "the rights"),
}
_THINGS = {
    "group_delete": Message("Deleted the group {name}"),
    "segment": Message("Changed the segment {name}"),
    "segment_delete": Message("Deleted the segment {name}"),
    "session": Message("Changed the session {name}"),
    "method": Message("Changed how people are enrolled in {name}"),
    "method_delete": Message("Removed an enrollment method of {name}"),
    "field_delete": Message("Deleted the field {name}"),
    "enrollment_rule_delete": Message("Deleted the enrollment rule {name}"),
    "requirements": Message("Changed what {name} requires"),
    "course_group_delete": Message("Deleted the class {name}"),
}
_PLAIN = {
    "import": Message("Applied an import"),
}
_UNNAMED = Message("something that is gone")


def name_keys(act: Mapping[str, Any]) -> list[tuple[str, int]]:
    """The kinds and ids of what an act names, but for people."""
    found = [
        (kind, act[key]) for kind, keys in NAMED.items() for key in keys if isinstance(act.get(key), int)
    ]
    for changed in act.get("changed") or ():
        thing, _, number = str(changed).partition(":")
        if thing in NAMED and number.isdecimal():
            found.append((thing, int(number)))
    if act.get("act") in BY_ID and isinstance(act.get("id"), int):
        found.append((BY_ID[act["act"]], act["id"]))
    return found


def sentence(
    acts: Sequence[Mapping[str, Any]], names: Mapping[str, str], people: Mapping[int, str]
) -> Message:
    """What the acts of one run were: `names` by kind and id (`group:3`), `people` those whom the reader may see."""
    told = [_told(act, names, people) for act in acts[:MOST_TOLD]]
    if len(acts) > MOST_TOLD:
        more = len(acts) - MOST_TOLD
        told.append(Message.plural("{count:,} more change", "{count:,} more changes", more))
    return joined(" · ", told)


def _told(act: Mapping[str, Any], names: Mapping[str, str], people: Mapping[int, str]) -> Message:
    kind = str(act.get("act", ""))
    teller = _TELLERS.get(kind)
    if teller is not None:
        return teller(act, names, people)
    if kind in ("method", "method_delete"):
        thing = "session" if isinstance(act.get("session_id"), int) else "method"
        return _THINGS[kind].fill(name=name_in(act, names, thing))
    if kind in _THINGS:
        return _THINGS[kind].fill(name=name_in(act, names, BY_ID[kind]))
    return _PLAIN.get(kind, Message("Made changes"))


def name_in(act: Mapping[str, Any], names: Mapping[str, str], thing: str, key: str | None = None) -> str:
    """What the thing that the act is about is called."""
    keys = (key,) if key is not None else (*NAMED[thing], "id")
    for one in keys:
        found = names.get(f"{thing}:{act.get(one)}")
        if found:
            return found
    return _UNNAMED


def count_in(act: Mapping[str, Any]) -> int:
    """How many people, or results, it is about."""
    value = act.get("people", act.get("results"))
    return value if isinstance(value, int) else 0


def person_of(act: Mapping[str, Any]) -> int | None:
    """The one person whom the act is about."""
    value = act.get("learner_id")
    return value if isinstance(value, int) else None


def _of_group(act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    return done_change(act, name_in(act, names, "group"), name_in(act, names, "group", "parent_id"))


def _of_members(act: Mapping[str, Any], names: Mapping[str, str], people: Mapping[int, str]) -> Message:
    one, many = _MEMBERS[act["act"]]
    told = {
        "group": name_in(act, names, "group", "group_id"),
        "other": name_in(act, names, "group", "to_group_id"),
    }
    person = people.get(person_of(act) or 0)
    return many(count_in(act), told) if person is None else one.fill(person=person, **told)


def _of_results(act: Mapping[str, Any], _names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    return Message.plural("Recorded {count:,} result", "Recorded {count:,} results", count_in(act))


def _of_enrolling(act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    targets = act.get("targets", 1)
    where = Message.plural(
        "{count:,} course", "{count:,} courses", targets if isinstance(targets, int) else 1
    )
    for thing in ("group", "segment"):
        if isinstance(act.get(f"{thing}_id"), int):
            return Message("Enrolled {name} in {where}", name=name_in(act, names, thing), where=where)
    if not count_in(act):
        return Message("Enrolled people in {where}", where=where)
    who = Message.plural("{count:,} person", "{count:,} people", count_in(act))
    return Message("Enrolled {name} in {where}", name=who, where=where)


def _of_assignments(act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    added, removed = (act.get(key) if isinstance(act.get(key), int) else 0 for key in ("added", "removed"))
    told = []
    if added and isinstance(act.get("group_id"), int):
        group = name_in(act, names, "group", "group_id")
        told.append(
            Message.plural(
                "Gave {group} access to {count:,} course",
                "Gave {group} access to {count:,} courses",
                added,
                group=group,
            )
        )
    elif added:
        told.append(Message.plural("Made {count:,} assignment", "Made {count:,} assignments", added))
    if removed:
        told.append(Message.plural("Removed {count:,} assignment", "Removed {count:,} assignments", removed))
    return joined(" · ", told) if told else Message("Changed assignments")


def _of_enrollment_rule(
    act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]
) -> Message:
    name = str(act.get("name") or name_in(act, names, "enrollment_rule", "enrollment_rule_id"))
    if act.get("made"):
        return Message("Made the enrollment rule {name}", name=name)
    return Message("Changed the enrollment rule {name}", name=name)


def _of_class(act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    name = str(act.get("name") or name_in(act, names, "course_group"))
    said = Message("Made the class {name}") if act.get("made") else Message("Changed the class {name}")
    return said.fill(name=name)


def _of_option(act: Mapping[str, Any], names: Mapping[str, str], _people: Mapping[int, str]) -> Message:
    said = Message("Renamed “{old}” of {field} to “{new}”")
    if act["act"] == "option_merge":
        said = Message("Merged “{old}” of {field} into “{new}”")
    return said.fill(old=act.get("from", ""), new=act.get("to", ""), field=name_in(act, names, "field"))


def _of_person(act: Mapping[str, Any], names: Mapping[str, str], people: Mapping[int, str]) -> Message:
    person = people.get(person_of(act) or 0) or Message("somebody")
    changed = [what_changed(str(one), names) for one in (act.get("changed") or [])[:MOST_CHANGED]]
    if not changed:
        return Message("Changed {person}", person=person)
    return Message("Changed {what} of {person}", what=joined(", ", changed), person=person)


def what_changed(changed: str, names: Mapping[str, str]) -> str:
    """One of the things that were changed of somebody, in words."""
    return COLUMNS.get(changed) or names.get(changed) or _UNNAMED


def _of_enrollments(act: Mapping[str, Any], _names: Mapping[str, str], people: Mapping[int, str]) -> Message:
    count, person = count_in(act), people.get(person_of(act) or 0)
    if act.get("do") not in _DONE:
        return Message.plural("Changed {count:,} enrollment", "Changed {count:,} enrollments", count)
    one, many = _DONE[act["do"]]
    return many(count, {}) if person is None else one.fill(person=person)


# Of one person, and of many.
_Said = tuple[Message, Callable[[int, dict[str, str]], Message]]
_MEMBERS: dict[str, _Said] = {
    "members_add": (
        Message("Added {person} to {group}"),
        lambda n, told: Message.plural(
            "Added {count:,} person to {group}", "Added {count:,} people to {group}", n, **told
        ),
    ),
    "members_remove": (
        Message("Removed {person} from {group}"),
        lambda n, told: Message.plural(
            "Removed {count:,} person from {group}", "Removed {count:,} people from {group}", n, **told
        ),
    ),
    "members_move": (
        Message("Moved {person} from {group} to {other}"),
        lambda n, told: Message.plural(
            "Moved {count:,} person from {group} to {other}",
            "Moved {count:,} people from {group} to {other}",
            n,
            **told,
        ),
    ),
}
_DONE: dict[str, _Said] = {
    "unenroll": (
        Message("Unenrolled {person}"),
        lambda n, told: Message.plural(
            "Unenrolled {count:,} person", "Unenrolled {count:,} people", n, **told
        ),
    ),
    "exclude": (
        Message("Excluded {person}"),
        lambda n, told: Message.plural("Excluded {count:,} person", "Excluded {count:,} people", n, **told),
    ),
    "extend": (
        Message("Changed when {person} is due"),
        lambda n, told: Message.plural(
            "Changed when {count:,} person is due", "Changed when {count:,} people are due", n, **told
        ),
    ),
    "move": (
        Message("Moved {person} to another session"),
        lambda n, told: Message.plural(
            "Moved {count:,} person to another session",
            "Moved {count:,} people to another session",
            n,
            **told,
        ),
    ),
    "suspend": (
        Message("Suspended {person}"),
        lambda n, told: Message.plural("Suspended {count:,} person", "Suspended {count:,} people", n, **told),
    ),
    "resume": (
        Message("Resumed {person}"),
        lambda n, told: Message.plural("Resumed {count:,} person", "Resumed {count:,} people", n, **told),
    ),
}
_TELLERS = {
    "learner": _of_person,
    "group": _of_group,
    **dict.fromkeys(_MEMBERS, _of_members),
    **dict.fromkeys(("option_rename", "option_merge"), _of_option),
    "course_group": _of_class,
    "results": _of_results,
    "enrollments": _of_enrollments,
    "enroll": _of_enrolling,
    "assignments": _of_assignments,
    "enrollment_rule": _of_enrollment_rule,
}
