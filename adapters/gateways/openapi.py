"""The OpenAPI 3.1 document of a public API, written from its table of operations."""

from importlib.metadata import version
from typing import Any

from msgspec.json import schema_components

from adapters.gateways.operation import Face, Operation

_REFERENCE = "#/components/schemas/{name}"


def document(face: Face) -> dict[str, Any]:
    """Ready to be encoded."""
    types = {shape for one in face.operations for shape in (one.request, one.query, one.answer) if shape is not None}
    _, schemas = schema_components(types, ref_template=_REFERENCE)
    paths: dict[str, dict[str, Any]] = {}
    for one in face.operations:
        paths.setdefault(one.path, {})[one.method.lower()] = _operation(one, schemas)
    return {
        "openapi": "3.1.0",
        "info": {"title": face.title, "version": version("carrier-router")},
        "paths": paths,
        "components": {"schemas": {name: schemas[name] for name in sorted(schemas)}},
    }


def _operation(one: Operation, schemas: dict[str, Any]) -> dict[str, Any]:
    operation: dict[str, Any] = {"summary": one.summary}
    parameters = [
        {"name": piece[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for piece in one.path.split("/")
        if piece.startswith("{")
    ]
    if one.query is not None:
        shape = schemas[one.query.__name__]
        needed = shape.get("required", ())
        parameters += [
            {"name": name, "in": "query", "required": name in needed, "schema": schema}
            for name, schema in shape["properties"].items()
        ]
    if parameters:
        operation["parameters"] = parameters
    if one.request is not None:
        operation["requestBody"] = {"content": {"application/json": {"schema": _ref(one.request)}}}
    answer = _ref(one.answer) if one.answer is not None else {}
    operation["responses"] = {
        "200": {"description": one.summary, "content": {"application/json": {"schema": answer}}},
        "default": {"description": "Why it was not done", "content": {"application/json": {"schema": {}}}},
    }
    return operation


def _ref(shape: Any) -> dict[str, str]:
    return {"$ref": _REFERENCE.format(name=shape.__name__)}
