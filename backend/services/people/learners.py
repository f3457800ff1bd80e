"""Adding, changing and deleting one learner. Many at once: `learner_bulk`."""

from typing import Any

from msgspec import UNSET

from backend import tables
from backend.database import any_of, row_by_id, transaction
from backend.rules import Dependency
from backend.schemas.base import UnsetType
from backend.schemas.people import Learner, LearnerChange, LearnerInput
from backend.schemas.problem import Mistake
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.passwords import hash_password
from backend.services.access.rights import learner_for, require_admin
from backend.services.audiences import dependents
from backend.services.errors import Conflict, Forbidden, Invalid, NotFound
from backend.services.people.languages import language_mistake
from backend.services.people.learner_bulk import bulk_upsert
from backend.services.people.learner_checks import check_values, clean_email, field_kinds
from backend.services.people.learner_lists import get_learner
from backend.services.people.learner_rows import Writing, reserve_ids, write_learners
from backend.services.people.manager_circles import in_circles
from backend.services.versions import lock_row
from backend.words import Message, joined
from backend.words.nouns import there_is_no

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
    if "language" in core and (mistake := language_mistake(core["language"])):
        mistakes.append(mistake)
    if core.get("manager_id") is not None and not await tables.Learner.exists().where(
        tables.Learner.id == core["manager_id"]
    ):
        mistakes.append(Mistake("manager_id", "unknown", Message("There is no such learner.")))
    return core


async def _add_password(core: dict[str, Any], data: LearnerInput | LearnerChange) -> None:
    if data.password is not UNSET and not isinstance(data.password, UnsetType):
        core["password_hash"] = await hash_password(data.password)


async def _check_groups(data: LearnerInput, mistakes: list[Mistake]) -> dict[int, str]:
    wanted = [group.id for group in data.groups]
    known = {
        row["id"]
        for row in await tables.LearnerGroup.select(tables.LearnerGroup.id).where(
            any_of(tables.LearnerGroup.id, wanted)
        )
    }
    for i, group_id in enumerate(wanted):
        if group_id not in known:
            mistakes.append(Mistake(f"groups[{i}].id", "unknown", Message("There is no such group.")))
    return {group.id: group.role for group in data.groups}


def _raise(mistakes: list[Mistake]) -> None:
    if mistakes:
        raise Invalid.about(mistakes)


async def create_learner(actor: Actor, data: LearnerInput) -> Learner:
    """A new learner, active unless said otherwise. Raises `Invalid`, or `Conflict` if e-mail or external id is taken."""
    require_admin(actor)
    mistakes: list[Mistake] = []
    async with transaction():
        core = await _core(data, mistakes)
        await _add_password(core, data)
        values = check_values(data.fields, await field_kinds(), mistakes)
        groups = await _check_groups(data, mistakes)
        _raise(mistakes)
        if groups and core.get("status") == "pending":
            raise Conflict(
                Message(
                    "Only approved people can be in a group: add them without groups, or with another status."
                )
            )
        (learner_id,) = await reserve_ids(1)
        await write_learners([Writing(learner_id, is_new=True, core=core, values=values, groups=groups)])
        await audit.record(actor, "learner.create", "learner", learner_id, email=core["email"])
        return await get_learner(actor, learner_id)


def _given(data: LearnerChange) -> set[str]:
    return {name for name in LearnerChange.__struct_fields__ if getattr(data, name) not in (UNSET, {})}


async def _require_to_change(actor: Actor, learner_id: int, data: LearnerChange) -> None:
    """People may change their own names and language, admins everything."""
    if not actor.is_admin and (actor.id != learner_id or not _given(data) <= OWN):
        await learner_for(actor, learner_id, "manage")


async def check_change(actor: Actor, learner_id: int, data: LearnerChange) -> Writing:
    """What changing them would write, but for a password. Raises what `change_learner` raises."""
    await _require_to_change(actor, learner_id, data)
    if await row_by_id(tables.Learner, learner_id) is None:
        raise NotFound(there_is_no("learner", learner_id))
    return await _checked(actor, learner_id, data)


async def _checked(actor: Actor, learner_id: int, data: LearnerChange) -> Writing:
    mistakes: list[Mistake] = []
    core = await _core(data, mistakes)
    if core.get("manager_id") == learner_id:
        mistakes.append(Mistake("manager_id", "self", Message("Nobody manages themselves.")))
    elif isinstance(manager := core.get("manager_id"), int) and await in_circles({learner_id: manager}):
        message = Message(
            "This person would manage themselves through others: choose somebody who is not below them."
        )
        mistakes.append(Mistake("manager_id", "circle", message))
    values = check_values(data.fields, await field_kinds() if data.fields else {}, mistakes)
    _raise(mistakes)
    if actor.id == learner_id and (core.get("is_admin") is False or core.get("status", "active") != "active"):
        raise Conflict(Message("Another admin has to take your own account's rights away."))
    return Writing(learner_id, core=core, values=values)


async def change_learner(actor: Actor, learner_id: int, data: LearnerChange, if_match: int | None) -> Learner:
    """Change what is given; people may change their own names and language, admins everything."""
    await _require_to_change(actor, learner_id, data)
    async with transaction():
        await lock_row(tables.Learner, learner_id, if_match)
        writing = await _checked(actor, learner_id, data)
        await _add_password(writing.core, data)
        await write_learners([writing])
        if "password_hash" in writing.core:
            await tables.SignIn.delete().where(tables.SignIn.learner_id == learner_id)
        await audit.record(actor, "learner.change", "learner", learner_id, changed=sorted(_given(data)))
        return await get_learner(actor, learner_id)


async def delete_learner(actor: Actor, learner_id: int) -> None:
    """Delete the account with everything known about the person; suspending it is usually what is wanted.

    Raises `HasDependents` while a rule names them as manager.
    """
    row = await learner_for(actor, learner_id, "manage")
    if learner_id == actor.id:
        raise Forbidden(Message("Another admin has to delete your own account."))
    async with transaction():
        await dependents.refuse_if_rules_refer(joined("", [row["email"]]), Dependency("learner", learner_id))
        await tables.Learner.delete().where(tables.Learner.id == learner_id)
        await audit.record(actor, "learner.delete", "learner", learner_id, email=row["email"])


__all__ = ["bulk_upsert", "change_learner", "check_change", "create_learner", "delete_learner"]
