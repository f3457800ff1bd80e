"""The plan against one made of plain loops."""

from hypothesis import given
from hypothesis import strategies as st
from pyroaring import BitMap

from backend.enrollment.planning import Plan, Situation, digest, make_plan

IDS = st.integers(1, 60)
PEOPLE = st.builds(BitMap, st.sets(IDS, max_size=60))
SITUATIONS = st.builds(Situation, desired=PEOPLE, actual=PEOPLE, countable=PEOPLE, elsewhere=PEOPLE)
PLANS = st.builds(Plan, entering=PEOPLE, leaving=PEOPLE, staying=PEOPLE, blocked=PEOPLE)


def naive(situation: Situation) -> dict[str, set[int]]:
    found: dict[str, set[int]] = {"entering": set(), "leaving": set(), "staying": set(), "blocked": set()}
    for person in range(1, 61):
        if person not in situation.countable:
            continue
        wanted, has = person in situation.desired, person in situation.actual
        if wanted and has:
            found["staying"].add(person)
        elif has:
            found["leaving"].add(person)
        elif wanted and person in situation.elsewhere:
            found["blocked"].add(person)
        elif wanted:
            found["entering"].add(person)
    return found


@given(SITUATIONS)
def test_the_plan_is_the_difference(situation: Situation) -> None:
    plan = make_plan(situation)
    assert {name: set(getattr(plan, name)) for name in Plan.__struct_fields__} == naive(situation)


@given(SITUATIONS)
def test_applying_twice_changes_nothing(situation: Situation) -> None:
    plan = make_plan(situation)
    after = (situation.actual | plan.entering) - plan.leaving
    again = make_plan(Situation(situation.desired, after, situation.countable, situation.elsewhere))
    assert again.is_empty()
    assert again.blocked == plan.blocked


@given(SITUATIONS)
def test_sources_of_people_who_do_not_count_stay(situation: Situation) -> None:
    plan = make_plan(situation)
    dormant = situation.actual - situation.countable
    assert not plan.leaving & dormant


@given(PLANS, PLANS, st.binary(max_size=8), st.binary(max_size=8))
def test_the_hash_tells_plans_apart(one: Plan, other: Plan, rule: bytes, policy: bytes) -> None:
    assert (digest(rule, policy, one) == digest(rule, policy, other)) == (one == other)
    assert (digest(rule, policy, one) == digest(policy, rule, one)) == (rule == policy)


@given(PLANS)
def test_the_hash_does_not_depend_on_how_sets_are_stored(plan: Plan) -> None:
    packed = BitMap(plan.entering)
    packed.run_optimize()
    again = Plan(packed, plan.leaving, plan.staying, plan.blocked)
    assert digest(b"", b"", again) == digest(b"", b"", plan)
