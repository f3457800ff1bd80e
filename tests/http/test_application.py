"""The application around the routes: headers, the front end's files, the API's document, metrics."""

import gzip
import json
from pathlib import Path
from typing import Any

import httpx
import jsonschema_rs
import pytest

from backend.controllers.http.front_end import content_security_policy, read_assets
from tests.harness.instance import Muster, clean_environment, run_muster

BUILT = Path(__file__).parents[2] / "frontend" / "build" / "index.html"


def references(value: Any) -> set[str]:
    """Every `$ref` in a document."""
    if isinstance(value, dict):
        own = {value["$ref"]} if isinstance(value.get("$ref"), str) else set()
        return own.union(*(references(child) for child in value.values()))
    if isinstance(value, list):
        return set().union(*(references(child) for child in value))
    return set()


def test_answers_carry_an_id_and_what_browsers_should_obey(muster: Muster) -> None:
    for path, status in (("/api/health", 200), ("/api/v1/auth/me", 401), ("/api/v1/nowhere", 404)):
        answer = httpx.get(muster.address + path, headers={"X-Request-ID": "from-the-client"})
        assert answer.status_code == status
        assert answer.headers["x-request-id"] == "from-the-client"
        assert answer.headers["x-content-type-options"] == "nosniff"
        assert "frame-ancestors 'none'" in answer.headers["content-security-policy"]
        assert answer.headers["cache-control"] == "no-store"
    strange = httpx.get(f"{muster.address}/api/health", headers={"X-Request-ID": "<script>"})
    assert strange.headers["x-request-id"] != "<script>"


def test_an_unknown_address_of_the_api_is_a_problem_and_no_page(muster: Muster) -> None:
    for path in ("/api/v1/nowhere", "/api/v1/learners/1/nowhere", "/scim/v2/nowhere"):
        answer = httpx.get(muster.address + path)
        assert (answer.status_code, answer.headers["content-type"]) == (404, "application/problem+json")


def test_the_document_describes_the_frames_and_every_reference_leads_somewhere(muster: Muster) -> None:
    document = httpx.get(f"{muster.address}/api/openapi.json").json()
    schemas = document["components"]["schemas"]
    frames = {schema["$ref"].rsplit("/", 1)[1] for schema in schemas["LiveClientFrame"]["anyOf"]}
    assert frames == {"PreviewFrame", "WatchFrame", "UnwatchFrame", "PingFrame"}
    assert schemas["PreviewFrame"]["additionalProperties"] is False
    assert schemas["PreviewFrame"]["properties"]["type"]["enum"] == ["preview"]
    for reference in references(document):
        _, _, kind, name = reference.split("/")
        assert name in document["components"][kind]
    assert "discriminator" not in json.dumps(document)


def test_the_document_can_be_printed_without_a_server(muster: Muster, tmp_path: Path) -> None:
    printed = run_muster("openapi", environment=clean_environment(), directory=tmp_path)
    assert json.loads(printed.stdout) == httpx.get(f"{muster.address}/api/openapi.json").json()


def test_answers_fit_the_document_which_says_what_is_always_there(muster: Muster, http: httpx.Client) -> None:
    document = httpx.get(f"{muster.address}/api/openapi.json").json()
    schemas = document["components"]["schemas"]
    for name in ("Me", "ListedLearnerPage", "Learner", "Run", "EmailPlan", "Segment", "Applied"):
        assert schemas[name]["required"] == list(schemas[name]["properties"])
    # What is told only once, and what a body may leave out.
    assert "token" not in schemas["Token"]["required"]
    assert schemas["GroupInput"]["required"] == ["name"]
    for path, name in (("/auth/me", "Me"), ("/learners?limit=20", "ListedLearnerPage")):
        schema = {"$ref": f"#/components/schemas/{name}", "components": document["components"]}
        jsonschema_rs.validate(schema, http.get(path).json())


def test_metrics_tell_how_far_behind_the_index_is(muster: Muster) -> None:
    text = httpx.get(f"{muster.address}/metrics").text
    for name in (
        "muster_log_head",
        "muster_follower_position",
        "muster_live_sockets",
        "muster_evaluation_seconds",
    ):
        assert f"\n{name}" in text


def test_large_answers_are_packed(http: httpx.Client) -> None:
    assert http.get("/../openapi.json").headers["content-encoding"] == "gzip"


@pytest.mark.skipif(not BUILT.exists(), reason="the front end is not built")
def test_the_front_end_is_served_at_every_address_of_its_own(muster: Muster) -> None:
    index = httpx.get(muster.address)
    assert index.status_code == 200
    assert "sha256-" in index.headers["content-security-policy"]
    assert index.headers["cache-control"] == "no-cache"
    deep = httpx.get(f"{muster.address}/sessions/7/enroll", headers={"Accept-Encoding": "gzip"})
    assert deep.text == index.text
    assert deep.headers["content-encoding"] == "gzip"
    # Browsers are sent less: what the build has packed with brotli.
    packed = httpx.head(muster.address, headers={"Accept-Encoding": "br, gzip"})
    assert packed.headers["content-encoding"] == "br"
    again = httpx.get(muster.address, headers={"If-None-Match": index.headers["etag"]})
    assert (again.status_code, again.content) == (304, b"")
    script = next(part for part in index.text.split('"') if part.startswith("/_app/immutable/"))
    found = httpx.get(muster.address + script)
    assert "immutable" in found.headers["cache-control"]
    assert found.headers["x-content-type-options"] == "nosniff"
    # What is said of pages would be a tenth of what thirty small files weigh.
    assert not {"content-security-policy", "permissions-policy", "etag"} & set(found.headers)
    assert httpx.get(f"{muster.address}/_app/immutable/gone.js").status_code == 404
    assert httpx.post(f"{muster.address}/sessions/7").status_code == 405


def test_assets_are_read_once_with_their_packed_forms(tmp_path: Path) -> None:
    (tmp_path / "_app" / "immutable").mkdir(parents=True)
    script = tmp_path / "_app" / "immutable" / "start.js"
    script.write_text("x" * 100)
    script.with_name("start.js.gz").write_bytes(gzip.compress(script.read_bytes()))
    (tmp_path / ".stamp").touch()
    assets = read_assets(tmp_path)
    assert list(assets) == ["_app/immutable/start.js"]
    asset = assets["_app/immutable/start.js"]
    assert asset.best("gzip, br") == "gzip"
    assert asset.best("gzip;q=0") == "identity"
    assert asset.best("") == "identity"


def test_only_the_inline_script_of_the_page_may_run() -> None:
    policy = content_security_policy(b"<script>start()</script>")
    assert "script-src 'self' 'sha256-" in policy
    assert "'unsafe-inline'" not in policy.split("style-src")[0]


def test_answers_are_what_the_document_says(muster: Muster, http: httpx.Client) -> None:
    """Also where a value fits several types of a union, as 7 is an integer and a number."""
    for kind, key in (("number", "grade"), ("text", "shift"), ("date", "hired"), ("boolean", "remote")):
        http.post("/fields", json={"key": key, "name": key, "type": kind})
    values = {"grade": 7, "shift": "night", "hired": "2024-02-29", "remote": True}
    http.post("/learners", json={"email": "ada@halden.example", "fields": values})
    group = (http.post("/groups", json={"name": "Sales"})).json()["id"]
    steps = [{"kind": "content", "title": "Read", "mandatory": True, "min_score": 50}]
    activity = (http.post("/activities", json={"kind": "path", "title": "P", "steps": steps})).json()
    session = (http.post("/sessions", json={"activity_id": activity["id"], "name": "S"})).json()["id"]
    filters = [
        {"type": "field", "field": "grade", "op": "between", "values": [1, 7.5]},
        {"type": "none", "of": [{"type": "path_result", "status": "completed", "paths": [activity["id"]]}]},
    ]
    rule = {"blocks": [{"groups": [group], "filters": filters}]}
    http.post(f"/sessions/{session}/methods", json={"kind": "audience", "rule": rule})
    http.post("/segments", json={"name": "Sales", "rule": rule})
    document = (httpx.get(f"{muster.address}/api/openapi.json")).json()
    lists = {
        "/learners": "/learners",
        "/groups": "/groups",
        "/activities": "/activities",
        "/segments": "/segments",
    }
    for path, route in {**lists, f"/sessions/{session}/methods": "/sessions/{session_id}/methods"}.items():
        answer = http.get(path)
        assert answer.json()["items"], path
        content = document["paths"][f"/api/v1{route}"]["get"]["responses"]["200"]["content"]
        schema = {**content["application/json"]["schema"], "components": document["components"]}
        jsonschema_rs.validate(schema, answer.json())
