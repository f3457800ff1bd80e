"""What Muster says, in every language it speaks. Pure, and below everything else.

The English text is the name of a message; `fr.po` holds its French. `docs/how-to/translate.md` says how to add one.
"""

from backend.words.catalog import LANGUAGES, spoken_language
from backend.words.message import Message, joined, plural, translate

__all__ = ["LANGUAGES", "Message", "joined", "plural", "spoken_language", "translate"]
