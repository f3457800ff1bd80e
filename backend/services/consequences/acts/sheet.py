"""Applying a sheet that was read and checked."""

from backend.index import Change, Follower
from backend.schemas.consequence_acts import ApplyImport
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.trials import suppose_changes, tried
from backend.services.consequences.world import SupposedWorld
from backend.services.imports.import_work import foresee
from backend.services.imports.imports import apply


class ImportAct(Act[ApplyImport, list[Change]]):
    """As `POST /imports/{id}/apply`: its rows are tried out, the same that a worker writes then."""

    change = ApplyImport

    async def permit(self, actor: Actor, follower: Follower, change: ApplyImport) -> list[Change]:
        require_admin(actor)
        return await tried(lambda: foresee(actor, change.id))

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: ApplyImport, found: list[Change]
    ) -> None:
        suppose_changes(world, found)

    async def write(self, actor: Actor, follower: Follower, change: ApplyImport) -> object:
        return await apply(actor, change.id)

    def summary(self, change: ApplyImport) -> Summary:
        return Summary("import", {"import_id": change.id})
