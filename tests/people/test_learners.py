"""Learners and fields: one by one, in bulk, in lists."""

import httpx

from backend.database import fetch, fetch_value


async def _field(admin: httpx.AsyncClient, **data: object) -> dict[str, object]:
    answer = await admin.post("/fields", json=data)
    assert answer.status_code == 201, answer.text
    found: dict[str, object] = answer.json()
    return found


async def _fields(admin: httpx.AsyncClient) -> None:
    await _field(admin, key="location", name="Location", type="choice", options=["Paris", "Chicago"])
    await _field(admin, key="level", name="Level", type="number")
    await _field(admin, key="joined", name="Joined", type="date")
    await _field(admin, key="remote", name="Remote", type="boolean")
    await _field(admin, key="title", name="Title", type="text")


async def test_a_learner_from_beginning_to_end(admin: httpx.AsyncClient) -> None:
    await _fields(admin)
    answer = await admin.post(
        "/learners",
        json={
            "email": " Ana@Example.org ",
            "first_name": "Ana",
            "external_id": "E1",
            "fields": {
                "location": "Paris",
                "level": 3,
                "joined": "2024-02-29",
                "remote": True,
                "title": "Chef",
            },
        },
    )
    assert answer.status_code == 201, answer.text
    ana = answer.json()
    assert (ana["email"], ana["status"], ana["language"], ana["version"]) == (
        "Ana@Example.org",
        "active",
        "en",
        1,
    )
    assert ana["fields"] == {
        "location": "Paris",
        "level": 3,
        "joined": "2024-02-29",
        "remote": True,
        "title": "Chef",
    }

    path = f"/learners/{ana['id']}"
    changed = await admin.patch(
        path, json={"last_name": "B", "fields": {"level": None, "title": "Cook"}}, headers={"if-match": "1"}
    )
    assert changed.status_code == 200, changed.text
    assert changed.json()["fields"] == {
        "location": "Paris",
        "joined": "2024-02-29",
        "remote": True,
        "title": "Cook",
    }
    assert changed.json()["version"] == 2
    stale = await admin.patch(path, json={"last_name": "C"}, headers={"if-match": '"1"'})
    assert (stale.status_code, stale.json()["type"], stale.json()["current_version"]) == (409, "stale", 2)
    assert (await admin.get(path)).json() == changed.json()

    assert (await admin.delete(path)).status_code == 204
    assert (await admin.get(path)).status_code == 404


async def test_what_a_learner_cannot_be(admin: httpx.AsyncClient) -> None:
    await _fields(admin)
    await admin.post("/learners", json={"email": "ana@example.org", "external_id": "E1"})
    taken = await admin.post("/learners", json={"email": "ANA@example.org"})
    assert (taken.status_code, taken.json()["errors"][0]["path"]) == (409, "email")
    taken = await admin.post("/learners", json={"email": "b@example.org", "external_id": "E1"})
    assert (taken.status_code, taken.json()["errors"][0]["path"]) == (409, "external_id")
    for body, path in (
        ({"email": "no address"}, "email"),
        ({"email": "a@b@c"}, "email"),
        ({"email": "b@example.org", "language": "Klingon!"}, "language"),
        ({"email": "b@example.org", "status": "gone"}, "status"),
        ({"email": "b@example.org", "manager_id": 2_000_000_000}, "manager_id"),
        ({"email": "b@example.org", "manager_id": 20_000_000_000}, "manager_id"),
        ({"email": "b@example.org", "groups": [{"id": 99}]}, "groups[0].id"),
        ({"email": "b@example.org", "fields": {"level": "3"}}, "fields.level"),
        ({"email": "b@example.org", "fields": {"level": True}}, "fields.level"),
        ({"email": "b@example.org", "fields": {"level": 10**400}}, "fields.level"),
        ({"email": "b@example.org", "fields": {"location": "Rome"}}, "fields.location"),
        ({"email": "b@example.org", "fields": {"joined": "2023-02-29"}}, "fields.joined"),
        ({"email": "b@example.org", "fields": {"joined": "20230201"}}, "fields.joined"),
        ({"email": "b@example.org", "fields": {"remote": 1}}, "fields.remote"),
        ({"email": "b@example.org", "fields": {"nothing": 1}}, "fields.nothing"),
        ({"email": "b@example.org", "added_at": "2023-02-01T00:00:00"}, "added_at"),
    ):
        answer = await admin.post("/learners", json=body)
        assert answer.status_code == 422, (body, answer.text)
        assert answer.json()["errors"][0]["path"] == path, (body, answer.text)
    assert await fetch_value("SELECT count(*) FROM learner") == 2


async def test_bulk_keeps_good_rows_and_reports_bad_ones(admin: httpx.AsyncClient) -> None:
    await _fields(admin)
    await admin.post("/groups/bulk", json={"groups": [{"external_id": "paris", "name": "Paris"}]})
    rows: list[dict[str, object]] = [
        {"email": "worker@example.org", "external_id": "W", "manager_external_id": "M", "groups": ["paris"]},
        {
            "email": "manager@example.org",
            "external_id": "M",
            "fields": {"location": "Paris"},
            "status": "pending",
        },
        {"email": 5},
        {"email": "Worker@Example.org"},
        {"email": "x@example.org", "groups": ["paris", "rome"]},
        {"email": "y@example.org", "external_id": "Y", "manager_external_id": "nobody"},
        {"email": "z@example.org", "manager_external_id": "Y"},
        {"email": "w@example.org", "fields": {"location": "Rome", "level": 1}},
        {"email": "not an address"},
        {"email": "self@example.org", "external_id": "S", "manager_external_id": "S"},
        {"email": "u@example.org", "unknown": 1},
    ]
    answer = (await admin.post("/learners/bulk", json={"learners": rows})).json()
    assert (answer["created"], answer["updated"], answer["unchanged"]) == (3, 0, 0)
    assert [(e["row"], e["path"], e["code"]) for e in answer["errors"]] == [
        (2, "email", "type"),
        (3, "", "duplicate"),
        (4, "groups[1]", "unknown"),
        (5, "manager_external_id", "unknown"),
        (6, "manager_external_id", "unknown"),
        (7, "fields.location", "type"),
        (8, "email", "email"),
        (9, "manager_external_id", "self"),
        (10, "unknown", "unknown_field"),
    ]
    stored = {
        row["external_id"]: row for row in await fetch("SELECT * FROM learner WHERE external_id IS NOT NULL")
    }
    assert stored["W"]["manager_id"] == stored["M"]["id"]
    assert (stored["W"]["status"], stored["M"]["status"]) == ("active", "pending")
    assert await fetch_value("SELECT count(*) FROM membership") == 1

    again = (await admin.post("/learners/bulk", json={"learners": rows[:2]})).json()
    assert again == {"created": 0, "updated": 0, "unchanged": 2, "errors": []}
    position = await fetch_value("SELECT max(id) FROM outbox")
    changes = [
        {"email": "new-address@example.org", "external_id": "W", "first_name": "Will"},
        {"email": "MANAGER@example.org", "fields": {"location": None}},
    ]
    third = (await admin.post("/learners/bulk", json={"learners": changes})).json()
    assert third == {"created": 0, "updated": 2, "unchanged": 0, "errors": []}
    logged = await fetch("SELECT facet, old, new FROM outbox WHERE id > $1 ORDER BY id", position)
    assert [(row["facet"], row["new"]) for row in logged] == [
        ("field", None),
        ("profile", ["Will", "", "new-address@example.org"]),
        ("profile", ["", "", "MANAGER@example.org"]),
    ]


async def test_bulk_tells_whose_address_it_is(admin: httpx.AsyncClient) -> None:
    await admin.post("/learners", json={"email": "a@example.org", "external_id": "A"})
    await admin.post("/learners", json={"email": "b@example.org", "external_id": "B"})
    await admin.post("/learners", json={"email": "c@example.org"})
    rows = [
        {"email": "b@example.org", "external_id": "A"},
        {"email": "b@example.org", "external_id": "new"},
        {"email": "c@example.org", "external_id": "C"},
    ]
    answer = (await admin.post("/learners/bulk", json={"learners": rows})).json()
    assert [(e["row"], e["code"]) for e in answer["errors"]] == [(0, "taken"), (1, "taken")]
    assert answer["updated"] == 1
    assert await fetch_value("SELECT external_id FROM learner WHERE email = 'c@example.org'") == "C"


async def test_a_bulk_of_too_many_or_of_nonsense_is_refused_whole(admin: httpx.AsyncClient) -> None:
    rows = [{"email": f"p{i}@example.org"} for i in range(10_001)]
    assert (await admin.post("/learners/bulk", json={"learners": rows})).status_code == 413
    assert (await admin.post("/learners/bulk", json={"learners": {}})).status_code == 422
    assert (await admin.post("/learners/bulk", json={"people": []})).status_code == 422
    nul = await admin.post("/learners/bulk", json={"learners": [{"email": "a\0@example.org"}]})
    assert (nul.status_code, nul.json()["errors"][0]["path"]) == (422, "learners[0].email")
    assert await fetch_value("SELECT count(*) FROM learner") == 1


async def test_new_people_who_are_invited_get_one_invitation(admin: httpx.AsyncClient) -> None:
    rows = [{"email": "a@example.org", "status": "invited"}, {"email": "b@example.org"}]
    for _ in range(2):
        await admin.post("/learners/bulk", json={"learners": rows})
    assert await fetch_value("SELECT count(*) FROM notice WHERE kind = 'invited'") == 1


async def test_lists_are_filtered_sorted_and_paged(admin: httpx.AsyncClient) -> None:
    await _fields(admin)
    await admin.post(
        "/groups/bulk",
        json={
            "groups": [
                {"external_id": "child", "name": "Child", "parent_external_id": "top"},
                {"external_id": "top", "name": "Top"},
            ]
        },
    )
    rows: list[dict[str, object]] = [
        {
            "email": f"p{i}@example.org",
            "external_id": f"X{i}",
            "first_name": f"First{i:02}",
            "last_name": "Same" if i < 5 else f"Last{i:02}",
            "added_at": f"2024-01-{i + 1:02}T12:00:00Z",
            "groups": ["child"] if i % 2 else ["top"],
            "fields": {"location": "Paris" if i % 3 else "Chicago", "level": i % 4},
            "status": "suspended" if i == 7 else "active",
        }
        for i in range(20)
    ]
    assert (await admin.post("/learners/bulk", json={"learners": rows})).json()["created"] == 20
    top = await fetch_value("SELECT id FROM learner_group WHERE external_id = 'top'")

    async def total(**query: object) -> int:
        answer = await admin.get(
            "/learners", params={"limit": "1"} | {name: str(value) for name, value in query.items()}
        )
        assert answer.status_code == 200, answer.text
        found: int = answer.json()["total"]
        return found

    assert await total() == 21
    assert await total(group=top) == 10
    assert await total(group_tree=top) == 20
    assert await total(status="suspended") == 1
    assert await total(**{"field.location": "Chicago"}) == 7
    assert await total(**{"field.level": "3"}) == 5
    assert await total(**{"field.level": ""}) == 1
    assert await total(added_from="2024-01-05", added_to="2024-01-06") == 2
    assert await total(added_to="2024-01-01T12:00:00Z") == 1
    assert await total(q="first03 EXAMPLE.org") == 1
    assert await total(q="100%") == 0

    for sort in ("name", "-name", "email", "added", "-added", "id"):
        seen: list[int] = []
        cursor = None
        while True:
            query = {"sort": sort, "limit": 4} | ({"cursor": cursor} if cursor else {})
            page = (await admin.get("/learners", params=query)).json()
            seen += [item["id"] for item in page["items"]]
            cursor = page["next"]
            if cursor is None:
                break
        whole = [i["id"] for i in (await admin.get("/learners", params={"sort": sort})).json()["items"]]
        assert seen == whole
        assert len(set(seen)) == 21

    for query, path in (
        ({"limit": 0}, "limit"),
        ({"limit": "x"}, "limit"),
        ({"sort": "password_hash"}, "sort"),
        ({"cursor": "!!"}, "cursor"),
        ({"cursor": "WyJuYW1lIl0"}, "cursor"),
        ({"field.none": "x"}, "field.none"),
        ({"field.level": "x"}, "field.level"),
        ({"added_from": "yesterday"}, "added_from"),
        ({"status": "gone"}, "status"),
    ):
        answer = await admin.get("/learners", params=query)
        assert (answer.status_code, answer.json()["errors"][0]["path"]) == (422, path), answer.text
    assert (await admin.get("/learners?q=%00")).status_code == 422
    assert (await admin.get("/learners", params={"group": 10**12})).status_code == 404


async def test_a_field_keeps_what_learners_have(admin: httpx.AsyncClient) -> None:
    field = await _field(admin, name="Head office", type="choice", options=["Paris", "Rome"])
    assert field["key"] == "head_office"
    await admin.post("/learners", json={"email": "a@example.org", "fields": {"head_office": "Paris"}})
    path = f"/fields/{field['id']}"
    assert (await admin.patch(path, json={"options": ["Rome"]})).status_code == 409
    assert (await admin.patch(path, json={"type": "text"})).status_code == 409
    assert (await admin.patch(path, json={"options": ["Paris", "Paris"]})).status_code == 422
    renamed = await admin.patch(
        path, json={"name": "Office", "options": ["Paris"]}, headers={"if-match": "1"}
    )
    assert (renamed.status_code, renamed.json()["version"]) == (200, 2)
    assert (await admin.post("/fields", json={"name": "x", "key": "head_office"})).status_code == 409
    rule = {
        "blocks": [{"everyone": True, "filters": [{"type": "field", "field": field["id"], "op": "is_set"}]}]
    }
    await fetch("INSERT INTO segment (name, rule) VALUES ('Settled', $1)", rule)
    refused = await admin.delete(path)
    assert refused.status_code == 409
    assert refused.json()["dependents"] == [{"kind": "segment", "id": 1, "name": "Settled"}]
    await fetch("DELETE FROM segment")
    assert (await admin.delete(path)).status_code == 204
    assert await fetch_value("SELECT count(*) FROM field_value") == 0
