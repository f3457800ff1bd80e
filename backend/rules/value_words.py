"""Days, numbers and languages as a sentence says them."""

from functools import cache

from babel import Locale

_THOUSANDS = "\u202f"


def day_in_words(iso: str, language: str) -> str:
    """`2026-03-01` as `1 March 2026`; in French the first is `1er`."""
    year, month, day = iso.split("-")
    number = "1er" if language == "fr" and day == "01" else str(int(day))
    return f"{number} {_months(language)[int(month)]} {int(year)}"


def number_in_words(value: float, language: str) -> str:
    """`1234.5` as `1,234.5`; in French `1 234,5`."""
    text = f"{int(value):,}" if float(value).is_integer() else f"{value:,}"
    return text if language == "en" else text.translate({ord(","): _THOUSANDS, ord("."): ","})


def language_in_words(code: str, language: str) -> str:
    """`fr` as `French`; what nobody knows is told as it is."""
    return _languages(language).get(code, code)


@cache
def _months(language: str) -> dict[int, str]:
    return dict(Locale(language).months["format"]["wide"])


@cache
def _languages(language: str) -> dict[str, str]:
    return dict(Locale(language).languages)
