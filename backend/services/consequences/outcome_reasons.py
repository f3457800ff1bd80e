"""Why the people of a supposed world are moved: what the reconciler would record, found when it is asked for."""

from collections import defaultdict
from collections.abc import Iterator, Mapping

import msgspec
from pyroaring import BitMap

from backend.services.enrollment.reconciler.decisions import Found, with_reasons
from backend.services.enrollment.reconciler.supposed_work import SupposedWork
from backend.services.enrollment.writing.writes import Reason

_MOVED = ("entering", "leaving", "releasing")


class OutcomeReasons(Mapping[tuple[int, int], Reason]):
    """By session and learner. Of hundreds of thousands a page is asked for, and no more is found than that."""

    def __init__(self, work: SupposedWork) -> None:
        self._work = work
        self._found: dict[int, list[Found]] = defaultdict(list)

    def add(self, found: Found) -> None:
        """A decision was made in the supposed world."""
        self._found[found.decision.method.session_id].append(found)

    def __getitem__(self, key: tuple[int, int]) -> Reason:
        session_id, learner_id = key
        # What was decided last is what becomes of them.
        for found in reversed(self._found.get(session_id, [])):
            reason = self._reason(found, learner_id)
            if reason is not None:
                return reason
        raise KeyError(key)

    def _reason(self, found: Found, learner_id: int) -> Reason | None:
        only = BitMap([learner_id])
        parts = {name: getattr(found.decision, name) & only for name in _MOVED}
        if not any(parts.values()):
            return None
        decision = msgspec.structs.replace(found.decision, **parts)
        facets = self._work.facets(decision.method.id)
        told = with_reasons(self._work.index, decision, facets, found.changes, found.check)
        return told.reasons.get(learner_id)

    def __iter__(self) -> Iterator[tuple[int, int]]:
        for session_id, all_found in self._found.items():
            people = BitMap()
            for found in all_found:
                for name in _MOVED:
                    people |= getattr(found.decision, name)
            yield from ((session_id, one) for one in people if self.get((session_id, one)) is not None)

    def __len__(self) -> int:
        return sum(1 for _ in self)
