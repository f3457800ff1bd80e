"""What Litestar says too vaguely about the shapes of bodies: which fields are always there, closed objects, plain names."""

import re
from collections.abc import Iterator
from typing import Any, get_args, get_type_hints

import msgspec
from msgspec import UnsetType

from backend.schemas.base import Output

# Litestar names a page after the whole path of what is on it: `Page_backend.schemas.people.Learner_`.
_PAGE = re.compile(r"Page_(?:\w+\.)*(\w+?)_$")
_REFERENCE = "#/components/schemas/"


def nodes(value: Any) -> Iterator[dict[str, Any]]:
    """Every object of a document, the document first."""
    if isinstance(value, dict):
        yield value
        for child in value.values():
            yield from nodes(child)
    elif isinstance(value, list):
        for child in value:
            yield from nodes(child)


def subclasses(of: type[msgspec.Struct]) -> Iterator[type[msgspec.Struct]]:
    """Every Struct below `of`."""
    for child in of.__subclasses__():
        yield child
        yield from subclasses(child)


def close_objects(document: dict[str, Any]) -> None:
    """`additionalProperties: false` for every Struct that forbids unknown fields."""
    schemas = document["components"]["schemas"]
    for struct in subclasses(msgspec.Struct):
        config = getattr(struct, "__struct_config__", None)
        if config is not None and config.forbid_unknown_fields and struct.__name__ in schemas:
            schemas[struct.__name__]["additionalProperties"] = False


def require_answered(document: dict[str, Any]) -> None:
    """Call required what an answer always carries: a default makes a field optional to write, not to read."""
    schemas = document["components"]["schemas"]
    for struct in subclasses(Output):
        schema = schemas.get(struct.__name__)
        if schema is None or struct.__struct_config__.omit_defaults:
            continue
        hints = get_type_hints(struct)
        always = {
            field.encode_name
            for field in msgspec.structs.fields(struct)
            if UnsetType not in get_args(hints[field.name])
        }
        # In the order of the properties, so that the document does not change by itself.
        schema["required"] = [
            name for name in schema["properties"] if name in always | set(schema.get("required", []))
        ]


def name_pages(document: dict[str, Any]) -> None:
    """`LearnerPage` for a page of learners; a page has all its fields."""
    schemas = document["components"]["schemas"]
    names = {name: f"{found[1]}Page" for name in schemas if (found := _PAGE.match(name))}
    for old, new in names.items():
        schema = schemas.pop(old)
        schemas[new] = schema | {"title": new, "required": list(schema["properties"])}
    for node in nodes(document):
        name = str(node.get("$ref", "")).removeprefix(_REFERENCE)
        if name in names:
            node["$ref"] = _REFERENCE + names[name]


def optional_bodies(document: dict[str, Any]) -> None:
    """A body that may be null may be left out; Litestar says that every body is required."""
    for operations in document["paths"].values():
        for operation in operations.values():
            for content in operation.get("requestBody", {}).get("content", {}).values():
                if {"type": "null"} in content.get("schema", {}).get("anyOf", ()):
                    operation["requestBody"]["required"] = False
