"""A rule as one sentence, in parts, so that every noun in it can be a link."""

import re
from collections.abc import Callable, Collection, Iterable, Mapping, Sequence
from typing import Any

import msgspec

from backend.rules import wording
from backend.rules.field_types import parse_day
from backend.rules.names import Names
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
    return _merged(_Describer(names, language, people or {}, sealed, discreet=discreet).rule(rule))


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

    def rule(self, rule: Rule) -> Parts:
        audiences = [self.block(block) for block in rule.blocks]
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

    def block(self, block: Block) -> Parts:
        if block.everyone:
            said = [self.word("everyone")]
        else:
            key = "groups" if block.subgroups else "groups.direct"
            said = self.filled(key, groups=self.listed([self.group(group) for group in block.groups], "or"))
        if block.filters:
            said = [*said, Part(" "), *self.joined([self.filter(found) for found in block.filters], "and")]
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
                paths = [self.titled("activity", self.names.find_activity, path) for path in found.paths]
                return self.standing(f"path_result.{found.status}", paths, found.match)
            case CertificateFilter():
                return self.certificate(found)
            case AllFilter() | AnyFilter() | NoneFilter():
                return self.nested(found)
            case _:
                return self.membership(found)

    def membership(self, found: GroupFilter | LanguageFilter | ManagerFilter | SegmentFilter) -> Parts:
        match found:
            case GroupFilter():
                key = "group" if found.subgroups else "group.direct"
                named = [self.group(group) for group in found.groups]
            case LanguageFilter():
                key = "language"
                known = wording.LANGUAGES[self.language]
                named = [Part(known.get(code, code)) for code in found.values]
            case ManagerFilter():
                key = "manager.indirect" if found.indirect else "manager"
                named = [self.person(learner_id) for learner_id in found.managers]
            case _ if self.discreet:
                return [self.word(f"segment.{found.op}.discreet")]
            case _:
                key = "segment"
                named = [self.segment(segment_id) for segment_id in found.segments]
        kind, _, variant = key.partition(".")
        return self.filled(".".join(filter(None, (kind, found.op, variant))), any=self.listed(named, "or"))

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
        values = [self.value(value, kind) for value in found.values]
        return self.filled(
            key if key in self.words else f"field.{found.op}",
            field=[named],
            any=self.listed(values, "or"),
            all=self.span(values, dated=kind == "date"),
        )

    def added(self, found: AddedFilter) -> Parts:
        days = [self.value(value, "date") for value in found.values]
        return self.filled(f"added.{found.op}", any=days, days=days, all=self.span(days, dated=True))

    def certificate(self, found: CertificateFilter) -> Parts:
        certificates = [
            self.titled("certificate", self.names.find_certificate, reference)
            for reference in found.certificates
        ]
        days = EXPIRING_DAYS_DEFAULT if found.days is None else found.days
        return self.standing(
            f"certificate.{found.status}",
            certificates,
            found.match,
            days=[Part(wording.number_in_words(days, self.language))],
        )

    def standing(self, key: str, named: Parts, match: str, **slots: Sequence[Part]) -> Parts:
        """What is asked of each of several; where that is a negation, "or" and "and" would leave open which is meant."""
        of_several = f"{key}.{match}"
        if len(named) > 1 and of_several in self.words:
            return self.filled(of_several, each=self.listed(named, "comma"), **slots)
        return self.filled(key, match=self.matched(named, match), **slots)

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

    def matched(self, named: Parts, match: str) -> Parts:
        return self.listed(named, "or" if match == "any" else "and")

    def span(self, ends: Parts, *, dated: bool) -> Parts:
        if dated and self.language == "fr":
            ends = [*ends[:1], *(Part(f"le {end.text}") for end in ends[1:])]
        return self.listed(ends, "and")

    def listed(self, named: Parts, last: str) -> Parts:
        if len(named) > LISTED:
            rest = wording.number_in_words(len(named) - LISTED + 1, self.language)
            named = [*named[: LISTED - 1], Part(self.words["more"].format(count=rest))]
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
