"""Every operator gets the text as it takes it, also after a refusal, a reload or a restart between the parts."""

from pathlib import Path

import pytest

from router.message import Encoding, State
from router.operator import TextRules
from router.outcome import Fault, Outcome, OutcomeKind
from router.refusal import Refusal
from tests.engine.rig import Rig, operator, settings

NEXT = Outcome(OutcomeKind.REJECTED, status=0x0A)
THROTTLED = Outcome(OutcomeKind.THROTTLED, status=0x58, fault=Fault.RATE)
LATIN1 = TextRules(alphabet="latin1")
ASCII = TextRules(alphabet="ascii")
ACCENTS = "é" * 200  # two segments in GSM 7-bit, three in UCS-2


async def test_the_next_operator_gets_its_own_alphabet(tmp_path: Path) -> None:
    config = settings(operator("a"), operator("b", text=LATIN1), operator("c", text=ASCII))
    async with Rig(config, tmp_path) as rig:
        message = await rig.submit(text=ACCENTS)
        assert message.segments == 2
        (first,) = await rig.written("a")
        assert first.segment.payload == b"\x05" * 153
        rig.operators["a"].answer(first, NEXT)
        (first,) = await rig.written("b")
        assert first.segment.payload == b"\xe9" * 153
        rig.operators["b"].answer(first, NEXT)
        (first,) = await rig.written("c")
        assert first.segment.payload == "é".encode("utf-16-be") * 67
        assert (message.segments, message.encoding) == (3, Encoding.UCS2)
        rig.operators["c"].accept(first)
        for submission in await rig.written("c", 2):
            rig.operators["c"].accept(submission)
        await rig.until(lambda: message.state is State.SUBMITTED)
        assert "".join(one.segment.text or "" for one in rig.operators["c"].history) == ACCENTS


@pytest.mark.parametrize("text", ["é" * 100, ACCENTS])
async def test_rules_that_change_while_it_waits_cut_it_anew_and_truncate_nothing(tmp_path: Path, text: str) -> None:
    async with Rig(settings(operator("a")), tmp_path) as rig:
        rig.operators["a"].window = 0
        message = await rig.submit(text=text)
        rig.next_config = settings(operator("a", text=ASCII))
        await rig.engine.control.reload()
        rig.operators["a"].window = 10
        rig.operators["a"].come_up()
        while message.state is State.QUEUED:
            for submission in await rig.written("a"):
                rig.operators["a"].accept(submission)
            await rig.settle()
        assert "".join(one.segment.text or "" for one in rig.operators["a"].history) == text
        assert message.segments == len(message.parts) == len(rig.operators["a"].history)
        assert (await rig.types()) == ["message.submitted"]


async def test_rules_that_change_between_two_parts_end_it(tmp_path: Path) -> None:
    async with Rig(settings(operator("a")), tmp_path) as rig:
        rig.operators["a"].window = 1
        message = await rig.submit(text=ACCENTS)
        (first,) = await rig.written("a")
        rig.next_config = settings(operator("a", text=ASCII))
        await rig.engine.control.reload()
        rig.operators["a"].accept(first)
        await rig.until(lambda: message.state is State.FAILED)
        assert len(rig.operators["a"].history) == 1
        assert rig.operators["a"].in_use == 0
        other = await rig.submit(text="the queue goes on")
        (submission,) = await rig.written("a")
        assert submission.message is other


async def test_a_wish_that_the_new_rules_cannot_meet_goes_where_it_is_met(tmp_path: Path) -> None:
    one, other = operator("a"), operator("b", "0.05")
    async with Rig(settings(one, other), tmp_path) as rig:
        rig.operators["a"].window = 0
        message = await rig.submit(text="é", encoding="gsm7")
        assert message.operator == "a"
        rig.next_config = settings(operator("a", text=ASCII), other)
        await rig.engine.control.reload()
        rig.operators["a"].window = 1
        rig.operators["a"].come_up()
        (submission,) = await rig.written("b")
        assert submission.segment.payload == b"\x05"
        assert rig.operators["a"].in_use == 0
        assert (await rig.submit(text="é", encoding="gsm7")).operator == "b"
        rig.next_config = settings(operator("a", text=ASCII))
        await rig.engine.control.reload()
        with pytest.raises(Refusal) as refused:
            await rig.submit(text="é", encoding="gsm7")
        assert refused.value.code == "not_encodable"


async def test_an_operator_that_would_need_more_parts_than_max_price_allows_is_passed_over(tmp_path: Path) -> None:
    config = settings(operator("a", "0.01"), operator("b", "0.01", text=ASCII), operator("c", "0.012"))
    async with Rig(config, tmp_path) as rig:
        message = await rig.submit(text="é" * 150, max_price={"amount": "0.02", "currency": "XAF"})
        rig.operators["a"].answer((await rig.written("a"))[0], NEXT)
        await rig.written("c")
        assert message.segments == 1
        assert not rig.operators["b"].history


async def test_a_currency_that_left_the_configuration_stops_nobody_else(tmp_path: Path) -> None:
    async with Rig(settings(operator("a"), operator("b", "0.05")), tmp_path) as rig:
        rig.operators["a"].window = rig.operators["b"].window = 0
        in_euro = await rig.submit(max_price={"amount": "1", "currency": "EUR"})
        other = await rig.submit()
        config = settings(operator("a"), operator("b", "0.05"))
        config.currencies.pop("EUR")
        rig.next_config = config
        await rig.engine.control.reload()
        rig.operators["a"].go_down()
        assert other.operator == "b"
        assert in_euro.operator == "a"
