"""The changes that wait to be looked at, by whom they are about: what is told as the reason of an enrollment."""

from backend.index import Change

# Of one person's own changes the latest are kept.
MOST = 16


class Reasons:
    """Changes of facts, as they were applied."""

    def __init__(self) -> None:
        self._own: dict[int, list[Change]] = {}
        self._shared: list[Change] = []

    def add(self, change: Change) -> None:
        """A change of a fact has been applied."""
        if change.learner_id is None:
            self._shared.append(change)
            return
        kept = self._own.setdefault(change.learner_id, [])
        kept.append(change)
        if len(kept) > MOST:
            del kept[0]

    def of(self, learner_id: int) -> list[Change]:
        """The person's, the latest first."""
        own = reversed(self._own.get(learner_id, ()))
        if not self._shared:
            return list(own)
        shared = [change for change in self._shared if change.learners and learner_id in change.learners]
        return sorted([*own, *shared], key=lambda change: -change.seq)
