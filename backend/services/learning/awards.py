"""The certificates of people: which they hold, and those issued elsewhere brought in as they are."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import UNSET

from backend.database import fetch, fetch_value, lock_by_name, transaction
from backend.schemas.base import BadRow, Page
from backend.schemas.learning.results import Award, AwardRow
from backend.schemas.people import BulkAnswer
from backend.schemas.problem import RowMistake
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.covered_groups import instructed_sessions, led_groups
from backend.services.access.rights import learner_for, reports_to, require_admin
from backend.services.learning import result_statements, statements
from backend.services.learning.bulk_references import find_certificates, find_learners
from backend.services.paging import decode_cursor, page_of
from backend.services.statements import count_rows, page_of_rows
from backend.services.where_clauses import Conditions
from backend.words import Message
from backend.words.nouns import there_is_none_named


async def of_learner(actor: Actor, learner_id: int, limit: int, cursor: str | None) -> Page[Award]:
    """The certificates of somebody, the newest first; of others than admins, oneself and one's team: of activities with a session one leads."""
    await learner_for(actor, learner_id)
    conditions = Conditions()
    conditions.add("a.learner_id = {}", learner_id)
    if not (actor.is_admin or actor.id == learner_id or await reports_to(actor, learner_id)):
        conditions.add(
            "t.id IN (SELECT s.activity_id FROM session s"
            " WHERE s.group_id = ANY({}::integer[]) OR s.id = ANY({}::integer[]))",
            list(await led_groups(actor)),
            list(await instructed_sessions(actor)),
        )
    total = await fetch_value(count_rows(statements.AWARDS, conditions.sql), *conditions.values)
    after = decode_cursor(cursor, tuple[datetime, int])
    if after is not None:
        conditions.add("(a.issued_at, a.id) < ({}::timestamptz, {}::bigint)", *after)
    rows = await fetch(
        page_of_rows(
            statements.AWARD_COLUMNS,
            statements.AWARDS,
            conditions.sql,
            "a.issued_at DESC, a.id DESC",
            limit,
        ),
        *conditions.values,
    )
    return page_of(
        rows, limit, total, item=lambda row: Award(**row), key=lambda row: (row["issued_at"], row["id"])
    )


async def record(actor: Actor, rows: Sequence[AwardRow | BadRow]) -> BulkAnswer:
    """Record awards. Good rows are kept, bad rows are reported. For platform admins."""
    require_admin(actor)
    async with transaction():
        await lock_by_name("award.bulk")
        given, errors = await _resolve(rows)
        keys = list(given)
        values = list(given.values())
        (row,) = await fetch(
            result_statements.WRITE_AWARDS,
            [key[0] for key in keys],
            [key[1] for key in keys],
            [key[2] for key in keys],
            [value[0] for value in values],
            [value[1] for value in values],
        )
        if row["created"] or row["updated"]:
            await audit.record(
                actor, "award.bulk", "award", None, created=row["created"], updated=row["updated"]
            )
        good = len(rows) - len({error.row for error in errors})
        return BulkAnswer(
            created=row["created"],
            updated=row["updated"],
            unchanged=good - row["created"] - row["updated"],
            errors=errors,
        )


async def _resolve(
    rows: Sequence[AwardRow | BadRow],
) -> tuple[dict[tuple[int, int, datetime], tuple[datetime | None, bool]], list[RowMistake]]:
    """The last row about each award, as (learner, certificate, issued) → (expires, whether that was told)."""
    good = [row for row in rows if isinstance(row, AwardRow)]
    learners = await find_learners(row.learner for row in good)
    certificates = await find_certificates(row.certificate for row in good)
    found: dict[tuple[int, int, datetime], tuple[datetime | None, bool]] = {}
    errors: list[RowMistake] = []
    for number, row in enumerate(rows):
        if isinstance(row, BadRow):
            errors.append(RowMistake(number, row.path, row.code, row.message))
            continue
        learner, certificate = learners.find(row.learner), certificates.find(row.certificate)
        expires = row.expires_at if isinstance(row.expires_at, datetime) else None
        if learner is None:
            errors.append(
                RowMistake(
                    number,
                    "learner",
                    "unknown",
                    there_is_none_named("learner", row.learner),
                )
            )
        elif certificate is None:
            message = Message("“{name}” awards no certificate.", name=row.certificate)
            errors.append(RowMistake(number, "certificate", "unknown", message))
        elif expires is not None and expires < row.issued_at:
            errors.append(
                RowMistake(number, "expires_at", "order", Message("It expires before it is issued."))
            )
        else:
            found[learner, certificate, row.issued_at] = (expires, row.expires_at is not UNSET)
    return found, errors
