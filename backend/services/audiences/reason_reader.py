"""The one place where a reason is told: for one reader, in their language, with what they may know and nothing else."""

from datetime import date
from typing import Any

from msgspec import Struct

from backend.database.stored_json import stored_as, stored_object
from backend.enrollment.causes import WORDS, Cause, cause_of
from backend.index import FacetIndex
from backend.index.facts.structure_rows import Method
from backend.rules.field_types import parse_day
from backend.rules.value_words import day_in_words, language_in_words, number_in_words
from backend.schemas.enrollment.reasons import Reason
from backend.services.access.actor import Actor
from backend.services.audiences.visibility import AudienceScope, reading_scope
from backend.words import spoken_language

# These say what somebody did, which is no secret of those who see that it was done.
ACTS = frozenset({
    "by_hand", "excluded", "moved", "paused", "confirmed", "self", "imported", "approved", "undone", "method_removed", "checked", "kept", "unknown", "day",
})  # fmt: skip


class ReasonReader(Struct, frozen=True):
    """Somebody who reads reasons. Equal readers read the same, so what is told to many is told once for all that are equal."""

    language: str
    sight: AudienceScope
    # Whose own reasons they are, where people read their own.
    own: int | None = None

    def sees(self, index: FacetIndex, learner_id: int) -> bool:
        """Whether the person's own facts are open to the reader, as they are one by one."""
        sight = self.sight
        if (
            sight.groups is None
            or learner_id == self.own
            or any(learner_id in index.members(group) for group in sight.groups)
        ):
            return True
        return any(index.enrollment_state(session, learner_id) for session in sight.sessions) or (
            sight.manager is not None and learner_id in sight.team(index)
        )

    def seals(self, index: FacetIndex, method_id: int | None) -> bool:
        """Whether the method is sealed to the reader; one that is gone is, to all but admins."""
        if method_id is None or self.sight.groups is None:
            return False
        method = index.methods.get(method_id)
        if self.own is not None:
            return method is None or not method.visible
        return method is None or self.sight.seals_index_method(method, index)

    def tell(
        self,
        index: FacetIndex,
        stored: Any,
        *,
        method_id: int | None,
        learner_id: int,
        by: str | None = None,
    ) -> Reason | None:
        """What a run recorded as the reason of what it did to the person; None where it recorded none.

        What is `stored` but cannot be read is unknown. `by`: the name of who did it, where the run is an act of somebody.
        """
        if not stored:
            return None
        recorded = stored_object(stored)
        if recorded is None:
            return self.of_act("unknown")
        cause = cause_of(recorded)
        if cause in ACTS:
            return self.of_act(cause, stored_as(recorded.get("text"), str | None, None), by)
        old, new, ref = (
            recorded.get("old"),
            recorded.get("new"),
            stored_as(recorded.get("ref"), int | None, None),
        )
        if self.seals(index, method_id) or not self._may_read(index, cause, ref, learner_id):
            return self.of_act("another_method")
        told = stored_as(recorded.get("name"), str | None, None) if self.sight.groups is None else None
        name = self._name(index, cause, ref) or told
        return Reason(
            cause=cause,
            sentence=self._sentence(index, cause, ref, name, old, new),
            ref=ref,
            name=name,
            old=old,
            new=new,
            facet=str(recorded.get("facet", "")),
        )

    def of_act(self, cause: Cause, note: str | None = None, by: str | None = None) -> Reason:
        """What somebody did, or how it stands, with the words they gave, and who did it: that admins alone are told, who may see everybody."""
        named = f"{cause}.by" if by and self.sight.groups is None and f"{cause}.by" in WORDS else cause
        key = f"{named}.note" if note and f"{named}.note" in WORDS else named
        if self.own is not None and f"{cause}.own" in WORDS:
            key = f"{cause}.own"
        sentence = WORDS[key].render(self.language, note=note, by=by)
        facet = "" if cause == "another_method" else cause
        return Reason(cause=cause, sentence=sentence, note=note or None, facet=facet, text=note or None)

    def elsewhere(self, index: FacetIndex, session_id: Any) -> Reason:
        """Enrolled in another session of the activity: named where the reader sees who is in it."""
        session = index.sessions.get(session_id) if isinstance(session_id, int) else None
        if session is None or not self.sight.views(session.id, index):
            sentence = WORDS["enrollment"].render(self.language, name=WORDS["session"])
            return Reason(cause="other_session", sentence=sentence, facet="other_session")
        return Reason(
            cause="other_session",
            sentence=WORDS["other_session"].render(self.language, name=session.name),
            ref=session.id,
            name=session.name,
            facet="other_session",
        )

    def barred(self, method: Method, returns_on: date | None) -> Reason:
        """They left the method, and it does not take them back before that day, or never. For whoever may know of the method."""
        key = "returns" if returns_on else "returns.never"
        day = "" if returns_on is None else returns_on.isoformat()
        sentence = WORDS[key if method.name else f"{key}.unnamed"].render(
            self.language, name=method.name, day=day and day_in_words(day, spoken_language(self.language))
        )
        return Reason(
            cause="returns",
            sentence=sentence,
            ref=method.id,
            name=method.name or None,
            new=day or None,
            facet="returns",
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
            isinstance(ref, int) and self.sight.views(ref, index)
        ):
            return False
        return cause.endswith(("_moved", "_changed")) or self.sees(index, learner_id)

    def _is_unnamed(self, index: FacetIndex, ref: Any) -> bool:
        known = isinstance(ref, int) and index.find_group(ref) is not None
        return not known or bool(self.sight.hidden(index, [ref]))

    def _name(self, index: FacetIndex, cause: Cause, ref: Any) -> str | None:
        if not isinstance(ref, int):
            return None
        found: Any
        match cause:
            case "membership" | "group_moved":
                found = index.groups.get(ref)
            case "field" | "field_changed":
                found = index.fields.get(ref)
            case "result" | "activity_changed":
                found = index.activities.get(ref)
            case "award" | "certificate_changed":
                found = index.certificates.get(ref)
            case "enrollment" | "session_changed":
                found = index.sessions.get(ref)
            case "segment_changed":
                found = index.segments.get(ref)
            case _:
                found = None
        return getattr(found, "name", None) or getattr(found, "title", None)

    def _sentence(  # noqa: PLR0913, PLR0917 - the parts of one sentence
        self, index: FacetIndex, cause: Cause, ref: Any, name: str | None, old: Any, new: Any
    ) -> str:
        key: str = cause
        if f"{cause}.gone" in WORDS and (new is None or (cause == "enrollment" and _state(new) == "expired")):
            key = f"{cause}.gone"
        elif cause == "membership" and old is not None:
            key = "membership.role"
        return WORDS[key].render(
            self.language, name=name or WORDS["unnamed"], new=self._value(index, cause, ref, new)
        )

    def _value(self, index: FacetIndex, cause: Cause, ref: Any, value: Any) -> str:
        shown = _state(value)
        if shown is None:
            return WORDS["empty"]
        if isinstance(shown, bool):
            return WORDS["yes" if shown else "no"]
        spoken = spoken_language(self.language)
        if cause == "language":
            return language_in_words(str(shown), spoken)
        if cause == "until":
            return _field_value(shown, "date", spoken)
        if cause == "field":
            field = index.fields.get(ref) if isinstance(ref, int) else None
            return _field_value(shown, "text" if field is None else field.type, spoken)
        return WORDS.get(str(shown), str(shown))


def _field_value(value: Any, type_: str, language: str) -> str:
    if type_ == "date" and parse_day(value) is not None:
        return day_in_words(value, language)
    return number_in_words(value, language) if isinstance(value, int | float) else str(value)


def _state(value: Any) -> Any:
    """A fact's value, or of several the first, which is its state."""
    return (value[0] if value else None) if isinstance(value, list) else value


async def reader_of(actor: Actor) -> ReasonReader:
    """The actor as a reader of reasons."""
    return ReasonReader(actor.reads, await reading_scope(actor))
