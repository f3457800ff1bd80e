"""From the cells of a row to the row of a bulk request: what people type, read as what it means."""

import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec

from backend import clock
from backend.schemas.commons import BadRow
from backend.services.import_columns import Column, plain

_YES = frozenset({"true", "yes", "y", "1", "x", "on", "oui", "vrai", "o"})
_NO = frozenset({"false", "no", "n", "0", "off", "non", "faux"})
# What people write for the values of the wire.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "status": {
        "passed": "completed", "pass": "completed", "done": "completed", "success": "completed", "termine": "completed",
        "complet": "completed", "reussi": "completed", "inprogress": "started", "encours": "started",
        "commence": "started", "withdrawn": "started", "fail": "failed", "echec": "failed", "echoue": "failed",
        "actif": "active", "inactive": "deactivated", "inactif": "deactivated", "desactive": "deactivated",
        "suspendu": "suspended", "invite": "invited", "enattente": "pending",
    },
    "role": {"membre": "member", "participant": "member", "administrator": "admin", "administrateur": "admin"},
    "kind": {
        "groupe": "group", "entreprise": "company", "societe": "company", "departement": "department",
        "service": "department", "equipe": "team", "fonction": "function",
    },
}  # fmt: skip
_INSTANTS = frozenset({"added_at", "started_at", "completed_at", "awarded_at", "since", "until"})
_LISTS = re.compile(r"[;,|\n]")
_EUROPEAN_DAY = re.compile(r"(\d{1,2})[./](\d{1,2})[./](\d{4})(.*)")

Row = TypeVar("Row")


class WrongCell(ValueError):
    """A cell that cannot be read as what its column means."""


def read_row(
    columns: Sequence[Column], cells: Sequence[str], wire: type[Row], timezone: str, kinds: Mapping[str, str]
) -> Row | BadRow:
    """The row of the wire, or what is wrong with it; empty cells are as if absent. `kinds` are types of fields by key."""
    values: dict[str, Any] = {}
    fields: dict[str, Any] = {}
    for column, cell in zip(columns, cells, strict=False):
        if column.meaning is None or not cell:
            continue
        try:
            if column.meaning.startswith("fields."):
                key = column.meaning.removeprefix("fields.")
                fields[key] = _field(cell, kinds.get(key, "text"))
            else:
                values[column.meaning] = _value(column.meaning, cell, timezone)
        except WrongCell as error:
            return BadRow(column.header, "type", str(error))
    if fields:
        values["fields"] = fields
    try:
        return msgspec.convert(values, wire, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        return BadRow(path.rstrip("`"), "invalid", message)


def _value(meaning: str, cell: str, timezone: str) -> object:
    if meaning in _INSTANTS:
        return instant(cell, timezone)
    if meaning == "groups":
        return [part for part in (part.strip() for part in _LISTS.split(cell)) if part]
    if meaning == "private":
        return boolean(cell)
    if meaning == "score":
        return number(cell.rstrip("% "))
    words = _WORDS.get(meaning)
    return cell if words is None else words.get(plain(cell), plain(cell))


def _field(cell: str, kind: str) -> str | float | bool:
    match kind:
        case "number":
            return number(cell)
        case "date":
            return day(cell).isoformat()
        case "boolean":
            return boolean(cell)
        case _:
            return cell


def boolean(cell: str) -> bool:
    """Yes or no, in English or French."""
    text = plain(cell)
    if text in _YES:
        return True
    if text in _NO:
        return False
    raise WrongCell(f"“{cell}” is neither yes nor no.")


def is_no(cell: str) -> bool:
    """Whether a mark says no."""
    return plain(cell) in _NO or cell.strip() == "-"


def number(cell: str) -> float:
    """A number; a single comma without points is a decimal comma."""
    text = cell.replace("\u202f", "").replace("\xa0", "").replace(" ", "")
    if text.count(",") == 1 and "." not in text:
        text = text.replace(",", ".")
    try:
        return float(text.replace(",", ""))
    except ValueError:
        raise WrongCell(f"“{cell}” is not a number.") from None


def _iso(cell: str) -> str:
    european = _EUROPEAN_DAY.fullmatch(cell.strip())
    if european is None:
        return cell.strip()
    first, month, year, rest = european.groups()
    return f"{year}-{int(month):02}-{int(first):02}{rest}"


def day(cell: str) -> date:
    """A day: ISO 8601, or day.month.year and day/month/year."""
    try:
        return datetime.fromisoformat(_iso(cell)).date()
    except ValueError:
        raise WrongCell(f"“{cell}” is not a day such as 2026-11-23.") from None


def instant(cell: str, timezone: str) -> datetime:
    """A day (its beginning) or an instant, told on the organisation's clocks unless it names its zone; in UTC."""
    try:
        found = datetime.fromisoformat(_iso(cell))
    except ValueError:
        raise WrongCell(f"“{cell}” is not a day or an instant such as 2026-11-23 14:00.") from None
    if found.tzinfo is None:
        found = found.replace(tzinfo=clock.zone(timezone))
    return found.astimezone(UTC)
