"""The acts that decisions follow from, and whom those who did them were shown: these pass the fuses."""

from collections.abc import Iterable, Mapping
from typing import Any, NamedTuple

import msgspec
from pyroaring import BitMap

from backend.database import fetch
from backend.services.enrollment.fuses import fuse_statements
from backend.services.enrollment.fuses.decision import Decision
from backend.services.enrollment.writing.packed_ids import unpack

_NOBODY = BitMap()


class Expected(NamedTuple):
    """Whom an act was shown to bring into a method, and out of it, by somebody who may approve that.

    `new`: how many more it brings in whose accounts it makes, with ids beyond `after`.
    """

    entering: BitMap = _NOBODY
    leaving: BitMap = _NOBODY
    new: int = 0
    after: int = 0


class Acts(msgspec.Struct, frozen=True):
    """Of runs that wrote facts the act that they belong to, and whom it was shown to move, by method."""

    by_run: Mapping[int, int] = {}
    expected: Mapping[tuple[int, int], Expected] = {}

    def act_of(self, decision: Decision, learner_id: int) -> int | None:
        """The act that the person comes or goes by."""
        run_id = decision.runs.get(learner_id)
        return None if run_id is None else self.by_run.get(run_id)

    def expected_of(self, decision: Decision) -> Expected:
        """Those of the decision whose act was shown to move them just so."""
        entering, leaving = BitMap(), BitMap()
        if not self.expected:
            return Expected(entering, leaving)
        for act_id in {self.by_run[run_id] for run_id in decision.runs.values() if run_id in self.by_run}:
            shown = self.expected.get((act_id, decision.method.id))
            if shown is not None:
                entering |= self._by(act_id, decision, shown.entering, decision.entering)
                entering |= self._made_by(act_id, decision, shown)
                leaving |= self._by(act_id, decision, shown.leaving, decision.leaving)
        return Expected(entering, leaving)

    def _by(self, act_id: int, decision: Decision, shown: BitMap, moving: BitMap) -> BitMap:
        return BitMap([one for one in shown & moving if self.act_of(decision, one) == act_id])

    def _made_by(self, act_id: int, decision: Decision, shown: Expected) -> BitMap:
        """Those whose accounts the act has made, if they are not more than it was shown to make."""
        if not shown.new:
            return _NOBODY
        made = [
            one
            for one in decision.entering
            if one > shown.after and one not in shown.entering and self.act_of(decision, one) == act_id
        ]
        return BitMap(made) if len(made) <= shown.new else _NOBODY


async def acts_behind(decisions: Iterable[Decision]) -> Acts:
    """The acts behind these decisions. Those of external changes, of time and of checks have none, and cost nothing."""
    acting = [decision for decision in decisions if decision.runs]
    if not acting:
        return Acts()
    run_ids = {run_id for decision in acting for run_id in decision.runs.values()}
    by_run = {row["id"]: row["act"] for row in await fetch(fuse_statements.ACTS, sorted(run_ids))}
    methods = sorted({str(decision.method.id) for decision in acting})
    found: dict[tuple[int, int], Expected] = {}
    for row in await fetch(fuse_statements.EXPECTED, sorted(set(by_run.values())), methods):
        found[row["act"], int(row["method"])] = _unpacked(row["people"])
    return Acts(by_run, found)


def _unpacked(people: dict[str, Any]) -> Expected:
    entering, leaving = (
        unpack(people[name]) if people.get(name) else _NOBODY for name in ("entering", "leaving")
    )
    new = people.get("new") or {"people": 0, "after": 0}
    return Expected(entering, leaving, new["people"], new["after"])
