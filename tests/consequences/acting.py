"""A small organisation in which each kind of act moves somebody, and what is compared before and after."""

from collections.abc import Awaitable, Callable
from typing import Any

import msgspec

from backend.database import fetch, fetch_value, transaction
from backend.schemas.enrollment import enrollments as enrollment_wire
from backend.schemas.enrollment.methods import MethodRemoval
from backend.schemas.groups import GroupChange, MembersInput, MembersMove, MembersRemoval
from backend.schemas.learning.results import ResultRow
from backend.schemas.learning.sessions import SessionChange
from backend.schemas.people import LearnerChange, OptionRename
from backend.schemas.segments import SegmentChange
from backend.services.access.actor import Actor
from backend.services.audiences import segments
from backend.services.consequences.act_runs import act_run, is_kept
from backend.services.enrollment.acts import enrollment_acts
from backend.services.enrollment.methods import method_removal
from backend.services.groups import group_deletion, groups, memberships
from backend.services.learning import results, sessions
from backend.services.people import field_options, fields, learners
from tests.harness.system import System

# Everything that an act may write, without what tells only that it was written.
PICTURE = {
    "learner": "SELECT id, email, first_name, last_name, language, status, external_id, manager_id, added_at FROM learner",
    "field_value": "SELECT * FROM field_value",
    "membership": "SELECT group_id, learner_id, role, since FROM membership",
    "learner_group": "SELECT id, name, kind, parent_id, description, private, external_id FROM learner_group",
    "field": "SELECT id, key, name, type, options FROM field",
    "segment": "SELECT id, name, rule FROM segment",
    "session": "SELECT id, activity_id, name, starts_at, ends_at, group_id, catalog FROM session",
    "session_instructor": "SELECT * FROM session_instructor",
    "result": "SELECT id, learner_id, activity_id, session_id, status, score, started_at, completed_at FROM result",
    "standing": "SELECT learner_id, activity_id, status, successful, score, completed_at FROM standing",
    "award": "SELECT id, learner_id, certificate_id, issued_at, expires_at FROM award",
    "enrollment": "SELECT session_id, learner_id, state, role, mandatory, due_at, due_by_hand, since, until, completed_at FROM enrollment",
    "source": "SELECT method_id, learner_id, session_id, since, kept_from FROM source WHERE until IS NULL",
    "method": "SELECT id, kind, rule - 'exclude', nullif(rule->'exclude', '[]'), dynamic, active, state, on_leave, mandatory, due_days, deleted_at, segment_id, group_id"
    " FROM enrollment_method WHERE NOT hand_picked",
    "notice": "SELECT n.learner_id, n.kind, n.session_id FROM notice n JOIN message m ON m.id = n.message_id"
    " WHERE n.cancelled_at IS NULL AND m.state = 'pending' AND n.kind <> 'invited'",
}


async def picture() -> dict[str, list[str]]:
    """The organisation as it is."""
    return {name: sorted(repr(tuple(row)) for row in await fetch(sql)) for name, sql in PICTURE.items()}


def differences(
    before: dict[str, list[str]], after: dict[str, list[str]]
) -> dict[str, tuple[list[str], list[str]]]:
    """What was there and is not, and what is there and was not."""
    return {
        name: (sorted(set(before[name]) - set(after[name])), sorted(set(after[name]) - set(before[name])))
        for name in before
        if before[name] != after[name]
    }


class Summary(msgspec.Struct, frozen=True):
    """What the run tells of an act."""

    act: str
    values: dict[str, Any] = {}


class Scene:
    """Groups, a field, a segment and rules that rest on them, in sessions of their own; a session that the group has by itself."""

    def __init__(self, system: System) -> None:
        self.system = system
        self.admin = Actor(system.admin_id, is_admin=True, email="root@example.org")

    async def begin(self) -> None:
        """Everybody is enrolled as the rules say."""
        system = self.system
        self.company = await system.group("Company")
        self.sales, self.support = await system.group("Sales", self.company), await system.group("Support")
        self.spare = await system.group("Spare", self.company)
        self.people = await system.people(6, self.sales)
        self.others = await system.people(2, self.support)
        await system.join(self.spare, self.people[0], self.others[0])
        self.field = await self._made("/fields", name="City", type="choice", options=["Paris", "Lyon"])
        self.unasked = await self._made("/fields", name="Shoe", type="number")
        for person, city in zip(self.people, ["Paris", "Paris", "Lyon"], strict=False):
            await self._patch(f"/learners/{person}", fields={"city": city, "shoe": 40})
        inside = {"blocks": [{"groups": [self.sales]}]}
        self.segment = await self._made("/segments", name="Sellers", rule=inside)
        self.basics = await system.activity("Basics", external_id="basics")
        await system.write(
            "INSERT INTO certificate (activity_id, title, valid_months) VALUES ($1, 'Basics', 12)",
            self.basics,
        )
        self.of_company = await self._session({"blocks": [{"groups": [self.company]}]}, due_days=20)
        paris = {"type": "field", "field": "city", "op": "in", "values": ["Paris"]}
        self.of_paris = await self._session(
            {"blocks": [{"everyone": True, "groups": [], "filters": [paris]}]}
        )
        sellers = {"type": "segment", "op": "in", "segments": [self.segment]}
        self.of_segment = await self._session(
            {"blocks": [{"everyone": True, "groups": [], "filters": [sellers]}]}
        )
        done = {"type": "path_result", "status": "completed", "paths": [self.basics]}
        self.of_done = await self._session({"blocks": [{"everyone": True, "groups": [], "filters": [done]}]})
        self.linked = await self._session(inside, group_id=self.sales)
        self.begun = await self._session(inside, activity=self.basics)
        await system.settled()

    async def _session(
        self, rule: dict[str, Any], *, activity: int | None = None, group_id: int | None = None, **policy: Any
    ) -> int:
        session = await self.system.session(
            activity,
            starts_at=await fetch_value("SELECT muster_now() + interval '9 days'"),
            group_id=group_id,
        )
        await self.system.apply(session, kind="audience", rule=rule, dynamic=True, **policy)
        return session

    async def _made(self, path: str, **body: Any) -> int:
        answer = await self.system.post(path, body)
        assert answer.is_success, answer.text
        found: int = answer.json()["id"]
        return found

    async def _patch(self, path: str, **body: Any) -> None:
        answer = await self.system.admin.patch(path, json=body)
        assert answer.is_success, answer.text

    async def do(
        self, summaries: list[Summary], *writes: Callable[[], Awaitable[object]], actor: Actor | None = None
    ) -> int | None:
        """One act; its run, if it left a trace."""
        async with transaction():
            async with act_run(actor or self.admin, summaries) as run_id:
                for write in writes:
                    await write()
            kept = await is_kept(run_id)
        await self.system.settled()
        return run_id if kept else None

    async def undo(self, run_id: int, client: Any = None) -> dict[str, Any]:
        """Taken back, and everything that follows is there."""
        answer = await self.system.post(f"/runs/{run_id}/undo", {}, client)
        assert answer.is_success, answer.text
        await self.system.settled()
        found: dict[str, Any] = answer.json()
        return found

    # ── the acts ─────────────────────────────────────────────────────────────────────────────────────────────────

    async def learner(self) -> int | None:
        change = LearnerChange(
            fields={"city": "Lyon", "shoe": None}, language="fr", manager_id=self.others[0]
        )
        return await self.do(
            [Summary("learner", {"learner_id": self.people[0]})],
            lambda: learners.change_learner(self.admin, self.people[0], change, None),
        )

    async def status(self) -> int | None:
        return await self.do(
            [Summary("learner", {"learner_id": self.people[1]})],
            lambda: learners.change_learner(
                self.admin, self.people[1], LearnerChange(status="suspended"), None
            ),
        )

    async def members_add(self) -> int | None:
        added = MembersInput(learner_ids=[*self.others, self.people[0]], role="coach")
        return await self.do(
            [Summary("members_add", {"group_id": self.sales, "people": 3})],
            lambda: memberships.add_members(self.admin, self.sales, added),
        )

    async def remove(
        self, learner_ids: list[int], *, actor: Actor | None = None, **unlink: Any
    ) -> int | None:
        """Take people out of the sellers."""
        removal = MembersRemoval(learner_ids=learner_ids, **unlink)
        acting = actor or self.admin
        return await self.do(
            [Summary("members_remove", {"group_id": self.sales, "people": len(learner_ids)})],
            lambda: memberships.remove_members(acting, self.system.follower, self.sales, removal),
            actor=acting,
        )

    async def members_remove(self) -> int | None:
        return await self.remove(self.people[:3], unlink="group_only")

    async def members_expire(self) -> int | None:
        return await self.remove(self.people[:3], unlink="expire")

    async def members_move(self) -> int | None:
        move = MembersMove(learner_ids=self.people[:3], to_group_id=self.support, unlink="expire")
        return await self.do(
            [Summary("members_move", {"group_id": self.sales, "to_group_id": self.support, "people": 3})],
            lambda: memberships.move_members(self.admin, self.system.follower, self.sales, move),
        )

    async def group(self) -> int | None:
        change = GroupChange(parent_id=None, name="Sellers", private=True)
        return await self.do(
            [Summary("group", {"id": self.sales})],
            lambda: groups.change_group(self.admin, self.system.follower, self.sales, change, None),
        )

    async def group_delete(self) -> int | None:
        return await self.do(
            [Summary("group_delete", {"id": self.spare})],
            lambda: group_deletion.delete_group(self.admin, self.system.follower, self.spare),
        )

    async def segment_edit(self) -> int | None:
        change = msgspec.convert({"rule": {"blocks": [{"groups": [self.support]}]}}, SegmentChange)
        return await self.do(
            [Summary("segment", {"id": self.segment})],
            lambda: segments.change_segment(self.admin, self.system.follower, self.segment, change, None),
        )

    async def field_delete(self) -> int | None:
        return await self.do(
            [Summary("field_delete", {"id": self.unasked})],
            lambda: fields.delete_field(self.admin, self.unasked),
        )

    async def option_rename(self) -> int | None:
        rename = msgspec.convert({"from": "Paris", "to": "Nantes"}, OptionRename)
        return await self.do(
            [Summary("option_rename", {"field_id": self.field, "from": "Paris", "to": "Nantes"})],
            lambda: field_options.rename_option(self.admin, self.field, rename, None),
        )

    async def session(self) -> int | None:
        change = SessionChange(name="Autumn", catalog="everyone", instructor_ids=[self.others[0]])
        return await self.do(
            [Summary("session", {"id": self.of_company})],
            lambda: sessions.change_session(self.admin, self.system.follower, self.of_company, change, None),
        )

    async def results(self) -> int | None:
        rows = []
        for person, status in (
            (self.people[0], "completed"),
            (self.people[1], "started"),
            (self.others[0], "completed"),
        ):
            email = await fetch_value("SELECT email FROM learner WHERE id = $1", person)
            rows.append(
                msgspec.convert({"learner": email, "activity": "basics", "status": status}, ResultRow)
            )
        return await self.do([Summary("results", {"people": 3})], lambda: results.record(self.admin, rows))

    async def method_delete(self) -> int | None:
        method = await fetch_value(
            "SELECT id FROM enrollment_method WHERE session_id = $1 AND NOT hand_picked", self.of_company
        )
        return await self.do(
            [Summary("method_delete", {"session_id": self.of_company})],
            lambda: method_removal.delete_method(
                self.admin, self.system.follower, self.of_company, method, MethodRemoval(people="expire")
            ),
        )

    async def enrollments(self) -> int | None:
        ids = [(await self.system.enrollment(self.of_company, person))["id"] for person in self.people[:2]]
        return await self.do(
            [Summary("enrollments", {"do": "unenroll", "people": 2})],
            *(
                lambda id_=id_: enrollment_acts.unenroll(
                    self.admin, self.system.follower, id_, enrollment_wire.Unenroll()
                )
                for id_ in ids
            ),
        )


ACTS = (
    Scene.learner, Scene.status, Scene.members_add, Scene.members_remove, Scene.members_expire, Scene.members_move, Scene.group,
    Scene.group_delete, Scene.segment_edit, Scene.field_delete, Scene.option_rename, Scene.session, Scene.results,
    Scene.method_delete, Scene.enrollments,
)  # fmt: skip
