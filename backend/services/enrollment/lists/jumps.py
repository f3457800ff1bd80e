"""Jumps of audiences: to whom they are told, in which words, and dismissed by whom it may concern."""

from collections.abc import Sequence
from typing import Any

import msgspec
from asyncpg import Record

from backend.database import fetch, fetch_row, transaction
from backend.enrollment.audience_sizes import SizeCause
from backend.enrollment.size_sentences import causes_sentence, jump_sentence
from backend.index import Follower
from backend.runtime import clock
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.audiences.index_access import loaded_index
from backend.services.audiences.visibility import reading_scope
from backend.services.enrollment.lists import jump_statements as sql
from backend.services.enrollment.rights.deciders import MethodRights
from backend.services.enrollment.runs.act_sentences import acts_seen, sentences
from backend.services.errors import NotFound
from backend.tables import AudienceJump
from backend.words import Message


async def open_jumps(asked: MethodRights, most: int) -> list[tuple[Record, str]]:
    """Those that wait for the actor, the oldest first, each with its sentence: to platform admins all, to others those of what is theirs."""
    actor = asked.actor
    rows = [
        row
        for row in await fetch(sql.OPEN_JUMPS, None if actor.is_admin else actor.id, most)
        if await _concerns(asked, row)
    ]
    causes = [_causes(row["jump_causes"]) for row in rows]
    acts = await _acts(actor, causes)
    return [
        (row, _sentence(row, told, acts).render(actor.reads)) for row, told in zip(rows, causes, strict=True)
    ]


async def dismiss(actor: Actor, follower: Follower, jump_id: int) -> None:
    """That is right: it waits for nobody any more. Raises `NotFound` for those whom it does not concern, and where it does not wait."""
    index = await loaded_index(follower)
    async with transaction():
        row = await fetch_row(sql.ONE_JUMP, jump_id)
        asked = MethodRights(actor, index, await reading_scope(actor))
        if row is None or not await _concerns(asked, row):
            raise NotFound(Message("There is no jump {id} that waits for you.", id=jump_id))
        jump = AudienceJump
        await jump.update(
            {jump.state: "dismissed", jump.dismissed_by_id: actor.id or None, jump.dismissed_at: clock.now()}
        ).where(jump.id == jump_id)
        kind, about = (
            ("segment", row["jump_segment_id"]) if row["id"] is None else ("enrollment_method", row["id"])
        )
        await audit.record(
            actor,
            "audience_jump.dismiss",
            kind,
            about,
            jump=jump_id,
            net=row["jump_net"],
            day=str(row["jump_day"]),
        )


async def _concerns(asked: MethodRights, row: Record) -> bool:
    """Platform admins, and the owner as long as the method is theirs to decide about. Segments are platform admins' alone."""
    if asked.actor.is_admin:
        return True
    if row["id"] is None or row["jump_owner_id"] != asked.actor.id:
        return False
    return await asked.decides(row["session_id"], row)


def _causes(stored: Any) -> list[SizeCause]:
    try:
        return msgspec.convert(stored, list[SizeCause])
    except msgspec.ValidationError:
        # Written by a release that told more: how much it was is told all the same.
        return []


async def _acts(actor: Actor, causes: Sequence[Sequence[SizeCause]]) -> dict[int, str]:
    """The acts behind them in words, those that the reader sees."""
    seen = await acts_seen(actor, [one.act for told in causes for one in told if one.act is not None])
    return await sentences(actor, seen)


def _sentence(row: Record, causes: Sequence[SizeCause], acts: dict[int, str]) -> Message:
    told = causes_sentence(causes, acts) if causes else None
    return jump_sentence(row["jump_net"], row["jump_low"], row["jump_high"], told)
