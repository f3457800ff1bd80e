"""Every kind of method is known everywhere: to the registry, the wire, the database, and in every language."""

import re
from typing import get_args

import pytest

from backend.database import fetch_value
from backend.enrollment.method_kinds import METHOD_KINDS, KindName, MethodKind, ReasonNames
from backend.schemas.enrollment.methods import Policy
from backend.words import LANGUAGES

NAMES = ReasonNames(method="Pilots", by="Ana", group="Sales", is_private=False, after="Safety")
CHECK = "SELECT pg_get_constraintdef(oid) FROM pg_constraint WHERE conname = 'enrollment_method_kind_check'"


def test_the_registry_holds_the_kinds_of_the_wire() -> None:
    assert tuple(METHOD_KINDS) == get_args(KindName)


@pytest.mark.usefixtures("database")
async def test_the_database_takes_the_same_kinds() -> None:
    definition: str = await fetch_value(CHECK)
    assert set(re.findall(r"'(\w+)'", definition)) == set(METHOD_KINDS)


@pytest.mark.parametrize("kind", METHOD_KINDS.values(), ids=list(METHOD_KINDS))
def test_a_kind_tells_of_itself_in_every_language(kind: MethodKind) -> None:

    told = [kind.noun, kind.reason(NAMES), kind.sentence("Pilots", "key")]
    for text in filter(None, told):
        assert len({text.render(language) for language in LANGUAGES}) >= (1 if text == kind.noun else 2)


@pytest.mark.parametrize("kind", METHOD_KINDS.values(), ids=list(METHOD_KINDS))
def test_what_a_kind_needs_and_owns_are_fields_of_a_policy(kind: MethodKind) -> None:

    named = {kind.needs, *kind.defaults, *(() if kind.own_fields is None else kind.own_fields.names)} - {None}
    assert named <= set(Policy.__struct_fields__)


def test_no_two_kinds_own_one_field() -> None:
    kinds = METHOD_KINDS.values()
    owned = [name for kind in kinds if kind.own_fields is not None for name in kind.own_fields.names]
    assert len(owned) == len(set(owned))
