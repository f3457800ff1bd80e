"""Many learners at once: match, check, then write set by set. Good rows are kept, bad rows are reported."""

from collections.abc import Mapping, Sequence
from typing import Any

from backend.database import any_of, lock_by_name, plan_anew_for, transaction
from backend.schemas.base import BadRow
from backend.schemas.imports import SheetLearner
from backend.schemas.people import BulkAnswer, LearnerRow
from backend.schemas.problem import Mistake, RowMistake
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.people.bulk_managers import assign_ids, leave_managers_of_circles, without_lost_managers
from backend.services.people.bulk_rows import BulkRow, KnownPeople
from backend.services.people.languages import language_mistake
from backend.services.people.learner_checks import (
    FieldKind,
    check_values,
    clean_email,
    field_kinds,
)
from backend.services.people.learner_rows import Writing, write_learners
from backend.tables import Learner, LearnerGroup
from backend.words import Message
from backend.words.nouns import row_named, there_is_none_named

_PLAIN = ("first_name", "last_name", "language", "status", "added_at")


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
        await lock_by_name("learner.bulk")
        await plan_anew_for(len(rows))
        checked, mistakes = await _check(rows)
        people = await KnownPeople.load(checked)
        _match(checked, people, lines)
        good = without_lost_managers([row for row in checked if not row.mistakes], people)
        await assign_ids(good, people)
        await leave_managers_of_circles(good)
        changed = await write_learners([row.writing for row in good])
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


async def _check(rows: Sequence[LearnerRow | BadRow]) -> tuple[list[BulkRow], list[RowMistake]]:
    """Everything about a row that does not depend on who exists."""
    kinds = await field_kinds()
    group_ids = await _groups(rows)
    emails = await _emails_of_others(rows)
    checked: list[BulkRow] = []
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
            checked.append(BulkRow(number, email, data.external_id, data, writing, mistakes))
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
    found = await Learner.select(Learner.external_id, Learner.email).where(any_of(Learner.external_id, named))
    return {row["external_id"]: row["email"] for row in found}


async def _groups(rows: Sequence[LearnerRow | BadRow]) -> dict[str, int]:
    named = {group for row in rows if isinstance(row, LearnerRow) for group in row.groups}
    if not named:
        return {}
    found = await LearnerGroup.select(LearnerGroup.id, LearnerGroup.external_id).where(
        any_of(LearnerGroup.external_id, named)
    )
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
        mistakes.append(Mistake("email", "required", Message("There is no e-mail address in this row.")))
    elif isinstance(email, Mistake):
        mistakes.append(email)
    else:
        core["email"] = email
    if data.language is not None and (mistake := language_mistake(data.language)):
        mistakes.append(mistake)
    if data.external_id is not None:
        core["external_id"] = data.external_id
    groups: dict[int, str] = {}
    for i, external_id in enumerate(data.groups):
        if external_id in group_ids:
            groups[group_ids[external_id]] = "member"
        else:
            mistakes.append(
                Mistake(
                    f"groups[{i}]",
                    "unknown",
                    there_is_none_named("group", external_id),
                )
            )
    return Writing(core=core, values=check_values(data.fields, kinds, mistakes), groups=groups)


def _match(rows: Sequence[BulkRow], people: KnownPeople, lines: Sequence[int] | None) -> None:
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
            named = row_named(first, lines)
            row.refuse("", "duplicate", Message("{named} is about the same learner.", named=named))
        if isinstance(row.data, SheetLearner):
            _stand(row, row.data, known)
        if row.mistakes:
            continue
        claimed |= dict.fromkeys(claims, row.number)
        row.writing.is_new = known is None
        row.writing.learner_id = known["id"] if known is not None else 0


def _stand(row: BulkRow, data: SheetLearner, known: Any) -> None:
    """Who is listed as there is back; who has gone is not made an account."""
    if known is None and data.gone:
        message = Message(
            "The row says that they have left, and there is no account of theirs: none was created."
        )
        row.refuse("status", "gone", message)
    elif known is not None and data.present and known["status"] in {"suspended", "deactivated"}:
        row.writing.core["status"] = "active"


def _find(row: BulkRow, people: KnownPeople) -> Any:
    """The existing learner a row means, if any."""
    known = people.by_external.get(row.external_id) if row.external_id else None
    holder = people.by_email.get(row.key)
    if known is None:
        if holder is not None and row.external_id and holder["external_id"] is not None:
            message = Message("Another learner, with another external id, has this e-mail address.")
            row.refuse("email", "taken", message)
        return holder
    if holder is not None and holder["id"] != known["id"]:
        row.refuse("email", "taken", Message("Another learner has this e-mail address."))
    return known
