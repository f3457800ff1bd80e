"""Language tags."""

import re

from backend.schemas.problem import Mistake
from backend.words import Message

# BCP 47 as people use it: `en`, `fr`, `pt-BR`, `zh-Hant`.
LANGUAGE = re.compile(r"[a-z]{2,3}(-[A-Za-z0-9]{2,8})*")


def is_language(tag: str) -> bool:
    """Whether `tag` has the form of a language tag."""
    return LANGUAGE.fullmatch(tag) is not None


def language_mistake(tag: str) -> Mistake | None:
    """What is wrong with the value of `language`, if anything."""
    if is_language(tag):
        return None
    return Mistake("language", "language", Message("A language is a tag such as “en” or “fr”."))
