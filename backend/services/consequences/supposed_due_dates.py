"""Who would be due sooner: of the people that a method finds enrolled, those whose date nobody gave by hand."""

from collections import defaultdict

from pyroaring import BitMap

from backend.database import fetch
from backend.index.supposing import SupposedIndex
from backend.services.consequences import statements
from backend.services.consequences.supposed_writer import Sooner, SupposedWriter


async def settle_due_dates(writer: SupposedWriter, index: SupposedIndex) -> None:
    """Let those be due who are, and keep of `writer.sooner` whom it really concerns; dates by hand are read from the tables."""
    if not writer.sooner:
        return
    pairs = [(one.session_id, learner_id) for one in writer.sooner for learner_id in one.people]
    sessions, learners = [one for one, _ in pairs], [one for _, one in pairs]
    by_hand = await _among(statements.DUE_BY_HAND, sessions, learners)
    told = await _among(statements.TOLD_ANYWAY, sessions, learners)
    kept = []
    for one in writer.sooner:
        people = one.people - by_hand[one.session_id]
        if people:
            index.suppose_due(one.session_id, people, one.due_at)
        people = people - told[one.session_id]
        for enrolled in writer.enrolled[one.session_id].values():
            people = people - enrolled
        if people:
            kept.append(Sooner(one.session_id, people, one.due_at))
    writer.sooner = kept


async def _among(sql: str, sessions: list[int], learners: list[int]) -> dict[int, BitMap]:
    """By session those of the pairs whom the statement names."""
    found: dict[int, BitMap] = defaultdict(BitMap)
    for row in await fetch(sql, sessions, learners):
        found[row["session_id"]].add(row["learner_id"])
    return found
