"""Changing somebody: status, language, manager, day added, and values of fields decide about audiences."""

from datetime import datetime
from typing import Any

from msgspec import UNSET, Struct
from pyroaring import BitMap

from backend.enrollment.acts import COLUMNS
from backend.index import Follower
from backend.schemas.consequence_acts import EditLearner
from backend.services.access.actor import Actor
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.world import SupposedWorld
from backend.services.people.field_values import Columns
from backend.services.people.learner_rows import Writing, changed_by
from backend.services.people.learners import change_learner, check_change

# Columns of `learner` that rules ask about, by the name under which the log tells of them.
FACETS = {"status": "status", "language": "language", "manager_id": "manager", "added_at": "added"}


class CheckedEdit(Struct, frozen=True):
    """What is to be written, and the names of what is another thereby: columns, and fields as `field:3`."""

    writing: Writing
    changed: list[str]


class LearnerAct(Act[EditLearner, CheckedEdit]):
    """As `PATCH /learners/{id}`."""

    change = EditLearner

    async def permit(self, actor: Actor, follower: Follower, change: EditLearner) -> CheckedEdit:
        writing = await check_change(actor, change.id, change)
        return CheckedEdit(writing, await changed_by(writing))

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: EditLearner, found: CheckedEdit
    ) -> None:
        self._suppose(world, change, found.writing)

    @staticmethod
    def _suppose(world: SupposedWorld, change: EditLearner, found: Writing) -> None:
        if found.core.get("status") == "invited" and world.index.fact("status", change.id, None) != "invited":
            world.invite(BitMap([change.id]))
        for column, facet in FACETS.items():
            if column in found.core:
                world.change_fact(facet, change.id, None, _logged(found.core[column]))
        for field_id, value in found.values.items():
            world.change_fact("field", change.id, field_id, field_logged(value))

    async def write(self, actor: Actor, follower: Follower, change: EditLearner) -> object:
        return await change_learner(actor, change.id, change, None)

    def summary(self, change: EditLearner) -> Summary:
        """Without its checks, what is named in it; a field by its key."""
        columns = [name for name in COLUMNS if getattr(change, name, UNSET) is not UNSET]
        fields = [f"field_key:{key}" for key in change.fields]
        return Summary("learner", {"learner_id": change.id, "changed": columns + fields})

    def summary_of(self, change: EditLearner, found: CheckedEdit) -> Summary:
        return Summary("learner", {"learner_id": change.id, "changed": found.changed})


def _logged(value: Any) -> Any:
    return value.isoformat() if isinstance(value, datetime) else value


def field_logged(columns: Columns | None) -> Any:
    """A value of a field as the log has it."""
    if columns is None:
        return None
    return next(_day(value) for value in columns if value is not None)


def _day(value: Any) -> Any:
    return value.isoformat() if hasattr(value, "isoformat") else value
