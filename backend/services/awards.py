"""The certificates of people: which they hold, and those issued elsewhere brought in as they are."""

from collections.abc import Sequence
from datetime import datetime

from msgspec import UNSET

from backend.database import execute, fetch, fetch_value, transaction
from backend.schemas.commons import BadRow, Page
from backend.schemas.learning import Award, AwardRow
from backend.schemas.people import BulkAnswer
from backend.schemas.problem import RowMistake
from backend.services import audit
from backend.services.actor import Actor
from backend.services.conditions import Conditions
from backend.services.paging import decode_cursor, page_of
from backend.services.reach import instructed_sessions, led_groups
from backend.services.references import find_certificates, find_learners
from backend.services.rights import learner_for, reports_to, require_admin

# An award of the same certificate, issued to the same learner at the same instant, is the same award.
_WRITE = """
WITH given AS (
    SELECT w.learner_id, w.certificate_id, w.issued_at,
           CASE WHEN w.told THEN w.expires_at
                ELSE ((w.issued_at AT TIME ZONE o.timezone) + make_interval(months => c.valid_months))
                     AT TIME ZONE o.timezone END AS expires_at
    FROM organisation o,
         unnest($1::integer[], $2::integer[], $3::timestamptz[], $4::timestamptz[], $5::boolean[])
             AS w(learner_id, certificate_id, issued_at, expires_at, told)
    JOIN certificate c ON c.id = w.certificate_id
), changed AS (
    UPDATE award a SET expires_at = g.expires_at FROM given g
    WHERE a.learner_id = g.learner_id AND a.certificate_id = g.certificate_id AND a.issued_at = g.issued_at
      AND a.expires_at IS DISTINCT FROM g.expires_at
    RETURNING a.id
), added AS (
    INSERT INTO award (learner_id, certificate_id, issued_at, expires_at)
    SELECT g.* FROM given g
    WHERE NOT EXISTS (SELECT FROM award a WHERE a.learner_id = g.learner_id AND a.certificate_id = g.certificate_id
                                            AND a.issued_at = g.issued_at)
    RETURNING id
)
SELECT (SELECT count(*) FROM added) AS created, (SELECT count(*) FROM changed) AS updated
"""

_LISTED = "award a JOIN certificate c ON c.id = a.certificate_id JOIN activity t ON t.id = c.activity_id"


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
    total = await fetch_value(f"SELECT count(*) FROM {_LISTED} WHERE {conditions.sql}", *conditions.values)
    after = decode_cursor(cursor, tuple[datetime, int])
    if after is not None:
        conditions.add("(a.issued_at, a.id) < ({}::timestamptz, {}::bigint)", *after)
    rows = await fetch(
        "SELECT a.id, a.certificate_id, c.title, t.id AS activity_id, t.title AS activity_title, a.issued_at, a.expires_at"
        f" FROM {_LISTED} WHERE {conditions.sql} ORDER BY a.issued_at DESC, a.id DESC LIMIT {limit + 1}",
        *conditions.values,
    )
    return page_of(
        rows, limit, total, item=lambda row: Award(**row), key=lambda row: (row["issued_at"], row["id"])
    )


async def record(actor: Actor, rows: Sequence[AwardRow | BadRow]) -> BulkAnswer:
    """Record awards. Good rows are kept, bad rows are reported. For platform admins."""
    require_admin(actor)
    async with transaction():
        await execute("SELECT pg_advisory_xact_lock(hashtext('award.bulk'))")
        given, errors = await _resolve(rows)
        keys = list(given)
        values = list(given.values())
        (row,) = await fetch(
            _WRITE,
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
            errors.append(RowMistake(number, "learner", "unknown", f"There is no learner “{row.learner}”."))
        elif certificate is None:
            message = f"“{row.certificate}” awards no certificate."
            errors.append(RowMistake(number, "certificate", "unknown", message))
        elif expires is not None and expires < row.issued_at:
            errors.append(RowMistake(number, "expires_at", "order", "It expires before it is issued."))
        else:
            found[learner, certificate, row.issued_at] = (expires, row.expires_at is not UNSET)
    return found, errors
