"""Which encoding a text file has: by evidence of the whole file. What is not certain is left to a person."""

import codecs
import re

from backend.sheets.limits import SheetError
from backend.sheets.sheet import Guess
from backend.words import Message

UTF8, WESTERN = "utf-8", "cp1252"
_MARKS = (
    (codecs.BOM_UTF8, "utf-8-sig"),
    (codecs.BOM_UTF16_LE, "utf-16-le"),
    (codecs.BOM_UTF16_BE, "utf-16-be"),
)
# What spreadsheets and old systems write, the likely ones first.
OFFERED = (UTF8, WESTERN, "cp1250", "iso8859-15", "mac_roman", "cp850", "cp1251", "cp1253", "cp1254", "cp1257",
           "shift_jis", "gb18030", "utf-16-le", "utf-16-be")  # fmt: skip
# Letters beyond ASCII of languages that Windows-1252 is used for. A word that no row covers was written in another encoding:
# “Dvořák” of a Czech file reads “Dvoøák” (and Icelandic looks like Turkish), “ö” of an old Mac or of DOS is a quotation mark or a Š.
_ALPHABETS = ("äöüß", "àâæçéèêëîïôùûüÿ", "áéíóúüñ", "áâãàçéêíóôõúü", "àèéìíîòóùú", "æøåéòôê", "åäöéü",
              "éëïöüèê", "àçèéíïòóúü", "áéíóúâêîôûŵŷäëïöü")  # fmt: skip
_WORD = re.compile(r"[^\W\d_]+")
# Between letters these are no punctuation that anybody types; apostrophes are.
_GLUED = re.compile(r"(?<=[^\W\d_])[^\w\s\x00-\x7f’´`·](?=[^\W_])|(?<=[^\W\d_])[¹²³¿¡¢£¤¥¦¨¬¯]")  # noqa: RUF001 - as it is typed
# No text has these: the bytes mean something else.
_CONTROL = re.compile(r"[\x80-\x9f]")
SAMPLES = 5
_NONASCII = re.compile(r"[^\r\n,;\t|\"]*[^\x00-\x7f][^\r\n,;\t|\"]*")


def decoded(content: bytes, wished: str | None) -> tuple[str, Guess]:
    """The text and what it was read as. Bytes that are no characters come out as U+FFFD. Raises `SheetError`."""
    encoding, sure, options = _found(content)
    if wished is not None:
        if wished not in options:
            raise SheetError(Message("The file cannot be read as {wished}.", wished=wished))
        encoding, sure = wished, True
    text = content.decode("utf-8-sig" if encoding == UTF8 else encoding, errors="replace").removeprefix(
        "\ufeff"
    )
    samples = [_sample(content, option) for option in options] if not sure else _cells(text)
    return text, Guess(encoding, options, samples, sure)


def _found(content: bytes) -> tuple[str, bool, list[str]]:
    for mark, encoding in _MARKS:
        if content.startswith(mark):
            name = UTF8 if encoding == "utf-8-sig" else encoding
            return name, True, [name]
    if (wide := _wide(content)) is not None:
        return wide, True, [wide]
    if content.isascii():
        return UTF8, True, [UTF8]
    try:
        content.decode()
    except UnicodeDecodeError:
        pass
    else:
        return UTF8, True, [UTF8, *_possible(content)]
    return _without_marks(content)


def _wide(content: bytes) -> str | None:
    """UTF-16 without its mark: every second byte of Latin text is 0."""
    start = content[:4096]
    for encoding, zeros in (("utf-16-le", start[1::2]), ("utf-16-be", start[::2])):
        if len(zeros) > 1 and zeros.count(0) > 0.4 * len(zeros) and start.count(0) == zeros.count(0):
            return encoding
    return None


def _without_marks(content: bytes) -> tuple[str, bool, list[str]]:
    """Neither marked nor UTF-8: a damaged file in UTF-8, or another encoding."""
    options = _possible(content)
    text = content.decode(errors="surrogateescape")
    broken = sum("\udc80" <= character <= "\udcff" for character in text)
    whole = sum(character > "\x7f" for character in text) - broken
    if whole > broken:
        # Text in another encoding is hardly ever valid UTF-8 for even one word: these bytes were damaged on their way.
        return UTF8, True, [UTF8, *options]
    if whole:
        return UTF8, False, [UTF8, *options]
    if WESTERN in options and _reads_well(content.decode(WESTERN)):
        return WESTERN, True, options
    if not options:
        raise SheetError(Message("The characters of the file cannot be read. Save it as UTF-8."))
    return options[0], False, options


def _possible(content: bytes) -> list[str]:
    """The other encodings in which every byte is a character."""
    found: list[str] = []
    for encoding in OFFERED[1:]:
        if encoding.startswith("utf-16"):
            continue
        try:
            text = content.decode(encoding)
        except UnicodeDecodeError:
            continue
        if not _CONTROL.search(text):
            found.append(encoding)
    return found


def _reads_well(text: str) -> bool:
    """Whether a text in Windows-1252 is made of words of languages that use it."""
    if _GLUED.search(text):
        return False
    return all(_is_word(word) for word in set(_WORD.findall(text)) if not word.isascii())


def _is_word(word: str) -> bool:
    letters = {letter for letter in word.lower() if letter > "\x7f"}
    if not word.isupper() and any(letter > "\x7f" and letter.isupper() for letter in word[1:]):
        return False
    return any(letters <= set(alphabet) for alphabet in _ALPHABETS)


def _cells(text: str) -> list[str]:
    return [found.group().strip() for _, found in zip(range(SAMPLES), _NONASCII.finditer(text), strict=False)]


def _sample(content: bytes, encoding: str) -> str:
    """The same cells as each encoding reads them."""
    return f"{encoding}: {' · '.join(_cells(content.decode(encoding, errors='replace')))}"
