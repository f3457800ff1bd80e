"""Who stands how on which qualification: a list over many people, and the same as a sheet."""

import asyncio
import csv
import io
from collections.abc import Iterable, Iterator, Sequence
from typing import Literal

from asyncpg import Record
from msgspec import Struct

from backend.database import fetch_value
from backend.runtime import clock
from backend.schemas.base import Page
from backend.schemas.qualifications import (
    QualificationGroup,
    QualificationLearner,
    QualificationRow,
    QualificationState,
)
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import joined_groups, led_groups
from backend.services.access.rights import group_for
from backend.services.errors import Invalid
from backend.services.groups import requirement_statements as sql
from backend.services.paging import page_of
from backend.services.people.learner_lists import add_visible
from backend.services.sorted_rows import sorted_rows
from backend.services.where_clauses import Conditions, Sort, chosen_sort
from backend.sheets import Cell, csv_cell, xlsx_bytes
from backend.words import Message, translate

_SORTS = {
    "name": (
        ("lower(l.last_name)", "text"),
        ("lower(l.first_name)", "text"),
        ("l.id", "integer"),
        ("lower(g.name)", "text"),
        ("g.id", "integer"),
    ),
    "expires": (
        ("coalesce(q.expires_on, '9999-12-31'::date)", "date"),
        ("l.id", "integer"),
        ("g.id", "integer"),
    ),
}
# A workbook of so many takes eleven seconds of a processor; whoever wants more of them narrows the list.
MOST_EXPORTED = 200_000
_STATES: dict[QualificationState, Message] = {
    "qualified": Message.in_context("of a qualification", "qualified"),
    "in_progress": Message.in_context("of a qualification", "in progress"),
    "missing": Message.in_context("of a qualification", "missing"),
    "expiring": Message.in_context("of a qualification", "expiring"),
    "expired": Message.in_context("of a qualification", "expired"),
}
_HEADER = (
    Message("Last name"),
    Message("First name"),
    Message("E-mail address"),
    Message("External id"),
    Message("Qualification"),
    Message("State"),
    Message("Done"),
    Message("Required"),
    Message("Expires on"),
)


class QualificationQuery(Struct, frozen=True):
    """What a list is asked for; `group`: only its members and those of its subgroups."""

    q: str | None = None
    group: int | None = None
    qualification: int | None = None
    state: QualificationState | None = None
    sort: str | None = None
    limit: int = 100
    cursor: str | None = None


async def list_qualifications(actor: Actor, query: QualificationQuery) -> Page[QualificationRow]:
    """A page of the people who have qualifications and whom the actor may see, one row for each of both."""
    rows, total, order = await _rows(actor, query)
    return page_of(rows, query.limit, total, item=_row, key=order.key)


async def export(actor: Actor, query: QualificationQuery, form: Literal["csv", "xlsx"]) -> bytes:
    """All rows of the list as a sheet, in the reader's language. Raises `Invalid` for more than a sheet is made of."""
    rows, total, _ = await _rows(actor, query, most=MOST_EXPORTED)
    if total > MOST_EXPORTED:
        raise Invalid(
            Message(
                "A sheet is made of at most {most:,} rows, and these are {total:,}: narrow the list first.",
                most=MOST_EXPORTED,
                total=total,
            )
        )
    header = [translate(title, actor.reads) for title in _HEADER]
    # So many rows take seconds, in which others want answers.
    return await asyncio.to_thread(
        xlsx_bytes if form == "xlsx" else _csv_bytes, header, _cells(rows, actor.reads)
    )


def _csv_bytes(header: Sequence[str], rows: Iterable[Sequence[Cell]]) -> bytes:
    written = io.StringIO(newline="")
    sheet = csv.writer(written)
    sheet.writerow(header)
    for row in rows:
        sheet.writerow([csv_cell(cell) if isinstance(cell, str) else cell for cell in row])
    # Spreadsheet programs take a file without this mark for one of their own encoding.
    return written.getvalue().encode("utf-8-sig")


async def _rows(
    actor: Actor, query: QualificationQuery, most: int | None = None
) -> tuple[list[Record], int, Sort]:
    for group_id in (query.group, query.qualification):
        if group_id is not None:
            await group_for(actor, group_id)
    conditions = Conditions()
    day = conditions.value(clock.today(await fetch_value(sql.TIMEZONE)))
    one = conditions.value(query.qualification)
    standings = sql.STANDINGS.format(day=f"{day}::date", qualification=one)
    source = f"{standings} q JOIN learner l ON l.id = q.learner_id JOIN learner_group g ON g.id = q.qualification_id"
    conditions.add("l.status IN ('invited', 'active')")
    await add_visible(actor, conditions)
    if not actor.is_admin:
        inside = list({*await joined_groups(actor), *await led_groups(actor)})
        conditions.add("NOT g.private OR g.id = ANY({}::integer[])", inside)
    if query.group is not None:
        conditions.add(sql.IN_TREE, query.group)
    if query.state is not None:
        conditions.add("q.state = {}", query.state)
    conditions.add_search(query.q, "l.first_name", "l.last_name", "l.email", "g.name")
    order = chosen_sort(query.sort, _SORTS, "name")
    rows, total = await sorted_rows(
        sql.COLUMNS,
        source,
        conditions,
        order,
        limit=query.limit if most is None else most,
        cursor=query.cursor if most is None else None,
    )
    return rows, total, order


def _row(row: Record) -> QualificationRow:
    return QualificationRow(
        learner=QualificationLearner(
            id=row["learner_id"],
            external_id=row["learner_external_id"],
            email=row["email"],
            first_name=row["first_name"],
            last_name=row["last_name"],
        ),
        qualification=QualificationGroup(
            id=row["qualification_id"], external_id=row["external_id"], name=row["name"], color=row["color"]
        ),
        **{name: row[name] for name in ("state", "required", "done", "expires_on")},
    )


def _cells(rows: list[Record], language: str) -> Iterator[list[Cell]]:
    for row in rows:
        expires = row["expires_on"]
        yield [
            row["last_name"],
            row["first_name"],
            row["email"],
            row["learner_external_id"] or "",
            row["name"],
            translate(_STATES[row["state"]], language),
            row["done"],
            row["required"],
            "" if expires is None else expires.isoformat(),
        ]
