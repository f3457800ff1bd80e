"""Whom a row of a file means, and what it may do to them. All people in them are invented."""

import httpx

from tests.imports.loading import counts, fields, load, people, prepare, problems


async def test_one_person_in_several_spellings(admin: httpx.AsyncClient) -> None:
    await fields(admin, name="text")
    assert (await admin.post("/learners", json={"email": "alice.berg@example.org"})).is_success
    name = "encoding/case_and_unicode_duplicates.csv"
    found = await load(admin, "learners", name)
    assert counts(found) == (3, 1, 0, 2)
    assert await problems(admin, found) == [(3, "duplicate"), (5, "duplicate")]
    rows = (await admin.get(f"/imports/{found['id']}/rows", params={"outcome": "error"})).json()["items"]
    assert rows[0]["problem"]["message"] == "Line 2 is about the same learner."
    assert counts(await load(admin, "learners", name)) == (0, 0, 4, 2)


async def test_what_was_copied_with_an_address(admin: httpx.AsyncClient) -> None:
    await fields(admin, name="text")
    found = await load(admin, "learners", "encoding/invisible_characters_in_email.csv")
    assert counts(found) == (3, 0, 0, 1)
    assert await problems(admin, found) == [(4, "email")]
    assert set(await people(admin)) == {"avi.kessler", "bruna.okafor", "dario.ek"}


async def test_managers_in_circles_cost_a_row_its_manager_alone(admin: httpx.AsyncClient) -> None:
    sheet = (
        b"email,id,first name,manager\navi@x.org,avi,Avi,bruna\nbruna@x.org,bruna,Bruna,chen\nchen@x.org,chen,Chen,avi\n"
        b"dario@x.org,dario,Dario,dario\neli@x.org,eli,Eli,NO_MANAGER\nfay@x.org,fay,Fay,nobody-known\ngil@x.org,gil,Gil,eli\n"
    )
    found = await load(admin, "learners", sheet)
    assert counts(found) == (7, 0, 0, 0)
    assert await problems(admin, found) == [
        (2, "manager_circle"), (3, "manager_circle"), (4, "manager_circle"), (5, "manager_self"), (7, "manager_unknown"),
    ]  # fmt: skip
    there = await people(admin)
    assert [one["manager_id"] for name, one in sorted(there.items()) if name != "gil"] == [None] * 6
    assert there["gil"]["manager_id"] == there["eli"]["id"]
    # Through somebody who is here already: gil is below eli.
    circle = await load(admin, "learners", b"email,id,first name,manager\neli@x.org,eli,Elias,gil\n")
    assert await problems(admin, circle) == [(2, "manager_circle")]
    assert ((await people(admin))["eli"]["first_name"], counts(circle)) == ("Elias", (0, 1, 0, 0))


async def test_good_and_bad_rows_add_up(admin: httpx.AsyncClient) -> None:
    await fields(admin, note="text")
    old = "".join(f"old{n}@x.org,Old,,\n" for n in range(5))
    await load(admin, "learners", f"email,first name,groups,note\n{old}".encode())
    new = 'new0@x.org,New,,"two\nlines"\n' + "".join(f"new{n}@x.org,New,,\n" for n in range(1, 90))
    bad = ",Nobody,,\n,Nobody,,\nnew0@x.org,New,,\nNEW0@x.org,New,,\nlost@x.org,Lost,nowhere,\n"
    sheet = f"email,first name,groups,note\n{new}{old}{bad}".encode()
    found = await load(admin, "learners", sheet)
    assert (found["rows"], *counts(found)) == (100, 90, 0, 5, 5)
    # A line is one of the file: the first row has two.
    assert await problems(admin, found) == [
        (98, "required"), (99, "required"), (100, "duplicate"), (101, "duplicate"), (102, "unknown"),
    ]  # fmt: skip
    assert len(await people(admin)) == 95
    refused = await admin.get(f"/imports/{found['id']}/rejects.xlsx")
    again = await load(admin, "learners", refused.content)
    assert (again["rows"], again["errors"]) == (5, 4)
    assert again["unchanged"] == 1, "what repeated a row is alone now"


async def test_the_same_file_again_after_a_change_by_hand(admin: httpx.AsyncClient) -> None:
    await fields(admin, site="text")
    sheet = b"email,site,active\nana@x.org,Bremen,yes\nben@x.org,Bremen,yes\n"
    await load(admin, "learners", sheet)
    ana = (await people(admin))["ana"]
    by_hand = {"fields": {"site": "Lagos"}, "status": "deactivated"}
    assert (await admin.patch(f"/learners/{ana['id']}", json=by_hand)).is_success
    ready = await prepare(admin, "learners", sheet)
    assert (ready["updated"], ready["reactivated"], ready["unchanged"]) == (1, 1, 1)
    first = ready["preview"]["rows"][0]
    assert (first["action"], first["changes"]) == (
        "reactivated",
        [
            {"column": "status", "here": "deactivated", "file": "active"},
            {"column": "fields.site", "here": "Lagos", "file": "Bremen"},
        ],
    )
    await load(admin, "learners", sheet)
    ana = (await people(admin))["ana"]
    assert (ana["status"], ana["fields"]) == ("active", {"site": "Bremen"})


async def test_nobody_is_approved_or_accepts_by_a_sheet(admin: httpx.AsyncClient) -> None:
    for status in ("pending", "invited", "suspended"):
        assert (await admin.post("/learners", json={"email": f"{status}@x.org", "status": status})).is_success
    sheet = b"email,status\npending@x.org,active\ninvited@x.org,Active\nsuspended@x.org,actif\n"
    found = await load(admin, "learners", sheet)
    assert (found["updated"], found["reactivated"], found["unchanged"]) == (1, 1, 2)
    there = await people(admin)
    assert {name: one["status"] for name, one in there.items()} == {
        "pending": "pending", "invited": "invited", "suspended": "active",
    }  # fmt: skip


async def test_the_ends_of_every_type_cost_their_own_row(admin: httpx.AsyncClient) -> None:
    await fields(admin, hired="date", pay="number", note="text")
    cells = [
        ("added_at", "0001-01-01"), ("added_at", "9999-12-31T23:59:59.999999Z"), ("hired", "0001-01-01"),
        ("hired", "31.12.9999"), ("pay", "1e400"), ("id", "\u200b"), ("note", "\x07"), ("first name", "a\u2028b"),
        ("note", "x" * 1_001), ("first name", "x" * 301), ("id", "9,00720E+15"),
    ]  # fmt: skip
    columns = list(dict.fromkeys(name for name, _ in cells))
    lines = [
        f"p{n}@x.org;{';'.join(cell if name == one else '' for one in columns)}"
        for n, (name, cell) in enumerate(cells)
    ]
    sheet = "\n".join([f"email;{';'.join(columns)}", *lines, f"good@x.org{';' * len(columns)}"]).encode()
    found = await load(admin, "learners", sheet)
    assert counts(found) == (1, 0, 0, len(cells)), await problems(admin, found)
    assert set(await people(admin)) == {"good"}
