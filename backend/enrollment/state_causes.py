# ruff: noqa: RUF001 - French is written with its own apostrophe
"""Why a method does not follow changes: a cause with details, and the sentence that tells it to a reader."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal

from msgspec import Struct

StateCause = Literal["broken_rule", "fuse", "rejected", "undone"]
# More problems of one rule than this are not told: whoever mends these finds the others.
PROBLEMS_TOLD = 5

_WORDS: dict[str, dict[str, str]] = {
    "en": {
        "broken_rule": "Its rule cannot be worked out.",
        "broken_rule_problems": "Its rule cannot be worked out: {problems}",
        "fuse_leaving": "{leaving} of {remaining} people would be let go at once.",
        "fuse_entering": "{entering} people would be enrolled at once.",
        "rejected": "Somebody rejected its changes.",
        "rejected_note": "Somebody rejected its changes: {note}",
        "undone": "Somebody undid its run {run_id}.",
    },
    "fr": {
        "broken_rule": "Sa règle ne peut pas être évaluée.",
        "broken_rule_problems": "Sa règle ne peut pas être évaluée : {problems}",
        "fuse_leaving": "{leaving} personnes sur {remaining} partiraient d’un coup.",
        "fuse_entering": "{entering} personnes seraient inscrites d’un coup.",
        "rejected": "Ses changements ont été rejetés.",
        "rejected_note": "Ses changements ont été rejetés : {note}",
        "undone": "Son exécution {run_id} a été annulée.",
    },
}


class Stated(Struct, frozen=True):
    """The cause of a state. Details: `problems` [{path, code, message}], `leaving`, `remaining`, `entering`, `run_id`, `note`."""

    cause: StateCause
    details: dict[str, Any]

    def stored_text(self) -> str:
        """As the previous release reads it from the method's row: it tells the cause by the first words."""
        details = self.details
        match self.cause:
            case "broken_rule":
                return "broken rule: " + "; ".join(
                    f"{one['path']}: {one['message']}" for one in details["problems"]
                )
            case "fuse":
                return state_sentence(self.cause, details, "en")
            case "rejected":
                return "rejected: " + (
                    details.get("note") or f"{details.get('people')} people would have left at once"
                )
            case "undone":
                return f"undone: run {details['run_id']} was undone"


def broken_rule(problems: Iterable[Any]) -> Stated:
    """The rule cannot be evaluated; `problems` have path, code and message."""
    told = [{"path": one.path, "code": one.code, "message": one.message} for one in problems]
    return Stated("broken_rule", {"problems": told[:PROBLEMS_TOLD]})


def state_sentence(cause: StateCause | None, details: Mapping[str, Any] | None, language: str) -> str:
    """Why the method is frozen or held, for somebody to whom it is not sealed; empty without a cause."""
    if cause is None:
        return ""
    words = _WORDS.get(language[:2].lower(), _WORDS["en"])
    found = details or {}
    match cause:
        case "broken_rule" if found.get("problems"):
            problems = "; ".join(one["message"] for one in found["problems"])
            return words["broken_rule_problems"].format(problems=problems)
        case "rejected" if found.get("note"):
            return words["rejected_note"].format(note=found["note"])
        case "fuse":
            told = [
                words[f"fuse_{name}"].format_map(found) for name in ("leaving", "entering") if name in found
            ]
            return " ".join(told)
        case _:
            return words[cause].format(run_id=found.get("run_id", ""))
