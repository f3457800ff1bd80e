"""`/api/openapi.json`: what Litestar derives, and what it leaves out: closed structs, and the frames of the socket."""

from importlib.metadata import version
from inspect import cleandoc
from typing import Any

import msgspec
from litestar import Litestar, Request, Router
from litestar._openapi.plugin import handle_schema_path_not_found
from litestar.openapi.config import OpenAPIConfig
from litestar.openapi.plugins import JsonRenderPlugin
from litestar.routes import BaseRoute
from litestar.types import ControllerRouterHandler

from backend.controllers.http.openapi_examples import add_examples, document_problems
from backend.controllers.http.openapi_shapes import (
    close_objects,
    name_pages,
    nodes,
    optional_bodies,
    require_answered,
)
from backend.controllers.http.route_rights import document_rights
from backend.schemas.live.frames import ClientFrame, LiveStates, ServerFrame

REFERENCE = "#/components/schemas/{name}"


def frame_schemas() -> dict[str, Any]:
    """JSON Schema of every frame of the socket and what they are made of.

    `LiveClientFrame`, `LiveServerFrame`; `LiveStates` says which state belongs to which topic.
    """
    (client, server, _), components = msgspec.json.schema_components(
        (ClientFrame, ServerFrame, LiveStates), ref_template=REFERENCE
    )
    for schema in components.values():
        if "description" in schema:
            schema["description"] = cleandoc(schema["description"])
    # msgspec cannot tell untagged Structs apart, so the Struct says only that it is an object.
    states = components["LiveStates"]["properties"].values()
    components["StateFrame"]["properties"]["data"] = {"anyOf": list(states)}
    return {**components, "LiveClientFrame": client, "LiveServerFrame": server}


class CompleteJson(JsonRenderPlugin):
    """The document, completed once and kept as bytes."""

    def __init__(self) -> None:
        super().__init__(path="/openapi.json")
        self._rendered: bytes | None = None

    def render(self, request: Request[Any, Any, Any], openapi_schema: dict[str, Any]) -> bytes:
        if self._rendered is None:
            self._rendered = msgspec.json.encode(complete(openapi_schema, request.app))
        return self._rendered


def complete(document: dict[str, Any], app: Litestar) -> dict[str, Any]:
    """The `document` of `app` with the rights of every operation and the socket's frames, and without `discriminator`, from which generators derive wrong tags."""
    # By address: the order of modules is nothing that a reader or a generated client should see.
    document["paths"] = dict(sorted(document["paths"].items()))
    schemas = document.setdefault("components", {}).setdefault("schemas", {})
    for name, schema in frame_schemas().items():
        # msgspec says `additionalProperties: false` where a Struct forbids unknown fields; Litestar does not.
        if name not in schemas or "additionalProperties" in schema:
            schemas[name] = schemas.get(name, schema) | (
                {"additionalProperties": False} if schema.get("additionalProperties") is False else {}
            )
    for node in nodes(document):
        node.pop("discriminator", None)
        # A union, as our types mean it: 7 is an integer and a number, and is not refused for being both.
        if "oneOf" in node:
            node["anyOf"] = node.pop("oneOf")
    name_pages(document)
    close_objects(document)
    require_answered(document)
    optional_bodies(document)
    document_problems(document)
    add_examples(document)
    document_rights(document, app)
    return document


class DocumentRouter(Router):
    """Without the page that Litestar answers below it: what is unknown there is a problem document, as everywhere."""

    def register(self, value: ControllerRouterHandler) -> list[BaseRoute]:
        """Take in a route, unless it is that page."""
        if getattr(value, "fn", None) is handle_schema_path_not_found:
            return []
        return super().register(value)


def openapi_config() -> OpenAPIConfig:
    """The document's head and where it is served."""
    return OpenAPIConfig(
        title="Muster",
        version=version("muster"),
        description=(
            "Enrolls people in learning by audience, live. `GET /api/v1/live` is a websocket: its frames are the "
            "components `LiveClientFrame` and `LiveServerFrame`, its states those of `LiveStates`."
        ),
        openapi_router=DocumentRouter("/api", route_handlers=[], include_in_schema=False),
        render_plugins=[CompleteJson()],
    )
