"""Marketing waits until the quiet hours are over."""

from dataclasses import replace
from datetime import UTC, datetime
from pathlib import Path
from typing import Any

import pytest
from msgspec import UNSET, structs

from router.message import Message, State
from router.operator import TextRules
from router.routing.route import RouteQuery
from router.settings import QuietHours, Settings
from tests.engine.rig import Retry, Rig, operator, settings
from tests.engine.test_sending import FAILED

HOUR = 3_600_000
CM = "+237670000001"
# The rig's clock begins on Thursday, 1 January 2026, at midnight UTC: 01:00 in Douala.
NIGHT = QuietHours("CM", 22 * 60, 8 * 60, "Africa/Douala")
NOON = QuietHours("CM", 12 * 60, 13 * 60, "UTC")


def quiet(*hours: QuietHours, **changes: Any) -> Settings:
    return replace(settings(operator("a", text=TextRules(), **changes)), quiet_hours=hours)


def wake(rig: Rig, milliseconds: int) -> None:
    rig.clock.move(milliseconds / 1000)
    rig.engine._wakeups._changed.set()


async def marketing(rig: Rig, to: str = CM, **fields: Any) -> Message:
    return await rig.submit(to, traffic_class="marketing", **fields)


async def test_it_waits_exactly_until_they_are_over(tmp_path: Path) -> None:
    async with Rig(quiet(NIGHT), tmp_path) as rig:
        message = await marketing(rig)
        assert (message.state, message.waiting_for) == (State.SCHEDULED, "quiet_hours")
        assert message.due_at == rig.clock.ms + 7 * HOUR
        wake(rig, 7 * HOUR - 1)
        await rig.settle()
        assert message.state is State.SCHEDULED
        wake(rig, 1)
        await rig.written("a")
        assert (message.state, message.waiting_for) == (State.QUEUED, None)


async def test_the_explanation_says_until_when(tmp_path: Path) -> None:
    """The very time that the intake sets."""
    async with Rig(quiet(NIGHT, NOON), tmp_path) as rig:
        account = rig.config.accounts["acme"]
        for hour in range(26):
            message = await marketing(rig)
            until = message.due_at if message.waiting_for else None
            query = RouteQuery(CM, rig.clock.now(), traffic_class="marketing")
            found = rig.engine.preview.route(account, query)
            told = found.waits_until.timestamp() * 1000 if found.waits_until is not UNSET else None
            assert told == until, hour
            assert found.waiting_for == (message.waiting_for or UNSET)
            assert found.operator == "a"
            assert rig.engine.preview.route(account, replace_class(query)).waits_until is UNSET
            rig.clock.move(3600)


def replace_class(query: RouteQuery) -> RouteQuery:
    return structs.replace(query, traffic_class="otp")


async def test_it_waits_over_a_restart(tmp_path: Path) -> None:
    async with Rig(quiet(NIGHT), tmp_path) as rig:
        message = await marketing(rig)
        clock = rig.clock
    clock.move(7 * 3600)
    async with Rig(quiet(NIGHT), tmp_path, clock) as rig:
        (submission,) = await rig.written("a")
        assert submission.message.id == message.id


@pytest.mark.parametrize("fields", [{"traffic_class": "otp"}, {"traffic_class": "transactional"}, {}])
async def test_other_classes_go(tmp_path: Path, fields: dict[str, Any]) -> None:
    async with Rig(quiet(NIGHT), tmp_path) as rig:
        assert (await rig.submit(CM, **fields)).state is State.QUEUED


async def test_other_countries_and_other_times_go(tmp_path: Path) -> None:
    async with Rig(quiet(NIGHT, NOON), tmp_path) as rig:
        assert (await marketing(rig, "+33612345678")).state is State.QUEUED
        rig.clock.move(7 * 3600)
        assert (await marketing(rig)).state is State.QUEUED


async def test_a_send_time_within_them_is_put_off(tmp_path: Path) -> None:
    async with Rig(quiet(NIGHT, NOON), tmp_path) as rig:
        at = datetime.fromtimestamp((rig.clock.ms + 12 * HOUR + HOUR // 2) / 1000, UTC)
        message = await marketing(rig, send_at=at.isoformat())
        assert (message.state, message.due_at) == (State.SCHEDULED, rig.clock.ms + 13 * HOUR)
        open_time = at.replace(hour=10)
        message = await marketing(rig, send_at=open_time.isoformat())
        assert (message.waiting_for, message.due_at) == (None, round(open_time.timestamp() * 1000))


async def test_it_expires_on_time(tmp_path: Path) -> None:
    async with Rig(quiet(NIGHT), tmp_path) as rig:
        message = await marketing(rig, expires_in=3600)
        assert message.due_at == rig.clock.ms + HOUR
        wake(rig, HOUR)
        await rig.until(lambda: message.state is State.EXPIRED)
        assert rig.operators["a"].history == []


async def test_what_is_in_line_when_they_begin_waits(tmp_path: Path) -> None:
    async with Rig(quiet(NOON), tmp_path) as rig:
        rig.operators["a"].window = 0
        message, other = await marketing(rig), await rig.submit("+237670000002")
        assert message.state is State.QUEUED
        rig.clock.move(12 * 3600)
        rig.operators["a"].window = 10
        rig.engine.link_changed("a")
        (submission,) = await rig.written("a")
        assert submission.message is other
        assert (message.waiting_for, message.due_at) == ("quiet_hours", rig.clock.ms + HOUR)
        wake(rig, HOUR)
        await rig.written("a", 2)


async def test_a_retry_waits_too(tmp_path: Path) -> None:
    async with Rig(quiet(NOON, retry=Retry(initial=60.0, max=60.0)), tmp_path) as rig:
        rig.clock.move(12 * 3600 - 30)
        message = await marketing(rig)
        (submission,) = await rig.written("a")
        rig.operators["a"].answer(submission, FAILED)
        await rig.until(lambda: message.waiting_for == "retry")
        wake(rig, 70_000)
        await rig.until(lambda: message.waiting_for == "quiet_hours")
        assert message.due_at == rig.clock.ms + HOUR - 40_000
        wake(rig, HOUR)
        await rig.written("a")


async def test_a_long_message_that_has_begun_goes_on(tmp_path: Path) -> None:
    async with Rig(quiet(NOON), tmp_path) as rig:
        rig.clock.move(12 * 3600 - 1)
        message = await marketing(rig, text="x" * 400)
        (submission,) = await rig.written("a")
        rig.clock.move(2)
        rig.operators["a"].accept(submission)
        for submission in await rig.written("a", 2):
            rig.operators["a"].accept(submission)
        await rig.until(lambda: message.submitted_at)


async def test_a_reload_ends_and_begins_them(tmp_path: Path) -> None:
    async with Rig(quiet(NIGHT), tmp_path) as rig:
        held = await marketing(rig)
        rig.next_config = quiet()
        await rig.engine.control.reload()
        assert (await marketing(rig)).state is State.QUEUED
        assert held.due_at == rig.clock.ms + 7 * HOUR, "what is held waits as it was told"
