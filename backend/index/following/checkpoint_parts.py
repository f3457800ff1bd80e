"""The index as bytes and back, in parts small enough that neither way holds the event loop."""

import asyncio
from collections.abc import AsyncIterator, Iterator
from datetime import date, datetime
from typing import Any

import msgspec
from pyroaring import BitMap

from backend.index.facet_index import FacetIndex
from backend.index.facts.learner_facts import Facts
from backend.index.facts.set_aside import SetAside
from backend.index.facts.slots import FACETS, Slot, bitmap_at, put, slots_of
from backend.index.time_slices import TimeSlice
from backend.rules import Facet
from backend.words import Message

# Encoding or decoding so much takes about a millisecond.
PART_BYTES = 1024 * 1024
# What one entry takes beside its bitmap.
_ENTRY_BYTES = 24
# The name of parts that hold what is set aside.
_ASIDE = "aside"


class CheckpointPart(msgspec.Struct, frozen=True, array_like=True):
    """Slots of the facet `name` as (ref, value, bitmap), or rows of that table of structure as (id, row)."""

    structure: bool
    name: str
    entries: list[Any]


class Replaced(Exception):
    """The index was loaded anew meanwhile: the parts made of the old one are of no use."""


_encoder = msgspec.msgpack.Encoder()
_decoder = msgspec.msgpack.Decoder(CheckpointPart)


async def parts_of(index: FacetIndex, facts: Facts) -> AsyncIterator[bytes]:
    """The parts of an index that goes on changing meanwhile; raises `Replaced` once it holds other `facts`.

    Each part is of the moment it was made. Applying the log again to the parts that were put in from the position before the first
    one leads to the state at the position after the last one and at any later one, because every row of the log says what
    is so from then on, whatever was before.
    """
    for part in _structure(index):
        yield _encoder.encode(part)
        await asyncio.sleep(0)
    time_slice = TimeSlice()
    for facet in FACETS:
        entries: list[Any] = []
        size = 0
        for slot in slots_of(facts, facet):
            bits = bitmap_at(facts, slot)
            if bits is not None:
                body = bits.serialize()
                entries.append((slot.ref, _told(slot.value), body))
                size += len(body) + _ENTRY_BYTES
            if size >= PART_BYTES:
                yield _encoder.encode(CheckpointPart(structure=False, name=facet, entries=entries))
                entries, size = [], 0
            if time_slice.used_up():
                await asyncio.sleep(0)
                if index.facts is not facts:
                    raise Replaced
        if entries:
            yield _encoder.encode(CheckpointPart(structure=False, name=facet, entries=entries))
    if index.facts is not facts:
        raise Replaced


def _structure(index: FacetIndex) -> Iterator[CheckpointPart]:
    """The rows of each table, and what is set aside: last, for a row that is put is no longer aside."""
    rows: dict[str, list[Any]] = {}
    for facet, row in index.structure.rows():
        rows.setdefault(facet.name, []).append((facet.ref or 0, msgspec.to_builtins(row)))
    for table, entries in rows.items():
        yield CheckpointPart(structure=True, name=table, entries=entries)
    for of_structure, told in ((True, index.structure.set_aside), (False, index.facts.set_aside)):
        entries = [
            (list(one.facet), one.reason.parts(), one.learners.serialize(), one.frozen) for one in told
        ]
        yield CheckpointPart(structure=of_structure, name=_ASIDE, entries=entries)


def _told(value: Any) -> Any:
    return value.isoformat() if isinstance(value, date) else value


async def put_part(index: FacetIndex, body: bytes) -> None:
    """Put a part into an index that is being made. Raises `ValueError` (msgspec's too) for what is no part."""
    part = _decoder.decode(body)
    time_slice = TimeSlice()
    for entry in part.entries:
        if part.name == _ASIDE:
            _put_aside(index, entry, row=part.structure)
        elif part.structure:
            index.structure.put(part.name, *entry)
        else:
            ref, value, bits = entry
            put(index.facts, Slot(part.name, ref, _understood(part.name, value)), BitMap.deserialize(bits))
        if time_slice.used_up():
            await asyncio.sleep(0)


def _put_aside(index: FacetIndex, entry: Any, *, row: bool) -> None:
    (name, ref), reason, learners, frozen_by_it = entry
    one = SetAside(Facet(name, ref), Message.of_parts(reason), BitMap.deserialize(learners), frozen_by_it)
    held = index.structure.set_aside.rows if row else index.facts.set_aside.facts
    held[one.facet] = one


def _understood(facet: str, value: Any) -> Any:
    match facet:
        case "added" | "award" | "exclusion" | "departure" | "completed_on" | "succeeded_on":
            return date.fromisoformat(value)
        case "due":
            return datetime.fromisoformat(value)
        case _:
            return value
