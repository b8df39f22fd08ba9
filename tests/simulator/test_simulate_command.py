"""`simulate smsc`: its help, its arguments, and a process of it."""

import argparse
import asyncio
import json
import signal
import sys
from dataclasses import fields

import pytest

from adapters.simulator.behaviour import help_text
from adapters.simulator.options import SmscOptions
from router.cli import simulate
from tests.simulator.esme import DEADLINE, Esme

PROGRAM = """
import argparse, sys
from router.cli import simulate
parser = argparse.ArgumentParser(prog="carrier-router")
simulate.add_parser(parser.add_subparsers())
args = parser.parse_args()
sys.exit(args.func(args))
"""


def parse(*arguments: str) -> argparse.Namespace:
    parser = argparse.ArgumentParser(prog="carrier-router")
    simulate.add_parser(parser.add_subparsers())
    return parser.parse_args(["simulate", *arguments])


def test_help_shows_the_table(capsys) -> None:
    with pytest.raises(SystemExit) as left:
        parse("smsc", "--help")
    assert left.value.code == 0
    assert help_text() in capsys.readouterr().out


IN_TESTS_ONLY = {"keep", "name", "pending"}


def test_every_option_can_be_given(capsys) -> None:
    with pytest.raises(SystemExit):
        parse("smsc", "--help")
    shown = capsys.readouterr().out
    names = {one.name for one in fields(SmscOptions)} - IN_TESTS_ONLY
    assert [name for name in names if f"--{name.replace('_', '-')} " not in shown and f"--{name}]" not in shown] == []
    # What is not given is as the options say.
    defaults = SmscOptions()
    args = vars(parse("smsc"))
    assert {name: args[name] for name in names} == {name: getattr(defaults, name) for name in names}


@pytest.mark.parametrize(
    "arguments",
    [
        [],
        ["other"],
        ["smsc", "--port", "x"],
        ["smsc", "--port", "65536"],
        ["smsc", "--window", "0"],
        ["smsc", "--behaviour", "989"],
        ["smsc", "--bind-status", "wrong"],
        ["smsc", "--refuse", "-1"],
        ["smsc", "--refuse", "0x100000000"],
        ["smsc", "--door", "ajar"],
        ["smsc", "--credit", "-1"],
        ["smsc", "--flap", "-1"],
        ["smsc", "--id-form", "octal"],
        ["smsc", "--response-delay", "-1"],
        ["smsc", "--receipt-delay", "nan"],
        ["smsc", "--unknown"],
    ],
)
def test_wrong_usage(arguments, capsys) -> None:
    with pytest.raises(SystemExit) as left:
        parse(*arguments)
    assert left.value.code == 2


def test_a_file_that_cannot_be_written_is_told(capsys, tmp_path) -> None:
    args = parse("smsc", "--port", "0", "--submits", str(tmp_path / "missing" / "submits"))
    assert args.func(args) == 1
    assert "cannot write" in capsys.readouterr().err


async def start(*arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        sys.executable,
        "-c",
        PROGRAM,
        "simulate",
        "smsc",
        "--port",
        *arguments,
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.process
@pytest.mark.parametrize("stop", [signal.SIGTERM, signal.SIGINT])
async def test_it_serves_until_a_signal(stop, tmp_path) -> None:
    submits = tmp_path / "submits"
    process = await start("0", "--json", "--id-form", "hex", "--submits", str(submits))
    try:
        async with asyncio.timeout(3 * DEADLINE):
            listening = json.loads(await process.stdout.readline())["listening"]
            esme = await Esme.connect(int(listening.rpartition(":")[2]))
            assert (await esme.bind()).status == 0
            assert (await esme.submitted()).status == 0
            await esme.receipts(1)
            counts = {}
            while not counts.get("delivered"):
                counts = json.loads(await process.stdout.readline())
            assert counts["submits"] == counts["accepted"] == counts["delivered"] == 1

            second = await start(listening.rpartition(":")[2])
            _, complaint = await second.communicate()
            assert second.returncode == 1
            assert complaint.startswith(b"cannot listen on 127.0.0.1:")

            process.send_signal(stop)
            _, complaint = await process.communicate()
            assert (process.returncode, complaint) == (0, b"")
            assert submits.read_text() == "237670000001 0\n"
            await esme.close()
    finally:
        if process.returncode is None:
            process.kill()
            await process.wait()
