"""The OpenAPI 3.1 document, written from the table of calls and the types that check requests."""

from collections.abc import Iterable
from importlib.metadata import version
from typing import Any

from adapters.http.authority import ACCOUNT_HEADER
from adapters.http.call import Call
from adapters.http.problem import KINDS, ConfigProblem, Problem
from adapters.http.schema.messages import MessageView, RefusedItem
from adapters.web.openapi import (
    header_parameter,
    operation_id,
    path_parameters,
    query_parameters,
    reference,
    schemas_of,
    tidy,
)
from router.event import Event, ReceivedEvent

_UNSAID = frozenset({"v1"})

_AUTH_CODES = {"none": (), "account": ("unauthorized", "forbidden"), "admin": ("unauthorized", "forbidden")}
_BODY_CODES = (
    "invalid_json",
    "invalid_request",
    "payload_too_large",
    "unsupported_media_type",
    "request_timeout",
    "overloaded",
)

_DESCRIPTION = """\
Submit messages, follow them, and read the events they cause. Errors are RFC 9457 problems; their `code` never changes.
A path that is not listed answers `not_found`, another method `method_not_allowed`, a connection more than the server \
holds `too_many_connections`."""


def document(calls: Iterable[Call]) -> dict[str, Any]:
    """The whole document, ready to be encoded."""
    calls = tuple(calls)
    types = [Problem, ConfigProblem, MessageView, RefusedItem, Event, ReceivedEvent]
    types += [shape for call in calls for shape in (call.request, call.answer) if shape is not None]
    schemas = schemas_of(types)
    paths: dict[str, dict[str, Any]] = {}
    for call in calls:
        operation, more = _operation(call)
        schemas |= more
        paths.setdefault(call.path, {})[call.method.lower()] = operation
    return {
        "openapi": "3.1.0",
        "info": {"title": "Carrier Router", "version": version("carrier-router"), "description": _DESCRIPTION},
        "paths": paths,
        "components": {
            "schemas": {name: tidy(schemas[name]) for name in sorted(schemas)},
            "securitySchemes": {
                "account": {"type": "http", "scheme": "bearer", "description": "An account's token."},
                "admin": {"type": "http", "scheme": "bearer", "description": "The admin token."},
            },
        },
    }


def codes_of(call: Call) -> list[str]:
    """Every code this call may answer with, in the order of the table of codes."""
    codes = {*_AUTH_CODES[call.auth], *call.codes, "internal_error"}
    if call.request is not None:
        codes.update(_BODY_CODES)
    if call.auth != "none":
        codes.add("invalid_request")
    return [code for code in KINDS if code in codes]


def _operation(call: Call) -> tuple[dict[str, Any], dict[str, Any]]:
    """The operation, and the schemas its parameters refer to."""
    parameters, schemas = _parameters(call)
    operation: dict[str, Any] = {
        "operationId": operation_id(call.method, call.path, _UNSAID),
        "summary": call.summary,
        "tags": [_tag(call)],
    }
    if call.auth != "none":
        operation["security"] = [{call.auth: []}]
    if parameters:
        operation["parameters"] = parameters
    if call.request is not None:
        operation["requestBody"] = {
            "required": call.body_needed,
            "content": {"application/json": {"schema": reference(call.request)}},
        }
    answer = {"schema": reference(call.answer)} if call.answer is not None else {"schema": {"type": "string"}}
    operation["responses"] = {
        str(call.status): {"description": call.summary, "content": {call.media: answer}},
        **_problems(codes_of(call)),
    }
    return operation, schemas


def _parameters(call: Call) -> tuple[list[dict[str, Any]], dict[str, Any]]:
    parameters = path_parameters(call.path)
    schemas: dict[str, Any] = {}
    if call.query is not None:
        more, schemas = query_parameters(call.query)
        parameters += more
    if call.submits or call.keyed:
        parameters.append(
            header_parameter("Idempotency-Key", "Names the request: sent again, it is answered, not done, again.")
        )
    if call.for_admin:
        parameters.append(
            header_parameter(ACCOUNT_HEADER, "The account in whose place an administrator asks, with the admin token.")
        )
    if call.media == "text/event-stream":
        parameters.append(header_parameter("Last-Event-ID", "Where to go on; browsers send it by themselves."))
    return parameters, schemas


def _problems(all_codes: list[str]) -> dict[str, Any]:
    """The answers that are problems, one per status."""
    by_status: dict[int, list[str]] = {}
    for code in all_codes:
        by_status.setdefault(KINDS[code].status, []).append(code)
    answers = {}
    for status, names in by_status.items():
        shapes: dict[Any, list[str]] = {}
        for name in names:
            shapes.setdefault(ConfigProblem if name == "invalid_config" else Problem, []).append(name)
        schemas = [
            {"allOf": [reference(shape), {"properties": {"code": {"enum": codes}}}]} for shape, codes in shapes.items()
        ]
        answers[str(status)] = {
            "description": "; ".join(f"`{name}`: {KINDS[name].title}" for name in names),
            "content": {
                "application/problem+json": {"schema": schemas[0] if len(schemas) == 1 else {"anyOf": schemas}}
            },
        }
    return answers


def _tag(call: Call) -> str:
    first = call.path.split("/")[2] if call.path.startswith("/v1/") else ""
    return {
        "messages": "messages",
        "batches": "messages",
        "events": "events",
        "segment": "previews",
        "route": "previews",
        "": "daemon",
    }.get(first, "control")
