"""What msgspec and Litestar say is wrong with a request, as messages of ours that can be told in any language."""

import re

from backend.words.message import Message

_KNOWN = (
    (
        r"Expected `(?P<wanted>[^`]+)`, got `(?P<found>[^`]+)`",
        Message("Expected `{wanted}`, got `{found}`"),
    ),
    (
        r"Expected `(?P<wanted>[^`]+)` of length (?P<length>\d+), got (?P<found>\d+)",
        Message("Expected `{wanted}` of length {length}, got {found}"),
    ),
    (
        r"Expected `(?P<wanted>[^`]+)` of (?:at most length|length <=) (?P<most>\d+)",
        Message("Expected `{wanted}` of length <= {most}"),
    ),
    (
        r"Expected `(?P<wanted>[^`]+)` of (?:at least length|length >=) (?P<least>\d+)",
        Message("Expected `{wanted}` of length >= {least}"),
    ),
    (
        r"Expected `(?P<wanted>[^`]+)` matching regex (?P<regex>.+)",
        Message("Expected `{wanted}` matching regex {regex}"),
    ),
    (
        r"Expected `(?P<wanted>[^`]+)` (?P<bound>[<>]=? .+)",
        Message("Expected `{wanted}` {bound}"),
    ),
    (r"Expected `(?P<wanted>[^`]+)`", Message("Expected `{wanted}`")),
    (r"Object contains unknown field `(?P<name>[^`]*)`", Message("Object contains unknown field `{name}`")),
    (r"Object missing required field `(?P<name>[^`]*)`", Message("Object missing required field `{name}`")),
    (r"Invalid enum value (?P<value>.+)", Message("Invalid enum value {value}")),
    (r"Invalid value (?P<value>.+)", Message("Invalid value {value}")),
    (r"Invalid RFC3339 encoded (?P<kind>\w+)", Message("Invalid RFC3339 encoded {kind}")),
    (r"Integer value out of range", Message("Integer value out of range")),
    (r"Number out of range", Message("Number out of range")),
    (
        r"Missing required (?P<kind>\w+) parameter '(?P<name>[^']+)'",
        Message("Missing required {kind} parameter '{name}'"),
    ),
    # What Python's json says of what is not JSON.
    (
        r"(?P<what>.+): line (?P<line>\d+) column (?P<column>\d+) \(char (?P<place>\d+)\)",
        Message("{what}: line {line} column {column} (char {place})"),
    ),
    (r"Expecting value", Message("Expecting value")),
    (r"Expecting '(?P<mark>.)' delimiter", Message("Expecting '{mark}' delimiter")),
    (
        r"Expecting property name enclosed in double quotes",
        Message("Expecting property name enclosed in double quotes"),
    ),
    (r"Extra data", Message("Extra data")),
    (r"Invalid control character at", Message("Invalid control character at")),
    (r"Invalid \\escape", Message("Invalid \\escape")),
    (r"Invalid \\uXXXX escape", Message("Invalid \\uXXXX escape")),
    (r"Unterminated string starting at", Message("Unterminated string starting at")),
    (
        r"Illegal trailing comma before end of (?P<kind>\w+)",
        Message("Illegal trailing comma before end of {kind}"),
    ),
)
_PATTERNS = tuple((re.compile(pattern, re.DOTALL), message) for pattern, message in _KNOWN)


def message_of(text: str) -> str:
    """The message that `text` is the English of; a text that is none of them stays what it is."""
    for pattern, message in _PATTERNS:
        if (found := pattern.fullmatch(text)) is not None:
            slots = found.groupdict()
            if "what" in slots:
                slots["what"] = message_of(slots["what"])
            told = message.fill(**slots)
            return told if told == text else text
    return text
