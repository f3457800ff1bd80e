"""Pasted addresses: found in any text and sorted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrollment.addresses import addresses_in, is_address, sort_addresses


@pytest.mark.parametrize(
    ("text", "found"),
    [
        ("a@x.org, b@x.org;c@x.org\nd@x.org", ["a@x.org", "b@x.org", "c@x.org", "d@x.org"]),
        ('"Ann Lee" <ann@x.org>, Bo <bo@x.org>', ["ann@x.org", "bo@x.org"]),
        ("mailto:a@x.org\t(b@x.org)", ["a@x.org", "b@x.org"]),
        ("", []),
        ("not an address", ["not", "an", "address"]),
    ],
)
def test_addresses_are_found(text: str, found: list[str]) -> None:
    assert addresses_in(text) == found


@pytest.mark.parametrize(
    "bad",
    ["", "a", "a@", "@x.org", "a@x", "a@x.org,b@x.org", "a b@x.org", "a@x..org", ".a@x.org", "a@-x.org", "a\r\n@x.org",
     "a" * 65 + "@x.org", "a@" + "x" * 300 + ".org"],
)  # fmt: skip
def test_what_is_no_address(bad: str) -> None:
    assert not is_address(bad)


@given(st.emails(domains=st.sampled_from(["x.org", "mail.example"])))
def test_ordinary_addresses_are_addresses(email: str) -> None:
    assert is_address(email)


def test_sorting() -> None:
    lines = sort_addresses(
        ["known@x.org", "KNOWN@x.org", "new@x.org", "bad@", "out@x.org", "other@x.org"],
        accounts={"known@x.org": 1, "out@x.org": 2, "other@x.org": 3},
        uncountable=frozenset({2}),
        elsewhere=frozenset({3}),
    )
    assert [(line.kind, line.learner_id) for line in lines] == [
        ("known", 1), ("duplicate", 1), ("new", None), ("invalid", None), ("excluded", 2), ("other_session", 3),
    ]  # fmt: skip
