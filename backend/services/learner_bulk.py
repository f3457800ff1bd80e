"""Many learners at once: match, check, then write set by set. Good rows are kept, bad rows are reported."""

from collections.abc import Iterable, Mapping, Sequence
from dataclasses import dataclass, field
from typing import Any

from msgspec import UNSET

from backend.database import execute, fetch, plan_anew_for, transaction
from backend.schemas.commons import BadRow
from backend.schemas.imports import SheetLearner
from backend.schemas.people import BulkAnswer, LearnerRow
from backend.schemas.problem import Mistake, RowMistake
from backend.services import audit
from backend.services.actor import Actor
from backend.services.learner_checks import FieldKind, check_language, check_values, clean_email, field_kinds
from backend.services.learner_writing import Writing, reserve_ids, write
from backend.services.manager_circles import in_circles
from backend.services.rights import require_admin
from backend.text import address_key

_PLAIN = ("first_name", "last_name", "language", "status", "added_at")


@dataclass(slots=True)
class _Row:
    number: int
    email: str
    external_id: str | None
    data: LearnerRow
    writing: Writing
    mistakes: list[Mistake] = field(default_factory=list)

    @property
    def key(self) -> str:
        return address_key(self.email)


class _People:
    """Who exists already, as far as the request is concerned: by external id and by e-mail."""

    def __init__(self, rows: Iterable[Any]) -> None:
        self.by_external: dict[str, Any] = {}
        self.by_email: dict[str, Any] = {}
        for row in rows:
            self.by_email[row["key"]] = row
            if row["external_id"] is not None:
                self.by_external[row["external_id"]] = row

    def manager(self, name: str) -> Any:
        """Who is meant as a manager: by external id, else by e-mail."""
        return self.by_external.get(name) or self.by_email.get(address_key(name))

    @classmethod
    async def load(cls, rows: Sequence[_Row]) -> "_People":
        external = [row.external_id for row in rows if row.external_id]
        managers = [row.data.manager_external_id for row in rows if row.data.manager_external_id]
        return cls(
            await fetch(
                "SELECT id, lower(email) AS key, external_id, status FROM learner"
                " WHERE external_id = ANY($1) OR lower(email) = ANY($2)",
                [*external, *managers],
                [row.key for row in rows] + [address_key(name) for name in managers if "@" in name],
            )
        )


async def bulk_upsert(
    actor: Actor, rows: Sequence[LearnerRow | BadRow], lines: Sequence[int] | None = None
) -> BulkAnswer:
    """Create or update learners. Rows are matched by external id, else by e-mail in whatever case.

    `lines` are what messages call the rows; without them they are counted from 0, as in the answer.

    For platform admins. At most as many rows as `LearnersBulk` takes; everything in one transaction, about 10 s for
    10,000 new people with ten values each at worst.
    """
    require_admin(actor)
    async with transaction():
        # One at a time: two imports of the same people must not both find them missing.
        await execute("SELECT pg_advisory_xact_lock(hashtext('learner.bulk'))")
        await plan_anew_for(len(rows))
        checked, mistakes = await _check(rows)
        people = await _People.load(checked)
        _match(checked, people, lines)
        good = _without_lost_managers([row for row in checked if not row.mistakes], people)
        await _assign_ids(good, people)
        await _leave_managers_of_circles(good)
        changed = await write([row.writing for row in good])
        created = sum(row.writing.is_new for row in good)
        for row in checked:
            mistakes += [RowMistake(row.number, m.path, m.code, m.message) for m in row.mistakes]
        answer = BulkAnswer(
            created=created,
            updated=len(changed),
            unchanged=len(good) - created - len(changed),
            errors=sorted(mistakes, key=lambda mistake: mistake.row),
        )
        if created or changed:
            await audit.record(actor, "learner.bulk", "learner", None, created=created, updated=len(changed))
        return answer


async def _check(rows: Sequence[LearnerRow | BadRow]) -> tuple[list[_Row], list[RowMistake]]:
    """Everything about a row that does not depend on who exists."""
    kinds = await field_kinds()
    group_ids = await _groups(rows)
    emails = await _emails_of_others(rows)
    checked: list[_Row] = []
    bad: list[RowMistake] = []
    for number, data in enumerate(rows):
        if isinstance(data, BadRow):
            bad.append(RowMistake(number, data.path, data.code, data.message))
            continue
        mistakes: list[Mistake] = []
        known_email = emails.get(data.external_id or "") if not data.email else None
        writing = _writing(data, known_email or data.email, kinds, group_ids, mistakes)
        email = writing.core.pop("email") if known_email else writing.core.get("email")
        if isinstance(email, str):
            checked.append(_Row(number, email, data.external_id, data, writing, mistakes))
        else:
            bad += [RowMistake(number, m.path, m.code, m.message) for m in mistakes]
    return checked, bad


async def _emails_of_others(rows: Sequence[LearnerRow | BadRow]) -> dict[str, str]:
    """Addresses by external id, of those whose rows have none."""
    named = [
        row.external_id for row in rows if isinstance(row, LearnerRow) and not row.email and row.external_id
    ]
    if not named:
        return {}
    found = await fetch("SELECT external_id, email FROM learner WHERE external_id = ANY($1)", named)
    return {row["external_id"]: row["email"] for row in found}


async def _groups(rows: Sequence[LearnerRow | BadRow]) -> dict[str, int]:
    named = {group for row in rows if isinstance(row, LearnerRow) for group in row.groups}
    if not named:
        return {}
    found = await fetch("SELECT id, external_id FROM learner_group WHERE external_id = ANY($1)", list(named))
    return {row["external_id"]: row["id"] for row in found}


def _writing(
    data: LearnerRow,
    address: str,
    kinds: Mapping[str, FieldKind],
    group_ids: Mapping[str, int],
    mistakes: list[Mistake],
) -> Writing:
    core: dict[str, object] = {name: value for name in _PLAIN if (value := getattr(data, name)) is not None}
    email = clean_email(address)
    if not address:
        mistakes.append(Mistake("email", "required", "There is no e-mail address in this row."))
    elif isinstance(email, Mistake):
        mistakes.append(email)
    else:
        core["email"] = email
    if data.language is not None and (mistake := check_language(data.language)):
        mistakes.append(mistake)
    if data.external_id is not None:
        core["external_id"] = data.external_id
    groups: dict[int, str] = {}
    for i, external_id in enumerate(data.groups):
        if external_id in group_ids:
            groups[group_ids[external_id]] = "member"
        else:
            mistakes.append(Mistake(f"groups[{i}]", "unknown", f"There is no group “{external_id}”."))
    return Writing(core=core, values=check_values(data.fields, kinds, mistakes), groups=groups)


def _match(rows: Sequence[_Row], people: _People, lines: Sequence[int] | None) -> None:
    """Find whom each row means; refuse a second row about the same person, and what belongs to somebody else."""
    claimed: dict[tuple[str, str | int], int] = {}
    for row in rows:
        known = _find(row, people)
        claims: list[tuple[str, str | int]] = [("email", row.key)]
        if row.external_id:
            claims.append(("external_id", row.external_id))
        if known is not None:
            claims.append(("learner", known["id"]))
        first = next((claimed[claim] for claim in claims if claim in claimed), None)
        if first is not None:
            named = f"Row {first}" if lines is None else f"Line {lines[first]}"
            _refuse(row, "", "duplicate", f"{named} is about the same learner.")
        if isinstance(row.data, SheetLearner):
            _stand(row, row.data, known)
        if row.mistakes:
            continue
        claimed |= dict.fromkeys(claims, row.number)
        row.writing.is_new = known is None
        row.writing.learner_id = known["id"] if known is not None else 0


def _stand(row: _Row, data: SheetLearner, known: Any) -> None:
    """Who is listed as there is back; who has gone is not made an account."""
    if known is None and data.gone:
        message = "The row says that they have left, and there is no account of theirs: none was created."
        _refuse(row, "status", "gone", message)
    elif known is not None and data.present and known["status"] in {"suspended", "deactivated"}:
        row.writing.core["status"] = "active"


def _find(row: _Row, people: _People) -> Any:
    """The existing learner a row means, if any."""
    known = people.by_external.get(row.external_id) if row.external_id else None
    holder = people.by_email.get(row.key)
    if known is None:
        if holder is not None and row.external_id and holder["external_id"] is not None:
            message = "Another learner, with another external id, has this e-mail address."
            _refuse(row, "email", "taken", message)
        return holder
    if holder is not None and holder["id"] != known["id"]:
        _refuse(row, "email", "taken", "Another learner has this e-mail address.")
    return known


def _refuse(row: _Row, path: str, code: str, message: str) -> None:
    row.mistakes.append(Mistake(path, code, message))


def _without_lost_managers(rows: list[_Row], people: _People) -> list[_Row]:
    """Refuse rows whose manager neither exists nor is made by this request; which may cost others their manager."""
    reports: dict[str, list[_Row]] = {}
    for row in rows:
        if row.data.manager_external_id:
            reports.setdefault(row.data.manager_external_id, []).append(row)
    made = {name for row in rows for name in (row.external_id, row.key) if name}
    waiting = [
        name for name in reports if people.manager(name) is None and not made & {name, address_key(name)}
    ]
    selfish: list[_Row] = []
    for row in rows:
        manager = row.data.manager_external_id
        if manager and (
            manager == row.external_id or address_key(manager) == row.key or _is(people.manager(manager), row)
        ):
            selfish.append(row)
    while waiting:
        name = waiting.pop()
        for row in reports.get(name, []):
            if row.mistakes:
                continue
            _refuse(row, "manager_external_id", "unknown", f"There is no learner “{name}”.")
            if row.external_id and row.external_id not in people.by_external:
                waiting.append(row.external_id)
    good = [row for row in rows if not row.mistakes]
    for row in selfish:
        # The rest of the row is written.
        row.data.manager_external_id = UNSET
        _refuse(
            row, "manager_external_id", "self", "Nobody manages themselves: the manager is left as it is."
        )
    return good


def _is(person: Any, row: _Row) -> bool:
    return person is not None and person["id"] == row.writing.learner_id


async def _leave_managers_of_circles(rows: Sequence[_Row]) -> None:
    """Who would be their own manager through others keeps the manager they have; the rest of their row is written."""
    given = {
        row.writing.learner_id: manager
        for row in rows
        if isinstance(manager := row.writing.core.get("manager_id"), int)
    }
    circled = await in_circles(given)
    for row in rows:
        if row.writing.learner_id in circled:
            del row.writing.core["manager_id"]
            message = "They would manage themselves through others: the manager is left as it is."
            _refuse(row, "manager_external_id", "circle", message)


async def _assign_ids(rows: Sequence[_Row], people: _People) -> None:
    """Ids for the new ones, then managers, who may be among them."""
    new = [row for row in rows if row.writing.is_new]
    for row, learner_id in zip(new, await reserve_ids(len(new)), strict=True):
        row.writing.learner_id = learner_id
    here = {row.key: row.writing.learner_id for row in rows}
    here |= {row.external_id: row.writing.learner_id for row in rows if row.external_id}
    for row in rows:
        manager = row.data.manager_external_id
        if manager is UNSET:
            continue
        if manager is None:
            row.writing.core["manager_id"] = None
        elif manager in here:
            row.writing.core["manager_id"] = here[manager]
        elif address_key(manager) in here:
            row.writing.core["manager_id"] = here[address_key(manager)]
        else:
            row.writing.core["manager_id"] = people.manager(manager)["id"]
