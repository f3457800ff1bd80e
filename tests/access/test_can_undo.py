"""`can_undo` is a promise: it is true where an undo by the reader would be accepted now, and nowhere else."""

from itertools import count

import httpx
import pytest

from backend.database import fetch
from tests.access.company import Company

_RUN = """
INSERT INTO run (session_id, method_id, cause, actor_id, state, detail, created_at)
VALUES ($1, $2, $3, $4, 'applied', $5, muster_now()) RETURNING id
"""
_CHANGES = (
    "INSERT INTO run_change (run_id, learner_id, change) SELECT $1, l, 'entered' FROM unnest($2::int[]) l"
)


async def _clients(company: Company) -> dict[str, httpx.AsyncClient]:
    """Everybody by role, and the coach's tokens, of which one covers reading alone."""
    clients = {**company.clients, "admin": company.system.admin}
    for scope in ("read", "write"):
        made = await clients["coach"].post("/tokens", json={"name": scope, "scopes": [scope]})
        client = clients[f"coach_{scope}"] = await company.system.client("coach@example.org")
        client.cookies.clear()
        client.headers["authorization"] = f"Bearer {made.json()['token']}"
    return clients


async def _acts(company: Company, turn: int) -> None:
    """Runs of every kind, by whoever may."""
    system, clients, session = company.system, company.clients, company.session
    coach, manager, admin = clients["coach"], clients["manager"], system.admin
    report, mine = company.mine[:2]
    own = {"blocks": [{"groups": [company.own]}]}
    await system.apply(session, coach, kind="audience", rule=own, dynamic=bool(turn % 2), due_days=turn + 2)
    # Picked in other sessions: in one with people who are not the coach's, and in one without.
    for people in ([report], [report, *company.strangers]):
        other = await system.session(group_id=company.own, catalog="group")
        await system.apply(other, kind="manual", rule={"include": people})
        for client in (coach, manager, admin):
            await system.apply(other, client, kind="manual", rule={"include": [report]})
        await system.apply(other, coach, kind="manual", rule={"include": [mine]})
        sent = await system.session(group_id=company.own, catalog="group")
        done = await system.apply(sent, manager, kind="manual", rule={"include": [report]})
        await system.write(
            "UPDATE message SET state = 'sent' WHERE id IN (SELECT message_id FROM notice WHERE run_id = $1)",
            done["run_id"],
        )
    for person, by in ((company.strangers[0], coach), (mine, clients["instructor"])):
        enrollment = (await system.enrollment(session, person))["id"]
        for act in ("suspend", "resume"):
            assert (await by.post(f"/enrollments/{enrollment}/{act}")).status_code == 200
    changed = await system.apply(
        session, coach, kind="audience", rule=own, dynamic=False, name=f"Gone {turn}"
    )
    gone = f"/sessions/{session}/methods/{changed['method_id']}"
    await coach.patch(gone, json={"mandatory": True})
    await coach.delete(gone, params={"people": "keep"})


async def _rows(company: Company) -> None:
    """Runs that come about without a person, or long ago."""
    system, session = company.system, company.session
    coach_id = await system.write_value("SELECT id FROM learner WHERE email = 'coach@example.org'")
    for method in (None, company.method):
        for cause in ("change", "check", "import", "act", "confirm", "approve"):
            for actor in (None, coach_id):
                for people in ([], company.mine[:1], company.strangers):
                    run = await system.write_value(_RUN, session, method, cause, actor, {})
                    await system.write(_CHANGES, run, people)


@pytest.mark.timeout(300)
async def test_what_can_be_undone_is_what_an_undo_is_accepted_of(company: Company) -> None:
    clients = await _clients(company)
    for turn in range(2):
        await _acts(company, turn)
    await _rows(company)
    accepted: set[str] = set()
    asked: set[int] = set()
    # What is undone makes runs, which can be undone in turn.
    for turn in count():
        runs = [row["id"] for row in await fetch("SELECT id FROM run ORDER BY id LIMIT 120")]
        left = [run for run in runs if run not in asked]
        if not left:
            break
        run = left[0]
        asked.add(run)
        # Another one comes first each time: after whoever is the first to take it back, nobody may.
        names = sorted(clients)
        for role in (*names[turn % len(names) :], *names[: turn % len(names)]):
            client = clients[role]
            read = await client.get(f"/runs/{run}")
            promised = read.status_code == 200 and read.json()["can_undo"]
            if turn % 10 == 0:
                listed = (await client.get("/runs?limit=1000")).json()["items"]
                assert promised == any(one["can_undo"] for one in listed if one["id"] == run), (role, run)
            answer = await client.post(f"/runs/{run}/undo")
            assert (answer.status_code == 200) == promised, (role, read.text, answer.text)
            if promised:
                accepted.add(role)
    assert accepted == set(clients) - {"coach_read"}
