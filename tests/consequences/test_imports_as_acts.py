"""Applying a sheet as an act: what it was shown to do is what happens, as one run that can be undone."""

from backend.database import fetch, fetch_value
from backend.services.imports import import_work
from tests.consequences.asking import asked, done, people
from tests.harness.system import System
from tests.imports.loading import prepare, problems


async def test_a_sheet_does_what_was_shown_as_one_run(system: System) -> None:
    sales, support = await system.group("Sales"), await system.group("Support")
    await system.write("UPDATE learner_group SET external_id = lower(name)")
    stay, gone = await system.people(2, sales), await system.people(6, support)
    wanted = await system.people(5)
    rows = await fetch("SELECT id, email FROM learner")
    email = {row["id"]: row["email"] for row in rows}
    of_sales = await system.session(name="Sales", fuse_entering=2)
    of_support = await system.session(name="Support", fuse_count=1, fuse_percent=1)
    await system.enroll_group(of_sales, sales)
    await system.enroll_group(of_support, support, on_leave="expire")
    await system.settled()
    lines = [f"{email[one]},sales,{'accepted' if n else 'deleted'}" for n, one in enumerate(stay)]
    lines += [f"{email[one]},sales,accepted" for one in wanted] + [
        f"{email[one]},support,deleted" for one in gone
    ]
    sheet = "learner,group,status\n" + "\n".join([*lines, "nobody@example.org,sales,accepted"])
    ready = await prepare(system.admin, "memberships", sheet.encode())
    assert (ready["state"], ready["errors"]) == ("ready", 1)
    act, path = {"act": "import", "id": ready["id"]}, f"/imports/{ready['id']}/apply"
    shown = await asked(system, act)
    assert (shown["entering"], shown["leaving"], shown["held"]) == (5, 7, 5)
    told = {
        (session, change): await people(system, change, act, session_id=session)
        for session in (of_sales, of_support)
        for change in ("entering", "leaving")
    }
    before = {session: await system.enrolled(session) for session in (of_sales, of_support)}
    refused = await done(system, "POST", path, "0" * 64)
    assert (refused.status_code, refused.json()["type"]) == (409, "consequences_changed")
    answer = await done(system, "POST", path, shown["hash"])
    assert answer.status_code == 200, answer.text
    run = f"/runs/{answer.headers['Run']}"
    assert (await system.admin.get(run)).status_code == 200
    await import_work.drain()
    await system.settled()
    # What was confirmed passes both fuses.
    for session, enrolled in before.items():
        came, went = told[session, "entering"], told[session, "leaving"]
        assert await system.enrolled(session) == (enrolled | came) - went
    assert await fetch_value("SELECT count(*) FROM run WHERE state = 'held'") == 0
    found = (await system.admin.get(run)).json()
    assert (found["runs"]["entered"], found["runs"]["left"]) == (5, 7)

    undone = await system.post(f"{run}/undo", {})
    assert undone.status_code == 200, undone.text
    await system.settled()
    assert {session: await system.enrolled(session) for session in before} == before


async def test_people_whom_a_sheet_makes_pass_the_fuse_too(system: System) -> None:
    await system.group("Sales")
    await system.write("UPDATE learner_group SET external_id = lower(name)")
    session = await system.session(name="Sales", fuse_entering=2)
    await system.enroll_group(session, 1)
    sheet = "email,groups\n" + "".join(f"new{number}@example.org,sales\n" for number in range(6))
    ready = await prepare(system.admin, "learners", sheet.encode())
    act = {"act": "import", "id": ready["id"]}
    shown = await asked(system, act)
    assert shown["entering"] == 6
    answer = await done(system, "POST", f"/imports/{ready['id']}/apply", shown["hash"])
    assert answer.status_code == 200, answer.text
    await import_work.drain()
    await system.settled()
    assert len(await system.enrolled(session)) == 6
    # Their accounts stay, but are in the group no longer.
    await system.post(f"/runs/{answer.headers['Run']}/undo", {})
    await system.settled()
    assert await system.enrolled(session) == set()
    assert await fetch_value("SELECT count(*) FROM learner WHERE email LIKE 'new%'") == 6


async def test_who_is_enrolled_elsewhere_is_told_before(system: System) -> None:
    activity = await system.activity()
    first = await system.session(activity, external_id="first")
    second = await system.session(activity, external_id="second")
    held, free = await system.people(2)
    twice = (await system.people(1))[0]
    await system.apply(first, kind="manual", rule={"include": [held]})
    await system.settled()
    email = {row["id"]: row["email"] for row in await fetch("SELECT id, email FROM learner")}
    wanted = ((held, "second"), (free, "second"), (twice, "second"), (twice, "first"), (held, "first"))
    sheet = "learner,session\n" + "".join(f"{email[person]},{name}\n" for person, name in wanted)
    ready = await prepare(system.admin, "enrollments", f"{sheet}nobody@example.org,second\n".encode())
    act = {"act": "import", "id": ready["id"]}
    shown = await asked(system, act)
    assert (shown["entering"], shown["blocked"]) == (2, 0)
    assert await people(system, "entering", act) == {free, twice}
    told = [(2, "elsewhere"), (5, "elsewhere"), (7, "unknown")]
    assert (await problems(system.admin, ready), ready["created"], ready["unchanged"]) == (told, 2, 1)
    path = f"/imports/{ready['id']}/apply"
    assert (await done(system, "POST", path, shown["hash"])).status_code == 200
    await import_work.drain()
    assert (await system.enrolled(first), await system.enrolled(second)) == ({held}, {free, twice})
    # Nor are they when they are free again: nobody waits because of a sheet.
    assert await fetch_value("SELECT count(*) FROM blocked") == 0


async def test_whom_a_session_excludes_no_sheet_enrolls(system: System) -> None:
    activity = await system.activity(several_sessions=True)
    session = await system.session(activity, external_id="spring")
    other = await system.session(activity, external_id="autumn")
    out, free, ended = await system.people(3)
    email = {row["id"]: row["email"] for row in await fetch("SELECT id, email FROM learner")}
    put = await system.post(f"/sessions/{session}/exclusions", {"learner_ids": [out, ended], "reason": "No"})
    assert put.status_code == 201, put.text
    await system.write("UPDATE exclusion SET until = '2020-01-01' WHERE learner_id = $1", ended)
    sheet = "learner,session,since,until\n" + "".join(
        f"{email[person]},{name},{since},{until}\n"
        for person, name, since, until in (
            (out, "spring", "2026-01-01", ""),
            (free, "spring", "2026-01-01", ""),
            (ended, "spring", "", ""),
            (out, "autumn", "", ""),
        )
    )
    ready = await prepare(system.admin, "enrollments", sheet.encode())
    assert await problems(system.admin, ready) == [(2, "excluded")]
    assert (ready["created"], ready["errors"]) == (3, 1)
    again = await prepare(system.admin, "enrollments", f"learner,session\n{email[out]},spring\n".encode())
    assert await problems(system.admin, again) == [(2, "excluded")]
    # Between the check and applying, somebody is left out of the other session as well.
    await system.post(f"/sessions/{other}/exclusions", {"learner_ids": [out], "reason": "No"})
    assert (await system.post(f"/imports/{ready['id']}/apply", {})).status_code == 200
    await import_work.drain()
    assert await problems(system.admin, ready) == [(2, "excluded"), (5, "excluded")]
    assert await system.enrolled(session) == {free, ended}
    assert await system.enrolled(other) == set()
    # Their past is history, and enrolls nobody.
    past = f"learner,session,since,until\n{email[out]},spring,2026-01-01,2026-02-01\n"
    old = await prepare(system.admin, "enrollments", past.encode())
    assert (old["created"], old["errors"]) == (1, 0)
    await system.post(f"/imports/{old['id']}/apply", {})
    await import_work.drain()
    assert await system.enrolled(session) == {free, ended}
