"""From the cells of a row to the row of a bulk request: what people type, read as what it means."""

import re
from collections.abc import Mapping, Sequence
from typing import Any, TypeVar

import msgspec

from backend.runtime import clock
from backend.schemas.base import BadRow
from backend.schemas.calendar import outside_calendar
from backend.schemas.imports import SheetLearner, SheetMembership
from backend.schemas.learning.results import ResultRow
from backend.services.imports.cell_values import DAY_FIRST, WrongCell, boolean, day, instant, number
from backend.services.imports.columns import Column, plain
from backend.services.imports.status_columns import (
    Standing,
    standing_of_end,
    standing_of_flag,
    standing_of_word,
    together,
)
from backend.words import Message
from backend.words.library_messages import message_of

# What may be decided about a column.
KEEP, PAD = "keep", "pad"
INSTANTS = frozenset({"added_at", "started_at", "completed_at", "awarded_at", "since", "until", "gone.since"})
# Whose cells are names even where they are made of digits: their zeros count.
IDENTIFIERS = frozenset({"external_id", "manager_external_id", "learner"})
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
# What spreadsheet programs make of long numbers when they save a text file: most digits are gone.
_ROUNDED = re.compile(r"\d([.,]\d+)?[eE]\+\d{1,3}")

Row = TypeVar("Row", bound=msgspec.Struct)


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
            return BadRow(column.header, "type", error.message)
    if values.fields:
        values.wire["fields"] = values.fields
    if (bad := _stand(values, wire)) is not None:
        return bad
    try:
        read = msgspec.convert(values.wire, wire, strict=False)
    except msgspec.ValidationError as error:
        message, _, path = str(error).partition(" - at `$.")
        return BadRow(path.rstrip("`"), "invalid", message_of(message))
    outside = outside_calendar(read)
    return BadRow(outside[0].path, outside[0].code, outside[0].message) if outside else read


_TOO_LONG = Message(
    "“{cell}” is a number with more digits than a workbook keeps, so its last digits are not those that were typed: format the cell as text and type it again."
)


def _rounded(cell: str) -> str:
    raise WrongCell(_TOO_LONG.fill(cell=cell))


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
            Message(
                "The row says that this enrollment has ended, so nobody is enrolled by it. Give “since” and “until” to keep it as history."
            ),
        )
    role = values.wire.pop("role", None)
    if role is not None and plain(role) not in _LEARNER_ROLES:
        return BadRow(
            "role",
            "role",
            Message("Only learners are enrolled by a sheet; this row says “{role}”.", role=role),
        )
    return _unknown_status(values)


def _unknown_status(values: _Values) -> BadRow | None:
    status = values.wire.pop("status", None)
    if status is None:
        return None
    return BadRow(
        "status",
        "unknown",
        Message("“{status}” says neither that somebody is there nor that they are not.", status=status),
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
            Message(
                "“{cell}” is what is left of a long number: format the column as text and fill it again.",
                cell=cell,
            )
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
