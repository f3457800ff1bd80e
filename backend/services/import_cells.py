"""From the cells of a row to the row of a bulk request: what people type, read as what it means."""

import math
import re
from collections.abc import Mapping, Sequence
from datetime import UTC, date, datetime
from typing import Any, TypeVar

import msgspec

from backend import clock
from backend.schemas.calendar import outside_calendar
from backend.schemas.commons import BadRow
from backend.schemas.imports import SheetLearner, SheetMembership
from backend.schemas.learning import ResultRow
from backend.services.import_columns import Column, plain
from backend.services.import_status import (
    Standing,
    standing_of_end,
    standing_of_flag,
    standing_of_word,
    together,
)

# What may be decided about a column.
DAY_FIRST, MONTH_FIRST = "day_first", "month_first"
COMMA, POINT = "comma", "point"
KEEP, PAD = "keep", "pad"
INSTANTS = frozenset({"added_at", "started_at", "completed_at", "awarded_at", "since", "until", "gone.since"})
# Whose cells are names even where they are made of digits: their zeros count.
IDENTIFIERS = frozenset({"external_id", "manager_external_id", "learner"})
_YES = frozenset({"true", "yes", "y", "1", "x", "on", "oui", "vrai", "o"})
_NO = frozenset({"false", "no", "n", "0", "off", "non", "faux"})
# What people write for the values of the wire.
_WORDS: Mapping[str, Mapping[str, str]] = {
    "status": {
        "passed": "completed", "pass": "completed", "done": "completed", "success": "completed", "termine": "completed",
        "complet": "completed", "reussi": "completed", "inprogress": "started", "encours": "started",
        "commence": "started", "withdrawn": "started", "fail": "failed", "echec": "failed", "echoue": "failed",
        "invite": "invited", "enattente": "pending",
    },
    "role": {"membre": "member", "participant": "member", "administrator": "admin", "administrateur": "admin"},
    "kind": {
        "groupe": "group", "entreprise": "company", "societe": "company", "departement": "department",
        "service": "department", "equipe": "team", "fonction": "function",
    },
}  # fmt: skip
# Who has no manager, as systems write it that cannot leave a cell empty.
_NOBODY = frozenset({"nomanager", "nobody", "none", "null", "na", "aucun"})
_LEARNER_ROLES = frozenset({"student", "learner", "participant", "member", "apprenant", "etudiant", "membre"})
_LISTS = re.compile(r"[;,|\n]")
_DAY = re.compile(r"(\d{1,2})([./-])(\d{1,2})\2(\d{4})(?!\d)(.*)")
_YEAR_FIRST = re.compile(r"(\d{4})[/.](\d{1,2})[/.](\d{1,2})(?!\d)(.*)")
_BLANKS = re.compile("[ \u00a0\u202f'’]")  # noqa: RUF001 - as thousands are written in Switzerland
_POINTED = re.compile(r"[+-]?([0-9]+|[0-9]{1,3}(,[0-9]{3})+)?(\.[0-9]+)?([eE][+-]?[0-9]+)?")
# What spreadsheet programs make of long numbers when they save a text file: most digits are gone.
_ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+\d{1,3}")

Row = TypeVar("Row", bound=msgspec.Struct)


class WrongCell(ValueError):
    """A cell that cannot be read as what its column means."""


class Reading(msgspec.Struct, frozen=True):
    """How the cells of one sheet are read: its columns, what was decided about them, and the organisation's time zone.

    `kinds` are types of fields by key.
    """

    columns: list[Column]
    decided: dict[str, str]
    timezone: str
    kinds: dict[str, str]


class _Values:
    """What a row says, as it is found."""

    def __init__(self) -> None:
        self.wire: dict[str, Any] = {}
        self.fields: dict[str, Any] = {}
        self.standings: set[Standing] = set()


def read_row(
    reading: Reading, cells: Sequence[str], wire: type[Row], rounded: Sequence[int] = ()
) -> Row | BadRow:
    """The row of the wire, or what is wrong with it; empty cells are as if absent."""
    values = _Values()
    for at in _in_order(reading.columns):
        column = reading.columns[at]
        cell = cells[at] if at < len(cells) else ""
        if not column.meaning or not cell or column.meaning in values.wire:
            continue
        try:
            _take(values, column.meaning, cell if at not in rounded else _rounded(cell), reading)
        except WrongCell as error:
            return BadRow(column.header, "type", str(error))
    if values.fields:
        values.wire["fields"] = values.fields
    if (bad := _stand(values, wire)) is not None:
        return bad
    try:
        read = msgspec.convert(values.wire, wire, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        return BadRow(path.rstrip("`"), "invalid", message)
    outside = outside_calendar(read)
    return BadRow(outside[0].path, outside[0].code, outside[0].message) if outside else read


_TOO_LONG = "“{}” is a number with more digits than a workbook keeps, so its last digits are not those that were typed: format the cell as text and type it again."


def _rounded(cell: str) -> str:
    raise WrongCell(_TOO_LONG.format(cell))


def _in_order(columns: Sequence[Column]) -> list[int]:
    """Columns as they are read: of several that name somebody, the address before others."""
    return sorted(range(len(columns)), key=lambda at: "mail" not in plain(columns[at].header))


def _take(values: _Values, meaning: str, cell: str, reading: Reading) -> None:
    if meaning.startswith("fields."):
        key = meaning.removeprefix("fields.")
        values.fields[key] = _field(cell, key, reading)
    elif meaning == "gone.since":
        today = clock.today(reading.timezone)
        if (said := standing_of_end(day(cell, _order(meaning, reading)), today)) is not None:
            values.standings.add(said)
    elif meaning.startswith("gone."):
        values.standings.add(standing_of_flag(meaning, yes=boolean(cell)))
    else:
        values.wire[meaning] = _value(meaning, cell, reading)


def _stand(values: _Values, wire: type[msgspec.Struct]) -> BadRow | None:
    """Bring together what the row says about whether somebody is still there."""
    status = values.wire.get("status")
    if isinstance(status, str) and not issubclass(wire, ResultRow):
        said = standing_of_word(status, of_person=issubclass(wire, SheetLearner))
        if said is not None:
            values.standings.add(said)
            del values.wire["status"]
    standing = together(values.standings)
    if issubclass(wire, SheetLearner):
        return _stand_as_learner(values, standing)
    if issubclass(wire, SheetMembership):
        values.wire["gone"] = standing not in {None, "present"}
        return _unknown_status(values)
    if "since" in wire.__struct_fields__:
        return _stand_in_session(values, standing)
    return None


def _stand_as_learner(values: _Values, standing: Standing | None) -> BadRow | None:
    if standing == "present":
        values.wire["present"] = True
    elif standing is not None:
        values.wire["status"] = "suspended" if standing == "suspended" else "deactivated"
        values.wire["gone"] = standing == "deleted"
    return None


def _stand_in_session(values: _Values, standing: Standing | None) -> BadRow | None:
    if standing not in {None, "present"} and "until" not in values.wire:
        return BadRow(
            "status",
            "ended",
            "The row says that this enrollment has ended, so nobody is enrolled by it. Give “since” and “until” to keep it as history.",
        )
    role = values.wire.pop("role", None)
    if role is not None and plain(role) not in _LEARNER_ROLES:
        return BadRow("role", "role", f"Only learners are enrolled by a sheet; this row says “{role}”.")
    return _unknown_status(values)


def _unknown_status(values: _Values) -> BadRow | None:
    status = values.wire.pop("status", None)
    if status is None:
        return None
    return BadRow(
        "status", "unknown", f"“{status}” says neither that somebody is there nor that they are not."
    )


def _value(meaning: str, cell: str, reading: Reading) -> object:  # noqa: PLR0911 - one answer a meaning
    if meaning in INSTANTS:
        return instant(cell, reading.timezone, _order(meaning, reading))
    if meaning == "groups":
        return [part for part in (part.strip() for part in _LISTS.split(cell)) if part]
    if meaning == "private":
        return boolean(cell)
    if meaning == "score":
        return number(cell.rstrip("% "), _mark(meaning, reading))
    if meaning == "manager_external_id" and plain(cell) in _NOBODY:
        return None
    if meaning in IDENTIFIERS:
        return _identifier(meaning, cell, reading)
    words = _WORDS.get(meaning)
    return cell if words is None else words.get(plain(cell), plain(cell))


def _identifier(meaning: str, cell: str, reading: Reading) -> str:
    if _ROUNDED.fullmatch(cell):
        raise WrongCell(
            f"“{cell}” is what is left of a long number: format the column as text and fill it again."
        )
    mark, _, width = reading.decided.get(f"zeros:{meaning}", "").partition(":")
    return cell.zfill(int(width)) if mark == PAD and cell.isascii() and cell.isdigit() else cell


def _order(meaning: str, reading: Reading) -> str:
    return reading.decided.get(f"date_order:{meaning}", DAY_FIRST)


def _mark(meaning: str, reading: Reading) -> str:
    return reading.decided.get(f"decimal_mark:{meaning}", "")


def _field(cell: str, key: str, reading: Reading) -> str | float | bool:
    meaning = f"fields.{key}"
    match reading.kinds.get(key, "text"):
        case "number":
            return number(cell, _mark(meaning, reading))
        case "date":
            return day(cell, _order(meaning, reading)).isoformat()
        case "boolean":
            return boolean(cell)
        case "text" if _ROUNDED.fullmatch(cell):
            return _identifier(meaning, cell, reading)
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


def number(cell: str, mark: str = "") -> float:
    """A number whose decimals stand after this mark."""
    text = _BLANKS.sub("", cell)
    if mark == COMMA:
        text = text.replace(",", " ").replace(".", ",").replace(" ", ".")
    if _POINTED.fullmatch(text) is None:
        raise WrongCell(f"“{cell}” is not a number.")
    try:
        found = float(text.replace(",", ""))
    except ValueError:
        raise WrongCell(f"“{cell}” is not a number.") from None
    if not math.isfinite(found):
        raise WrongCell(f"“{cell}” is too large a number.")
    return found


def _iso(cell: str, order: str) -> str:
    """The day as ISO 8601 writes it, with what follows it."""
    text = cell.strip()
    if found := _YEAR_FIRST.fullmatch(text):
        year, month, first, rest = found.groups()
    elif found := _DAY.fullmatch(text):
        first, _, month, year, rest = found.groups()
        if order == MONTH_FIRST:
            first, month = month, first
    else:
        return text
    return f"{year}-{int(month):02}-{int(first):02}{rest}"


def day(cell: str, order: str = DAY_FIRST) -> date:
    """A day: ISO 8601, year/month/day, or day and month in this order before the year."""
    try:
        return datetime.fromisoformat(_iso(cell, order)).date()
    except ValueError:
        raise WrongCell(f"“{cell}” is not a day such as 2026-11-23.") from None


def instant(cell: str, timezone: str, order: str = DAY_FIRST) -> datetime:
    """A day (its beginning) or an instant, told on the organisation's clocks unless it names its zone; in UTC."""
    try:
        found = datetime.fromisoformat(_iso(cell, order))
        if found.tzinfo is None:
            found = found.replace(tzinfo=clock.zone(timezone))
        return found.astimezone(UTC)
    except (ValueError, OverflowError):
        raise WrongCell(f"“{cell}” is not a day or an instant such as 2026-11-23 14:00.") from None
