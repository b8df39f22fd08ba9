"""Messages through an HTTP carrier that misbehaves: the whole path over real sockets and a real store."""

from pathlib import Path

import pytest

from adapters.simulator.http_behaviour import HTTP_BEHAVIOURS
from adapters.simulator.http_carrier import CarrierOptions
from tests.engine.rig import HandOperator, operator
from tests.http_operator.world import LINK, SECRET, TOKEN, world

pytestmark = pytest.mark.end_to_end

IMPATIENT = LINK.replace("response_timeout: 2s", "response_timeout: 300ms").replace(
    "connect_timeout: 2s", "connect_timeout: 100ms"
)
KEYED = IMPATIENT.replace("    json:", '    headers: {{Idempotency-Key: "{{idempotency_key}}"}}\n    json:')

# ending: the last event, its code, whether it may have been sent twice
ENDINGS = {
    "": ("message.delivered", None, False),
    "901": ("message.undelivered", "receipt_undelivered", False),
    "902": ("message.expired", "receipt_expired", False),
    "903": ("message.rejected", "receipt_rejected", False),
    "904": ("message.unknown", "receipt_unknown", False),
    "911": ("message.rejected", "rejected_by_operator", False),
    "912": ("message.rejected", "rejected_by_operator", False),
    "913": ("message.delivered", None, False),
    "914": ("message.delivered", None, False),
    "915": ("message.delivered", None, False),
    "916": ("message.delivered", None, False),
    "917": ("message.failed", "retries_exhausted", False),
    "920": ("message.rejected", "rejected_by_operator", False),
    "924": ("message.delivered", None, True),
    "925": ("message.delivered", None, True),
    "927": ("message.delivered", None, True),
    "928": ("message.delivered", None, True),
    "929": ("message.delivered", None, True),
    "930": ("message.rejected", "rejected_by_operator", False),
    "931": ("message.delivered", None, False),
    "932": ("message.delivered", None, False),
    "934": ("message.delivered", None, True),
    "937": ("message.delivered", None, False),
    "938": ("message.delivered", None, False),
    "940": ("message.delivered", None, False),
    "942": ("message.delivered", None, False),
    "943": ("message.delivered", None, False),
    "950": ("message.delivered", None, False),
}
SLOW = {"921", "922", "923", "926", "933"}
NO_END = {"918", "919", "936", "941"}


def test_every_behaviour_is_walked() -> None:
    assert {one.ending for one in HTTP_BEHAVIOURS} | {""} == {*ENDINGS, *SLOW, *NO_END}


# The pace is given back slowly.
DEEP = {"914"}


@pytest.mark.parametrize(
    "ending", [pytest.param(one, marks=pytest.mark.deep) if one in DEEP else one for one in ENDINGS]
)
async def test_endings(tmp_path: Path, ending: str) -> None:
    last, code, twice = ENDINGS[ending]
    async with world(tmp_path) as one:
        await one.rig.submit(f"+237670000{ending or '001'}")
        event = await one.event(last)
        assert (event["error"] or {}).get("code") == code
        assert event["possible_duplicate"] is twice
        assert [kind for kind in await one.types() if kind not in ("message.submitted", "message.received")] == [last]


async def test_unanswered_is_sent_once_more(tmp_path: Path) -> None:
    async with world(tmp_path, IMPATIENT) as one:
        await one.rig.submit("+237670000923")
        event = await one.event("message.delivered")
        assert event["possible_duplicate"] is True
        assert len(one.carrier.messages) == 2


@pytest.mark.deep
async def test_unanswered_twice_is_unknown_when_no_receipt_comes(tmp_path: Path) -> None:
    async with world(tmp_path, IMPATIENT, more="receipts: {timeout: 500ms}") as one:
        await one.rig.submit("+237670000922")
        event = await one.event("message.unknown")
        assert event["possible_duplicate"] is True
        assert len(one.carrier.messages) == 2


@pytest.mark.parametrize("ending", ["921", "926"])
async def test_the_callback_of_an_unanswered_message_settles_it(tmp_path: Path, ending: str) -> None:
    options = CarrierOptions(token=TOKEN, secret=SECRET, late=0.8)
    async with world(tmp_path, IMPATIENT, options=options) as one:
        await one.rig.submit(f"+237670000{ending}")
        event = await one.event("message.delivered")
        assert event["possible_duplicate"] is False
        assert len(one.carrier.messages) == 1


async def test_a_callback_may_take_its_time(tmp_path: Path) -> None:
    options = CarrierOptions(token=TOKEN, secret=SECRET, late=0.5)
    async with world(tmp_path, options=options) as one:
        await one.rig.submit("+237670000933")
        await one.event("message.delivered")


async def test_unanswered_is_held_where_that_is_asked_for(tmp_path: Path) -> None:
    async with world(tmp_path, more="on_unanswered: hold") as one:
        await one.rig.submit("+237670000925")
        event = await one.event("message.delivered")
        assert event["possible_duplicate"] is False
        assert len(one.carrier.messages) == 1


@pytest.mark.parametrize("ending", ["925", "927", "928", "929"])
async def test_what_the_carrier_knows_by_its_key_is_sent_again_without_doubt(tmp_path: Path, ending: str) -> None:
    async with world(tmp_path, KEYED) as one:
        await one.rig.submit(f"+237670000{ending}")
        event = await one.event("message.delivered")
        assert event["possible_duplicate"] is False
        assert one.carrier.counts.replayed == 1
        assert len(one.carrier.messages) == 1


async def test_only_an_acceptance_is_believed_of_what_may_have_been_taken(tmp_path: Path) -> None:
    """Under the key of a message that it has the carrier says 409: that is no refusal, and nobody else gets it."""
    async with world(tmp_path, KEYED, others=(operator("backup"),), make_other=HandOperator) as one:
        message = await one.rig.submit("+237670000934")
        event = await one.event("message.delivered")
        assert event["operator"] == "carrier"
        assert {attempt.operator for attempt in message.parts[0].attempts} == {"carrier"}
        assert one.carrier.counts.requests > 1
        assert len(one.carrier.messages) == 1


async def test_octets_go_nowhere_that_has_no_place_for_them(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        await one.rig.submit("+237670000001", text=None, data=b"\x01\x02")
        event = await one.event("message.rejected")
        assert event["error"]["detail"] == "none of the operator's requests is for such a message"
        assert one.carrier.messages == []
    link = LINK.replace('text: "{{text}}"', 'text: "{{text}}", data: "{{data_hex}}"')
    async with world(tmp_path / "with", link) as one:
        await one.rig.submit("+237670000001", text=None, data=b"\x01\x02", udh=b"\x02\x70\x00")
        await one.event("message.rejected")
        assert one.carrier.messages == []
        await one.rig.submit("+237670000001", text=None, data=b"\x01\x02")
        await one.event("message.delivered")
        assert one.carrier.messages[0].request["data"] == "0102"


BY_GET = LINK.replace(
    'json: {{to: "{{to}}", from: "{{from}}", text: "{{text}}", callback_url: "{{callback_url}}"}}',
    'method: METHOD\n    query: {{to: "{{to}}", from: "{{from}}", text: "{{text}}", callback_url: "{{callback_url}}"}}',
)


@pytest.mark.parametrize("method", ["GET", "PUT", "POST"])
async def test_what_was_cut_is_not_sent_again_behind_our_back(tmp_path: Path, method: str) -> None:
    """aiohttp would send a GET or PUT again by itself, on a connection that was used before."""
    async with world(tmp_path, BY_GET.replace("METHOD", method), more="on_unanswered: hold") as one:
        await one.rig.submit("+237670000001")
        await one.event("message.delivered")
        await one.rig.submit("+237670000924")
        await one.until(lambda: one.carrier.counts.requests == 2)
        await one.until(lambda: one.rig.metrics.counted["submitted", "carrier", "unknown"] == 1)
        assert one.carrier.counts.requests == 2


async def test_a_forged_callback_changes_nothing_and_is_counted(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        await one.rig.submit("+237670000941")
        await one.until(lambda: one.callback("forged") == 1)
        await one.rig.submit("+237670000943")
        await one.until(lambda: one.callback("unreadable") == 1 and one.callback("receipt") == 1)
        assert sorted(await one.types()) == ["message.delivered", "message.submitted", "message.submitted"]


async def test_a_handset_answers(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        await one.rig.submit("+237670000950", sender="8080")
        event = await one.event("message.received")
        assert (event["from"], event["to"], event["text"]) == ("+237670000950", "8080", "STOP")
        assert one.callback("inbound") == 1


async def test_a_long_message_goes_in_one_request_and_is_paid_for_as_cut(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        text = "ä€" * 120 + "[]"
        await one.rig.submit("+237670000001", text)
        event = await one.event("message.delivered")
        assert [message.request["text"] for message in one.carrier.messages] == [text]
        assert event["segments"] == 3
        assert event["cost"] == {"amount": "0.03", "currency": "XAF"}


async def test_we_send_the_parts_where_that_is_asked_for(tmp_path: Path) -> None:
    link = LINK.replace('text: "{{text}}"', 'text: "{{text}}", udh: "{{udh_hex}}", part: "{{part}}"')
    async with world(tmp_path, link, more="text: {long: udh8}") as one:
        text = "0123456789" * 40
        await one.rig.submit("+237670000001", text)
        await one.event("message.delivered")
        sent = sorted((message.request for message in one.carrier.messages), key=lambda request: request["part"])
        assert "".join(request["text"] for request in sent) == text
        assert [request["udh"][-4:] for request in sent] == ["0301", "0302", "0303"]


async def test_retry_after_is_heeded(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        await one.rig.submit("+237670000913")
        await one.until(lambda: one.gateway.views()[0].state == "paused")
        assert one.gateway.room() == 0
        await one.rig.submit("+237670000001")
        await one.until(lambda: one.rig.metrics.counted["final", "carrier", "delivered"] == 2)
        assert one.carrier.counts.requests == 3


async def test_no_more_requests_at_a_time_than_the_window(tmp_path: Path) -> None:
    options = CarrierOptions(token=TOKEN, secret=SECRET, response_delay=0.02)
    async with world(tmp_path, LINK + "  window: 3\n", options=options) as one:
        for number in range(30):
            await one.rig.submit(f"+2376700{number:05d}")
        await one.until(lambda: one.rig.metrics.counted["final", "carrier", "delivered"] == 30)
        assert one.carrier.most_at_once == 3
        assert one.gateway.in_use == 0


async def test_a_carrier_that_is_not_there_is_waited_for(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        port = one.rig.config.operators["carrier"].link.port
        await one.carrier.stop()
        await one.rig.submit("+237670000001")
        await one.until(lambda: not one.gateway.link().up)
        message = await one.rig.submit("+237670000002")
        assert message.state == "queued"
        assert one.rig.metrics.counted["submitted", "carrier", "unknown"] == 0
        again = type(one.carrier)(one.carrier.options)
        await again.start(port=port)
        try:
            await one.until(lambda: one.rig.metrics.counted["final", "carrier", "delivered"] == 2)
            assert {len(part.attempts) for part in message.parts} == {1}
        finally:
            await again.stop()


async def test_an_account_that_is_refused_stops_the_flow(tmp_path: Path) -> None:
    async with world(tmp_path) as one:
        message = await one.rig.submit("+237670000919")
        await one.until(lambda: one.rig.engine.desks["carrier"].unusable == "circuit_open")
        assert message.state == "queued"
        assert message.parts[0].attempts == []


async def test_a_stop_settles_what_is_unanswered(tmp_path: Path) -> None:
    async with world(tmp_path, more="on_unanswered: hold") as one:
        message = await one.rig.submit("+237670000922")
        await one.until(lambda: one.carrier.counts.requests == 1)
        await one.rig.engine.stop(0.05)
        assert message.parts[0].attempts[0].outcome == "unknown"


async def test_no_secret_and_no_text_in_the_log(tmp_path: Path, capfd: pytest.CaptureFixture[str]) -> None:
    async with world(tmp_path) as one:
        await one.rig.submit("+237670000911", "content nobody may log")
        await one.event("message.rejected")
        assert TOKEN not in repr(one.rig.config) + repr(one.gateway.operator)
        assert SECRET not in repr(one.rig.config)
    written = "".join(capfd.readouterr())
    assert "nobody may log" not in written
    assert TOKEN not in written
