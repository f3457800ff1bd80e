"""Files of other systems, as they come: what each of them means to Muster. All people in them are invented."""

import httpx
import pytest

from backend.runtime import clock
from tests.imports.loading import FILES, IGNORE, counts, fields, group, load, people, prepare, problems


async def test_moodle(admin: httpx.AsyncClient) -> None:
    await fields(admin, site="text", department="text")
    small = await load(admin, "learners", "moodle_upload_users_minimal.csv")
    assert counts(small) == (2, 0, 0, 0)
    for one in (await people(admin)).values():
        assert (await admin.patch(f"/learners/{one['id']}", json={"external_id": None})).is_success
    content = (FILES / "moodle_upload_users_full.csv").read_bytes()
    (question,) = (await prepare(admin, "learners", content))["questions"]
    assert question["id"] == "unused_columns"
    assert "oldusername: chen.old" in question["samples"]
    found = await load(admin, "learners", content, IGNORE)
    assert counts(found) == (1, 2, 0, 2)
    # Without an address or a number nobody knows who is suspended or deleted: said, not skipped.
    assert await problems(admin, found) == [(6, "required"), (7, "required")]
    assert (await people(admin))["avi.kessler"]["external_id"] == "0004711"


async def test_canvas(admin: httpx.AsyncClient) -> None:
    found = await load(admin, "learners", "canvas/users.csv", IGNORE)
    assert counts(found) == (2, 0, 0, 1)
    assert await problems(admin, found) == [(4, "gone")]
    assert (
        await admin.post("/learners", json={"email": "chen.li@example.org", "external_id": "01105"})
    ).is_success
    again = await load(admin, "learners", "canvas/users.csv", IGNORE)
    assert (again["updated"], again["left"], again["errors"]) == (1, 1, 0)
    there = await people(admin)
    assert there["chen.li"]["status"] == "deactivated"
    bremen = await group(admin, "G-BREMEN")
    added = await admin.post(f"/groups/{bremen}/members", json={"external_ids": ["01105"]})
    assert added.is_success, added.text
    members = await load(admin, "memberships", "canvas/groups_membership.csv")
    assert counts(members) == (1, 1, 0, 0)
    left = (await admin.get(f"/groups/{bremen}/members")).json()["items"]
    assert [one["external_id"] for one in left] == ["01103"]
    course = (await admin.post("/activities", json={"kind": "course", "title": "Fire"})).json()
    body = {"activity_id": course["id"], "name": "A", "external_id": "F26-A"}
    session = (await admin.post("/sessions", json=body)).json()
    enrollments = await load(admin, "enrollments", "canvas/enrollments.csv", IGNORE)
    assert await problems(admin, enrollments) == [(3, "ended"), (4, "ended"), (5, "role")]
    enrolled = (await admin.get(f"/sessions/{session['id']}/enrollments")).json()["items"]
    assert [one["learner"]["external_id"] if "external_id" in one["learner"] else one["learner"]["email"] for one in enrolled] in (
        ["01103"], ["avi.kessler@example.org"],
    )  # fmt: skip


@pytest.mark.parametrize("name", ["users.csv", "users_japan_profile_bom.csv"])
async def test_oneroster(admin: httpx.AsyncClient, name: str) -> None:
    for external_id in ("u3", "u5"):
        body = {"email": f"{external_id}@example.org", "external_id": external_id}
        assert (await admin.post("/learners", json=body)).is_success
    found = await load(admin, "learners", f"oneroster11/{name}", IGNORE)
    assert (found["created"], found["left"], found["errors"]) == (3, 2, 0)
    there = await people(admin)
    assert there["ida.jansen"]["first_name"] == "Ida, Maria"
    assert there["u3"]["status"] == "deactivated", "known by their id, for the row has no address"
    assert there["lea.moreau"]["status"] == "deactivated"


async def test_oneroster_enrollments(admin: httpx.AsyncClient) -> None:
    for external_id in ("u1", "u2", "u3", "u5"):
        body = {"email": f"{external_id}@example.org", "external_id": external_id}
        assert (await admin.post("/learners", json=body)).is_success
    course = (await admin.post("/activities", json={"kind": "course", "title": "Fire"})).json()
    body = {"activity_id": course["id"], "name": "7a", "external_id": "k1"}
    assert (await admin.post("/sessions", json=body)).is_success
    found = await load(admin, "enrollments", "oneroster11/enrollments.csv", IGNORE)
    assert found["created"] == 2
    assert await problems(admin, found) == [(2, "role"), (5, "ended")]


async def test_talent_lms(admin: httpx.AsyncClient) -> None:
    await fields(admin, site="text")
    await group(admin, "Night shift")
    # Whoever leaves in a year is there now.
    leaving = f"03/04/{clock.now().year + 1}".encode()
    content = (FILES / "talentlms_import.csv").read_bytes().replace(b"03/04/2027", leaving)
    asked = await prepare(admin, "learners", content)
    assert {one["id"] for one in asked["questions"]} == {"date_order:gone.since", "unused_columns"}
    found = await load(admin, "learners", content, IGNORE | {"date_order:gone.since": "day_first"})
    assert counts(found) == (2, 0, 0, 0)
    there = await people(admin)
    assert (there["avi.kessler"]["status"], there["avi.kessler"]["fields"]) == ("active", {"site": "Bremen"})
    assert there["bruna.okafor"]["status"] == "deactivated"
    assert [one["name"] for one in there["avi.kessler"]["groups"]] == ["Night shift"]


async def test_google_workspace(admin: httpx.AsyncClient) -> None:
    await fields(admin, department="text", work_address="text")
    boss = {"email": "mona.ruiz@example.org"}
    mona = (await admin.post("/learners", json=boss)).json()
    found = await load(admin, "learners", "google_workspace_users.csv", IGNORE)
    assert counts(found) == (2, 0, 0, 0)
    there = await people(admin)
    avi, bruna = there["avi.kessler"], there["bruna.okafor"]
    assert (avi["external_id"], avi["manager_id"], avi["status"]) == ("0004711", mona["id"], "active")
    assert avi["fields"] == {"department": "Warehouse", "work_address": "Quay 1\n28195 Bremen"}
    assert bruna["status"] == "suspended"
    rows = (await admin.get(f"/imports/{found['id']}/rows")).json()["items"]
    assert [row["row"] for row in rows] == [2, 4]


async def test_microsoft_entra(admin: httpx.AsyncClient) -> None:
    await fields(admin, department="text", postalcode="text")
    found = await load(admin, "learners", "entra_bulk_create_users.csv", IGNORE)
    assert counts(found) == (2, 0, 0, 0)
    there = await people(admin)
    assert (there["avi.kessler"]["status"], there["bruna.okafor"]["status"]) == ("active", "suspended")
    assert there["avi.kessler"]["fields"] == {"department": "Warehouse", "postalcode": "01067"}
    assert (there["avi.kessler"]["first_name"], there["avi.kessler"]["last_name"]) == ("Avi", "Kessler")


async def test_success_factors(admin: httpx.AsyncClient) -> None:
    await fields(admin, hiredate="date", department="text")
    found = await load(admin, "learners", "successfactors_user_data_file.csv", IGNORE)
    assert counts(found) == (4, 0, 0, 0)
    assert await problems(admin, found) == [(6, "manager_unknown")]
    there = await people(admin)
    days = {name: one["fields"]["hiredate"] for name, one in there.items()}
    assert days == {
        "mona.ruiz": "2019-03-01", "avi.kessler": "2026-03-01", "bruna.okafor": "2024-11-30", "chen.li": "2024-02-29",
    }  # fmt: skip
    assert there["mona.ruiz"]["manager_id"] is None
    assert there["avi.kessler"]["manager_id"] == there["mona.ruiz"]["id"]
    assert there["bruna.okafor"]["status"] == "deactivated"


async def test_chamilo(admin: httpx.AsyncClient) -> None:
    night = await group(admin, "Night shift 2026")
    assert counts(await load(admin, "learners", "chamilo_user_import.csv", IGNORE)) == (2, 0, 0, 0)
    assert counts(await load(admin, "memberships", "chamilo_users_to_class.csv")) == (2, 0, 0, 0)
    members = (await admin.get(f"/groups/{night}/members")).json()["items"]
    assert {one["external_id"] for one in members} == {"avik", "bruna"}


async def test_open_edx(admin: httpx.AsyncClient) -> None:
    for number in (1, 2):
        await group(admin, f"Cohort {number}")
    for name, external_id in (("avi.kessler", "avik"), ("bruna.okafor", "bruna")):
        body = {"email": f"{name}@example.org", "external_id": external_id}
        assert (await admin.post("/learners", json=body)).is_success
    found = await load(admin, "memberships", "openedx_cohorts.csv")
    assert counts(found) == (2, 0, 0, 1)
    assert await problems(admin, found) == [(4, "unknown")]
