"""A client of FullSMS from its first call to the handset and back, and a campaign that is killed on its way."""

import re
from collections import Counter
from typing import Any

import pytest
from aiohttp import ClientSession

from tests import leaks
from tests.processes import free_port, plain_number
from tests.scenarios.world import ADMINISTRATOR, World, body_of, until

pytestmark = pytest.mark.process

TOKEN = "20|fullsms-token-of-forty-characters-or-so-73"
COUNT = 900
# The campaign takes half of this at a time, so that it is on its way at every kill.
QUEUED = 600
ACCOUNT = f"""\
    wallet: prepaid
    senders: [ACME]
    numbers: [{{number: "+441111111111", country: GB}}]
    prices: [{{prefix: "", price: "0.01"}}]
    gateways:
      fullsms: {{token: "{TOKEN}", minimum_balance: "5"}}
"""


async def administer(world: World, path: str, **given: Any) -> Any:
    async with world.client.post(f"/v1/accounts/acme/{path}", json=given, headers=ADMINISTRATOR) as answer:
        return await body_of(answer, 200)


async def test_fullsms_over_kills(world: World) -> None:
    """FS-11, FS-12, FS-13, FS-17, FS-18, FS-24, FS-26, XA-4: nobody of a campaign is left out and nobody has two
    messages, wherever kill -9 met it; the wallet was charged for each once."""
    port = free_port()
    smsc = await world.operator()
    world.configure(
        account=ACCOUNT,
        router=f"gateways: {{listen: 127.0.0.1:{port}, enabled: [fullsms]}}\nlimits: {{queued: {QUEUED}}}",
    )
    leaks.plant(TOKEN)
    await world.start()
    await world.bound()
    await administer(world, "credit", amount="100")
    listed = (await administer(world, "lists", name="everybody"))["id"]
    everybody = [plain_number(place) for place in range(COUNT)]
    for start in range(0, COUNT, 1000):
        await administer(
            world, f"lists/{listed}/contacts", contacts=[{"number": one} for one in everybody[start : start + 1000]]
        )
    async with ClientSession(f"http://127.0.0.1:{port}", headers={"Authorization": f"Bearer {TOKEN}"}) as client:

        async def call(method: str, path: str, status: int = 200, **given: Any) -> Any:
            async with client.request(method, path, **({"json": given} if given else {})) as answer:
                return await body_of(answer, status)

        assert (await call("GET", "/account/balance"))["balance"] == 100
        assert (await call("GET", "/account/lists"))["lists"][0]["subscribed_contacts"] == COUNT
        said = {"from": "ACME", "message": "Hello"}
        await call("POST", "/messages/send/to_lists", to_list_ids=[listed], **said)
        for share in (1, 300):
            await until(lambda least=share: smsc.counts.submits >= least, what=lambda: smsc.counts)  # type: ignore[misc]
            await world.kill()
            await world.start()
            assert len(await world.messages()) < COUNT

        async def everybody_has_one() -> bool:
            return len(await world.messages()) >= COUNT

        await until(everybody_has_one, 120)
        messages = await world.messages()
        assert Counter(one["to"] for one in messages) == Counter(everybody)
        assert (await call("GET", "/account/balance"))["balance"] == 100 - COUNT / 100
        await world.ended(one["id"] for one in messages)

        made = await call("POST", "/otp/create", to_number=plain_number(COUNT), **{"from": "441111111111"})
        asked = plain_number(COUNT).lstrip("+")

        def code() -> int | None:
            contents = [one.content for one in smsc.submitted if one.destination == asked]
            found = re.search(rb"\d{6}", contents[0]) if contents else None
            return int(found[0]) if found is not None else None

        digits = await until(code)
        await world.kill()
        await world.start()
        assert await call("POST", "/otp/verify", otp_id=made["otp_id"], code=digits) == {"status": "approved"}
