"""Making, changing, switching and deleting an enrollment rule: one act over all its sessions."""

from backend.database import transaction
from backend.index import Follower
from backend.runtime import clock
from backend.schemas.consequence_acts import DeleteEnrollmentRule, SaveEnrollmentRule
from backend.services.access import audit
from backend.services.access.actor import Actor
from backend.services.access.rights import require_admin
from backend.services.audiences.audiences import check_stored_rule
from backend.services.audiences.index_access import current_index
from backend.services.audiences.rule_pins import pins_of_methods
from backend.services.consequences.acts.act import Act, Summary
from backend.services.consequences.acts.method import MethodDeleteAct, suppose_plan
from backend.services.consequences.enrolling.assigning import Removal
from backend.services.consequences.enrolling.rule_drafts import (
    RuleDraft,
    RulePlans,
    draft_of,
    linked_methods,
    plans_of,
    removal_of,
    rule_row,
)
from backend.services.consequences.world import SupposedWorld
from backend.services.enrollment.guards.rule_pins import take_over
from backend.services.enrollment.methods.method_removal import delete_method
from backend.services.enrollment.plans.plan_writing import carry_out_many
from backend.services.enrollment.writing.enrollment_writer import lock_sessions
from backend.services.versions import write_columns
from backend.tables import EnrollmentRule


class EnrollmentRuleAct(Act[SaveEnrollmentRule, RulePlans]):
    """As `POST /enrollment-rules` or `PATCH /enrollment-rules/{id}`."""

    change = SaveEnrollmentRule

    async def permit(self, actor: Actor, follower: Follower, change: SaveEnrollmentRule) -> RulePlans:
        require_admin(actor)
        index = await current_index(follower)
        row = None if change.id is None else await rule_row(change.id)
        draft = await draft_of(actor, index, change, row)
        await check_stored_rule(draft.rule, index)
        return await plans_of(actor, index, draft, change.people)

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: SaveEnrollmentRule, found: RulePlans
    ) -> None:
        for decided in found.decided:
            suppose_plan(world, decided)
        await suppose_removals(world, actor, found.removals)

    async def write(self, actor: Actor, follower: Follower, change: SaveEnrollmentRule) -> int:
        """The rule's id."""
        rule_id, draft = await save_rule(actor, follower, change)
        index = await current_index(follower)
        linked = await linked_methods(rule_id)
        await lock_sessions({*draft.targets, *linked})
        plans = await plans_of(actor, index, draft, change.people)
        await write_columns(EnrollmentRule, rule_id, {"state": "live"})
        pins = await pins_of_methods(linked.values())
        await carry_out_many(
            actor, index, plans.decided, mail=change.mail, accept_broken_pins=change.accept_broken_pins
        )
        for method_id in {*(await linked_methods(rule_id)).values()} - {*linked.values()}:
            await take_over(pins, method_id)
        await _remove(actor, follower, plans.removals)
        return rule_id

    def summary(self, change: SaveEnrollmentRule) -> Summary:
        values: dict[str, object] = {"made": change.id is None}
        if isinstance(change.name, str):
            values["name"] = change.name
        if change.id is not None:
            values["enrollment_rule_id"] = change.id
        return Summary("enrollment_rule", values)


class EnrollmentRuleDeleteAct(Act[DeleteEnrollmentRule, list[Removal]]):
    """As `DELETE /enrollment-rules/{id}`."""

    change = DeleteEnrollmentRule

    async def permit(self, actor: Actor, follower: Follower, change: DeleteEnrollmentRule) -> list[Removal]:
        require_admin(actor)
        await rule_row(change.id)
        index = await current_index(follower)
        linked = await linked_methods(change.id)
        return [removal_of(index, *one, change.people) for one in linked.items()]

    async def suppose(
        self, world: SupposedWorld, actor: Actor, change: DeleteEnrollmentRule, found: list[Removal]
    ) -> None:
        await suppose_removals(world, actor, found)

    async def write(self, actor: Actor, follower: Follower, change: DeleteEnrollmentRule) -> None:
        require_admin(actor)
        await rule_row(change.id)
        linked = await linked_methods(change.id)
        await lock_sessions(linked)
        index = await current_index(follower)
        await _remove(actor, follower, [removal_of(index, *one, change.people) for one in linked.items()])
        await write_columns(EnrollmentRule, change.id, {"state": "deleted"})
        await audit.record(actor, "enrollment_rule.delete", "enrollment_rule", change.id)

    def summary(self, change: DeleteEnrollmentRule) -> Summary:
        return Summary("enrollment_rule_delete", {"enrollment_rule_id": change.id})


async def suppose_removals(world: SupposedWorld, actor: Actor, removals: list[Removal]) -> None:
    """Methods that go, with whom they hold."""
    for removal in removals:
        await MethodDeleteAct().suppose(world, actor, removal.change, removal.people)


async def _remove(actor: Actor, follower: Follower, removals: list[Removal]) -> None:
    for one in removals:
        await delete_method(actor, follower, one.session_id, one.change.id, one.change, of_rule=True)


async def save_rule(actor: Actor, follower: Follower, change: SaveEnrollmentRule) -> tuple[int, RuleDraft]:
    """Write the rule's row, of a new one as a draft; its id, and what it has become. Its methods are as they were."""
    require_admin(actor)
    async with transaction():
        index = await current_index(follower)
        row = None if change.id is None else await rule_row(change.id)
        draft = await draft_of(actor, index, change, row)
        rule = await check_stored_rule(draft.rule, index)
        draft = RuleDraft(draft.id, draft.name, rule, draft.terms, draft.targets)
        if row is not None:
            await write_columns(EnrollmentRule, row["id"], draft.columns())
            await audit.record(actor, "enrollment_rule.update", "enrollment_rule", row["id"], name=draft.name)
            return row["id"], draft
        made = await EnrollmentRule.insert(
            EnrollmentRule(created_by=actor.id or None, created_at=clock.now(), **draft.columns())
        ).returning(EnrollmentRule.id)
        rule_id: int = made[0]["id"]
        await audit.record(actor, "enrollment_rule.create", "enrollment_rule", rule_id, name=draft.name)
    return rule_id, RuleDraft(rule_id, draft.name, rule, draft.terms, draft.targets)
