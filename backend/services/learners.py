"""Adding, changing and deleting one learner. Many at once: `learner_bulk`."""

from typing import Any

from msgspec import UNSET

from backend.database import execute, fetch, fetch_value, transaction
from backend.rules import Dependency
from backend.schemas.commons import UnsetType
from backend.schemas.people import Learner, LearnerChange, LearnerInput
from backend.schemas.problem import Mistake
from backend.services import audit, dependents
from backend.services.actor import Actor
from backend.services.errors import Conflict, Forbidden, Invalid
from backend.services.learner_bulk import bulk_upsert
from backend.services.learner_checks import check_language, check_values, clean_email, field_kinds
from backend.services.learner_lists import get_learner
from backend.services.learner_writing import Writing, reserve_ids, write
from backend.services.manager_circles import in_circles
from backend.services.passwords import hash_password
from backend.services.rights import learner_for, require_admin
from backend.services.versions import lock_row

# What people may change about themselves.
OWN = frozenset({"first_name", "last_name", "language"})
_CORE = (
    "email",
    "first_name",
    "last_name",
    "language",
    "status",
    "added_at",
    "external_id",
    "manager_id",
    "is_admin",
)


async def _core(data: LearnerInput | LearnerChange, mistakes: list[Mistake]) -> dict[str, Any]:
    core = {name: getattr(data, name) for name in _CORE if getattr(data, name) is not UNSET}
    if "email" in core:
        email = clean_email(core["email"])
        if isinstance(email, Mistake):
            mistakes.append(email)
        core["email"] = email
    if "language" in core and (mistake := check_language(core["language"])):
        mistakes.append(mistake)
    if core.get("manager_id") is not None and not await fetch_value(
        "SELECT EXISTS (SELECT FROM learner WHERE id = $1)", core["manager_id"]
    ):
        mistakes.append(Mistake("manager_id", "unknown", "There is no such learner."))
    if data.password is not UNSET and not isinstance(data.password, UnsetType):
        core["password_hash"] = await hash_password(data.password)
    return core


async def _check_groups(data: LearnerInput, mistakes: list[Mistake]) -> dict[int, str]:
    wanted = [group.id for group in data.groups]
    known = {row[0] for row in await fetch("SELECT id FROM learner_group WHERE id = ANY($1)", wanted)}
    for i, group_id in enumerate(wanted):
        if group_id not in known:
            mistakes.append(Mistake(f"groups[{i}].id", "unknown", "There is no such group."))
    return {group.id: group.role for group in data.groups}


def _raise(mistakes: list[Mistake]) -> None:
    if mistakes:
        raise Invalid("; ".join(mistake.message for mistake in mistakes), errors=mistakes)


async def create_learner(actor: Actor, data: LearnerInput) -> Learner:
    """A new learner, active unless said otherwise. Raises `Invalid`, or `Conflict` if e-mail or external id is taken."""
    require_admin(actor)
    mistakes: list[Mistake] = []
    async with transaction():
        core = await _core(data, mistakes)
        values = check_values(data.fields, await field_kinds(), mistakes)
        groups = await _check_groups(data, mistakes)
        _raise(mistakes)
        if groups and core.get("status") == "pending":
            raise Conflict(
                "Only approved people can be in a group: add them without groups, or with another status."
            )
        (learner_id,) = await reserve_ids(1)
        await write([Writing(learner_id, is_new=True, core=core, values=values, groups=groups)])
        await audit.record(actor, "learner.create", "learner", learner_id, email=core["email"])
        return await get_learner(actor, learner_id)


async def change_learner(actor: Actor, learner_id: int, data: LearnerChange, if_match: int | None) -> Learner:
    """Change what is given; people may change their own names and language, admins everything."""
    given = {name for name in data.__struct_fields__ if getattr(data, name) not in (UNSET, {})}
    if not actor.is_admin and (actor.id != learner_id or not given <= OWN):
        await learner_for(actor, learner_id, "manage")
    mistakes: list[Mistake] = []
    async with transaction():
        await lock_row("learner", learner_id, if_match)
        core = await _core(data, mistakes)
        if core.get("manager_id") == learner_id:
            mistakes.append(Mistake("manager_id", "self", "Nobody manages themselves."))
        elif isinstance(manager := core.get("manager_id"), int) and await in_circles({learner_id: manager}):
            message = (
                "This person would manage themselves through others: choose somebody who is not below them."
            )
            mistakes.append(Mistake("manager_id", "circle", message))
        values = check_values(data.fields, await field_kinds() if data.fields else {}, mistakes)
        _raise(mistakes)
        if actor.id == learner_id and (
            core.get("is_admin") is False or core.get("status", "active") != "active"
        ):
            raise Conflict("Another admin has to take your own account's rights away.")
        await write([Writing(learner_id, core=core, values=values)])
        if "password_hash" in core:
            await execute("DELETE FROM sign_in WHERE learner_id = $1", learner_id)
        await audit.record(actor, "learner.change", "learner", learner_id, changed=sorted(given))
        return await get_learner(actor, learner_id)


async def delete_learner(actor: Actor, learner_id: int) -> None:
    """Delete the account with everything known about the person; suspending it is usually what is wanted.

    Raises `HasDependents` while a rule names them as manager.
    """
    row = await learner_for(actor, learner_id, "manage")
    if learner_id == actor.id:
        raise Forbidden("Another admin has to delete your own account.")
    async with transaction():
        await dependents.refuse_if_rules_refer(row["email"], Dependency("learner", learner_id))
        await execute("DELETE FROM learner WHERE id = $1", learner_id)
        await audit.record(actor, "learner.delete", "learner", learner_id, email=row["email"])


__all__ = ["bulk_upsert", "change_learner", "create_learner", "delete_learner"]
