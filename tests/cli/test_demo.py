import asyncio
import json
import os
import re
import signal
import sys
from collections import Counter
from pathlib import Path
from typing import Any

import phonenumbers
import pytest
import yaml
from rich.console import Console

from adapters.simulator.behaviour import BY_ENDING
from router.cli.demo.board import Board
from router.cli.demo.channels import failover, table
from router.cli.demo.configuration import MAIL, protocol
from router.cli.demo.messages import CHANNELS, COUNTRIES, ENDINGS, REFUSED, Planned, long_text, plan
from router.cli.demo.traffic import requests
from router.operator import TextRules
from router.submit import EncodingWish
from router.text.segment import segment


def test_every_number_is_valid_and_every_country_is_served() -> None:
    numbers = [phonenumbers.parse(message.submit["to"]) for message in plan(900)]
    assert all(phonenumbers.is_valid_number(number) for number in numbers)
    assert len({number.country_code for number in numbers}) == len(COUNTRIES)


def test_one_number_in_eight_is_trouble_and_the_others_are_none() -> None:
    endings = Counter(message.submit["to"][-3:] for message in plan(800))
    trouble = {ending: count for ending, count in endings.items() if ending in BY_ENDING}
    assert set(trouble) == set(ENDINGS)
    assert sum(trouble.values()) == 100


@pytest.mark.parametrize("language", ["english", "french", "arabic", "hindi"])
def test_long_texts_have_five_segments(language: str) -> None:
    cut = segment(long_text(language), EncodingWish.AUTO, TextRules(), 10)
    assert len(cut.segments) == 5


def test_the_same_seed_gives_the_same_messages() -> None:
    assert plan(50) == plan(50)
    assert plan(50) != plan(50, seed=8)


def test_requests_carry_each_message_once() -> None:
    messages = [*plan(200), *REFUSED, *CHANNELS]
    sent = [
        Planned(request.account, submit)
        for request in requests(messages)
        for submit in request.body.get("messages", [request.body])
    ]
    assert sorted(sent, key=repr) == sorted(messages, key=repr)
    for request in requests(messages):
        assert (request.path == "/v1/messages") == (request.body.get("class") == "otp")


def told(id: str, state: str, operator: str | None = "mtn-cm", cost: str | None = "12.5") -> dict[str, Any]:
    return {
        "id": id,
        "message_id": id,
        "account": "bank",
        "state": state,
        "operator": operator,
        "segments": 2,
        "cost": {"amount": cost, "currency": "XAF"} if cost else None,
        "possible_duplicate": False,
        "error": None,
        "created_at": "2026-01-01T00:00:00.500Z",
        "done_at": None if state in ("queued", "submitted") else "2026-01-01T00:00:02.000Z",
    }


def test_the_board_adds_up_also_when_events_come_before_answers() -> None:
    board = Board(planned=3)
    board.event(told("a", "delivered"))
    assert not board.done
    board.answered(told("a", "queued", None, None))
    board.answered({"error": {"code": "too_long", "detail": "…"}})
    board.answered(told("b", "queued", None, None))
    assert not board.done
    board.event(told("b", "submitted"))
    assert board.final_of("bank") == {"a"}
    board.event(told("b", "undelivered"))
    assert board.done
    summary = board.summary(2.5)
    assert summary["states"] == {"delivered": 1, "undelivered": 1}
    assert summary["operators"]["mtn-cm"] == {"messages": 2, "delivered": 1, "parts": 4, "cost": "25.0 XAF"}
    assert summary["refused"] == {"too_long": 1}
    assert summary["median_seconds_to_delivered"] == 1.5
    assert summary["complete"]
    assert "1 delivered" in board.line(2.5)
    assert board.table().row_count == 1


def row(channel: str, *attempts: tuple[str, str | None]) -> dict[str, Any]:
    tried = [{"operator": name, "protocol": protocol(name), "outcome": kind, "status": "8"} for name, kind in attempts]
    return {"channel": channel, "to": "+237670000001", "attempts": tried, "events": ["message.submitted"]}


def test_what_failed_over_is_found_and_every_channel_has_a_line() -> None:
    again = row("voice", ("voice", "failed"), ("voice", "accepted"))
    over = row("sms", ("orange-sn", "rejected"), ("web-sn", None))
    assert failover([again, over]) is over
    assert failover([again]) is None
    assert [one["protocol"] for one in (*over["attempts"], row("email", (MAIL, None))["attempts"][0])] == [
        "smpp",
        "http",
        "smtp",
    ]
    console = Console(width=120)
    with console.capture() as shown:
        console.print(table([again, over]))
    for words in ("voice (http): failed 8", "orange-sn (smpp): rejected 8", "web-sn (http): no answer yet"):
        assert words in shown.get()


async def start(folder: Path, *arguments: str) -> asyncio.subprocess.Process:
    return await asyncio.create_subprocess_exec(
        *(sys.executable, "-m", "router", "demo", *arguments),
        env={**os.environ, "TMPDIR": str(folder)},
        stdout=asyncio.subprocess.PIPE,
        stderr=asyncio.subprocess.PIPE,
    )


@pytest.mark.process
async def test_the_demo_brings_every_message_to_its_end_and_leaves_nothing(tmp_path: Path) -> None:
    process = await start(tmp_path, "--json", "--messages", "120")
    async with asyncio.timeout(60):
        out, err = await process.communicate()
    assert process.returncode == 0, err.decode()
    summary = json.loads(out)
    assert summary["complete"]
    assert summary["accepted"] == sum(summary["states"].values()) == 120 + len(CHANNELS)
    assert {"delivered", "undelivered"} <= set(summary["states"])
    assert summary["refused"] == {"invalid_number": 1, "too_long": 1, "sender_not_allowed": 1}
    assert {"accepted", "rejected"} <= {outcome for row in summary["attempts"].values() for outcome in row}
    told = {row["channel"]: row for row in summary["channels"]}
    assert {channel: row["operator"] for channel, row in told.items()} == {
        "sms": "web-sn",
        "email": "mail",
        "whatsapp": "whatsapp",
        "voice": "voice",
        "mms": "mms",
        "viber": "viber",
    }
    for row in told.values():
        assert row["events"] == ["message.submitted", "message.delivered"]
    attempts = {channel: [tuple(one.values()) for one in row["attempts"]] for channel, row in told.items()}
    assert attempts.pop("sms") == [
        ("orange-sn", "smpp", "rejected", "0x00000045"),
        ("web-sn", "http", "accepted", "200"),
    ]
    assert attempts.pop("email") == [("mail", "smtp", "accepted", "250")]
    assert all(row == [(channel, "http", "accepted", "200")] for channel, row in attempts.items())
    assert summary["failover"] == told["sms"]
    hook = summary["webhook"]
    assert hook["told"] == hook["of"] > 0
    assert hook["forged"] == 0
    assert not list(tmp_path.iterdir())


@pytest.mark.process
async def test_ctrl_c_ends_everything(tmp_path: Path) -> None:
    process = await start(tmp_path, "--messages", "200")
    assert process.stdout is not None
    async with asyncio.timeout(60):
        while b"listens" not in (line := await process.stdout.readline()):
            assert line, "ended too early"
        url = re.search(rb"127\.0\.0\.1:(\d+)", line)
        assert url is not None
        (folder,) = tmp_path.iterdir()
        operator = yaml.safe_load((folder / "operators" / "world.yaml").read_text())
        process.send_signal(signal.SIGINT)
        process.send_signal(signal.SIGINT)
        await process.communicate()
    assert process.returncode == 130
    assert not list(tmp_path.iterdir())
    for port in (int(url[1]), operator["link"]["port"]):
        with pytest.raises(ConnectionError):
            await asyncio.open_connection("127.0.0.1", port)
