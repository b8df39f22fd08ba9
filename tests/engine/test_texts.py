"""Texts through the engine: references, language tables, look-alikes, rules that change half-way."""

from dataclasses import replace
from decimal import Decimal
from pathlib import Path

import pytest

from router.account import Account, Price
from router.message import Encoding, State
from router.operator import LongForm, TextRules
from tests.engine.rig import Rig, operator, settings

LONG = "a" * 200
TRANSLITERATING = Account(
    name="acme", token=None, currency="XAF", prices=(Price("", Decimal("0.05")),), transliterate=True
)


async def test_long_messages_to_one_phone_never_share_a_reference(tmp_path: Path) -> None:
    config = settings(operator("mtn"))
    async with Rig(config, tmp_path) as rig:
        first = await rig.submit(to="+237670000001", text=LONG)
        other = await rig.submit(to="+237670000002", text=LONG)
        short = await rig.submit(to="+237670000001")
        second = await rig.submit(to="+237670000001", text=LONG)
        clock = rig.clock
    assert second.concat_reference == first.concat_reference + 1  # whatever goes to others in between
    assert other.concat_reference > 0
    assert short.concat_reference == 0
    clock.move(10)
    async with Rig(config, tmp_path, clock) as rig:
        third = await rig.submit(to="+237670000001", text=LONG)
    assert third.concat_reference & 0xFF not in {first.concat_reference & 0xFF, second.concat_reference & 0xFF}


async def test_a_message_that_becomes_long_at_another_operator_gets_a_reference(tmp_path: Path) -> None:
    ascii_only = operator("ascii", price="0.05", text=TextRules(alphabet="ascii"))
    async with Rig(settings(operator("mtn"), ascii_only), tmp_path) as rig:
        rig.operators["mtn"].window = 0
        message = await rig.submit(text="é" * 100)
        assert (len(message.parts), message.concat_reference, message.cut) == (1, 0, 0)
        rig.operators["mtn"].go_down()
        (first,) = await rig.written("ascii")
        assert first.message is message
        assert len(message.parts) == 2
        assert message.concat_reference > 0


async def test_the_operators_tables(tmp_path: Path) -> None:
    turkish = operator("mtn", text=TextRules(language_tables=("turkish",)))
    async with Rig(settings(turkish), tmp_path) as rig:
        message = await rig.submit(text="Şifreniz ğ 4930")
        (written,) = await rig.written("mtn")
        assert message.encoding is Encoding.GSM7
        assert written.segment.shifts.hex() == "250101"
        assert written.segment.payload == b"\x1cifreniz \x0c 4930"


async def test_look_alikes_for_an_account_that_wants_them(tmp_path: Path) -> None:
    text = "“Pay now” – " * 7
    plain = Account(name="exact", token=None, currency="XAF")
    async with Rig(settings(operator("mtn"), accounts=(TRANSLITERATING, plain)), tmp_path) as rig:
        one = await rig.submit(text=text)
        exact = await rig.submit(text=text, account="exact")
        assert (one.segments, one.transliterated, one.encoding, one.text) == (1, True, Encoding.GSM7, text)
        assert (exact.segments, exact.transliterated, exact.encoding) == (2, False, Encoding.UCS2)
        first, second, *_ = await rig.written("mtn", 2)
        assert first.segment.payload == b'"Pay now" - ' * 7
        assert second.segment.payload.decode("utf-16-be") == text[:67]
        # What was allowed when it was accepted holds, whatever the account says later.
        rig.operators["mtn"].accept(first)
        assert one.transliterate
        assert not exact.transliterate


@pytest.mark.parametrize("long", ["udh16", "sar"])
async def test_half_a_message_is_never_finished_by_other_rules(tmp_path: Path, long: LongForm) -> None:
    """A reload that keeps encoding and count, but cuts or announces the parts in another way."""
    one = operator("mtn")
    async with Rig(settings(one), tmp_path) as rig:
        message = await rig.submit(text=LONG)
        (first,) = await rig.written("mtn")
        rig.next_config = settings(replace(one, text=TextRules(long=long)))
        await rig.engine.control.reload()
        rig.operators["mtn"].accept(first)
        await rig.until(lambda: message.state is State.FAILED)
        assert message.error is not None
        assert message.error.code == "text_rules_changed"
        fresh = await rig.submit(text=LONG)
        (first,) = await rig.written("mtn")
        rig.operators["mtn"].accept(first)
        (second,) = await rig.written("mtn")
        assert (first.message, second.message) == (fresh, fresh)
