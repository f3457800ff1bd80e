"""What a qualification requires: the activities that it gives access to."""

from asyncpg import Record

from backend.database import fetch
from backend.schemas.base import Page
from backend.schemas.qualifications import Requirement, RequirementSession
from backend.services.access.actor import Actor
from backend.services.access.rights import GroupNeed, group_for
from backend.services.enrollment.drafts.method_drafts import MethodDraft, stored_draft
from backend.services.errors import Invalid
from backend.services.groups import requirement_statements as sql
from backend.words import Message


async def list_requirements(actor: Actor, group_id: int) -> Page[Requirement]:
    """The activities that a qualification requires, for its admins and coaches. Raises `Invalid` for a group of another kind."""
    await qualification_for(actor, group_id, "members")
    items = await requirements_of(group_id)
    return Page(items=items, next=None, total=len(items))


async def qualification_for(actor: Actor, group_id: int, need: GroupNeed) -> Record:
    """The row of the qualification. Raises what `group_for` raises, and `Invalid` for a group of another kind."""
    row = await group_for(actor, group_id, need)
    if row["kind"] != "qualification":
        raise Invalid.at(
            "group_id", "not_qualification", Message("Only a qualification requires activities.")
        )
    return row


async def linked_groups(qualification_id: int) -> list[tuple[MethodDraft, frozenset[int]]]:
    """The groups that are linked to a qualification, each as the newest of its methods has it, and the activities that it has been given."""
    linked = [stored_draft(row) for row in await fetch(sql.LINKED, qualification_id)]
    given = await fetch(sql.GIVEN, [one.group_id for one in linked])
    return [
        (one, frozenset(row["activity_id"] for row in given if row["group_id"] == one.group_id))
        for one in linked
    ]


async def requirements_of(group_id: int) -> list[Requirement]:
    """For those whose right to the qualification has been checked."""
    return [
        Requirement(
            **{name: row[name] for name in ("activity_id", "kind", "title", "external_id")},
            sessions=[RequirementSession(**one) for one in row["sessions"]],
        )
        for row in await fetch(sql.REQUIREMENTS, group_id)
    ]
