# ruff: noqa: RUF001 - French is written with its own apostrophe
"""A French reader finds no English sentence in what the API answers."""

import re
import time
from collections.abc import Iterator
from string import Formatter
from typing import Any

import httpx
import pytest

from tests.harness.instance import Muster
from tests.harness.world import World, world_of
from tests.words.extraction import stored

SECONDS = 60.0


def pattern_of(text: str) -> str:
    """What the text looks like once its slots are filled."""
    return "".join(
        re.escape(literal) + ("" if name is None else ".+") for literal, name, _, _ in Formatter().parse(text)
    )


def words_of(text: str) -> int:
    literal = "".join(literal for literal, *_ in Formatter().parse(text))
    return len(re.findall(r"[A-Za-z]{2,}", literal))


def english_texts() -> Iterator[str]:
    """The English sentences of the catalog that are others in French. One word alone may be a name."""
    for message in stored("fr"):
        texts = (message.id,) if isinstance(message.id, str) else message.id
        for text in map(str, texts):
            if text and words_of(text) > 1 and message.string != text:
                yield text


ENGLISH = re.compile("|".join(f"(?:{pattern_of(text)})" for text in english_texts()), re.DOTALL)


def english_in(value: Any, path: str = "") -> list[str]:
    """Every text in an answer that is, or holds after a colon, one of the English texts of the catalog."""
    if isinstance(value, str):
        parts = [value, *re.split(r" ?: |; ", value)]
        return [f"{path}: {part}" for part in parts if ENGLISH.fullmatch(part)]
    if isinstance(value, list):
        return [found for i, one in enumerate(value) for found in english_in(one, f"{path}[{i}]")]
    if isinstance(value, dict):
        return [found for name, one in value.items() for found in english_in(one, f"{path}.{name}")]
    return []


@pytest.fixture(scope="module")
def world(muster: Muster) -> Iterator[World]:
    with world_of(muster.database_url) as found:
        yield found


@pytest.fixture(scope="module")
def french(muster: Muster) -> httpx.Client:
    client = muster.sign_in()
    client.headers["accept-language"] = "fr-FR,fr;q=0.9,en;q=0.8"
    return client


def until(http: httpx.Client, import_id: int, *states: str) -> dict[str, Any]:
    deadline = time.monotonic() + SECONDS
    while True:
        found: dict[str, Any] = http.get(f"/imports/{import_id}").json()
        if found["state"] in states:
            return found
        assert time.monotonic() < deadline, f"still {found['state']}: {found}"
        time.sleep(0.05)


def test_the_search_for_english_finds_it() -> None:
    assert english_in({"errors": [{"message": "There is no such learner."}]})
    assert english_in({"detail": "learner_ids[0]: There is no such learner."})
    assert not english_in({"detail": "Cet apprenant n’existe pas.", "code": "unknown"})


@pytest.mark.parametrize(
    ("method", "path", "asked", "status", "detail"),
    [
        ("GET", "/learners/999999", {}, 404, "Il n’y a pas d’apprenant 999999."),
        ("GET", "/nowhere", {}, 404, "Cela n’existe pas"),
        ("PUT", "/learners/bulk", {"json": {}}, 405, "Cette adresse n’accepte pas cette méthode"),
        ("POST", "/groups", {"content": b"{", "headers": {"content-type": "application/json"}}, 400, None),
        ("POST", "/groups", {"content": b"x", "headers": {"content-type": "text/plain"}}, 415, None),
        (
            "POST",
            "/groups",
            {"json": {}},
            422,
            "name\N{NO-BREAK SPACE}: Il manque à l’objet le champ obligatoire `name`",
        ),
        ("POST", "/groups", {"json": {"name": 5}}, 422, "name\N{NO-BREAK SPACE}: `str` attendu, `int` reçu"),
        ("POST", "/groups", {"json": {"name": " "}}, 422, "name\N{NO-BREAK SPACE}: Ce texte est vide."),
        ("POST", "/groups", {"json": {"name": "x", "nmae": "y"}}, 422, None),
        ("POST", "/groups", {"json": {"name": "x", "kind": "band"}}, 422, None),
        ("POST", "/groups", {"json": {"name": "x", "parent_id": 999999}}, 422, "Ce groupe n’existe pas."),
        ("GET", "/learners?limit=many", {}, 422, None),
        ("GET", "/learners?cursor=wrong", {}, 422, "Ce curseur ne vient pas de cette liste."),
        ("POST", "/learners", {"json": {"email": "nobody"}}, 422, "Ce n’est pas une adresse e-mail."),
    ],
)
def test_problems_are_french(
    french: httpx.Client, method: str, path: str, asked: dict[str, Any], status: int, detail: str | None
) -> None:
    answer = french.request(method, path, **asked)
    assert answer.status_code == status, answer.text
    assert not english_in(answer.json())
    if detail is not None:
        assert answer.json()["detail"] == detail


def test_problems_before_signing_in_follow_the_request(muster: Muster) -> None:
    with muster.anonymous() as stranger:
        asked = {"accept-language": "fr"}
        assert stranger.get("/auth/me", headers=asked).json()["title"] == "Connectez-vous d’abord"
        assert stranger.get("/auth/me").json()["title"] == "Sign in first"
        wrong = stranger.post(
            "/auth/login", json={"email": "a@x.org", "password": "guessed it"}, headers=asked
        )
        assert wrong.json()["detail"] == "L’adresse e-mail ou le mot de passe est incorrect."


def test_without_a_wish_of_the_request_the_account_decides(muster: Muster, world: World) -> None:
    learner = world.learner(language="fr")
    headers = {"authorization": f"Bearer {world.token(learner)}"}
    with muster.anonymous() as reader:
        assert reader.get("/audit", headers=headers).json()["title"] == "Vous ne pouvez pas faire cela"
        asked = {**headers, "accept-language": "en"}
        assert reader.get("/audit", headers=asked).json()["title"] == "You may not do this"


def test_conflicts_are_french(french: httpx.Client, world: World) -> None:
    field = french.post(
        "/fields", json={"name": "Ville", "key": "ville", "type": "choice", "options": ["Paris"]}
    )
    field_id = field.json()["id"]
    taken = french.post("/fields", json={"name": "Encore", "key": "ville", "type": "text"})
    assert taken.json()["detail"] == "Un autre champ a cette clé."
    rule = {
        "blocks": [
            {
                "everyone": True,
                "filters": [{"type": "field", "field": field_id, "op": "in", "values": ["Paris"]}],
            }
        ]
    }
    assert french.post("/segments", json={"name": "Paris", "rule": rule}).is_success
    kept = french.delete(f"/fields/{field_id}")
    assert kept.status_code == 409
    assert kept.json()["detail"] == (
        "Champ «\N{NO-BREAK SPACE}Ville\N{NO-BREAK SPACE}»\N{NO-BREAK SPACE}: suppression impossible tant que ceci en dépend\N{NO-BREAK SPACE}: "
        "segment «\N{NO-BREAK SPACE}Paris\N{NO-BREAK SPACE}»."
    )
    stale = french.patch(f"/fields/{field_id}", json={"name": "Cité"}, headers={"if-match": "99"})
    assert stale.json()["title"] == "Modifié entre-temps"
    for answer in (taken, kept, stale):
        assert not english_in(answer.json())


def test_rows_of_bulk_requests_are_french(french: httpx.Client) -> None:
    learners = [
        {"email": "ana@bulk.example"},
        {"email": "ana@bulk.example"},
        {"email": "nobody"},
        {"email": "bo@bulk.example", "groups": ["none"], "fields": {"none": 1}},
        {"email": "cy@bulk.example", "manager_external_id": "none"},
        {"email": "di@bulk.example", "status": "gone"},
    ]
    answer = french.post("/learners/bulk", json={"learners": learners}).json()
    assert [error["message"] for error in answer["errors"] if error["row"] == 1] == [
        "La ligne 0 parle du même apprenant."
    ]
    assert len({error["row"] for error in answer["errors"]}) == 5
    assert not english_in(answer)
    results = [{"learner": "none", "activity": "none", "status": "completed"}]
    assert not english_in(french.post("/results/bulk", json={"results": results}).json())


def test_imports_are_french_for_french_readers_alone(french: httpx.Client, muster: Muster) -> None:
    sheet = "E-mail;Ville;Groupes\nana@sheet.example;Oslo;\nnobody;;\nbo@sheet.example;;none\ncy@sheet.example;;;x;\n"
    asked = french.post("/imports", files={"file": ("x.csv", sheet)}, data={"kind": "learners"}).json()
    found = until(french, asked["id"], "ready", "failed")
    assert found["errors"] == 4
    rows = french.get(f"/imports/{asked['id']}/rows").json()
    assert not english_in(found)
    assert not english_in(rows)
    told = {row["problem"]["message"] for row in rows["items"]}
    assert "Ce n’est pas une adresse e-mail." in told
    english = muster.sign_in().get(f"/imports/{asked['id']}/rows").json()
    assert "This is not an e-mail address." in {row["problem"]["message"] for row in english["items"]}


def test_an_import_that_fails_says_so_in_french(french: httpx.Client, muster: Muster) -> None:
    for kind, said in (
        ("groups", "La feuille n’a pas de colonne"),
        ("results", "La feuille n’a aucune de ces colonnes : "),
    ):
        asked = french.post("/imports", files={"file": ("x.csv", "A;B\n1;2\n")}, data={"kind": kind}).json()
        found = until(french, asked["id"], "ready", "failed")
        assert found["state"] == "failed"
        assert found["error"].startswith(said)
        assert not english_in(found)
        english = muster.sign_in().get(f"/imports/{asked['id']}").json()["error"]
        assert english.startswith("The sheet has no")


def test_plans_methods_reasons_and_catalogs_are_french(
    french: httpx.Client, muster: Muster, world: World
) -> None:
    learner = world.learner(language="fr")
    group = world.group("Ventes")
    world.join(group, learner)
    session = french.post("/activities", json={"kind": "course", "title": "Accueil"}).json()["id"]
    session = french.post("/sessions", json={"activity_id": session, "name": "Printemps"}).json()["id"]
    method = {
        "kind": "audience",
        "dynamic": True,
        "rule": {"blocks": [{"groups": [group]}]},
        "due_at": "2020-01-01T00:00:00Z",
    }
    plan = french.post(f"/sessions/{session}/plan", json=method).json()
    assert [warning["code"] for warning in plan["warnings"]] == ["due_in_past"]
    applied = french.post(f"/sessions/{session}/apply", json={**method, "hash": plan["hash"]})
    assert applied.is_success, applied.text
    answers = [
        plan,
        applied.json(),
        french.get(f"/sessions/{session}/methods").json(),
        french.get(f"/sessions/{session}/enrollments").json(),
        french.post("/audiences/explain", json={"rule": method["rule"], "learner_id": learner}).json(),
        french.get(f"/runs/{applied.json()['run_id']}/changes").json(),
        french.get(f"/sessions/{session}/timeline").json(),
    ]
    with muster.anonymous() as reader:
        answers.append(
            reader.get("/me/catalog", headers={"authorization": f"Bearer {world.token(learner)}"}).json()
        )
    for answer in answers:
        assert "status" not in answer or answer.get("status") != 404, answer
        assert not english_in(answer)


def test_mail_is_french(french: httpx.Client, world: World) -> None:
    learner = world.learner(language="fr")
    session = french.post("/activities", json={"kind": "course", "title": "Rappels"}).json()["id"]
    session = french.post("/sessions", json={"activity_id": session, "name": "Automne"}).json()["id"]
    method = {"kind": "audience", "rule": {"include": [learner]}}
    plan = french.post(f"/sessions/{session}/plan", json=method).json()
    assert french.post(f"/sessions/{session}/apply", json={**method, "hash": plan["hash"]}).is_success
    found = [
        french.get(f"/outbox/{message['id']}").json()
        for message in french.get("/outbox").json()["items"]
        if message["learner_id"] == learner
    ]
    assert found
    assert not english_in([line for one in found for line in (one["subject"], *one["text"].splitlines())])
