"""Writing many learners at once, set by set: new rows, changed rows, field values, memberships.

The caller has checked every row; what is written here is what the change log's triggers see.
"""

from collections.abc import Iterable, Sequence
from dataclasses import dataclass, field

from backend import clock
from backend.database import execute, fetch
from backend.services.field_values import Columns
from backend.services.notices import file_invitations


@dataclass(slots=True)
class Writing:
    """One learner to write. `core` holds the given columns of `learner`; a field value of None clears it."""

    learner_id: int = 0
    is_new: bool = False
    core: dict[str, object] = field(default_factory=dict)
    values: dict[int, Columns | None] = field(default_factory=dict)
    groups: dict[int, str] = field(default_factory=dict)


async def reserve_ids(count: int) -> list[int]:
    """Ids for new learners: known beforehand, so that rows of one request can refer to each other."""
    rows = await fetch(
        "SELECT nextval(pg_get_serial_sequence('learner', 'id'))::integer FROM generate_series(1, $1)", count
    )
    return [row[0] for row in rows]


async def write(rows: Sequence[Writing]) -> set[int]:
    """Write all of them inside the caller's transaction; returns the ids of existing learners that changed."""
    new = sorted((row for row in rows if row.is_new), key=lambda row: row.learner_id)
    old = sorted((row for row in rows if not row.is_new), key=lambda row: row.learner_id)
    await _insert(new)
    with_values = await _write_values(rows)
    invited_before = await _status_is_invited(old)
    changed = await _update(old, with_values)
    changed |= await _add_memberships(rows)
    invited = {row.learner_id for row in rows if row.core.get("status") == "invited"} - invited_before
    if invited:
        await file_invitations(sorted(invited))
    return changed & {row.learner_id for row in old}


async def _insert(rows: Sequence[Writing]) -> None:
    if not rows:
        return
    now = clock.now()

    def column(name: str, default: object = None) -> list[object]:
        return [row.core.get(name, default) for row in rows]

    await execute(
        """
        INSERT INTO learner (id, email, first_name, last_name, language, status, added_at, external_id, manager_id,
                             password_hash, is_admin)
        SELECT i.id, i.email, i.first_name, i.last_name, coalesce(i.language, o.language), i.status, i.added_at,
               i.external_id, i.manager_id, i.password_hash, i.is_admin
        FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[], $7::timestamptz[],
                    $8::text[], $9::integer[], $10::text[], $11::boolean[])
             AS i(id, email, first_name, last_name, language, status, added_at, external_id, manager_id,
                  password_hash, is_admin),
             organisation o
        """,
        [row.learner_id for row in rows],
        column("email"),
        column("first_name", ""),
        column("last_name", ""),
        column("language"),
        column("status", "active"),
        column("added_at", now),
        column("external_id"),
        column("manager_id"),
        column("password_hash"),
        column("is_admin", False),
    )


async def _status_is_invited(rows: Iterable[Writing]) -> set[int]:
    asked = [row.learner_id for row in rows if row.core.get("status") == "invited"]
    if not asked:
        return set()
    found = await fetch("SELECT id FROM learner WHERE id = ANY($1) AND status = 'invited'", asked)
    return {row["id"] for row in found}


async def _update(rows: Sequence[Writing], touched: set[int]) -> set[int]:
    """Update given columns; rows that stay the same are not written, unless a field value of theirs changed."""
    if not rows:
        return set()

    def column(name: str) -> list[object]:
        return [row.core.get(name) for row in rows]

    found = await fetch(
        """
        WITH given AS (
            SELECT * FROM unnest($1::integer[], $2::text[], $3::text[], $4::text[], $5::text[], $6::text[],
                                 $7::timestamptz[], $8::text[], $9::boolean[], $10::integer[], $11::boolean[],
                                 $12::text[], $13::boolean[], $14::boolean[])
                AS i(id, email, first_name, last_name, language, status, added_at, external_id, external_given,
                     manager_id, manager_given, password_hash, is_admin, touched)
        ), wanted AS (
            SELECT l.id, coalesce(i.email, l.email) AS email, coalesce(i.first_name, l.first_name) AS first_name,
                   coalesce(i.last_name, l.last_name) AS last_name, coalesce(i.language, l.language) AS language,
                   coalesce(i.status, l.status) AS status, coalesce(i.added_at, l.added_at) AS added_at,
                   CASE WHEN i.external_given THEN i.external_id ELSE l.external_id END AS external_id,
                   CASE WHEN i.manager_given THEN i.manager_id ELSE l.manager_id END AS manager_id,
                   coalesce(i.password_hash, l.password_hash) AS password_hash,
                   coalesce(i.is_admin, l.is_admin) AS is_admin, i.touched
            FROM given i JOIN learner l ON l.id = i.id
        )
        UPDATE learner l SET email = w.email, first_name = w.first_name, last_name = w.last_name,
               language = w.language, status = w.status, added_at = w.added_at, external_id = w.external_id,
               manager_id = w.manager_id, password_hash = w.password_hash, is_admin = w.is_admin,
               version = l.version + 1
        FROM wanted w
        WHERE l.id = w.id AND (w.touched OR
            (l.email, l.first_name, l.last_name, l.language, l.status, l.added_at, l.external_id, l.manager_id,
             l.password_hash, l.is_admin)
            IS DISTINCT FROM
            (w.email, w.first_name, w.last_name, w.language, w.status, w.added_at, w.external_id, w.manager_id,
             w.password_hash, w.is_admin))
        RETURNING l.id
        """,
        [row.learner_id for row in rows],
        column("email"),
        column("first_name"),
        column("last_name"),
        column("language"),
        column("status"),
        column("added_at"),
        column("external_id"),
        ["external_id" in row.core for row in rows],
        column("manager_id"),
        ["manager_id" in row.core for row in rows],
        column("password_hash"),
        column("is_admin"),
        [row.learner_id in touched for row in rows],
    )
    return {row["id"] for row in found}


async def _write_values(rows: Sequence[Writing]) -> set[int]:
    """Upsert and clear field values; the learners whose values changed."""
    ordered = sorted(
        ((row.learner_id, field_id, value) for row in rows for field_id, value in row.values.items()),
        key=lambda value: value[:2],
    )
    given = [(learner_id, field_id, value) for learner_id, field_id, value in ordered if value is not None]
    cleared = [(learner_id, field_id) for learner_id, field_id, value in ordered if value is None]
    changed: set[int] = set()
    if given:
        found = await fetch(
            """
            INSERT INTO field_value AS v (learner_id, field_id, text_value, number_value, date_value, boolean_value)
            SELECT * FROM unnest($1::integer[], $2::integer[], $3::text[], $4::double precision[], $5::date[],
                                 $6::boolean[])
            ON CONFLICT (learner_id, field_id) DO UPDATE SET
                text_value = excluded.text_value, number_value = excluded.number_value,
                date_value = excluded.date_value, boolean_value = excluded.boolean_value
            WHERE (v.text_value, v.number_value, v.date_value, v.boolean_value)
                  IS DISTINCT FROM
                  (excluded.text_value, excluded.number_value, excluded.date_value, excluded.boolean_value)
            RETURNING v.learner_id
            """,
            [learner_id for learner_id, _, _ in given],
            [field_id for _, field_id, _ in given],
            [value.text for _, _, value in given],
            [value.number for _, _, value in given],
            [value.day for _, _, value in given],
            [value.boolean for _, _, value in given],
        )
        changed.update(row["learner_id"] for row in found)
    if cleared:
        found = await fetch(
            "DELETE FROM field_value v USING unnest($1::integer[], $2::integer[]) AS c(learner_id, field_id)"
            " WHERE v.learner_id = c.learner_id AND v.field_id = c.field_id RETURNING v.learner_id",
            [learner_id for learner_id, _ in cleared],
            [field_id for _, field_id in cleared],
        )
        changed.update(row["learner_id"] for row in found)
    return changed


async def _add_memberships(rows: Sequence[Writing]) -> set[int]:
    """Add memberships that are not there yet; the learners who gained one."""
    wanted = sorted((group_id, row.learner_id, role) for row in rows for group_id, role in row.groups.items())
    return await add_memberships(
        [learner_id for _, learner_id, _ in wanted],
        [group_id for group_id, _, _ in wanted],
        [role for _, _, role in wanted],
    )


async def add_memberships(learner_ids: list[int], group_ids: list[int], roles: list[str]) -> set[int]:
    """Add what is not there yet; the learners who gained a membership. Existing roles stay."""
    if not learner_ids:
        return set()
    found = await fetch(
        "INSERT INTO membership (learner_id, group_id, role, since)"
        " SELECT l, g, r, $4 FROM unnest($1::integer[], $2::integer[], $3::text[]) AS w(l, g, r)"
        " ON CONFLICT (group_id, learner_id) DO NOTHING RETURNING learner_id",
        learner_ids,
        group_ids,
        roles,
        clock.now(),
    )
    return {row["learner_id"] for row in found}
