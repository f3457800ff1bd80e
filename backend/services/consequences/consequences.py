"""Asking what acts would do, and doing them as they were shown: by the same code, checked by the same hash."""

from collections.abc import AsyncIterator, Awaitable, Callable, Iterator, Sequence
from contextlib import asynccontextmanager, contextmanager
from typing import Any, Generic, TypeVar

import msgspec

from backend.database import transaction
from backend.index import Follower
from backend.runtime import clock
from backend.schemas import consequence_acts
from backend.schemas import consequences as wire
from backend.schemas.base import Page
from backend.schemas.problem import Mistake
from backend.services.access.actor import Actor
from backend.services.audiences.index_access import current_index
from backend.services.consequences.act_runs import act_run, is_kept
from backend.services.consequences.acts import act_of
from backend.services.consequences.caught_up import CaughtUp
from backend.services.consequences.consequences_as_seen import consequence_reader, people_page, to_wire
from backend.services.consequences.hashing import hash_of
from backend.services.consequences.outcome import Outcome
from backend.services.consequences.planned_messages import count_messages, messages_page
from backend.services.consequences.world import SupposedWorld, supposing
from backend.services.enrollment.reconciler.followed_work import FollowedWork
from backend.services.enrollment.writing.enrollment_writer import lock_sessions
from backend.services.errors import Conflict, MusterError
from backend.words import Message

T = TypeVar("T")


class ConsequenceEngine(msgspec.Struct, frozen=True):
    """What consequences are asked of: this process's index, what follows it, and the key of the hashes."""

    follower: Follower
    work: FollowedWork
    key: bytes


class ConsequencesChanged(Conflict):
    """What was shown no longer holds; what holds now comes with it."""

    type, title = "consequences_changed", Message("The consequences have changed")

    def __init__(self, now: wire.Consequences) -> None:
        super().__init__(
            Message(
                "Since you saw the consequences, they have changed. Look at the new ones and do it again if they are right."
            ),
            extra={"consequences": now},
        )


class Confirmed(msgspec.Struct, Generic[T]):
    """What was done as shown: its run, unless nothing changed, and the answers of the acts."""

    run_id: int | None
    answers: list[T]


class Asked(msgspec.Struct):
    """The outcome of acts, its hash, and what each of their checks found out."""

    outcome: Outcome
    hash: str
    found: list[Any]


async def ask(
    actor: Actor, engine: ConsequenceEngine, changes: Sequence[consequence_acts.Change]
) -> wire.Consequences:
    """What would follow if these were done; nothing is written. Raises what doing them would raise, with `changes[i]` before the path."""
    async with supposed(actor, engine, changes) as (world, asked):
        return await told_to(actor, engine, world, asked)


async def told_to(
    actor: Actor, engine: ConsequenceEngine, world: SupposedWorld, asked: Asked
) -> wire.Consequences:
    """What was found, as far as the asker may see it."""
    told = await consequence_reader(actor, engine.follower.index, world.index, asked.outcome)
    visible = told.visible()
    return to_wire(told, visible, asked.hash, count_messages(told, visible))


async def people(
    actor: Actor, engine: ConsequenceEngine, request: wire.ConsequencesPeopleRequest
) -> Page[wire.ChangedPerson]:
    """A page of the people behind a number, with why; only those whom the asker may see."""
    async with supposed(actor, engine, request.changes) as (world, asked):
        told = await consequence_reader(actor, engine.follower.index, world.index, asked.outcome)
        return await people_page(told, request)


async def messages(
    actor: Actor, engine: ConsequenceEngine, request: wire.ConsequencesMessagesRequest
) -> Page[wire.PlannedMessage]:
    """A page of the messages that would go out; only to those whom the asker may see."""
    async with supposed(actor, engine, request.changes) as (world, asked):
        told = await consequence_reader(actor, engine.follower.index, world.index, asked.outcome)
        return await messages_page(told, request)


async def confirmed(
    actor: Actor,
    engine: ConsequenceEngine,
    changes: Sequence[consequence_acts.Change],
    seen: str,
    write: Callable[[Follower], Awaitable[T]] | None = None,
) -> Confirmed[Any]:
    """Do what was shown, as one run, or raise `ConsequencesChanged`. `write` does the only change instead of its act.

    The sessions that it moves people in are locked first, so that nobody enrolls in them between looking and writing.
    """
    named = write is None
    async with transaction():
        asked = await _asked(actor, engine, changes, named=named)
        await lock_sessions(asked.outcome.sessions)
        index = await current_index(engine.follower)
        if index.position != asked.outcome.position:
            asked = await _asked(actor, engine, changes, named=named)
        if asked.hash != seen:
            async with supposed(actor, engine, changes, named=named) as (world, now):
                raise ConsequencesChanged(await told_to(actor, engine, world, now))
        summaries = [
            act_of(change).summary_of(change, found)
            for change, found in zip(changes, asked.found, strict=True)
        ]
        async with act_run(actor, summaries, asked.outcome, index) as run_id:
            # What is written from here on is numbered only once it is committed.
            follower = CaughtUp(engine.follower)
            if write is not None:
                answers: list[Any] = [await write(follower)]
            else:
                answers = [await act_of(one).write(actor, follower, one) for one in changes]
        return Confirmed(run_id if await is_kept(run_id) else None, answers)


async def _asked(
    actor: Actor, engine: ConsequenceEngine, changes: Sequence[consequence_acts.Change], *, named: bool
) -> Asked:
    async with supposed(actor, engine, changes, named=named) as (_, asked):
        return asked


@asynccontextmanager
async def supposed(
    actor: Actor, engine: ConsequenceEngine, changes: Sequence[consequence_acts.Change], *, named: bool = True
) -> AsyncIterator[tuple[SupposedWorld, Asked]]:
    """The world in which all of it has been done."""
    await current_index(engine.follower)
    found = []
    for number, change in enumerate(changes):
        with _told_of(number if named else None):
            found.append(await act_of(change).permit(actor, engine.follower, change))
    async with supposing(engine.work, clock.now()) as world:
        for number, (change, checked) in enumerate(zip(changes, found, strict=True)):
            with _told_of(number if named else None):
                await act_of(change).suppose(world, actor, change, checked)
        await world.settle()
        outcome = world.outcome()
        yield world, Asked(outcome, hash_of(engine.key, changes, outcome.methods), found)


@contextmanager
def _told_of(number: int | None) -> Iterator[None]:
    """Whatever is refused says which of the changes it is about; without a number it is the only one."""
    try:
        yield
    except MusterError as error:
        if number is None:
            raise
        place = f"changes[{number}]"
        errors = error.errors or [Mistake(path="", code=error.type, message=error.detail)]
        error.errors = [
            msgspec.structs.replace(one, path=f"{place}.{one.path}" if one.path else place) for one in errors
        ]
        raise
