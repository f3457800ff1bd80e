"""Pasted addresses: found in any text and sorted."""

import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.enrollment.addresses import addresses_in, sort_addresses
from backend.text import is_address


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
    ["", "a", "a@", "@x.org", "a@x.org,b@x.org", "a b@x.org", "a@x..org", ".a@x.org", "a@-x.org", "a\r\n@x.org", "chen.li@exam\u00adple.org", "a@\u2028x.org", "a@xn--\u00fc.org",
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


def test_what_was_copied_with_an_address_is_dropped_around_it_and_refused_within() -> None:
    lines = sort_addresses(
        [
            "avi@x.org\u00a0",
            "\u200bbruna@x.org",
            "chen.li@exam\u00adple.org",
            "<dario@x.org>",
            "mailto:eve@x.org",
        ],
        accounts={"avi@x.org": 1},
        uncountable=frozenset(),
        elsewhere=frozenset(),
    )
    assert [(line.email, line.kind) for line in lines] == [
        ("avi@x.org", "known"), ("bruna@x.org", "new"), ("chen.li@exam\u00adple.org", "invalid"), ("dario@x.org", "new"),
        ("eve@x.org", "new"),
    ]  # fmt: skip
    assert [line.pasted for line in lines] == [
        "avi@x.org\u00a0",
        "\u200bbruna@x.org",
        None,
        "<dario@x.org>",
        "mailto:eve@x.org",
    ]
    assert "Character 13 is invisible (soft hyphen" in (lines[2].problem or "")


def test_one_address_in_several_spellings() -> None:
    same = ["j\u00fcrgen@b\u00fccher.example", "ju\u0308rgen@bu\u0308cher.example", "J\u00dcRGEN@xn--bcher-kva.example",
            "j\u00fcrgen@B\u00dcCHER.Example"]  # fmt: skip
    lines = sort_addresses(same, accounts={}, uncountable=frozenset(), elsewhere=frozenset())
    assert [line.kind for line in lines] == ["new", "duplicate", "duplicate", "duplicate"]
    assert {line.email for line in lines} == {"j\u00fcrgen@b\u00fccher.example"}
    # Two people.
    lines = sort_addresses(["sam+one@x.org", "sam+two@x.org", "stra\u00dfe@x.org", "strasse@x.org"],
                           accounts={}, uncountable=frozenset(), elsewhere=frozenset())  # fmt: skip
    assert [line.kind for line in lines] == ["new"] * 4


def test_a_domain_without_a_dot_is_an_address_where_somebody_has_it() -> None:
    lines = sort_addresses(
        ["root@localhost", "toor@localhost"],
        accounts={"root@localhost": 7},
        uncountable=frozenset(),
        elsewhere=frozenset(),
    )
    assert [(line.kind, line.learner_id) for line in lines] == [("known", 7), ("invalid", None)]
