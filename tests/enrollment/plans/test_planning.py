"""The plan against one made of plain loops."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from backend.enrollment.planning import Plan, Situation, digest, make_plan

IDS = st.integers(1, 60)
PEOPLE = st.builds(BitMap, st.sets(IDS, max_size=60))
SETS = Plan.__struct_fields__
PLANS = st.builds(Plan, **dict.fromkeys(SETS, PEOPLE))


@st.composite
def situations(draw: st.DrawFn) -> Situation:
    """Any of those that can be: who has completed is enrolled."""
    enrolled = draw(PEOPLE)
    return Situation(
        desired=draw(PEOPLE),
        actual=draw(PEOPLE),
        countable=draw(PEOPLE),
        elsewhere=draw(PEOPLE) - enrolled,
        enrolled=enrolled,
        completed=draw(PEOPLE) & enrolled,
        others=draw(PEOPLE),
        left_out=draw(PEOPLE),
        keeps=draw(st.booleans()),
    )


def naive(situation: Situation, person: int) -> str | None:
    """Which of a plan's sets the person belongs to."""
    enrolled = person in situation.enrolled
    holds, asked = person in situation.actual, person in situation.desired
    wanted = asked and person not in situation.left_out
    found = None
    if holds and wanted:
        found = "staying"
    elif holds and person in situation.completed:
        found = "completed_stay"
    elif holds:
        ends = enrolled and person not in situation.others and not situation.keeps
        found = "leaving" if ends else "losing"
    elif wanted and person in situation.elsewhere:
        found = "blocked"
    elif wanted:
        found = "gaining" if enrolled else "entering"
    elif asked:
        found = "excluded"
    return found if person in situation.countable else None


@given(situations())
def test_the_plan_is_the_difference(situation: Situation) -> None:
    plan = make_plan(situation)
    found = {name: set(getattr(plan, name)) for name in SETS}
    assert found == {name: {p for p in range(1, 61) if naive(situation, p) == name} for name in SETS}


@given(situations())
def test_the_figures_add_up(situation: Situation) -> None:
    plan, countable = make_plan(situation), situation.countable
    of = {name: len(getattr(plan, name)) for name in SETS}
    held = of["entering"] + of["gaining"] + of["staying"]
    losing_it = situation.desired & situation.actual & situation.left_out & countable
    assert held + of["blocked"] + of["excluded"] + len(losing_it) == len(situation.desired & countable)
    before = of["leaving"] + of["losing"] + of["completed_stay"] + of["staying"]
    assert before == len(situation.actual & countable)
    after = (situation.actual | plan.opening) - plan.closing
    assert held == len(after & countable)
    # No two of them share anybody.
    assert sum(of.values()) == len((situation.desired | situation.actual) & countable)


@given(situations())
def test_who_enters_or_leaves_is_who_becomes_or_ceases_to_be_enrolled(situation: Situation) -> None:
    plan = make_plan(situation)
    assert not plan.entering & situation.enrolled
    assert plan.leaving <= situation.enrolled - situation.completed - situation.others


@given(situations())
def test_applying_twice_changes_nothing(situation: Situation) -> None:
    plan = make_plan(situation)
    again = make_plan(
        Situation(
            desired=situation.desired,
            actual=(situation.actual | plan.opening) - plan.closing,
            countable=situation.countable,
            elsewhere=situation.elsewhere,
            enrolled=(situation.enrolled | plan.entering) - plan.leaving,
            completed=situation.completed,
            others=situation.others,
            left_out=situation.left_out,
            keeps=situation.keeps,
        )
    )
    assert not again.opening
    assert not again.closing
    assert again.blocked == plan.blocked


@given(situations())
def test_sources_of_people_who_do_not_count_stay(situation: Situation) -> None:
    plan = make_plan(situation)
    dormant = situation.actual - situation.countable
    assert not plan.closing & dormant


@given(PLANS, PLANS, st.binary(max_size=8), st.binary(max_size=8))
def test_the_hash_tells_plans_apart(one: Plan, other: Plan, rule: bytes, policy: bytes) -> None:
    assert (digest(rule, policy, one) == digest(rule, policy, other)) == (one == other)
    assert (digest(rule, policy, one) == digest(policy, rule, one)) == (rule == policy)


@given(PLANS)
def test_the_hash_does_not_depend_on_how_sets_are_stored(plan: Plan) -> None:
    packed = BitMap(plan.entering)
    packed.run_optimize()
    again = Plan(**({name: getattr(plan, name) for name in SETS} | {"entering": packed}))
    assert digest(b"", b"", again) == digest(b"", b"", plan)
