"""`/api/openapi.json`: what Litestar derives, and what it leaves out: closed structs, and the frames of the socket."""

from collections.abc import Iterator
from importlib.metadata import version
from typing import Any

import msgspec
from litestar import Request
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin

from backend.controllers.openapi_examples import add_examples, close_objects, document_problems
from backend.schemas.live import ClientFrame, ServerFrame

REFERENCE = "#/components/schemas/{name}"


def frame_schemas() -> dict[str, Any]:
    """JSON Schema of every frame of the socket and what they are made of; `LiveClientFrame`, `LiveServerFrame`."""
    (client, server), components = msgspec.json.schema_components(
        (ClientFrame, ServerFrame), ref_template=REFERENCE
    )
    return {**components, "LiveClientFrame": client, "LiveServerFrame": server}


def _nodes(value: Any) -> Iterator[dict[str, Any]]:
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from _nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from _nodes(child)


class CompleteJson(JsonRenderPlugin):
    """The document, completed once and kept as bytes."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json")
        self._rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:  # noqa: ARG002 - the plugin's signature
        if self._rendered is None:
            self._rendered = msgspec.json.encode(complete(openapi_schema))
        return self._rendered


def complete(document: dict[str, Any]) -> dict[str, Any]:
    """`document` with the socket's frames, and without `discriminator`, from which generators derive wrong tags."""
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in frame_schemas().items():
        # msgspec says `additionalProperties: false` where a Struct forbids unknown fields; Litestar does not.
        if name not in schemas or "additionalProperties" in schema:
            schemas[name] = schemas.get(name, schema) | (
                {"additionalProperties": False} if schema.get("additionalProperties") is False else {}
            )
    for node in _nodes(document):
        node.pop("discriminator", None)
    close_objects(document)
    document_problems(document)
    add_examples(document)
    return document


def openapi_config() -> OpenAPIConfig:
    """The document's head and where it is served."""
    return OpenAPIConfig(
        title="Muster",
        version=version("muster"),
        description=(
            "Enrolls people in learning by audience, live. `GET /api/v1/live` is a websocket: its frames are the "
            "components `LiveClientFrame` and `LiveServerFrame`."
        ),
        path="/api",
        render_plugins=[CompleteJson()],
    )
