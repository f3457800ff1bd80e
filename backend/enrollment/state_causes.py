"""Why a method does not follow changes: a cause with details, and the sentence that tells it to a reader."""

from collections.abc import Iterable, Mapping
from typing import Any, Literal, get_args

from msgspec import Struct

from backend.words import Message
from backend.words.stored import text_in, to_record, told_record

StateCause = Literal["broken_rule", "fuse", "rejected", "undone"]
_CAUSES = frozenset(get_args(StateCause))
# More problems of one rule than this are not told: whoever mends these finds the others.
PROBLEMS_TOLD = 5

_SENTENCES = {
    "broken_rule": Message("Its rule cannot be worked out."),
    "broken_rule_problems": Message("Its rule cannot be worked out: {problems}"),
    "fuse_leaving": Message("{leaving} of {remaining} people would be let go at once."),
    "fuse_entering": Message("{entering} people would be enrolled at once."),
    "rejected": Message("Somebody rejected its changes."),
    "rejected_note": Message("Somebody rejected its changes: {note}"),
    "undone": Message("Somebody undid its run {run_id}."),
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
    told = [{"path": one.path, "code": one.code, **to_record(one.message)} for one in problems]
    return Stated("broken_rule", {"problems": told[:PROBLEMS_TOLD]})


def state_sentence(cause: StateCause | None, details: Mapping[str, Any] | None, language: str) -> str:
    """Why the method is frozen or held, for somebody to whom it is not sealed; empty without a cause.

    Cause and details are told as they are stored: what is not among those above is left out.
    """
    if cause is None or cause not in _CAUSES:
        return ""
    found = details if isinstance(details, Mapping) else {}
    match cause:
        case "broken_rule" if listed := _problems(found):
            problems = "; ".join(text_in(one, language) for one in listed)
            return _SENTENCES["broken_rule_problems"].render(language, problems=problems)
        case "rejected" if found.get("note"):
            return _SENTENCES["rejected_note"].render(language, note=found["note"])
        case "fuse":
            figures = {name: found.get(name, "?") for name in ("leaving", "remaining", "entering")}
            told = [
                _SENTENCES[f"fuse_{name}"].render(language, **figures)
                for name in ("leaving", "entering")
                if name in found
            ]
            return " ".join(told)
        case _:
            return _SENTENCES[cause].render(language, run_id=found.get("run_id", ""))


def shown_details(details: Any, language: str) -> dict[str, Any] | None:
    """The details as they are shown to a reader; None for what are none."""
    if not isinstance(details, Mapping) or "problems" not in details:
        return dict(details) if isinstance(details, Mapping) else None
    return {**details, "problems": [told_record(one, language) for one in _problems(details)]}


def _problems(details: Mapping[str, Any]) -> list[Mapping[str, Any]]:
    listed = details.get("problems")
    return [one for one in listed if isinstance(one, Mapping)] if isinstance(listed, list) else []
