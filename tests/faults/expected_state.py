"""What must be true once everything has settled: told by a plain second implementation straight from the tables."""

import asyncio
from collections import Counter
from collections.abc import Iterable
from typing import Any

import httpx
import msgspec

from backend.database import fetch, fetch_row, fetch_value
from backend.rules import Rule
from backend.runtime import clock
from tests.faults.instance import Instance
from tests.faults.leading import AWAY
from tests.faults.ledger import Ledger
from tests.faults.mail import RoughSink
from tests.faults.world import World
from tests.naive import World as Naive
from tests.naive import audience
from tests.naive.tables import read_world

SETTLE_SECONDS = 120.0
POLL_SECONDS = 0.1
# Each on a connection of its own, so that every API process is asked.
ASKED = 4
# It reads everything there is; on a machine that has much else to do it has taken more than two minutes.
DOCTOR_SECONDS = 600.0
COUNTABLE = ("invited", "active")

_SETTLED = """
SELECT (SELECT count(*) FROM outbox) AS waiting, (SELECT seq FROM log_head) AS head,
       (SELECT position FROM follower WHERE name = 'reconciler') AS reconciled,
       (SELECT count(*) FROM run WHERE state = 'applying') + (SELECT count(*) FROM telling) AS applying
"""
_MAIL_WAITING = "SELECT count(*) FROM message WHERE state IN ('pending', 'sending') AND due_at <= $1"
_LOG = (
    "SELECT count(*) AS rows, coalesce(max(seq), 0) AS last, coalesce(min(seq), 1) AS first FROM change_log"
)
_MESSAGES = """
SELECT m.message_id, m.state, m.kind, l.email FROM message m JOIN learner l ON l.id = m.learner_id
WHERE m.state <> 'cancelled'
"""
_METHODS = "SELECT id, rule, state FROM enrollment_method WHERE id = ANY($1::integer[])"
# Each names what may never be; the number found is told.
NEVER = {
    "two live enrollments in one activity": """
        SELECT count(*) FROM (SELECT FROM enrollment WHERE exclusive AND state <> 'expired'
                              GROUP BY learner_id, activity_id HAVING count(*) > 1) d""",
    "two live sources of one method": """
        SELECT count(*) FROM (SELECT FROM source WHERE until IS NULL GROUP BY method_id, learner_id HAVING count(*) > 1) d""",
    "a live source without an enrollment": """
        SELECT count(*) FROM source s JOIN learner l ON l.id = s.learner_id AND l.status IN ('invited', 'active')
        WHERE s.until IS NULL AND NOT EXISTS (
            SELECT FROM enrollment e
            WHERE e.session_id = s.session_id AND e.learner_id = s.learner_id AND e.state <> 'expired')""",
    "an active enrollment without a live source": """
        SELECT count(*) FROM enrollment e WHERE e.state = 'active' AND NOT EXISTS (
            SELECT FROM source s
            WHERE s.session_id = e.session_id AND s.learner_id = e.learner_id AND s.until IS NULL)""",
    "blocked by an enrollment that is not there": """
        SELECT count(*) FROM blocked b JOIN session s ON s.id = b.session_id
        WHERE NOT EXISTS (SELECT FROM enrollment e WHERE e.learner_id = b.learner_id AND e.activity_id = s.activity_id
                          AND e.session_id <> b.session_id AND e.state <> 'expired')""",
    "a message that failed": "SELECT count(*) FROM message WHERE state = 'failed'",
    "somebody enrolled who is not told and will not be": """
        SELECT count(*) FROM enrollment e JOIN session s ON s.id = e.session_id
        WHERE e.state = 'active' AND NOT EXISTS (
            SELECT FROM notice n JOIN message m ON m.id = n.message_id
            WHERE n.session_id = e.session_id AND n.learner_id = e.learner_id AND n.kind = 'enrolled'
              AND n.cancelled_at IS NULL AND m.state IN ('pending', 'sending', 'sent'))""",
}


async def settle(instance: Instance, *, mail: bool) -> None:
    """Wait until the log is drained, the reconciler is at its head, no run is under way; with `mail`, none is due."""
    seen: Any = None
    try:
        async with asyncio.timeout(SETTLE_SECONDS):
            while True:
                try:
                    async with instance.connection() as connection:
                        while True:
                            seen = dict((await connection.fetch(_SETTLED))[0])
                            now = clock.now() + instance.offset
                            seen["mail"] = await connection.fetchval(_MAIL_WAITING, now) if mail else 0
                            if (
                                not (seen["waiting"] or seen["applying"] or seen["mail"])
                                and seen["reconciled"] == seen["head"]
                            ):
                                return
                            await asyncio.sleep(POLL_SECONDS)
                except AWAY as error:
                    seen = error
                await asyncio.sleep(POLL_SECONDS)
    except TimeoutError:
        raise AssertionError(
            f"not settled after {SETTLE_SECONDS:.0f} s: {seen}\n{instance.muster.said()}"
        ) from None


async def problems(instance: Instance, world: World, ledger: Ledger, sink: RoughSink) -> list[str]:
    """Everything that is not as it must be."""
    async with instance.tables():
        plain = await read_world()
        day = clock.today(plain.timezone)
        found = [
            *_acknowledged(plain, ledger),
            *await _newcomers(ledger),
            *await _confirmed(ledger),
            *[f"{number} times {what}" for what, sql in NEVER.items() if (number := await fetch_value(sql))],
            *await _log(),
            *await _mail(ledger, sink),
        ]
        # As they are stored: with ids for names.
        rows = {row["id"]: row for row in await fetch(_METHODS, world.methods)}
        wanted = [audience(plain, msgspec.convert(rows[one]["rule"], Rule), day) for one in world.methods]
        for method, people in zip(world.methods, wanted, strict=True):
            found += _method(plain, method, rows[method]["state"], people)
    return [*found, *await _previews(world, [len(people) for people in wanted]), *_doctor(instance)]


def _acknowledged(plain: Naive, ledger: Ledger) -> Iterable[str]:
    for (facet, learner, ref), value in ledger.facts.items():
        there = plain.fact(facet, learner, ref)
        if facet == "result":
            there = there and there[0]
        if there != value:
            yield f"acknowledged and lost: {facet} {ref} of learner {learner} is {there!r}, not {value!r}"


async def _newcomers(ledger: Ledger) -> Iterable[str]:
    there = {row["email"] for row in await fetch("SELECT email FROM learner")}
    return [f"acknowledged and lost: the account {email}" for email in ledger.newcomers - there]


async def _confirmed(ledger: Ledger) -> list[str]:
    found = []
    for one in ledger.confirmed:
        row = await fetch_row(
            "SELECT (SELECT state FROM run WHERE id = $1) AS state,"
            " (SELECT array_agg(learner_id) FROM source WHERE method_id = $2 AND until IS NULL) AS people",
            one.run_id,
            one.method_id,
        )
        assert row is not None
        state, people = ("undone", frozenset()) if one.undone else ("applied", one.people)
        if row["state"] != state or frozenset(row["people"] or ()) != people:
            found.append(
                f"acknowledged and lost: run {one.run_id} is {row['state']}, not {state}, or has others"
            )
    return found


def _method(plain: Naive, method: int, state: str, wanted: set[int]) -> Iterable[str]:
    if state != "live":
        yield f"method {method} is {state}"
    people = [one for one in plain.learners() if plain.fact("status", one) in COUNTABLE]
    held = {one for one in people if plain.fact("source", one, method) is not None}
    blocked = {one for one in people if plain.fact("blocked", one, method) is not None}
    if held | blocked != wanted:
        yield f"method {method}: missing {wanted - held - blocked}, too many {(held | blocked) - wanted}"
    if held & blocked:
        yield f"method {method}: {held & blocked} are enrolled and blocked"


async def _log() -> list[str]:
    row = await fetch_row(_LOG)
    head = await fetch_value("SELECT seq FROM log_head")
    assert row is not None
    gaps = row["last"] - row["first"] + 1 - row["rows"]
    return (
        [f"the log has {gaps} gaps up to {row['last']}, its head is {head}"]
        if gaps or row["last"] != head
        else []
    )


async def _mail(ledger: Ledger, sink: RoughSink) -> list[str]:
    # Mail goes on meanwhile: what was sent before the sink is looked at must be in it, what is in it must be known after.
    before = await fetch(_MESSAGES)
    arrived = sink.times()
    after = await fetch(_MESSAGES)
    sent = {f"<{row['message_id']}>" for row in before if row["state"] == "sent"}
    known = {f"<{row['message_id']}>" for row in after if row["state"] in ("sending", "sent")}
    found = [f"lost: the message {one} was never taken" for one in sent - arrived.keys()]
    found += [f"nobody knows the message {one}" for one in arrived.keys() - known]
    found += [f"the repeats of {one} differ" for one in sink.changed_between_repeats()]
    invited = Counter(row["email"] for row in after if row["kind"] == "invitation")
    found += [
        f"{email} has {invited[email]} invitations" for email in ledger.newcomers if invited[email] != 1
    ]
    return found


async def _previews(world: World, totals: list[int]) -> list[str]:
    """What the indexes of the API processes count, against the tables."""
    found = []
    for _ in range(ASKED):
        async with httpx.AsyncClient(
            base_url=f"{world.address}/api/v1", headers={"Authorization": f"Bearer {world.token}"}
        ) as http:
            for rule, total in zip(world.rules, totals, strict=True):
                answer = await http.post("/audiences/preview", json={"rule": rule})
                if not answer.is_success or answer.json()["total"] != total:
                    found.append(f"a preview says {answer.text[:200]} where {total} are")
    return found


def _doctor(instance: Instance) -> list[str]:
    done = instance.muster.cli("doctor", patience=DOCTOR_SECONDS)
    return [] if done.returncode == 0 else [f"the doctor says\n{done.stdout}{done.stderr}"]
