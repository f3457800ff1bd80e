"""Deleting a field, giving one of its options another name, merging two of them."""

import asyncio
from collections.abc import Mapping
from typing import Any

import msgspec

from backend.index import Follower
from backend.index.time_slices import TimeSlice
from backend.rules.dependencies import values_of
from backend.rules.option_names import with_option
from backend.schemas.consequence_acts import DeleteField, MergeOptions, RenameOption
from backend.schemas.people import Field
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.acts.rows import stored_row
from backend.services.consequences.world import SupposedWorld
from backend.services.people.field_options import check_merge, check_rename, merge_options, rename_option
from backend.services.people.fields import delete_field, get_field


class FieldDeleteAct(Act[DeleteField, None]):
    """As `DELETE /fields/{id}`."""

    change = DeleteField

    async def permit(self, actor: Actor, follower: Follower, change: DeleteField) -> None:
        require_admin(actor)
        await get_field(change.id)

    async def suppose(self, world: SupposedWorld, actor: Actor, change: DeleteField, found: None) -> None:
        people = world.index.with_any_value(change.id).copy()
        # First, so that what rules rest on is gone before its values are.
        world.change_row("field", change.id, None)
        world.change_facts("field", people, change.id, None)

    async def write(self, actor: Actor, follower: Follower, change: DeleteField) -> object:
        await delete_field(actor, change.id, with_dependents=True)
        return None

    def summary(self, change: DeleteField) -> Summary:
        return Summary("field_delete", {"field_id": change.id})


class OptionRenameAct(Act[RenameOption, None]):
    """As `POST /fields/{id}/options/rename`: nobody moves."""

    change = RenameOption

    async def permit(self, actor: Actor, follower: Follower, change: RenameOption) -> None:
        await check_rename(actor, change.field_id)

    async def suppose(self, world: SupposedWorld, actor: Actor, change: RenameOption, found: None) -> None:
        """Values and rules change together."""

    async def write(self, actor: Actor, follower: Follower, change: RenameOption) -> object:
        return await rename_option(actor, change.field_id, change, None)

    def summary(self, change: RenameOption) -> Summary:
        return Summary("option_rename", _values(change))


class OptionMergeAct(Act[MergeOptions, Field]):
    """As `POST /fields/{id}/options/merge`."""

    change = MergeOptions

    async def permit(self, actor: Actor, follower: Follower, change: MergeOptions) -> Field:
        return await check_merge(actor, change.field_id, change)

    async def suppose(self, world: SupposedWorld, actor: Actor, change: MergeOptions, found: Field) -> None:
        await _rename_in_rules(world, change)
        people = world.index.with_value(change.field_id, change.from_).copy()
        world.change_facts("field", people, change.field_id, change.to)
        row = stored_row(world, "field", change.field_id)
        world.change_row("field", change.field_id, row | {"options": found.options})

    async def write(self, actor: Actor, follower: Follower, change: MergeOptions) -> object:
        return await merge_options(actor, change.field_id, change, None)

    def summary(self, change: MergeOptions) -> Summary:
        return Summary("option_merge", _values(change))


async def _rename_in_rules(world: SupposedWorld, change: MergeOptions) -> None:
    time_slice = TimeSlice()
    tables: dict[str, Mapping[int, Any]] = {
        "segment": world.index.segments,
        "enrollment_method": world.index.methods,
    }
    for table, rows in tables.items():
        for row in list(rows.values()):
            if time_slice.used_up():
                await asyncio.sleep(0)
            if row.rule is None or change.from_ not in values_of(row.rule, change.field_id):
                continue
            rule = with_option(msgspec.to_builtins(row.rule), change.field_id, change.from_, change.to)
            world.change_row(table, row.id, stored_row(world, table, row.id) | {"rule": rule})


def _values(change: RenameOption | MergeOptions) -> dict[str, object]:
    return {"field_id": change.field_id, "from": change.from_, "to": change.to}
