"""One person and one thing, however their texts are written: in the same form by every way in."""

import httpx

from backend.database import execute, fetch_value


async def test_one_person_in_several_spellings(admin: httpx.AsyncClient) -> None:
    made = await admin.post(
        "/learners", json={"email": "ju\u0308rgen@xn--bcher-kva.example", "external_id": "\u200bE\u0308 1 "}
    )
    assert made.status_code == 201, made.text
    assert (made.json()["email"], made.json()["external_id"]) == (
        "j\u00fcrgen@b\u00fccher.example",
        "\u00cb 1",
    )
    again = await admin.post("/learners", json={"email": "J\u00dcRGEN@B\u00dcCHER.example"})
    assert again.status_code == 409, again.text
    bulk = await admin.post(
        "/learners/bulk",
        json={
            "learners": [
                {"email": "<J\u00fcrgen@bu\u0308cher.example>", "first_name": " Ju\u0308rgen"},
                {"email": "j\u00fcrgen@b\u00fccher.example"},
                {"email": "chen@exam\u00adple.org"},
                {"email": "x@x.org", "external_id": "\u200b"},
            ]
        },
    )
    answer = bulk.json()
    assert (answer["created"], answer["updated"]) == (0, 1)
    assert [(one["row"], one["code"]) for one in answer["errors"]] == [
        (1, "duplicate"),
        (2, "email"),
        (3, "blank"),
    ]
    assert "Character 10 is invisible" in answer["errors"][1]["message"]
    assert (await admin.get(f"/learners/{made.json()['id']}")).json()["first_name"] == "J\u00fcrgen"


async def test_blank_is_not_a_value(admin: httpx.AsyncClient) -> None:
    field = await admin.post("/fields", json={"key": "note", "name": "Note", "type": "text"})
    assert field.status_code == 201, field.text
    made = await admin.post("/learners", json={"email": "ana@x.org", "fields": {"note": "\u00a0\u200b "}})
    assert made.status_code == 201, made.text
    assert made.json()["fields"] == {}
    named = await admin.patch(
        f"/learners/{made.json()['id']}", json={"fields": {"note": " Bre\u00admen\r\n2 "}}
    )
    assert named.json()["fields"] == {"note": "Bremen\n2"}
    for body in ({"name": " \u200b"}, {"name": "a\u0000b"}, {"name": "a\nb"}):
        assert (await admin.post("/groups", json=body)).status_code == 422
    doubled = {"name": "Site", "type": "choice", "options": ["Bremen", "bremen\u200b"]}
    refused = await admin.post("/fields", json=doubled)
    assert refused.json()["errors"][0]["path"] == "options[1]"


async def test_the_database_holds_the_same_form_whoever_writes(admin: httpx.AsyncClient) -> None:
    await execute(
        "INSERT INTO learner (email, external_id, added_at) VALUES ($1, $2, muster_now())",
        "zoe\u0308@x.org\u200b",
        "\u00a0E\u00e9",
    )
    assert (
        await fetch_value("SELECT external_id FROM learner WHERE lower(email) = $1", "zo\u00eb@x.org")
        == "E\u00e9"
    )
    taken = await admin.post("/learners", json={"email": "zo\u00eb@x.org"})
    assert taken.status_code == 409


async def test_what_is_asked_for_is_found_in_whatever_form(admin: httpx.AsyncClient) -> None:
    for path, body in (
        ("/groups", {"name": "B\u00fcro"}),
        ("/activities", {"kind": "course", "title": "B\u00fcro"}),
    ):
        made = await admin.post(path, json=body | {"external_id": "B\u00dc 1"})
        assert made.status_code == 201, made.text
        by_id = await admin.get(path, params={"external_id": " BU\u0308 1\u200b"})
        assert by_id.json()["total"] == 1
        by_name = await admin.get(path, params={"q": "bu\u0308ro"})
        assert by_name.json()["total"] == 1
