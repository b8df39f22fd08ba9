"""Each public API describes itself, and the description holds together."""

from pathlib import Path

import pytest

from tests.gateways.rig import GatewayRig

FACES = ["textdigo", "textiopro", "texify", "smsapi", "fullsms"]


def references(node):
    if isinstance(node, dict):
        if "$ref" in node:
            yield node["$ref"]
        for one in node.values():
            yield from references(one)
    elif isinstance(node, list):
        for one in node:
            yield from references(one)


@pytest.mark.parametrize("face", FACES)
async def test_the_document_holds_together(tmp_path: Path, face: str) -> None:
    async with GatewayRig(tmp_path) as rig:
        async with rig.client.get(f"/openapi/{face}.json") as response:
            document = await response.json()
        async with rig.client.get(f"/docs/{face}") as response:
            assert f'data-document="/openapi/{face}.json"' in await response.text()
        async with rig.client.get("/docs") as response:
            assert f'href="/docs/{face}"' in await response.text()
    used = set(references(document))
    assert {name.rsplit("/", 1)[1] for name in used} == set(document["components"]["schemas"])
    ids = [call["operationId"] for methods in document["paths"].values() for call in methods.values()]
    assert len(set(ids)) == len(ids)
    for methods in document["paths"].values():
        for call in methods.values():
            assert {name for one in call["security"] for name in one} <= set(document["components"]["securitySchemes"])
