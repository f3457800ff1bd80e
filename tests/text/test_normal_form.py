"""The one form of texts, identifiers and addresses."""

import unicodedata

import msgspec
import pytest
from hypothesis import given
from hypothesis import strategies as st

from backend.controllers.http.decoding import mistake_of
from backend.schemas.people import FieldInput, LearnerInput, LearnersBulk
from backend.text import (
    TextError,
    address_key,
    clean_address,
    clean_code,
    clean_lines,
    clean_long_text,
    clean_text,
)


@given(st.text(max_size=30))
def test_what_is_clean_stays_as_it_is(text: str) -> None:
    for clean in (clean_text, clean_lines, clean_long_text, clean_code, clean_address):
        try:
            once = clean(text)
        except TextError:
            continue
        assert clean(once) == once
        assert unicodedata.is_normalized("NFC", once)


@given(st.emails())
def test_the_key_of_an_address_is_that_of_its_stored_form(email: str) -> None:
    try:
        stored = clean_address(email)
    except TextError:
        return
    assert address_key(stored) == address_key(email) == stored.lower()


@pytest.mark.parametrize(
    ("text", "clean"),
    [
        ("  Ana\u00a0", "Ana"),
        ("Ju\u0308rgen", "J\u00fcrgen"),
        ("Bre\u00admen", "Bremen"),
        ("\ufeffA\u200bB", "AB"),
        ("a\u200cb", "ab"),
        ("\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645", "\u0645\u06cc\u200c\u062e\u0648\u0627\u0647\u0645"),
        ("\U0001f469\u200d\U0001f692", "\U0001f469\u200d\U0001f692"),
        ("\u202ereversed", "reversed"),
        (" \u200b ", ""),
    ],
)  # fmt: skip
def test_texts(text: str, clean: str) -> None:
    assert clean_text(text) == clean


@pytest.mark.parametrize("text", ["a\nb", "a\tb", "a\x1bb", "a\x85b", "a\u2028b", "\x7f"])
def test_control_characters_are_refused(text: str) -> None:
    with pytest.raises(TextError, match="control character"):
        clean_text(text)


def test_identifiers_are_not_altered_within() -> None:
    assert clean_code(" \u200b0004711\u00a0") == "0004711"
    assert clean_code("a1") != clean_code("A1")
    with pytest.raises(TextError, match="Character 3 is invisible"):
        clean_code("00\u00ad04711")
    with pytest.raises(TextError, match="blank"):
        clean_code("\u200b ")


def test_values_keep_their_lines() -> None:
    assert clean_lines("Night shift\r\nuntil 06:00 ") == "Night shift\nuntil 06:00"


@pytest.mark.parametrize(
    ("body", "kind", "path", "code"),
    [
        ({"name": " "}, FieldInput, "name", "blank"),
        ({"name": "a\u0007"}, FieldInput, "name", "character"),
        ({"name": "a", "options": ["x", "\u200b"]}, FieldInput, "options[1]", "blank"),
        ({"email": "a@x.org", "external_id": "\u00a0"}, LearnerInput, "external_id", "blank"),
        ({"learners": [{"email": "a@x.org", "groups": ["g", " "]}]}, LearnersBulk, "learners[0].groups[1]", "blank"),
    ],
)  # fmt: skip
def test_requests_name_the_place_of_a_text_that_cannot_be_stored(
    body: object, kind: type, path: str, code: str
) -> None:
    with pytest.raises(msgspec.ValidationError) as refused:
        msgspec.convert(body, kind)
    found = mistake_of(refused.value)
    assert (found.path, found.code) == (path, code)
    assert "`" not in found.message


def test_requests_come_out_clean() -> None:
    read = msgspec.convert(
        {"email": "a@x.org", "first_name": " Zoe\u0308 ", "password": " e\u0301 "}, LearnerInput
    )
    assert (read.first_name, read.password) == ("Zo\u00eb", " e\u0301 ")
