"""schemathesis reads the document of each public API and asks every call for what it allows, and for what it does not.

Numbers, senders and ids are in no document, so most of what it asks for is refused: in the shape of the API, never with
an error of ours."""

import asyncio
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest

from router.account import RateLimit
from tests.gateways import fullsms, texify, textdigo
from tests.gateways import test_smsapi as smsapi
from tests.gateways import test_textiopro as textiopro
from tests.gateways.rig import EVERY, GatewayRig, account

EXAMPLES = 2
"""Of each kind for each call."""


def ask_everything(address: str, headers: dict[str, str]) -> list[str]:
    """What was wrong."""
    import requests
    import schemathesis
    from hypothesis import HealthCheck, Phase, given, settings
    from hypothesis.errors import Unsatisfiable
    from schemathesis import GenerationMode
    from schemathesis.specs.openapi import checks

    # What an address may guess is limited, and no schema can say which numbers and ids there are.
    left_out = [checks.ignored_auth, checks.positive_data_acceptance, checks.negative_data_rejection]
    failures = []

    def ask(operation: Any, mode: GenerationMode, session: requests.Session) -> None:
        @settings(
            max_examples=EXAMPLES,
            derandomize=True,
            deadline=None,
            database=None,
            phases=[Phase.generate],
            suppress_health_check=list(HealthCheck),
        )
        @given(case=operation.as_strategy(generation_mode=mode))
        def one(case: Any) -> None:
            case.call_and_validate(headers=headers, timeout=10, session=session, excluded_checks=left_out)

        try:
            one()
        except Unsatisfiable:
            pass  # a call without anything that could be wrong
        except (Exception, BaseExceptionGroup) as error:
            failures.append(f"{operation.method} {operation.path}: {error}")

    with requests.Session() as session:
        for found in schemathesis.openapi.from_url(address).get_all_operations():
            for mode in (GenerationMode.POSITIVE, GenerationMode.NEGATIVE):
                ask(found.ok(), mode, session)
    return failures


async def headers_of(rig: GatewayRig, face: str) -> dict[str, str]:
    if face == "smsapi":
        return {"X-API-Key": await smsapi.key_of(rig)}
    return {
        "textiopro": {"Authorization": f"Bearer {textiopro.TOKEN}"},
        "texify": {"X-API-Key": texify.KEY},
        "fullsms": {"Authorization": f"Bearer {fullsms.TOKEN}"},
        "textdigo": {"Authorization": textdigo.AUTH},
    }[face]


@pytest.mark.deep
@pytest.mark.parametrize("face", EVERY)
async def test_every_call_keeps_to_its_document(tmp_path: Path, face: str) -> None:
    """SA-4, TP-5, TX-5, FS-5, TD-4: whatever is asked is answered in the API's own shapes."""
    settings = {
        **smsapi.smsapi(rate=RateLimit(1e9, 1.0)),
        **textiopro.textiopro(),
        **texify.texify(),
        **fullsms.fullsms(),
        "textdigo": {"login": textdigo.LOGIN, "key": textdigo.KEY},
    }
    channels = (*textiopro.LINES, *textdigo.CHANNELS)
    acme = account("acme", settings, channels=channels, wallet="prepaid", country="UG")
    async with GatewayRig(tmp_path, acme, more=(textdigo.mail(), textdigo.chat())) as rig:
        await rig.engine_rig.engine.wallets.credit("acme", Decimal("1000000"))
        headers = await headers_of(rig, face)
        failures = await asyncio.to_thread(ask_everything, f"{rig.url}/openapi/{face}.json", headers)
    assert not failures, "\n\n".join(failures)
