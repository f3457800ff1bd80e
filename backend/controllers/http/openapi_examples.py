"""What Litestar leaves out of the OpenAPI document: examples of bodies, and problems."""

from typing import Any

import msgspec

from backend.schemas.problem import Problem

# What a value of this name looks like, where its schema has no example of its own.
BY_NAME: dict[str, Any] = {
    "email": "ana@example.org",
    "first_name": "Ana",
    "last_name": "Dubois",
    "language": "en",
    "external_id": "E-1042",
    "key": "location",
    "name": "Paris",
    "title": "Fire safety",
    "password": "correct horse battery",
    "current": "correct horse battery",
    "new": "battery horse correct",
    "timezone": "Europe/Paris",
    "color": "#2f6fed",
    "fields": {"location": "Paris"},
    "q": "ana",
    "score": 85.0,
    "cursor": "WyJuYW1lIiwiZHVib2lzIl0",
    "next": None,
    "rule": {"blocks": [{"groups": [1, 2], "filters": [{"type": "language", "op": "in", "values": ["fr"]}]}]},
    "learner": "ana@example.org",
    "activity": "safety",
    "manager_external_id": "E-1001",
    "parent_external_id": "acme",
    "text": "ana@example.org, bo@example.org",
}
BY_FORMAT = {"date-time": "2026-11-23T14:03:00Z", "date": "2026-11-23", "uri": "https://muster.example"}
BY_TYPE: dict[str, Any] = {"string": "text", "integer": 7, "number": 1.0, "boolean": True, "null": None}
# Schemas refer to themselves (filters inside filters); an example need not.
DEEPEST = 6


def example_of(schema: dict[str, Any], schemas: dict[str, Any], name: str = "", depth: int = 0) -> Any:
    """A value that the schema admits; references are looked up in `schemas`."""
    if name == "rule":
        return BY_NAME[name]
    if reference := schema.get("$ref"):
        schema = schemas.get(reference.rsplit("/", 1)[-1], {})
    stated = _stated(schema)
    if stated is not None:
        return stated
    if name in BY_NAME and "properties" not in schema and schema.get("type") != "array":
        return BY_NAME[name]
    options = schema.get("oneOf") or schema.get("anyOf")
    if options:
        some = [option for option in options if option.get("type") != "null"] or options
        return example_of(some[0], schemas, name, depth + 1)
    return _built(schema, schemas, depth)


def _stated(schema: dict[str, Any]) -> Any:
    """The schema's own example, or the first of the values it names; None without either."""
    given = schema.get("examples")
    if given:
        found = given[0] if isinstance(given, list) else next(iter(given.values()))
        return found["value"] if isinstance(found, dict) and set(found) <= {"value", "summary"} else found
    return schema.get("const", (schema.get("enum") or [None])[0])


def _built(schema: dict[str, Any], schemas: dict[str, Any], depth: int) -> Any:
    kind = schema.get("type")
    if isinstance(kind, list):
        kind = next((one for one in kind if one != "null"), "null")
    if kind == "array":
        return [] if depth > DEEPEST else [example_of(schema.get("items", {}), schemas, "", depth + 1)]
    if kind == "object":
        inner = schema.get("properties", {}) if depth <= DEEPEST else {}
        return {key: example_of(value, schemas, key, depth + 1) for key, value in inner.items()}
    return BY_FORMAT.get(schema.get("format", ""), BY_TYPE.get(kind or "", {}))


def add_examples(document: dict[str, Any]) -> None:
    """Give every JSON body of a request or an answer an example, unless it has one."""
    schemas = document["components"]["schemas"]
    for item in document["paths"].values():
        for operation in item.values():
            if not isinstance(operation, dict):
                continue
            bodies = [operation.get("requestBody", {}), *operation.get("responses", {}).values()]
            for body in bodies:
                for media in body.get("content", {}).values():
                    if "schema" in media and "example" not in media and "examples" not in media:
                        media["example"] = example_of(media["schema"], schemas)


def document_problems(document: dict[str, Any]) -> None:
    """Every error is a problem document, whatever the route."""
    (schema,), components = msgspec.json.schema_components(
        [Problem], ref_template="#/components/schemas/{name}"
    )
    document["components"]["schemas"] |= components
    document["components"]["responses"] = {"Problem": _problem(schema)}
    for item in document["paths"].values():
        for operation in item.values():
            if isinstance(operation, dict) and "responses" in operation:
                kept = {code: body for code, body in operation["responses"].items() if code < "400"}
                if "204" in kept:
                    # Litestar says JSON of every `Response`.
                    kept["204"].pop("content", None)
                operation["responses"] = {**kept, "default": {"$ref": "#/components/responses/Problem"}}


def _problem(schema: dict[str, Any]) -> dict[str, Any]:
    return {
        "description": "What is wrong, as a problem document (RFC 9457)",
        "content": {
            "application/problem+json": {
                "schema": schema,
                "example": {
                    "type": "invalid",
                    "title": "A value is not acceptable",
                    "status": 422,
                    "detail": "This is not an e-mail address.",
                    "errors": [
                        {"path": "email", "code": "email", "message": "This is not an e-mail address."}
                    ],
                },
            }
        },
    }
