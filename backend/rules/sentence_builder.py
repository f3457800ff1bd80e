"""What clauses about filters are built with: names of things, lists of them, values, in one reader's language."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any, NamedTuple

from backend.rules import value_words
from backend.rules.field_types import parse_day
from backend.rules.names import FieldName, Names
from backend.rules.sentence_parts import Part, Parts, merged
from backend.words import Message, spoken_language, translate

# More names than this in one list are counted, not read.
LISTED = 6
_SLOT = re.compile(r"\{(\w+)[^}]*\}")

AND = Message(" and ")
OR = Message(" or ")
COMMA = Message(", ")
DELETED_PATH = Message("a deleted path")
DELETED_CERTIFICATE = Message("a deleted certificate")
_DELETED_GROUP = Message("a deleted group")
_DELETED_FIELD = Message("a deleted field")
_DELETED_SEGMENT = Message("a deleted segment")
_PRIVATE_GROUP = Message("private group")
_SOMEBODY = Message("somebody")
_MORE = Message("{count} more")
_YES, _NO = Message("yes"), Message("no")
_DAYS = Message.in_context("days", "{first} and {second}")

Namer = Callable[[Any], Part]


class AskedStanding(NamedTuple):
    """What is asked of each of several things. Negations of several say which is meant: of at least one, or of every one."""

    said: Message
    any_of_several: Message | None = None
    all_of_several: Message | None = None


class Sentence:
    """One reader's words. `people` are names of managers, `sealed` groups that stay unnamed.

    To those who organise nothing it is `discreet`: neither segments nor managers are named.
    """

    def __init__(
        self,
        names: Names,
        language: str,
        people: Mapping[int, str],
        sealed: Collection[int],
        *,
        discreet: bool = False,
    ) -> None:
        self.names = names
        self.language = spoken_language(language)
        self.people = people
        self.sealed = sealed
        self.discreet = discreet
        self._split: dict[int, tuple[Message, list[str]]] = {}

    # ── putting together ─────────────────────────────────────────────────────────────────────────────────────────

    def text(self, message: Message) -> Part:
        """A message without slots."""
        return Part(self._pieces(message)[0])

    def filled(self, message: Message, **slots: Sequence[Part]) -> Parts:
        """A message with parts in its slots; more may be given than it has."""
        said: Parts = []
        for i, piece in enumerate(self._pieces(message)):
            if i % 2:
                said += slots[piece]
            elif piece:
                said.append(Part(piece))
        return said

    def _pieces(self, message: Message) -> list[str]:
        """The message's text around its slots, and these. The same few are said of thousands of filters."""
        held = self._split.get(id(message))
        if held is None:
            # With the message itself: nothing else is given its id meanwhile.
            held = self._split[id(message)] = message, _SLOT.split(message.pattern(self.language))
        return held[1]

    def joined(self, clauses: Iterable[Parts], separator: Message) -> Parts:
        """Clauses one after another."""
        said: Parts = []
        for i, clause in enumerate(clauses):
            if i:
                said.append(self.text(separator))
            said += clause
        return said

    def named(self, name: Namer, references: Sequence[Any], last: Message) -> Parts:
        """The names of the first ones, and how many more there are: nobody reads thousands. `last` stands before the last."""
        shown = references if len(references) <= LISTED else references[: LISTED - 1]
        parts = [name(reference) for reference in shown]
        if len(references) > LISTED:
            rest = self.number(len(references) - LISTED + 1)
            parts += merged(self.filled(_MORE, count=[rest]))
        return self._listed(parts, last)

    def standing(
        self,
        asked: AskedStanding,
        name: Namer,
        references: Sequence[Any],
        match: str,
        **slots: Sequence[Part],
    ) -> Parts:
        """What is asked of each of several; where that is a negation, "or" and "and" would leave open which is meant."""
        of_several = asked.any_of_several if match == "any" else asked.all_of_several
        if len(references) > 1 and of_several is not None:
            return self.filled(of_several, each=self.named(name, references, COMMA), **slots)
        last = OR if match == "any" else AND
        return self.filled(asked.said, match=self.named(name, references, last), **slots)

    def span(self, ends: Parts, *, dated: bool) -> Parts:
        """The two ends of a range."""
        if dated and len(ends) == 2:
            return self.filled(_DAYS, first=ends[:1], second=ends[1:])
        return self._listed(ends, AND)

    def _listed(self, named: Parts, last: Message) -> Parts:
        said: Parts = []
        for i, part in enumerate(named):
            if i:
                said.append(self.text(last if i == len(named) - 1 else COMMA))
            said.append(part)
        return said

    # ── nouns and values ─────────────────────────────────────────────────────────────────────────────────────────

    def group(self, reference: int | str) -> Part:
        """A group by its name, unless that is not for the reader."""
        group = self.names.find_group(reference)
        if group is None:
            return self.text(_DELETED_GROUP)
        if group.id in self.sealed:
            return self.text(_PRIVATE_GROUP)
        return Part(group.name, "group", group.id)

    def field(self, field: FieldName | None) -> Part:
        """A custom field by its name; None is one that is gone."""
        return self.text(_DELETED_FIELD) if field is None else Part(field.name, "field", field.id)

    def titled(self, kind: str, find: Callable[[int | str], Any], deleted: Message, reference: Any) -> Part:
        """Something with a title, or what one says of it when it is gone."""
        row = find(reference)
        return self.text(deleted) if row is None else Part(row.title, kind, row.id)

    def segment(self, segment_id: int) -> Part:
        """A segment by its name."""
        segment = self.names.find_segment(segment_id)
        return self.text(_DELETED_SEGMENT) if segment is None else Part(segment.name, "segment", segment.id)

    def person(self, learner_id: int) -> Part:
        """A person by their name, where the reader may know it."""
        if self.discreet:
            return self.text(_SOMEBODY)
        name = self.people.get(learner_id) or translate(
            Message("learner {id}"), self.language, id=str(learner_id)
        )
        return Part(name, "learner", learner_id)

    def language_name(self, code: str) -> Part:
        """A language by its name."""
        return Part(value_words.language_in_words(code, self.language), "language")

    def number(self, value: float) -> Part:
        """A number as it is written."""
        return Part(value_words.number_in_words(value, self.language))

    def people_count(self, count: int) -> Part:
        """How many people were picked, which leads to them."""
        return Part(self.number(count).text, "people")

    def value(self, value: str | float | bool, field_type: str) -> Part:
        """A value of a field of that type."""
        if isinstance(value, bool):
            text = self.text(_YES if value else _NO).text
        elif isinstance(value, int | float):
            text = self.number(value).text
        elif field_type == "date" and parse_day(value) is not None:
            text = value_words.day_in_words(value, self.language)
        else:
            text = value
        return Part(text, "value")
