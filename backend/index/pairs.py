"""From noted changes to pairs of person and audience, each pair once."""

from collections.abc import Iterable, Mapping
from typing import NamedTuple

import numpy as np
from pyroaring import BitMap

from backend.index.arrays import NONE, Flags, Numbers
from backend.index.audience_registry import AudienceRegistry


class Note(NamedTuple):
    """A change of somebody's facts.

    `keys` are the audiences it can move (None: any), `surely` even if none of their groups hold the person; `slot` is the
    column that changed, if it was one.
    """

    learner_id: int
    keys: Numbers | None
    surely: bool
    slot: int = -1


class Pairs(NamedTuple):
    """Parallel arrays: place of the learner, key of the audience, whether to look even if no group of it holds them."""

    who: Numbers
    keys: Numbers
    must: Flags


def pairs_of(
    noted: Iterable[Note], place: Mapping[int, int], registry: AudienceRegistry, numbers: Numbers
) -> Pairs:
    """The pairs of learners who have a `place` and audiences that have a number; `numbers` is by key, -1 for none."""
    who: list[int] = []
    keys: list[Numbers] = []
    must: list[bool] = []
    anew = BitMap()
    for learner_id, some, surely, _ in noted:
        if learner_id not in place:
            continue
        if some is None:
            anew.add(learner_id)
            continue
        who.append(place[learner_id])
        keys.append(some)
        must.append(surely)
    for learner_id, some in registry.able_to_hold(anew):
        who.append(place[learner_id])
        keys.append(some)
        must.append(True)
    if not keys:
        return Pairs(NONE, NONE, np.zeros(0, np.bool_))
    lengths = [len(some) for some in keys]
    all_keys = np.concatenate(keys)
    known = numbers[np.minimum(all_keys, len(numbers) - 1)] >= 0
    known &= all_keys < len(numbers)
    found = Pairs(
        np.repeat(np.array(who, np.intp), lengths)[known],
        all_keys[known],
        np.repeat(np.array(must, np.bool_), lengths)[known],
    )
    return _once(found) if len(who) > len(place) else found


def _once(pairs: Pairs) -> Pairs:
    """Several changes of one person: each pair once, and looked at surely if any of them says so."""
    order = np.lexsort((~pairs.must, pairs.keys, pairs.who))
    who, keys, must = pairs.who[order], pairs.keys[order], pairs.must[order]
    fresh = np.ones(len(order), np.bool_)
    fresh[1:] = (who[1:] != who[:-1]) | (keys[1:] != keys[:-1])
    return Pairs(who[fresh], keys[fresh], must[fresh])
