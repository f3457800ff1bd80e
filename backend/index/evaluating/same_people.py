"""Which audiences hold exactly the same people as a rule does.

Ten thousand rules are not evaluated for that. Whom a dynamic method holds is in the index already, kept by the reconciler, and differs
from the people of its rule by those only who are blocked or left out of its session: three sizes and two intersections say of nearly
every method that it cannot be the same. What is left, a handful, is evaluated, so that nothing is claimed that is not so. The people of
a segment are remembered like those of any filter, until a fact that they rest on changes.

Measured with 10,000 methods and 1,000,000 learners: see docs/decisions/0062-the-same-people-and-jumps.md.
"""

from collections.abc import Iterable
from datetime import date
from typing import TYPE_CHECKING, NamedTuple

from pyroaring import BitMap

from backend.enrollment.follow_modes import is_plain
from backend.enrollment.method_kinds import enrolls
from backend.index.errors import BrokenRule
from backend.index.steps import Steps
from backend.rules import Block, Rule, SegmentFilter, segments_of

if TYPE_CHECKING:
    from backend.index.facet_index import FacetIndex
    from backend.index.facts.structure_rows import Method

# Two rules that hold nobody, or two or three people, do so by chance: that says nothing about what they are for, and most drafts
# pass through such a state while they are typed.
FEWEST_PEOPLE = 5
# Methods whose sizes are compared in one step: a tenth of a millisecond to a few.
COMPARED_AT_ONCE = 64
# Rules that are evaluated for one question. Of so many that the sizes do not tell apart, most are the same.
MOST_EVALUATED = 50
# What is told: who has ten others of the same people needs no eleventh.
MOST_FOUND = 10


class SamePeople(NamedTuple):
    """Methods and segments, by id in order."""

    methods: list[int]
    segments: list[int]


def same_people_steps(
    index: "FacetIndex", rule: Rule, day: date, methods: Iterable[int], segments: Iterable[int]
) -> Steps[SamePeople]:
    """Those of the live, dynamic `methods` and of the `segments` whose rule holds the same people as `rule` on `day`.

    A snapshot is no audience that goes on: that it has the same people today says nothing of tomorrow. Whoever names a segment that `rule`
    names, too, follows the same definition already, and so does the segment itself. Raises `BrokenRule` for `rule` alone.
    """
    people = yield from index.evaluate_steps(rule, day)
    found = SamePeople([], [])
    if len(people) < FEWEST_PEOPLE:
        return found
    shared = segments_of(rule)
    for segment_id in segments:
        if segment_id in shared or len(found.segments) == MOST_FOUND:
            continue
        asked = Rule([Block(everyone=True, filters=[SegmentFilter(segments=[segment_id])])])
        if (yield from _holds_steps(index, asked, people, day)):
            found.segments.append(segment_id)
        yield
    likely = yield from _likely_steps(index, people, day, methods, shared)
    for method in likely[:MOST_EVALUATED]:
        assert method.rule is not None  # noqa: S101 - that is what it was chosen by
        if len(found.methods) < MOST_FOUND and (yield from _holds_steps(index, method.rule, people, day)):
            found.methods.append(method.id)
        yield
    return found


def _holds_steps(index: "FacetIndex", rule: Rule, people: BitMap, day: date) -> Steps[bool]:
    try:
        return (yield from index.evaluate_steps(rule, day)) == people
    except BrokenRule:
        # It holds nobody knows whom: that is not the same.
        return False


def _likely_steps(
    index: "FacetIndex", people: BitMap, day: date, methods: Iterable[int], shared: frozenset[int]
) -> Steps[list["Method"]]:
    found = []
    for number, method_id in enumerate(methods):
        if number % COMPARED_AT_ONCE == 0:
            yield
        method = index.methods.get(method_id)
        if method is not None and is_comparable(method) and _may_hold(index, method, people, day):
            found.append(method)
    # Looked at here, of few: which segments a rule names takes longer than comparing sizes.
    return [one for one in found if one.rule is not None and shared.isdisjoint(segments_of(one.rule))]


def is_comparable(method: "Method") -> bool:
    """Whether the method keeps an audience true of which the index knows the people."""
    return (
        method.dynamic
        and method.active
        and method.state == "live"
        and method.rule is not None
        and enrolls(method.kind)
        and is_plain(method)
    )


def _may_hold(index: "FacetIndex", method: "Method", people: BitMap, day: date) -> bool:
    """Whether whom the method holds, with whom it might hold, can be `people`."""
    held = index.source_holders(method.id)
    missing = len(index.blocked_people(method.id)) + len(index.excluded(method.session_id, day))
    if len(held) + missing < len(people):
        return False
    counting = held.intersection_cardinality(index.countable)
    if not counting <= len(people) <= counting + missing:
        return False
    return held.intersection_cardinality(people) == counting
