"""Language tags."""

import re

from backend.services.errors import Invalid

# BCP 47 as people use it: `en`, `fr`, `pt-BR`, `zh-Hant`.
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def is_language(tag: str) -> bool:
    """Whether `tag` has the form of a language tag."""
    return LANGUAGE.fullmatch(tag) is not None


def check_language(tag: str, path: str) -> None:
    """Raises `Invalid` at `path` unless `tag` has the form of a language tag."""
    if not is_language(tag):
        raise Invalid.at(path, "language", "A language is a tag such as “en” or “fr”.")
