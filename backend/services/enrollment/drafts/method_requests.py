"""What a method is to become: what was asked, on top of what it is, checked as a whole before anything is planned."""

from collections.abc import Iterator
from typing import Any

import msgspec
from msgspec import UNSET

from backend.enrollment import follow_modes
from backend.enrollment.method_kinds import METHOD_KINDS, of_session
from backend.enrollment.method_kinds.kind import UnusedPart
from backend.index import FacetIndex
from backend.rules import Rule, nobody_unsaid, resolve_steps
from backend.schemas.enrollment import MethodKind
from backend.schemas.enrollment.methods import Policy
from backend.schemas.problem import Mistake
from backend.services.enrollment.drafts.circular_enrollment import circle_problems
from backend.services.enrollment.drafts.method_drafts import MethodDraft
from backend.services.enrollment.drafts.unused_fields import find_unused_fields
from backend.services.errors import Invalid
from backend.tables import CourseGroup
from backend.words import Message


def merge_request(base: MethodDraft, policy: Policy, kind: MethodKind | None = None) -> MethodDraft:
    """`base` with what was asked for put in place. Raises `Invalid` for what does not fit the kind; the rest is not checked yet."""
    _refuse_of_session(kind or base.kind)
    given = {
        name: value for name in Policy.__struct_fields__ if (value := getattr(policy, name)) is not UNSET
    }
    if isinstance(policy.rule, Rule):
        given = {**METHOD_KINDS[kind or base.kind].told_by_rule(policy.rule), **given}
    if kind is not None:
        given["kind"] = kind
    if base.id == 0 and policy.dynamic is UNSET:
        given["dynamic"] = METHOD_KINDS[kind or base.kind].is_dynamic
    for name, value in METHOD_KINDS[kind or base.kind].defaults.items():
        if given.get(name, getattr(base, name)) is None:
            given[name] = value
    given |= _due_otherwise(given)
    given |= _following(base, given)
    draft = msgspec.structs.replace(base, **given)
    if draft.kind == "chain" and base.rule is not None and not (draft.rule and draft.rule.blocks):
        # Since when it counts stays as it is.
        kept = draft.rule or Rule()
        draft = msgspec.structs.replace(draft, rule=msgspec.structs.replace(kept, blocks=base.rule.blocks))
    if problems := find_unused_fields(policy, draft.kind, draft):
        raise _invalid(problems)
    return draft


# The ways to say when it is due.
_DUE = ("due_at", "due_days", "due_field")


def _due_otherwise(given: dict[str, Any]) -> dict[str, Any]:
    """One of the ways to say when it is due replaces the others; without a field there are no days after what it says."""
    said = [name for name in _DUE if given.get(name) is not None]
    replaced: dict[str, Any] = {name: None for name in _DUE if said and name not in given}
    if "due_field" in {**given, **replaced} and {**given, **replaced}["due_field"] is None:
        replaced |= {} if "due_field_days" in given else {"due_field_days": None}
    return replaced


def _refuse_of_session(kind: MethodKind) -> None:
    if of_session(kind):
        message = Message(
            "Whom a session is offered to is said on the session: its catalog, and the rule of that."
        )
        raise Invalid.at("kind", "of_session", message)


def _following(base: MethodDraft, given: dict[str, Any]) -> dict[str, Any]:
    """What of how it follows goes with what was asked: a snapshot follows nothing, and days go with what they belong to."""
    made = msgspec.structs.replace(base, **given)
    if not made.dynamic:
        return {name: plain for name, plain in follow_modes.PLAIN.items() if name not in given}
    if made.reenter != "after_days" and "reenter_days" not in given:
        return {"reenter_days": None}
    return {}


async def validate_draft(draft: MethodDraft, index: FacetIndex) -> MethodDraft:
    """The draft with its rule derived and resolved. Raises `Invalid` with every problem found."""
    problems = list(_shape_problems(draft))
    if problems:
        raise _invalid(problems)
    draft = msgspec.structs.replace(draft, rule=METHOD_KINDS[draft.kind].derived_rule(draft))
    if (unsaid := _nobody_unsaid(draft, index)) is not None:
        raise _invalid([unsaid])
    if draft.rule is not None:
        asked_rule = draft.rule
        rule, found = await index.sliced(lambda: resolve_steps(asked_rule, index))
        problems += [Mistake(path=p.path, code=p.code, message=p.message) for p in found]
        draft = msgspec.structs.replace(draft, rule=rule)
    draft, unknown = with_due_field(draft, index)
    problems += unknown
    problems += await _reference_problems(draft)
    if not problems and draft.dynamic:
        problems += circle_problems(draft, index)
    if problems:
        raise _invalid(problems)
    return draft


def _invalid(problems: list[Mistake]) -> Invalid:
    return Invalid.about(problems, told=1)


def _shape_problems(draft: MethodDraft) -> list[Mistake]:
    found: list[Mistake] = []
    kind = METHOD_KINDS[draft.kind]

    def refuse(path: str, code: str, message: Message) -> None:
        found.append(Mistake(path=path, code=code, message=message))

    if not kind.is_available:
        refuse("kind", "not_supported", Message("Methods of kind {kind} cannot be made yet.", kind=kind.noun))
    if draft.hand_picked and not draft.active:
        message = Message(
            "The hand-picked method of a session stays on: unenroll its people, or delete it with or without them."
        )
        refuse("active", "hand_picked", message)
    if kind.by_name and draft.dynamic:
        refuse(
            "dynamic", "by_name", Message("People chosen one by one cannot follow a rule: use an audience.")
        )
    if kind.only_dynamic and not draft.dynamic:
        message = Message("A method of kind {kind} always follows changes: leave this out.", kind=kind.noun)
        refuse("dynamic", "always", message)
    following = follow_modes.mistakes(draft, dynamic=draft.dynamic)
    for part in (*kind.mistakes(draft), *_due_mistakes(draft), *following):
        refuse(*part)
    if kind.needs is not None and getattr(draft, kind.needs) is None:
        message = Message("A method of kind {kind} needs {path}.", kind=kind.noun, path=kind.needs)
        refuse(kind.needs, "required", message)
    if draft.dynamic and draft.on_leave == "erase":
        message = Message(
            "A dynamic method never erases progress: choose keep or expire. Erasing is an act of its own."
        )
        refuse("on_leave", "dynamic", message)
    return found


def _due_mistakes(draft: MethodDraft) -> Iterator[UnusedPart]:
    said = [name for name in _DUE if getattr(draft, name) is not None]
    if len(said) > 1:
        message = Message("Give a due date, a number of days, or a field with a date: one of these.")
        yield UnusedPart(said[1], "either_or", message)
    if draft.due_field_days is not None and draft.due_field is None:
        message = Message("Days after a date need the field that has it: give `due_field`, too.")
        yield UnusedPart("due_field_days", "unused", message)


def _nobody_unsaid(draft: MethodDraft, index: FacetIndex) -> Mistake | None:
    """A rule without anybody ends the access of all whom the method holds, so it is said in so many words."""
    says = METHOD_KINDS[draft.kind].says_nobody
    if draft.rule is None or draft.hand_picked or says == "never":
        return None
    if says == "once_held" and not (draft.id and index.sources(draft.id)):
        # A list that nobody has been put on yet.
        return None
    unsaid = nobody_unsaid(draft.rule)
    return None if unsaid is None else Mistake(path=unsaid.path, code=unsaid.code, message=unsaid.message)


def with_due_field(draft: MethodDraft, index: FacetIndex) -> tuple[MethodDraft, list[Mistake]]:
    """With the id of the field by which it is due, and what is wrong with that."""
    if draft.due_field is None:
        return draft, []
    field = index.find_field(draft.due_field)
    if field is None:
        return draft, [Mistake(path="due_field", code="unknown", message=Message("There is no such field."))]
    if field.type != "date":
        message = Message("“{name}” holds no dates: choose a field of type date.", name=field.name)
        return draft, [Mistake(path="due_field", code="type", message=message)]
    days = 0 if draft.due_field_days is None else draft.due_field_days
    return msgspec.structs.replace(draft, due_field=field.id, due_field_days=days), []


async def _reference_problems(draft: MethodDraft) -> list[Mistake]:
    """Ids that the database would refuse, said with their place instead."""
    found: list[Mistake] = []
    if draft.course_group_id is not None and not await CourseGroup.exists().where(
        CourseGroup.id == draft.course_group_id, CourseGroup.session_id == draft.session_id
    ):
        found.append(
            Mistake(
                path="course_group_id",
                code="unknown",
                message=Message("This session has no such class."),
            )
        )
    return found
