"""A rule as one sentence, in parts, so that every noun in it can be a link."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from functools import partial
from typing import Any

import msgspec

from backend.rules import wording
from backend.rules.field_types import parse_day
from backend.rules.names import Names
from backend.rules.stepping import Steps, finish
from backend.rules.tree import (
    EXPIRING_DAYS_DEFAULT,
    AddedFilter,
    AllFilter,
    AnyFilter,
    Block,
    CertificateFilter,
    FieldFilter,
    Filter,
    GroupFilter,
    LanguageFilter,
    ManagerFilter,
    NoneFilter,
    PathResultFilter,
    Rule,
    SegmentFilter,
)

# More names than this in one list are counted, not read.
LISTED = 6
_SLOT = re.compile(r"\{(\w+)\}")


class Part(msgspec.Struct, frozen=True, omit_defaults=True):
    """A piece of the sentence; with `kind` and `id` it is the name of something (group, field, activity, …)."""

    text: str
    kind: str | None = None
    id: int | None = None


Parts = list[Part]
Namer = Callable[[Any], Part]


def describe(  # noqa: PLR0913 - the rule, and what its reader may read
    rule: Rule,
    names: Names,
    language: str = "en",
    *,
    people: Mapping[int, str] | None = None,
    sealed: Collection[int] = (),
    discreet: bool = False,
) -> str:
    """The rule as one sentence; see `describe_parts`."""
    parts = describe_parts(rule, names, language, people=people, sealed=sealed, discreet=discreet)
    return "".join(part.text for part in parts)


def describe_parts(  # noqa: PLR0913 - the rule, and what its reader may read
    rule: Rule,
    names: Names,
    language: str = "en",
    *,
    people: Mapping[int, str] | None = None,
    sealed: Collection[int] = (),
    discreet: bool = False,
) -> Parts:
    """The sentence in parts. A broken rule can be described too: what is gone is called so.

    `people` gives names of managers; `sealed` are groups that read "private group". To those who
    organise nothing it is `discreet`: neither segments nor managers are named.
    """
    return finish(
        describe_parts_steps(rule, names, language, people=people, sealed=sealed, discreet=discreet)
    )


def describe_parts_steps(  # noqa: PLR0913 - likewise
    rule: Rule,
    names: Names,
    language: str = "en",
    *,
    people: Mapping[int, str] | None = None,
    sealed: Collection[int] = (),
    discreet: bool = False,
) -> Steps[Parts]:
    """`describe_parts` in steps of a filter."""
    said = yield from _Describer(names, language, people or {}, sealed, discreet=discreet).rule(rule)
    return _merged(said)


def describe_filter(
    found: Filter, names: Names, language: str = "en", *, people: Mapping[int, str] | None = None
) -> str:
    """One filter as a clause, e.g. `whose Location is Paris or Chicago`."""
    return "".join(part.text for part in _Describer(names, language, people or {}, ()).filter(found))


class _Describer:
    def __init__(
        self,
        names: Names,
        language: str,
        people: Mapping[int, str],
        sealed: Collection[int],
        *,
        discreet: bool = False,
    ) -> None:
        self.discreet = discreet
        self.names = names
        self.language, self.words = wording.words(language)
        self.people = people
        self.sealed = sealed

    # ── the rule and its blocks ──────────────────────────────────────────────────────────────────────────────────

    def rule(self, rule: Rule) -> Steps[Parts]:
        audiences: list[Parts] = []
        for block in rule.blocks:
            said = yield from self.block(block)
            audiences.append(said)
        if rule.include:
            audiences.append(self.counted("picked", len(rule.include)))
        if not audiences:
            return [self.word("nobody.said" if rule.nobody else "nobody"), Part(".")]
        sentence = self.joined(audiences, "plus")
        if rule.exclude:
            sentence += [self.word("except"), *self.counted("left_out", len(rule.exclude))]
        first = sentence[0]
        sentence[0] = msgspec.structs.replace(first, text=first.text[:1].upper() + first.text[1:])
        return [*sentence, Part(".")]

    def block(self, block: Block) -> Steps[Parts]:
        if block.everyone:
            said = [self.word("everyone")]
        else:
            key = "groups" if block.subgroups else "groups.direct"
            said = self.filled(key, groups=self.named(self.group, block.groups, "or"))
        if block.filters:
            filters = []
            for found in block.filters:
                filters.append(_merged(self.filter(found)))
                yield
            said = _merged([*said, Part(" "), *self.joined(filters, "and")])
        yield
        return said

    def counted(self, key: str, count: int) -> Parts:
        number = wording.number_in_words(count, self.language)
        return self.filled(f"{key}.one" if count == 1 else f"{key}.many", count=[Part(number)])

    # ── filters ──────────────────────────────────────────────────────────────────────────────────────────────────

    def filter(self, found: Filter) -> Parts:
        match found:
            case FieldFilter():
                return self.field(found)
            case AddedFilter():
                return self.added(found)
            case PathResultFilter():
                name = partial(self.titled, "activity", self.names.find_activity)
                return self.standing(f"path_result.{found.status}", name, found.paths, found.match)
            case CertificateFilter():
                return self.certificate(found)
            case AllFilter() | AnyFilter() | NoneFilter():
                return self.nested(found)
            case _:
                return self.membership(found)

    def membership(self, found: GroupFilter | LanguageFilter | ManagerFilter | SegmentFilter) -> Parts:
        named: Parts
        match found:
            case GroupFilter():
                key = "group" if found.subgroups else "group.direct"
                named = self.named(self.group, found.groups, "or")
            case LanguageFilter():
                key = "language"
                named = self.named(self.spoken, found.values, "or")
            case ManagerFilter():
                key = "manager.indirect" if found.indirect else "manager"
                named = self.named(self.person, found.managers, "or")
            case _ if self.discreet:
                return [self.word(f"segment.{found.op}.discreet")]
            case _:
                key = "segment"
                named = self.named(self.segment, found.segments, "or")
        kind, _, variant = key.partition(".")
        return self.filled(".".join(filter(None, (kind, found.op, variant))), any=named)

    def nested(self, found: AllFilter | AnyFilter | NoneFilter) -> Parts:
        inner = [self.filter(one) for one in found.of]
        if isinstance(found, NoneFilter):
            return [self.word("none"), *self.joined(inner, "none.next"), self.word("close")]
        word = "and" if isinstance(found, AllFilter) else "or"
        return [self.word("open"), *self.joined(inner, word), self.word("close")]

    def field(self, found: FieldFilter) -> Parts:
        field = self.names.find_field(found.field)
        if field is None:
            named, kind = self.word("field.gone"), ""
        else:
            named, kind = Part(field.name, "field", field.id), field.type
        key = f"field.{kind}.{found.op}"
        name = partial(self.value, kind=kind)
        ends = [name(value) for value in found.values[:2]] if found.op == "between" else []
        return self.filled(
            key if key in self.words else f"field.{found.op}",
            field=[named],
            any=self.named(name, found.values, "or"),
            all=self.span(ends, dated=kind == "date"),
        )

    def added(self, found: AddedFilter) -> Parts:
        days = [self.value(value, "date") for value in found.values[:LISTED]]
        return self.filled(f"added.{found.op}", any=days, days=days, all=self.span(days, dated=True))

    def certificate(self, found: CertificateFilter) -> Parts:
        days = EXPIRING_DAYS_DEFAULT if found.days is None else found.days
        return self.standing(
            f"certificate.{found.status}",
            partial(self.titled, "certificate", self.names.find_certificate),
            found.certificates,
            found.match,
            days=[Part(wording.number_in_words(days, self.language))],
        )

    def standing(
        self, key: str, name: Namer, references: Sequence[Any], match: str, **slots: Sequence[Part]
    ) -> Parts:
        """What is asked of each of several; where that is a negation, "or" and "and" would leave open which is meant."""
        of_several = f"{key}.{match}"
        if len(references) > 1 and of_several in self.words:
            return self.filled(of_several, each=self.named(name, references, "comma"), **slots)
        last = "or" if match == "any" else "and"
        return self.filled(key, match=self.named(name, references, last), **slots)

    # ── nouns and values ─────────────────────────────────────────────────────────────────────────────────────────

    def group(self, reference: int | str) -> Part:
        group = self.names.find_group(reference)
        if group is None:
            return self.word("group.gone")
        if group.id in self.sealed:
            return self.word("private_group")
        return Part(group.name, "group", group.id)

    def titled(self, kind: str, find: Callable[[int | str], Any], reference: int | str) -> Part:
        row = find(reference)
        return self.word(f"{kind}.gone") if row is None else Part(row.title, kind, row.id)

    def segment(self, segment_id: int) -> Part:
        segment = self.names.find_segment(segment_id)
        return self.word("segment.gone") if segment is None else Part(segment.name, "segment", segment.id)

    def person(self, learner_id: int) -> Part:
        if self.discreet:
            return self.word("somebody")
        name = self.people.get(learner_id) or self.words["learner"].format(id=learner_id)
        return Part(name, "learner", learner_id)

    def spoken(self, code: str) -> Part:
        return Part(wording.LANGUAGES[self.language].get(code, code))

    def value(self, value: str | float | bool, kind: str) -> Part:
        if isinstance(value, bool):
            return self.word("yes" if value else "no")
        if isinstance(value, int | float):
            return Part(wording.number_in_words(value, self.language))
        if kind == "date" and parse_day(value) is not None:
            return Part(wording.day_in_words(value, self.language))
        return Part(value)

    # ── putting together ─────────────────────────────────────────────────────────────────────────────────────────

    def word(self, key: str) -> Part:
        return Part(self.words[key])

    def span(self, ends: Parts, *, dated: bool) -> Parts:
        if dated and self.language == "fr":
            ends = [*ends[:1], *(Part(f"le {end.text}") for end in ends[1:])]
        return self.listed(ends, "and")

    def named(self, name: Namer, references: Sequence[Any], last: str) -> Parts:
        """The names of the first ones, and how many more there are: nobody reads thousands."""
        shown = references if len(references) <= LISTED else references[: LISTED - 1]
        parts = [name(reference) for reference in shown]
        if len(references) > LISTED:
            rest = wording.number_in_words(len(references) - LISTED + 1, self.language)
            parts.append(Part(self.words["more"].format(count=rest)))
        return self.listed(parts, last)

    def listed(self, named: Parts, last: str) -> Parts:
        said: Parts = []
        for i, part in enumerate(named):
            if i:
                said.append(self.word(last if i == len(named) - 1 else "comma"))
            said.append(part)
        return said

    def joined(self, clauses: Iterable[Parts], word: str) -> Parts:
        said: Parts = []
        for i, clause in enumerate(clauses):
            if i:
                said.append(self.word(word))
            said += clause
        return said

    def filled(self, key: str, **slots: Sequence[Part]) -> Parts:
        said: Parts = []
        for i, piece in enumerate(_SLOT.split(self.words[key])):
            if i % 2:
                said += slots[piece]
            elif piece:
                said.append(Part(piece))
        return said


def _merged(parts: Parts) -> Parts:
    """Plain text that follows plain text joins it."""
    merged: Parts = []
    for part in parts:
        if merged and merged[-1].kind is None and part.kind is None:
            merged[-1] = Part(merged[-1].text + part.text)
        else:
            merged.append(part)
    return merged
