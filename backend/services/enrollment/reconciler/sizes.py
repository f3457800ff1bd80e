"""The sizes of audiences as the reconciler changes them, and what is reported when one jumps.

Judged by whoever writes the changes, from what is known there: nobody asks ten thousand audiences how large they are. What came together within
`EVERY_SECONDS` is judged at once, so that a flood of changes writes each audience's row seldom. What a kill takes with it are some seconds of a statistic.
"""

import time
from collections import Counter
from collections.abc import Iterable, Mapping, Sequence
from datetime import date, timedelta
from itertools import chain, islice
from typing import Any, Literal, NamedTuple

import msgspec
import structlog
from asyncpg import Record

from backend.database import execute, fetch, fetch_value, transaction
from backend.enrollment.audience_sizes import (
    DAYS_REMEMBERED,
    AudienceSize,
    SizeCause,
    forgotten,
    is_taken_back,
    jump_of,
    moved,
    rebased,
    reported,
    usual_range,
)
from backend.index import FacetIndex
from backend.index.facts.structure_rows import Method
from backend.runtime import clock
from backend.services.enrollment.fuses.decision import Decision
from backend.services.enrollment.fuses.expected import Acts
from backend.services.enrollment.reconciler import size_statements as sql
from backend.services.enrollment.rights import right_statements
from backend.services.enrollment.rights.deciders import Deciders
from backend.services.mail import alerts

_log = structlog.get_logger("muster.sizes")
AudienceKind = Literal["method", "segment"]
# The reasons of so many people are counted in one decision: what moved hundred thousand has moved the rest, too.
MOST_COUNTED = 100_000
EVERY_SECONDS = 5.0


class Key(NamedTuple):
    """An audience."""

    kind: AudienceKind
    id: int


class SizeChange(NamedTuple):
    """What has become of one audience: `net` people more (or fewer) are in it, `size` in all.

    None: it is not known by how many it has changed, but by what is written of it (`counted_anew`), or it is another audience now.
    """

    key: Key
    net: int | None
    size: int
    causes: Sequence[SizeCause] = ()
    counted_anew: bool = False


def size_change_of(decision: Decision, passing: Decision, acts: Acts, index: FacetIndex) -> SizeChange | None:
    """What a decision does to the size of its method's audience; what waits for a person changes nothing, and is told by itself."""
    if not passing.entering and not passing.leaving:
        return None
    try:
        return _size_change(decision, passing, acts, index)
    except Exception:  # noqa: BLE001 - a statistic must not keep people from being enrolled
        _log.exception("a size could not be told", method=decision.method.id)
        return None


def _size_change(decision: Decision, passing: Decision, acts: Acts, index: FacetIndex) -> SizeChange:
    net = len(passing.entering) - len(passing.leaving)
    method = decision.method
    holders = index.source_holders(method.id).intersection_cardinality(index.countable)
    people = chain(passing.entering, passing.leaving)
    causes = _causes(decision, acts, list(islice(people, MOST_COUNTED)))
    return SizeChange(Key("method", method.id), net, max(holders + net, 0), causes)


def _causes(decision: Decision, acts: Acts, people: Sequence[int]) -> list[SizeCause]:
    found: Counter[tuple[Any, ...]] = Counter()
    for one in people:
        reason = decision.reasons.get(one)
        # Of what the clock moves there is no name.
        told = (None,) * 3 if reason is None else tuple(reason.get(part) for part in ("facet", "ref", "name"))
        found[*told, acts.act_of(decision, one)] += 1
    return [SizeCause(facet, ref, name, act, count) for (facet, ref, name, act), count in found.most_common()]


class Sizes:
    """Changes of audiences' sizes that wait to be judged."""

    def __init__(self, index: FacetIndex) -> None:
        self.index = index
        self._waiting: dict[Key, SizeChange] = {}
        self._judged_at = float("-inf")

    @property
    def due(self) -> bool:
        """Whether the last time is long enough ago."""
        return time.monotonic() - self._judged_at >= EVERY_SECONDS

    def add(self, changes: Iterable[SizeChange]) -> None:
        """These have been written, and are judged with what else waits."""
        for change in changes:
            before = self._waiting.get(change.key)
            if before is not None and before.net is not None and change.net is not None:
                both = before.net + change.net
                change = change._replace(net=both, causes=[*before.causes, *change.causes])  # noqa: PLW2901 - both in one
            self._waiting[change.key] = change

    async def judge(self, deciders: Deciders) -> None:
        """Remember what waits, if it is time, and report what is beyond the usual for its audience."""
        if not self._waiting or not self.due:
            return
        waiting, self._waiting = self._waiting, {}
        async with transaction():
            await _note(waiting, self.index, deciders)
        self._judged_at = time.monotonic()


async def _note(by_key: Mapping[Key, SizeChange], index: FacetIndex, deciders: Deciders) -> None:
    now = clock.now()
    day = clock.day_of(now, index.timezone)
    known = await _known(by_key, day)
    after: dict[Key, AudienceSize] = {}
    for key, change in by_key.items():
        before = known[key]
        net = change.size - before.size if change.counted_anew else change.net
        if net is None:
            after[key] = rebased(before, day, change.size)
            continue
        causes = (
            [SizeCause(None, None, None, None, abs(net))] if change.counted_anew and net else change.causes
        )
        size = moved(before, day, net, change.size, causes)
        after[key] = await _judged(key, size, index, deciders)
    await execute(sql.WRITE_SIZES, [_row(key, size) for key, size in after.items()])


async def _judged(key: Key, size: AudienceSize, index: FacetIndex, deciders: Deciders) -> AudienceSize:
    """With what has been reported of its day by now."""
    if is_taken_back(size):
        await execute(sql.WITHDRAW, *_ids(key), size.day)
        return forgotten(size)
    if size.told and await _goes_on(key, size):
        return reported(size)
    if jump_of(size) is None:
        return size
    await _report(key, size, index, deciders)
    return reported(size)


async def _goes_on(key: Key, size: AudienceSize) -> bool:
    """Whether a report of the day still waits, which has the figures of now then."""
    causes = msgspec.to_builtins(size.causes)
    found = await execute(sql.GO_ON, *_ids(key), size.day, size.size, size.net, causes)
    return found == "UPDATE 1"


async def _known(by_key: Mapping[Key, SizeChange], day: date) -> dict[Key, AudienceSize]:
    rows = await fetch(sql.SIZES, [key.kind for key in by_key], [key.id for key in by_key])
    known = {Key(row["kind"], row["ref_id"]): _read(row) for row in rows}
    new = [key for key in by_key if key not in known]
    # Of a segment nobody has written down what it was.
    known |= {key: AudienceSize(day, day, by_key[key].size) for key in new}
    methods = [key.id for key in new if key.kind == "method"]
    if methods:
        first = clock.now() - timedelta(days=DAYS_REMEMBERED + 1)
        for row in await fetch(sql.HISTORY, methods, first):
            known[Key("method", row["id"])] = _from_runs(row, day, by_key[Key("method", row["id"])])
    return known


def _read(row: Record) -> AudienceSize:
    values = {name: row[name] for name in AudienceSize.__struct_fields__}
    return msgspec.convert(values, AudienceSize)


def _from_runs(row: Record, day: date, change: SizeChange) -> AudienceSize:
    """What the runs of a method tell of the days before, the first time that its size is noted."""
    since = min(row["since"], day)
    days = min((day - since).days, DAYS_REMEMBERED)
    past = tuple(int(row["days"].get(str(day - timedelta(days=back)), 0)) for back in range(days, 0, -1))
    return AudienceSize(since, day, max(change.size - (change.net or 0), 0), past=past)


def _row(key: Key, size: AudienceSize) -> dict[str, Any]:
    return {"kind": key.kind, "ref_id": key.id, **msgspec.to_builtins(size)}


async def _report(key: Key, size: AudienceSize, index: FacetIndex, deciders: Deciders) -> None:
    usual = usual_range(size)
    assert usual is not None  # noqa: S101 - that is how it was found to be a jump
    method = index.methods.get(key.id) if key.kind == "method" else None
    owner, told = await _in_charge(key, method, deciders)
    jump_id = await fetch_value(
        sql.REPORT,
        *_ids(key),
        size.day,
        size.size,
        size.net,
        usual.low,
        usual.high,
        msgspec.to_builtins(size.causes),
        owner,
        clock.now(),
    )
    if jump_id is not None:
        await alerts.file_jump(
            told,
            jump_id,
            session_id=None if method is None else method.session_id,
            method_id=None if method is None else method.id,
        )


def _ids(key: Key) -> tuple[int | None, int | None]:
    """Of a method, of a segment."""
    return (key.id, None) if key.kind == "method" else (None, key.id)


async def _in_charge(key: Key, method: Method | None, deciders: Deciders) -> tuple[int | None, list[int]]:
    """Whose the audience is, if it is still theirs to decide about, and who is told: they, or else the platform admins."""
    admins = [row["id"] for row in await fetch(right_statements.ADMINS)]
    asked = sql.OWNER_OF_METHOD if key.kind == "method" else sql.OWNER_OF_SEGMENT
    owner: int | None = await fetch_value(asked, key.id)
    may = admins if method is None else await deciders.of_method(method.id)
    return (owner, [owner]) if owner is not None and owner in may else (None, admins)
