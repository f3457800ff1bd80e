"""What is to be looked at if some facts were others: the reconciler's own pending work, over a view of the index."""

from collections.abc import Iterable

from backend.index import Batch, Change
from backend.index.steps import Steps
from backend.index.supposing import SupposedAudiences, SupposedIndex
from backend.services.enrollment.reconciler.causes import Reasons
from backend.services.enrollment.reconciler.method_checks import MethodChecks
from backend.services.enrollment.reconciler.pending_work import PendingWork


class SupposedWork(PendingWork):
    """Shares what `real` knows of the rules; what a supposed change of structure touches is told anew, for the view alone."""

    index: SupposedIndex

    def __init__(self, real: PendingWork, index: SupposedIndex) -> None:
        self.__dict__.update(vars(real))
        self.index = index
        self.checks = MethodChecks()
        self.changes = Reasons()
        self._supposed = SupposedAudiences(real.audiences, index)
        self.methods = real.methods.supposing(index, self._supposed)
        self._is_own = False

    def suppose(self, change: Change) -> None:
        """The view has just taken in this change; what follows from it is found when its batch is told."""
        if change.is_fact:
            self._supposed.suppose(change)

    def structure_steps(self, batch: Batch) -> Steps[None]:
        if not self._is_own:
            self._is_own = True
            self.methods.part()
            yield
        yield from super().structure_steps(batch)

    def facts(self, changes: Iterable[Change]) -> None:
        """Take in changes of facts."""
        self._facts(changes)
