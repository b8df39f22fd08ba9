"""The OpenAPI 3.1 document of a public API, written from its table of operations."""

from importlib.metadata import version
from typing import Any

from adapters.gateways.operation import Face, Operation
from adapters.web.openapi import operation_id, path_parameters, query_parameters, reference, schemas_of, tidy


def document(face: Face) -> dict[str, Any]:
    """The whole document, ready to be encoded."""
    types = [face.failure]
    types += [shape for one in face.operations for shape in (one.request, one.answer) if shape is not None]
    schemas = schemas_of(types)
    paths: dict[str, dict[str, Any]] = {}
    for one in face.operations:
        operation, more = _operation(face, one)
        schemas |= more
        paths.setdefault(one.path, {})[one.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": face.title, "version": version("carrier-router"), "description": face.description},
        "paths": paths,
        "components": {
            "schemas": {name: _with_numbers(tidy(schemas[name])) for name in sorted(schemas)},
            "securitySchemes": face.security,
        },
    }


def _with_numbers(schema: Any) -> Any:
    """The same schema with amounts as the public APIs write them: as numbers."""
    if isinstance(schema, dict):
        if schema.get("format") == "decimal":
            return {key: value for key, value in schema.items() if key != "format"} | {"type": "number"}
        return {key: _with_numbers(value) for key, value in schema.items()}
    if isinstance(schema, list):
        return [_with_numbers(one) for one in schema]
    return schema


def _operation(face: Face, one: Operation) -> tuple[dict[str, Any], dict[str, Any]]:
    """The operation, and the schemas its parameters refer to."""
    parameters = path_parameters(one.path)
    schemas: dict[str, Any] = {}
    if one.query is not None:
        more, schemas = query_parameters(one.query)
        parameters += more
    operation: dict[str, Any] = {
        "operationId": operation_id(one.method, one.path, frozenset(face.bases[0].split("/"))),
        "summary": one.summary,
        "tags": [face.title],
        "security": [] if one.open else [{name: []} for name in face.security],
    }
    if parameters:
        operation["parameters"] = parameters
    if one.request is not None:
        operation["requestBody"] = {
            "required": True,
            "content": {media: {"schema": reference(one.request)} for media in one.takes},
        }
    answer = reference(one.answer) if one.answer is not None else {"type": "string"}
    media = face.media if one.answer is not None else "text/html"
    operation["responses"] = {
        str(one.status): {"description": one.summary, "content": {media: {"schema": answer}}},
        "default": {"description": "Not done", "content": {face.media: {"schema": reference(face.failure)}}},
    }
    return operation, schemas
