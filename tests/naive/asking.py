"""Random rules about the worlds that `making` makes."""

from datetime import date, timedelta
from typing import Any

from hypothesis import strategies as st

from backend.rules import (
    AddedFilter,
    AllFilter,
    AnyFilter,
    AtLeastFilter,
    Block,
    CertificateFilter,
    FieldFilter,
    Filter,
    GroupFilter,
    LanguageFilter,
    ManagerFilter,
    NoneFilter,
    PathResultFilter,
    PersonFilter,
    Rule,
    SegmentFilter,
)
from tests.naive.making import ACTIVITIES, CERTIFICATES, DAY, FIELDS, GROUPS, SEGMENTS, Sizes, learner_ids


def some(values: Any) -> st.SearchStrategy[list[Any]]:
    return st.lists(st.sampled_from(list(values)), min_size=1, max_size=3, unique=True)


days = st.integers(-40, 40).map(lambda ahead: (DAY + timedelta(days=ahead)).isoformat())
memberships = st.sampled_from(["in", "not_in"])
matches = st.sampled_from(["any", "all"])


# Operators told from today, and numbers of days they are asked with.
RELATIVE = {
    "last_days": [1, 2, 30, 31],
    "next_days": [1, 2, 30],
    "in_days": [0, 1, 30, 31],
    "anniversary_within_days": [0, 1, 4, 30, 366],
}


@st.composite
def field_filters(draw: st.DrawFn) -> FieldFilter:
    field = draw(st.sampled_from(list(FIELDS)))
    kind, values = FIELDS[field]
    values = [value for value in values if value != ""]
    ops = ["in", "not_in", "is_set", "is_empty"]
    ops += {"number": ["lt", "lte", "gt", "gte", "between"], "text": ["contains", "starts_with"]}.get(
        kind, []
    )
    ops += ["lt", "lte", "gt", "gte", "between", "today", *RELATIVE] if kind == "date" else []
    op: Any = draw(st.sampled_from(ops))
    if op in ("is_set", "is_empty", "today"):
        return FieldFilter(field, op)
    if op in RELATIVE:
        return FieldFilter(field, op, [draw(st.sampled_from(RELATIVE[op]))])
    if op in ("lt", "lte", "gt", "gte"):
        return FieldFilter(field, op, [draw(st.sampled_from(values))])
    if op == "between":
        return FieldFilter(field, op, sorted([draw(st.sampled_from(values)), draw(st.sampled_from(values))]))
    if op in ("contains", "starts_with"):
        values = ["an", "ANN", "ss", "ß", "zo", " ", "5"]
    return FieldFilter(field, op, draw(some(values)))


@st.composite
def added_filters(draw: st.DrawFn) -> AddedFilter:
    op: Any = draw(st.sampled_from(["before", "after", "between", "last_days"]))
    if op == "last_days":
        return AddedFilter(op, [draw(st.integers(1, 40))])
    if op == "between":
        return AddedFilter(op, sorted([draw(days), draw(days)]))
    return AddedFilter(op, [draw(days)])


_STATUSES = ["completed", "successful", "started", "enrolled"]
# Filter types that a test makes known, before rules are drawn.
OTHER_LEAVES: list[st.SearchStrategy[Any]] = []
_LEAVES: st.SearchStrategy[Filter] = st.one_of(
    field_filters(),
    added_filters(),
    st.builds(GroupFilter, some(GROUPS), memberships, st.booleans()),
    st.builds(
        PathResultFilter,
        st.sampled_from([prefix + status for status in _STATUSES for prefix in ("", "not_")]),
        some(ACTIVITIES),
        matches,
    ),
    st.builds(
        PathResultFilter,
        st.sampled_from(["completed", "successful"]),
        some(ACTIVITIES),
        matches,
        st.sampled_from([None, 0, 1, 7, 30]),
        st.none() | days.map(date.fromisoformat),
    ),
    st.builds(
        CertificateFilter,
        st.sampled_from(["not_obtained", "valid", "expired"]),
        some(CERTIFICATES),
        st.none(),
        matches,
    ),
    st.builds(
        CertificateFilter,
        st.just("expiring"),
        some(CERTIFICATES),
        st.sampled_from([None, 0, 1, 7, 30, 31]),
        matches,
    ),
    st.builds(LanguageFilter, some(["en", "fr", "xx"]), memberships),
    st.builds(ManagerFilter, some(learner_ids(Sizes(6))), memberships, st.booleans()),
    st.just(ManagerFilter(op="is_manager")),
    st.builds(PersonFilter, some(learner_ids(Sizes(6))), memberships),
    st.builds(SegmentFilter, some(SEGMENTS), memberships),
)
leaves = st.deferred(lambda: st.one_of(_LEAVES, *OTHER_LEAVES))
filters: st.SearchStrategy[Filter] = st.recursive(
    leaves,
    lambda inner: st.one_of(
        *(
            st.builds(kind, st.lists(inner, min_size=1, max_size=3))
            for kind in (AllFilter, AnyFilter, NoneFilter)
        ),
        st.lists(inner, min_size=1, max_size=4).flatmap(
            lambda of: st.builds(AtLeastFilter, st.just(of), st.integers(1, len(of)))
        ),
    ),
    max_leaves=6,
)
blocks = st.one_of(
    st.builds(Block, some(GROUPS), st.booleans(), st.lists(filters, max_size=3)),
    st.builds(Block, st.just([]), st.just(True), st.lists(filters, max_size=3), st.just(True)),
)
people = st.lists(st.sampled_from(learner_ids(Sizes(16))), max_size=3, unique=True)


def rules() -> st.SearchStrategy[Rule]:
    """Rules about any world that `make_world` makes."""
    return st.builds(Rule, st.lists(blocks, max_size=3), people, people)
