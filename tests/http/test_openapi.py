"""The OpenAPI document and its page hold together, and say what the API does."""

import json
import re

import pytest

from adapters.http.app import App
from adapters.http.openapi import codes_of
from adapters.http.problem import KINDS
from router.settings import HttpSettings
from tests.http.fakes import Engine

HIDDEN = {
    "/",
    "/console/session",
    "/console/live",
    "/console/{file}",
    "/docs/docs.js",
    "/docs/docs.css",
    "/openapi.json",
    "/callbacks/{operator}",
    "/callbacks/{operator}/{secret}",
}


@pytest.fixture
async def document(api) -> dict:
    answer = await api.call("GET", "/openapi.json", token=None)
    return json.loads(await answer.text())


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for one in node.values():
            yield from references(one)
    elif isinstance(node, list):
        for one in node:
            yield from references(one)


async def test_every_call_is_there_and_nothing_else(api, document) -> None:
    told = {(method.upper(), path) for path, methods in document["paths"].items() for method in methods}
    assert told == {(call.method, call.path) for call in api.app.calls if call.path not in HIDDEN}
    ids = [call["operationId"] for methods in document["paths"].values() for call in methods.values()]
    assert len(set(ids)) == len(ids)


async def test_every_reference_leads_somewhere(document) -> None:
    for reference in references(document):
        node = document
        for piece in reference.removeprefix("#/").split("/"):
            node = node[piece]
        assert node


async def test_no_schema_is_left_over(document) -> None:
    used = {reference.rsplit("/", 1)[1] for reference in references(document)}
    assert set(document["components"]["schemas"]) == used


async def test_every_code_of_a_call_is_documented(api, document) -> None:
    for call in api.app.calls:
        if call.path in HIDDEN:
            continue
        told = set()
        for status, answer in document["paths"][call.path][call.method.lower()]["responses"].items():
            for one in answer["content"].get("application/problem+json", {}).get("schema", {}).get("anyOf", ()):
                told.update((int(status), code) for code in one["allOf"][1]["properties"]["code"]["enum"])
            schema = answer["content"].get("application/problem+json", {}).get("schema", {})
            if "allOf" in schema:
                told.update((int(status), code) for code in schema["allOf"][1]["properties"]["code"]["enum"])
        assert told == {(KINDS[code].status, code) for code in codes_of(call)}


def test_every_code_belongs_to_some_call() -> None:
    calls = App(Engine().services(), HttpSettings()).calls
    used = {code for call in calls for code in codes_of(call)}
    assert used == set(KINDS) - {"method_not_allowed", "too_many_connections"}


def test_all_codes_of_the_design_have_their_status() -> None:
    design = {
        400: "invalid_json",
        401: "unauthorized",
        402: "insufficient_credit",
        403: "forbidden",
        404: "not_found",
        405: "method_not_allowed",
        409: "too_late idempotency_in_progress",
        413: "payload_too_large",
        422: "invalid_request invalid_config invalid_number unroutable sender_not_allowed too_long not_encodable "
        "price_too_high idempotency_mismatch",
        429: "rate_limited",
        503: "queue_full store_unavailable",
    }
    for status, codes in design.items():
        assert {KINDS[code].status for code in codes.split()} == {status}


async def test_the_submit_is_described_as_it_is_checked(document) -> None:
    submit = document["components"]["schemas"]["Submit"]
    assert submit["required"] == ["to"]
    assert submit["additionalProperties"] is False
    assert {"from", "class", "max_price", "options"} <= set(submit["properties"])
    assert document["components"]["schemas"]["Money"]["properties"]["amount"]["type"] == "string"
    body = document["paths"]["/v1/messages"]["post"]["requestBody"]["content"]["application/json"]
    assert body["schema"] == {"$ref": "#/components/schemas/Submit"}


async def test_parameters_are_described(document) -> None:
    listing = document["paths"]["/v1/messages"]["get"]["parameters"]
    assert [one["name"] for one in listing] == [
        "state", "to", "from", "reference", "after", "before", "limit", "cursor",
    ]  # fmt: skip
    assert listing[0]["schema"] == {"$ref": "#/components/schemas/State"}
    assert all("anyOf" not in one["schema"] for one in listing)
    one = document["paths"]["/v1/operators/{name}/pause"]["post"]
    assert one["parameters"][0] == {"name": "name", "in": "path", "required": True, "schema": {"type": "string"}}
    assert one["security"] == [{"admin": []}]
    submit = document["paths"]["/v1/batches"]["post"]["parameters"]
    assert [(one["name"], one["in"]) for one in submit] == [("Idempotency-Key", "header")]


async def test_the_page_needs_no_other_host_and_no_inline_script(api) -> None:
    page = await api.call("GET", "/docs", token=None)
    text = await page.text()
    assert page.content_type == "text/html"
    policy = page.headers["Content-Security-Policy"]
    assert "default-src 'none'" in policy
    assert "unsafe" not in policy
    assert not re.search(r"https?://|<style|<script>|\son\w+=|style=", text)
    for path in re.findall(r'(?:src|href)="([^"]+)"', text):
        asset = await api.call("GET", path, token=None)
        assert asset.status == 200
        assert asset.headers["X-Content-Type-Options"] == "nosniff"
        assert not re.search(r"https?://|innerHTML|eval\(", await asset.text())
