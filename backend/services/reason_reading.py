"""The one place where a reason is told: for one reader, in their language, with what they may know and nothing else."""

from collections.abc import Mapping
from typing import Any

from msgspec import Struct

from backend.enrollment.causes import Cause, cause_of, words_for
from backend.index import FacetIndex
from backend.rules import wording
from backend.rules.field_types import parse_day
from backend.schemas.enrolling.reasons import Reason
from backend.services.actor import Actor
from backend.services.sealing import Sight, reading_sight

# These say what somebody did, which is no secret of those who see that it was done.
ACTS = frozenset({
    "by_hand", "confirmed", "self", "imported", "approved", "undone", "method_removed", "checked", "kept", "unknown", "day",
})  # fmt: skip


class ReasonReader(Struct, frozen=True):
    """Somebody who reads reasons. Equal readers read the same, so what is told to many is told once for all that are equal."""

    language: str
    sight: Sight
    # Whose own reasons they are, where people read their own.
    own: int | None = None

    def sees(self, index: FacetIndex, learner_id: int) -> bool:
        """Whether the person's own facts are open to the reader, as they are one by one."""
        sight, facts = self.sight, index.facts
        if (
            sight.groups is None
            or learner_id == self.own
            or any(learner_id in facts.members(group) for group in sight.groups)
        ):
            return True
        sessions = (facts.enrollments.get(session) for session in sight.sessions)
        return any(found is not None and learner_id in found.states.present for found in sessions) or (
            sight.manager is not None and learner_id in sight.team(index)
        )

    def seals(self, index: FacetIndex, method_id: int | None) -> bool:
        """Whether the method is sealed to the reader; one that is gone is, to all but admins."""
        if method_id is None or self.sight.groups is None:
            return False
        method = index.structure.methods.get(method_id)
        if self.own is not None:
            return method is None or not method.visible
        return method is None or self.sight.seals_index_method(method, index.structure)

    def tell(
        self, index: FacetIndex, recorded: Mapping[str, Any] | None, *, method_id: int | None, learner_id: int
    ) -> Reason | None:
        """What a run recorded as the reason of what it did to the person; None where it recorded none."""
        if not recorded:
            return None
        cause = cause_of(dict(recorded))
        if cause in ACTS:
            return self.of_act(cause, recorded.get("text"))
        if self.seals(index, method_id) or not self._may_read(index, cause, recorded.get("ref"), learner_id):
            return self.of_act("another_method")
        old, new, ref = recorded.get("old"), recorded.get("new"), recorded.get("ref")
        name = self._name(index, cause, ref) or (recorded.get("name") if self.sight.groups is None else None)
        return Reason(
            cause=cause,
            sentence=self._sentence(index, cause, ref, name, old, new),
            ref=ref,
            name=name,
            old=old,
            new=new,
            facet=str(recorded.get("facet", "")),
        )

    def of_act(self, cause: Cause, note: str | None = None) -> Reason:
        """What somebody did, or how it stands, with the words they gave."""
        words = words_for(self.language)
        sentence = (
            words[f"{cause}.note"].format(note=note) if note and f"{cause}.note" in words else words[cause]
        )
        facet = "" if cause == "another_method" else cause
        return Reason(cause=cause, sentence=sentence, note=note or None, facet=facet, text=note or None)

    def elsewhere(self, index: FacetIndex, session_id: int | None) -> Reason:
        """Enrolled in another session of the activity: named where the reader sees who is in it."""
        words = words_for(self.language)
        session = None if session_id is None else index.structure.sessions.get(session_id)
        if session is None or not self.sight.views(session.id, index.structure):
            sentence = words["enrollment"].format(name=words["session"])
            return Reason(cause="other_session", sentence=sentence, facet="other_session")
        return Reason(
            cause="other_session",
            sentence=words["other_session"].format(name=session.name),
            ref=session.id,
            name=session.name,
            facet="other_session",
        )

    # ── parts ────────────────────────────────────────────────────────────────────────────────────────────────────

    def _may_read(self, index: FacetIndex, cause: Cause, ref: Any, learner_id: int) -> bool:
        groups = self.sight.groups
        if groups is None:
            return True
        if cause == "membership" and ref in groups:
            # Of groups that one leads one knows who comes and goes.
            return True
        if cause in {"membership", "group_moved"} and self._is_unnamed(index, ref):
            return False
        if cause in {"enrollment", "session_changed"} and not (
            isinstance(ref, int) and self.sight.views(ref, index.structure)
        ):
            return False
        return cause.endswith(("_moved", "_changed")) or self.sees(index, learner_id)

    def _is_unnamed(self, index: FacetIndex, ref: Any) -> bool:
        known = isinstance(ref, int) and index.find_group(ref) is not None
        return not known or bool(self.sight.hidden(index, [ref]))

    def _name(self, index: FacetIndex, cause: Cause, ref: Any) -> str | None:
        if not isinstance(ref, int):
            return None
        structure = index.structure
        found: Any
        match cause:
            case "membership" | "group_moved":
                found = structure.groups.get(ref)
            case "field" | "field_changed":
                found = structure.fields.get(ref)
            case "result" | "activity_changed":
                found = structure.activities.get(ref)
            case "award" | "certificate_changed":
                found = structure.certificates.get(ref)
            case "enrollment" | "session_changed":
                found = structure.sessions.get(ref)
            case "segment_changed":
                found = structure.segments.get(ref)
            case _:
                found = None
        return getattr(found, "name", None) or getattr(found, "title", None)

    def _sentence(  # noqa: PLR0913, PLR0917 - the parts of one sentence
        self, index: FacetIndex, cause: Cause, ref: Any, name: str | None, old: Any, new: Any
    ) -> str:
        words = words_for(self.language)
        key: str = cause
        if f"{cause}.gone" in words and (new is None or (cause == "enrollment" and _state(new) == "expired")):
            key = f"{cause}.gone"
        elif cause == "membership" and old is not None:
            key = "membership.role"
        return words[key].format(
            name=name or words["unnamed"], new=self._value(index, cause, ref, new, words)
        )

    def _value(self, index: FacetIndex, cause: Cause, ref: Any, value: Any, words: dict[str, str]) -> str:
        shown = _state(value)
        if shown is None:
            return words["empty"]
        if isinstance(shown, bool):
            return words["yes" if shown else "no"]
        spoken, _ = wording.words(self.language)
        if cause == "language":
            return wording.LANGUAGES[spoken].get(str(shown), str(shown))
        if cause == "field":
            field = index.structure.fields.get(ref) if isinstance(ref, int) else None
            return _field_value(shown, "text" if field is None else field.type, spoken)
        return words.get(str(shown), str(shown))


def _field_value(value: Any, type_: str, language: str) -> str:
    if type_ == "date" and parse_day(value) is not None:
        return wording.day_in_words(value, language)
    return wording.number_in_words(value, language) if isinstance(value, int | float) else str(value)


def _state(value: Any) -> Any:
    """A fact's value, or of several the first, which is its state."""
    return (value[0] if value else None) if isinstance(value, list) else value


async def reader_of(actor: Actor) -> ReasonReader:
    """The actor as a reader of reasons."""
    return ReasonReader(actor.reads, await reading_sight(actor))
