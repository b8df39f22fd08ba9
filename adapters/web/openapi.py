"""What every OpenAPI 3.1 document of ours is put together from: msgspec types as schemas, paths, parameters."""

from collections.abc import Callable, Iterable
from functools import cached_property
from typing import Any

from msgspec import Struct
from msgspec.json import encode, schema, schema_components

from adapters.web.reply import JSON_HEADERS, Reply

_REFERENCE = "#/components/schemas/{name}"


class Written:
    """The answer that is a document; it is written when it is first asked for: the daemon starts without."""

    def __init__(self, write: Callable[[], dict[str, Any]], headers: bytes = JSON_HEADERS) -> None:
        self._write = write
        self._headers = headers

    def __call__(self) -> Reply:
        return Reply(200, self._document, self._headers)

    @cached_property
    def _document(self) -> bytes:
        return encode(self._write())


def schemas_of(types: Iterable[Any]) -> dict[str, Any]:
    """The schemas of these types and of all that they name, by name."""
    _, schemas = schema_components(types, ref_template=_REFERENCE)
    return schemas


def reference(shape: Any) -> dict[str, Any]:
    """Where the schema of a Struct is found in a document; what is none is said in place."""
    if not isinstance(shape, type(Struct)):
        return schema(shape)
    return {"$ref": _REFERENCE.format(name=shape.__name__)}


def path_parameters(path: str) -> list[dict[str, Any]]:
    """The pieces of a path that are written in braces."""
    return [
        {"name": piece[1:-1], "in": "path", "required": True, "schema": {"type": "string"}}
        for piece in path.split("/")
        if piece.startswith("{")
    ]


def query_parameters(shape: Any) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    """The fields of a Struct as query parameters, and the schemas that these refer to."""
    schemas = schemas_of([shape])
    top = schemas.pop(shape.__name__)
    required = top.get("required", ())
    parameters = [
        {"name": name, "in": "query", "required": name in required, "schema": _present(schema)}
        for name, schema in top["properties"].items()
    ]
    return parameters, schemas


def header_parameter(name: str, description: str) -> dict[str, Any]:
    schema = {"type": "string", "maxLength": 255}
    return {"name": name, "in": "header", "required": False, "description": description, "schema": schema}


def operation_id(method: str, path: str, but: frozenset[str] = frozenset()) -> str:
    """A name for a call by its method and its path, whose pieces in `but` say nothing."""
    words = path.replace(".", "_").replace("-", "_").split("/")
    return "_".join([method.lower(), *(word.strip("{}") for word in words if word and word not in but)])


def tidy(schema: Any) -> Any:
    """The same schema with every description on one line."""
    if isinstance(schema, dict):
        return {
            key: " ".join(value.split()) if key == "description" and isinstance(value, str) else tidy(value)
            for key, value in schema.items()
        }
    if isinstance(schema, list):
        return [tidy(one) for one in schema]
    return schema


def _present(schema: dict[str, Any]) -> dict[str, Any]:
    """A query parameter is absent or a value, never null."""
    kinds = [kind for kind in schema.get("anyOf", ()) if kind != {"type": "null"}]
    present: dict[str, Any] = tidy(kinds[0] if len(kinds) == 1 else schema)
    return present
