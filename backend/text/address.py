"""E-mail addresses: the form in which they are stored, and what they are compared by."""

import re
import unicodedata

import idna

from backend.text.normal_form import TextError, first_hidden, hidden_character, without_edges
from backend.words import Message

LONGEST_ADDRESS = 254
LONGEST_LOCAL = 64
# Whether mail can be delivered is the mail server's to find out; this keeps out what is no address at all, or two.
_PART = r"[^\s@,;:<>()\[\]\"\\\x00-\x1f\x7f-\x9f]+"
_SHAPE = re.compile(rf"{_PART}@{_PART}")
_LOCAL = re.compile(r"[^.]+(?:\.[^.]+)*")
_LABEL = r"[A-Za-z0-9_](?:[A-Za-z0-9_-]{0,61}[A-Za-z0-9_])?"
_ASCII_DOMAIN = re.compile(rf"{_LABEL}(?:\.{_LABEL})*")
_WRAPPED = re.compile(r"^(?:mailto:)?<(?:mailto:)?([^<>]*)>$|^mailto:(.*)$", re.IGNORECASE)


def clean_address(text: str) -> str:
    """One address in the form in which it is stored. Raises `TextError` and says what is wrong, and where.

    White space, unseen characters, angle brackets and `mailto:` around it are dropped. Domains outside ASCII are kept as people
    read them, whichever of their two forms was written, and in lower case. ASCII keeps its case.
    """
    address = without_edges(text)
    if wrapped := _WRAPPED.match(address):
        address = without_edges(wrapped[1] if wrapped[1] is not None else wrapped[2])
    address = unicodedata.normalize("NFC", address)
    if (hidden := first_hidden(address)) is not None:
        raise TextError("email", hidden_character(address, hidden))
    if len(address) > LONGEST_ADDRESS or _SHAPE.fullmatch(address) is None:
        raise TextError("email", Message("This is not an e-mail address."))
    local, _, domain = address.rpartition("@")
    if len(local) > LONGEST_LOCAL or _LOCAL.fullmatch(local) is None:
        raise TextError("email", Message("This is not an e-mail address: its part before the @ is not."))
    # SQL compares by lower(), which knows ASCII alone where the database has no language.
    return f"{local if local.isascii() else local.lower()}@{_domain(domain)}"


def address_key(text: str) -> str:
    """What addresses are compared by; two texts with the same key are the same address. Never fails."""
    try:
        return clean_address(text).lower()
    except TextError:
        return unicodedata.normalize("NFC", without_edges(text)).lower()


def is_address(text: str) -> bool:
    """Whether it is one address, once it is clean."""
    try:
        clean_address(text)
    except TextError:
        return False
    return True


def _domain(domain: str) -> str:
    if domain.isascii() and "xn--" not in domain.lower():
        if _ASCII_DOMAIN.fullmatch(domain) is None:
            raise TextError("email", Message("This is not an e-mail address: its domain is not."))
        return domain
    try:
        return idna.decode(idna.encode(domain, uts46=True)).lower()
    except idna.IDNAError:
        raise TextError("email", Message("This is not an e-mail address: its domain is not.")) from None
