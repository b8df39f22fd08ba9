"""The calls that README shows for each public API, by curl and as they stand there."""

import asyncio
import os
import re
import shutil
from decimal import Decimal
from pathlib import Path

import pytest

from tests.gateways.five import account_of_all, secret
from tests.gateways.rig import GatewayRig

README = Path(__file__).parents[2] / "README.md"


def calls() -> dict[str, str]:
    """By API the shell commands that README shows for it."""
    text = README.read_text(encoding="utf-8").partition("### The public APIs")[2].partition("\n### ")[0]
    shown: dict[str, str] = {}
    name = ""
    for line in re.findall(r"^    (.*)$", text, re.MULTILINE):
        if line.startswith("# "):
            name = line[2:]
            shown[name] = ""
        elif name:
            shown[name] += line + "\n"
    return shown


@pytest.mark.skipif(shutil.which("curl") is None, reason="curl is not installed")
@pytest.mark.parametrize("api", ["textdigo", "textiopro", "texify", "smsapi", "fullsms"])
async def test_they_work_as_they_stand(tmp_path: Path, api: str) -> None:
    """XA-7: each sends one message that the operator gets, and shows what became of it."""
    async with GatewayRig(
        tmp_path, account_of_all("shop", wallet="prepaid", country="CM", default_sender="SHOP", senders=("SHOP",))
    ) as rig:
        await rig.engine_rig.engine.wallets.credit("shop", Decimal(100))
        script = calls()[api]
        environment = {"PATH": os.environ["PATH"]} | {name: secret("shop") for name in re.findall(r"SHOP_\w+", script)}
        script = script.replace("http://127.0.0.1:8081", rig.url).replace("curl ", "curl --fail-with-body -sS ")
        process = await asyncio.create_subprocess_exec(
            "sh", "-ec", script, env=environment, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        output, _ = await process.communicate()
        assert process.returncode == 0, output.decode()
        (submission,) = await rig.engine_rig.written("mtn", 1)
        assert (submission.message.to, submission.message.sender) == ("+237670000001", "SHOP")
        assert submission.message.text == "Your order is on its way"
