"""Versions of one rule as somebody sees them: when, by whom, confirmed by which run, and what differs from another one."""

from collections.abc import Callable, Iterable, Mapping, Sequence
from itertools import pairwise
from typing import Any

import msgspec

from backend.database import any_of
from backend.index import FacetIndex
from backend.index.steps import Steps
from backend.index.time_slices import TimeSlice
from backend.rules import InvalidRule, Rule, convert, depends_on, describe_parts_steps, differences_steps
from backend.rules.differences import said
from backend.rules.sentence_builder import LISTED, Sentence
from backend.rules.sentence_parts import merged
from backend.schemas.audiences import SentencePart
from backend.schemas.base import LARGEST_ID, Page
from backend.schemas.enrollment import rule_versions as wire
from backend.services.access.actor import Actor
from backend.services.audiences.visibility import AudienceScope
from backend.services.errors import NotFound
from backend.services.paging import decode_cursor, page_of
from backend.services.people.learner_lists import visible_among
from backend.services.people.person_names import people
from backend.tables import RuleVersion, Run
from backend.words import Message

_THERE_IS_NONE = Message("This rule has no version {number}.")


class Owner(msgspec.Struct, frozen=True):
    """Whose versions they are: a method's or a segment's, with its rule as it is stored now."""

    method_id: int | None = None
    segment_id: int | None = None
    rule: Any = None
    # Of one whose rule has not changed since versions are kept.
    created_at: Any = None
    created_by: int | None = None


class VersionReader(msgspec.Struct, frozen=True):
    """Who reads versions, and how much of each.

    `seals` and `restores` are asked of a rule that could be read; `restore` is what has to be asked for to have it again.
    """

    actor: Actor
    index: FacetIndex
    scope: AudienceScope
    seals: Callable[[Rule], bool]
    restore: Callable[[Rule], Mapping[str, Any]]
    sees_run: Callable[[Mapping[str, Any]], bool]


def reader_of_all(actor: Actor, index: FacetIndex) -> VersionReader:
    """A platform admin, to whom nothing of a rule is sealed; it is restored as the `rule` of its owner."""
    return VersionReader(
        actor,
        index,
        AudienceScope(None),
        seals=lambda _: False,
        restore=lambda rule: {"rule": rule},
        sees_run=lambda _: True,
    )


class _Shown(msgspec.Struct, frozen=True):
    """A stored version as its reader may see it: `rule` None where it is sealed, or no rule any more."""

    row: dict[str, Any]
    sealed: bool
    rule: Rule | None


async def list_versions(
    reader: VersionReader, owner: Owner, *, limit: int, cursor: str | None
) -> Page[wire.RuleVersion]:
    """Its versions, the latest first, each with what differs from the one before it."""
    (before,) = decode_cursor(cursor, tuple[int]) or (LARGEST_ID,)
    rows = (
        await _select(owner)
        .where(RuleVersion.number < before)
        .order_by(RuleVersion.number, ascending=False)
        .limit(limit + 1)
    )
    total = await RuleVersion.count().where(_of(owner))
    if not total and owner.rule is not None:
        rows, total = [_unkept(owner)], 1
    # The one too many is what the last one is compared with.
    shown = [_seen(reader, row) for row in rows]
    told = await _Telling.of(reader, owner, shown)
    time_slice = TimeSlice()
    found = {
        one.row["number"]: await told.version(one, older, time_slice)
        for one, older in zip(shown[:limit], [*shown[1:], None], strict=False)
    }
    return page_of(rows, limit, total, item=lambda row: found[row["number"]], key=lambda row: [row["number"]])


async def get_version(
    reader: VersionReader, owner: Owner, number: int, against: int | None
) -> wire.RuleVersionDetail:
    """One version with what differs from the one before it, or from `against`. Raises `NotFound`."""
    if not 0 < number <= LARGEST_ID:
        raise NotFound(_THERE_IS_NONE.fill(number=number))
    other = number - 1 if against is None else against
    rows = {
        row["number"]: row for row in await _select(owner).where(any_of(RuleVersion.number, [number, other]))
    }
    if number == 1 and not rows and owner.rule is not None:
        rows = {1: _unkept(owner)}
    for asked in (number, against):
        if asked is not None and asked not in rows:
            raise NotFound(_THERE_IS_NONE.fill(number=asked))
    shown = {one: _seen(reader, row) for one, row in rows.items()}
    told = await _Telling.of(reader, owner, list(shown.values()))
    one = shown[number]
    version = await told.version(one, shown.get(other), TimeSlice())
    restore = dict(reader.restore(one.rule)) if version.restorable and one.rule is not None else None
    return wire.RuleVersionDetail(
        **{name: getattr(version, name) for name in wire.RuleVersion.__struct_fields__},
        rule=one.rule,
        restore=msgspec.to_builtins(restore),
    )


def _of(owner: Owner) -> Any:
    if owner.method_id is not None:
        return RuleVersion.method_id == owner.method_id
    return RuleVersion.segment_id == owner.segment_id


def _select(owner: Owner) -> Any:
    return RuleVersion.select().where(_of(owner))


def _unkept(owner: Owner) -> dict[str, Any]:
    """The rule that there was when versions were begun, and still is."""
    return {
        "number": 1,
        "rule": owner.rule,
        "at": owner.created_at,
        "by_id": owner.created_by,
        "run_id": None,
    }


def _seen(reader: VersionReader, row: dict[str, Any]) -> _Shown:
    try:
        rule = convert(row["rule"])
    except InvalidRule:
        # What cannot be read as a rule cannot be shown to be open.
        return _Shown(row, reader.scope.groups is not None, None)
    if reader.seals(rule):
        return _Shown(row, True, None)
    return _Shown(row, False, reader.scope.opened(rule, reader.index))


class _Telling(msgspec.Struct, frozen=True):
    """What several versions are told with, asked for once."""

    reader: VersionReader
    current: int
    people: dict[int, Any]
    names: dict[int, str]
    hidden: frozenset[int]
    runs: dict[int, dict[str, Any]]

    @classmethod
    async def of(cls, reader: VersionReader, owner: Owner, shown: Sequence[_Shown]) -> "_Telling":
        actor, index = reader.actor, reader.index
        latest = await _select(owner).order_by(RuleVersion.number, ascending=False).first()
        named = _people_named(reader, shown)
        by = {one.row["by_id"] for one in shown if one.row["by_id"] is not None}
        seen = await visible_among(actor, sorted(by))
        known = {person.id: person for person in await people(sorted(seen | named))}
        run_ids = sorted({one.row["run_id"] for one in shown if one.row["run_id"] is not None})
        columns = (Run.id, Run.cause, Run.session_id, Run.actor_id)
        rows = await Run.select(*columns).where(any_of(Run.id, run_ids)) if run_ids else []
        return cls(
            reader,
            current=1 if latest is None else latest["number"],
            people={one: known[one] for one in seen if one in known},
            names={one: person.full_name for one, person in known.items() if one in named},
            hidden=reader.scope.hidden(index, index.groups),
            runs={row["id"]: row for row in rows if reader.sees_run(row)},
        )

    async def version(self, one: _Shown, older: _Shown | None, time_slice: TimeSlice) -> wire.RuleVersion:
        """One version, compared with an older one where there is one."""
        row, reader = one.row, self.reader
        run = None if one.sealed else self.runs.get(row["run_id"] or 0)
        current = row["number"] == self.current
        sentence = difference = None
        if one.rule is not None:
            sentence = await reader.index.sliced(lambda: self._sentence_steps(one), time_slice)
            if older is not None and older.rule is not None:
                difference = await reader.index.sliced(lambda: self._difference_steps(older, one), time_slice)
        return wire.RuleVersion(
            number=row["number"],
            at=row["at"],
            by=None if one.sealed else self.people.get(row["by_id"] or 0),
            run_id=None if run is None else run["id"],
            cause=None if run is None else run["cause"],
            current=current,
            sealed=one.sealed,
            sentence=sentence,
            against=None if older is None else older.row["number"],
            difference=difference,
            restorable=not current and one.rule is not None and bool(reader.restore(one.rule)),
        )

    def _sentence_steps(self, one: _Shown) -> Steps[str]:
        assert one.rule is not None  # noqa: S101 - asked of those alone
        reader = self.reader
        parts = yield from describe_parts_steps(
            one.rule, reader.index, reader.actor.reads, people=self.names, sealed=self.hidden
        )
        return "".join(part.text for part in parts)

    def _difference_steps(self, older: _Shown, one: _Shown) -> Steps[list[wire.RuleDifference]]:
        assert older.rule is not None and one.rule is not None  # noqa: S101, PT018 - likewise
        reader = self.reader
        say = Sentence(reader.index, reader.actor.reads, self.names, self.hidden)
        found = yield from differences_steps(older.rule, one.rule, say)
        return [
            wire.RuleDifference(
                change=each.change,
                part=each.part,
                path=each.path,
                sentence=said(each),
                parts=[
                    SentencePart(text=part.text, kind=part.kind, id=part.id, path=part.path)
                    for part in merged(each.parts)
                ],
            )
            for each in found
        ]


def _people_named(reader: VersionReader, shown: Sequence[_Shown]) -> frozenset[int]:
    """Whose names the versions and what differs between them mention; managers' are for admins alone."""
    found: set[int] = set()
    rules = [one.rule for one in shown if one.rule is not None]
    for rule in rules if reader.actor.is_admin else ():
        in_blocks = Rule(rule.blocks)
        found |= {dependency.id for dependency in depends_on(in_blocks) if dependency.kind == "learner"}
    for newer, older in pairwise(rules):
        for one, other in ((newer, older), (older, newer)):
            found.update(_first_beyond(one.include, other.include))
            found.update(_first_beyond(one.exclude, other.exclude))
    return frozenset(found)


def _first_beyond(one: Iterable[int], other: Iterable[int]) -> list[int]:
    gone = set(other)
    return [learner for learner in one if learner not in gone][:LISTED]
