"""Recording results: what somebody has completed decides about audiences, and completes enrollments."""

from backend.index import Change, Follower
from backend.schemas.consequence_acts import RecordResults
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.trials import suppose_changes, tried
from backend.services.consequences.world import SupposedWorld
from backend.services.learning import results


class ResultsAct(Act[RecordResults, list[Change]]):
    """As `POST /results/bulk`. Standing follows from results by triggers, so it is tried out."""

    change = RecordResults

    async def permit(self, actor: Actor, follower: Follower, change: RecordResults) -> list[Change]:
        require_admin(actor)
        return await tried(lambda: results.record(actor, change.results))

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: RecordResults, found: list[Change]
    ) -> None:
        suppose_changes(world, found)

    async def write(self, actor: Actor, follower: Follower, change: RecordResults) -> object:
        return await results.record(actor, change.results)

    def summary(self, change: RecordResults) -> Summary:
        return Summary("results", {"results": len(change.results)})
