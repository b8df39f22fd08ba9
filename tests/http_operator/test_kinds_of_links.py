"""Batches, tokens, questions and requests chosen by what a message has, over real sockets."""

import asyncio
from pathlib import Path

import pytest

from adapters.config_yaml import ConfigErrors, load
from adapters.simulator.http_carrier import CarrierOptions
from router.message import State
from router.refusal import Refusal
from tests.http_operator.world import LINK, SECRET, TOKEN, world, write

pytestmark = pytest.mark.end_to_end

ONE = '{{to: "{{to}}", from: "{{from}}", text: "{{text}}", callback_url: "{{callback_url}}"}}'
BATCH = LINK.replace("/messages", "/batches").replace(
    f"json: {ONE}", f"json: {{{{messages: [{{{{$each: messages, $item: {ONE}}}}}]}}}}"
) + ("  batch: {{most: 5, wait: 50ms, results: messages, to: to}}\n")


async def test_many_messages_in_one_call(tmp_path: Path) -> None:
    async with world(tmp_path, BATCH) as one:
        numbers = [f"+2376700000{number:02d}" for number in range(12)]
        await asyncio.gather(*[one.rig.submit(number, f"Hello {number}") for number in numbers])
        await one.until(lambda: one.rig.metrics.counted["final", "carrier", "delivered"] == 12)
        assert one.carrier.counts.requests <= 5
        assert sorted(message.to for message in one.carrier.messages) == numbers
        assert {message.request["text"][-2:] for message in one.carrier.messages} == {number[-2:] for number in numbers}


async def test_messages_of_a_batch_have_their_own_results(tmp_path: Path) -> None:
    async with world(tmp_path, BATCH) as one:
        numbers = ["+237670000001", "+237670000911", "+237670000002", "+237670000912", "+237670000901"]
        messages = await asyncio.gather(*[one.rig.submit(number) for number in numbers])
        await one.until(lambda: all(message.state not in ("queued", "submitted") for message in messages))
        assert [message.state for message in messages] == [
            State.DELIVERED,
            State.REJECTED,
            State.DELIVERED,
            State.REJECTED,
            State.UNDELIVERED,
        ]
        assert one.carrier.counts.requests == 1


async def test_a_batch_that_was_cut_is_in_doubt_as_a_whole(tmp_path: Path) -> None:
    async with world(tmp_path, BATCH, more="on_unanswered: hold") as one:
        await asyncio.gather(*[one.rig.submit(number) for number in ("+237670000922", "+237670000001")])
        await one.until(lambda: one.carrier.counts.requests == 1)
        for transport in [one.carrier]:
            await transport.stop()
        await one.until(lambda: one.rig.metrics.counted["submitted", "carrier", "unknown"] == 2)
        assert one.gateway.in_use == 0


async def test_a_batch_that_is_refused_as_a_whole_is_cut_until_only_the_wrong_one_is_refused(tmp_path: Path) -> None:
    options = CarrierOptions(token=TOKEN, secret=SECRET, all_or_none=True)
    async with world(tmp_path, BATCH, options=options) as one:
        numbers = ["+237670000001", "+237670000002", "+237670000911", "+237670000003", "+237670000004"]
        messages = await asyncio.gather(*[one.rig.submit(number) for number in numbers])
        await one.until(lambda: all(message.state not in ("queued", "submitted") for message in messages))
        assert [message.to for message in messages if message.state is State.REJECTED] == ["+237670000911"]
        assert {message.state for message in messages} == {State.DELIVERED, State.REJECTED}
        assert {len(message.parts[0].attempts) for message in messages} == {1}
        assert one.carrier.counts.accepted == 4
        assert one.gateway.in_use == 0


OAUTH = LINK.replace(
    '{{bearer: "${{TOKEN}}"}}',
    '{{oauth2: {{token_url: "http://127.0.0.1:{port}/token", client_id: us, client_secret: "${{TOKEN}}"}}}}',
)


async def test_a_token_is_taken_once_and_again_when_it_ends(tmp_path: Path) -> None:
    options = CarrierOptions(client_id="us", client_secret=TOKEN, secret=SECRET)
    async with world(tmp_path, OAUTH, options=options) as one:
        for number in range(5):
            await one.rig.submit(f"+23767000000{number}")
        await one.until(lambda: one.rig.metrics.counted["final", "carrier", "delivered"] == 5)
        assert one.carrier.counts.tokens == 1
        one.carrier.revoke()
        message = await one.rig.submit("+237670000007")
        await one.until(lambda: message.state is State.DELIVERED)
        assert one.carrier.counts.tokens == 2
        assert len(message.parts[0].attempts) == 1


async def test_without_a_token_nothing_is_sent(tmp_path: Path) -> None:
    options = CarrierOptions(client_id="us", client_secret="another", secret=SECRET)
    async with world(tmp_path, OAUTH, options=options, up=False) as one:
        await one.rig.submit("+237670000001")
        await one.until(lambda: one.gateway.link().settled)
        assert not one.gateway.link().up
        assert one.gateway.views()[0].last_error == "no token: HTTP 401"
        assert one.carrier.counts.requests == 0
        one.carrier.options.client_secret = TOKEN
        await one.until(lambda: one.rig.metrics.counted["final", "carrier", "delivered"] == 1)


async def test_a_token_is_asked_for_once_by_all_who_wait_for_it(tmp_path: Path) -> None:
    """Also when none comes: ten messages do not wait for ten answers, one after the other."""
    options = CarrierOptions(client_id="us", client_secret=TOKEN, secret=SECRET)
    async with world(tmp_path, OAUTH, options=options) as one:
        one.carrier.revoke()
        assert one.carrier.counts.token_requests == 1
        one.carrier.options.token_delay, one.carrier.options.client_secret = 0.2, "another"
        messages = [await one.rig.submit(f"+23767000000{number}") for number in range(10)]
        await one.until(lambda: one.gateway.in_use == 0 and not one.gateway.link().up)
        # One of all those who were under way, one by the link that comes back.
        assert one.carrier.counts.token_requests <= 3
        assert {len(message.parts[0].attempts) for message in messages} == {0}
        one.carrier.options.client_secret = TOKEN
        await one.until(lambda: one.rig.metrics.counted["final", "carrier", "delivered"] == 10)


STATUS = """\
  status:
    request: {{method: GET, url: "http://127.0.0.1:{port}/messages/{{smsc_message_id}}"}}
    state: status
"""
POLLED = LINK.partition("  callbacks:")[0].replace(', callback_url: "{{callback_url}}"', "") + STATUS


async def test_statuses_are_asked_for(tmp_path: Path) -> None:
    options = CarrierOptions(token=TOKEN, receipt_delay=0.5)
    async with world(tmp_path, POLLED, more="receipts: {poll: 100ms}", options=options) as one:
        messages = [await one.rig.submit(f"+237670000{ending}") for ending in ("001", "901")]
        await one.until(lambda: messages[1].state is State.UNDELIVERED and messages[0].state is State.DELIVERED)
        assert one.rig.metrics.counted["receipt", "carrier", "queried"] >= 2


async def test_a_status_that_never_comes_ends_at_the_timeout(tmp_path: Path) -> None:
    options = CarrierOptions(token=TOKEN, receipt_delay=60.0)
    async with world(tmp_path, POLLED, more="receipts: {poll: 100ms, timeout: 600ms}", options=options) as one:
        await one.rig.submit("+237670000001")
        event = await one.event("message.unknown")
        assert event["error"]["code"] == "no_receipt"


MAIL = LINK.replace(
    'text: "{{text}}"',
    'text: "{{text}}", subject: "{{options.subject}}", html: "{{options.html}}", name: "{{options.from_name}}"',
)
ADDRESS = "Ünal.o'neil+x@shop.example"


@pytest.mark.parametrize(
    ("behaviour", "last"), [("", "delivered"), ("901", "undelivered"), ("911", "rejected"), ("940", "delivered")]
)
async def test_an_email_by_a_provider_that_speaks_http(tmp_path: Path, behaviour: str, last: str) -> None:
    """An address is no number, wherever one stands: in the request, and in the receipt that has no id of ours."""
    options = CarrierOptions(token=TOKEN, secret=SECRET, behaviour=behaviour)
    async with world(tmp_path, MAIL, more="channel: email", options=options) as one:
        given = {"subject": "Hello — you", "html": "<p>&amp; é</p>", "from_name": "The shop"}
        await one.rig.submit(ADDRESS, "Hi", channel="email", sender="news@acme.example", options=given)
        event = await one.event(f"message.{last}")
        assert (event["to"], event["from"], event["channel"]) == (ADDRESS, "news@acme.example", "email")
        (sent,) = one.carrier.messages
        assert {name: sent.request[name] for name in ("to", "from", "text", "subject", "html", "name")} == {
            "to": ADDRESS,
            "from": "news@acme.example",
            "text": "Hi",
            "subject": "Hello — you",
            "html": "<p>&amp; é</p>",
            "name": "The shop",
        }


async def test_an_email_that_nobody_answered_is_settled_by_its_address(tmp_path: Path) -> None:
    options = CarrierOptions(token=TOKEN, secret=SECRET, behaviour="925", receipt_delay=0.3)
    async with world(tmp_path, MAIL, more="channel: email\non_unanswered: hold", options=options) as one:
        await one.rig.submit(ADDRESS, "Hi", channel="email", sender="news@acme.example")
        event = await one.event("message.delivered")
        assert event["possible_duplicate"] is False
        assert len(one.carrier.messages) == 1


@pytest.mark.parametrize(
    ("more", "reason"),
    [
        ("channel: email\nrates: [{prefix: '237', price: '1'}]", 'rates of channel email have prefix ""'),
        ("channel: email\ntlvs: {'0x1400': {from: a}}", "tlvs goes with protocol smpp"),
    ],
)
def test_files_of_email_by_http_that_are_refused(tmp_path: Path, more: str, reason: str) -> None:
    path = write(tmp_path, LINK.format(port=1, callbacks=2), more)
    if "rates" in more:
        file = tmp_path / "operators" / "carrier.yaml"
        file.write_text(file.read_text().replace("\nrates: [{prefix: '', price: '0.01'}]", ""))
    with pytest.raises(ConfigErrors) as caught:
        load(path, {"TOKEN": TOKEN, "SECRET": SECRET})
    assert any(reason in str(error) for error in caught.value.errors)


CANCELLED = (
    LINK
    + """\
  cancel:
    request: {{method: DELETE, url: "http://127.0.0.1:{port}/messages/{{smsc_message_id}}"}}
    success: {{at: status, is: cancelled}}
"""
)


async def test_what_was_submitted_is_taken_back(tmp_path: Path) -> None:
    options = CarrierOptions(token=TOKEN, secret=SECRET, receipt_delay=0.6)
    async with world(tmp_path, CANCELLED, more="cancel: true", options=options) as one:
        message = await one.rig.submit("+237670000001")
        await one.until(lambda: message.state is State.SUBMITTED)
        assert (await one.rig.engine.messages.cancel("acme", message.id)).state is State.CANCELLED
        assert one.carrier.counts.cancelled == 1
        assert await one.types() == ["message.submitted", "message.cancelled"]
        late = await one.rig.submit("+237670000002")
        await one.until(lambda: late.state is State.SUBMITTED)
        one.carrier.cancel_refused = True
        with pytest.raises(Refusal) as caught:
            await one.rig.engine.messages.cancel("acme", late.id)
        assert caught.value.code == "too_late"
        await one.until(lambda: late.state is State.DELIVERED)


async def test_what_nobody_answers_is_not_taken_back(tmp_path: Path) -> None:
    options = CarrierOptions(token=TOKEN, secret=SECRET, receipt_delay=0.3)
    link = CANCELLED.replace("{port}/messages/", "{port}/batches/")
    async with world(tmp_path, link, more="cancel: true", options=options) as one:
        message = await one.rig.submit("+237670000001")
        await one.until(lambda: message.state is State.SUBMITTED)
        with pytest.raises(Refusal) as caught:
            await one.rig.engine.messages.cancel("acme", message.id)
        assert caught.value.code == "too_late"
        await one.until(lambda: message.state is State.DELIVERED)


CHOSEN = LINK.replace(
    "  request:\n    url: http://127.0.0.1:{port}/messages\n    json: " + ONE,
    "  values: {{coding: {{of: encoding, words: {{gsm7: 0, ucs2: 2}}}}}}\n"
    "  request:\n"
    "    - when: {{options.media_url: present}}\n"
    "      url: http://127.0.0.1:{port}/messages\n"
    '      json: {{to: "{{to}}", kind: media, url: "{{options.media_url}}", callback_url: "{{callback_url}}"}}\n'
    "    - when: {{options.kind: [a, b]}}\n"
    "      url: http://127.0.0.1:{port}/messages\n"
    '      json: {{to: "{{to}}", kind: "{{options.kind}}", coding: "{{coding}}", callback_url: "{{callback_url}}"}}\n',
)


async def test_the_first_request_that_fits_is_taken(tmp_path: Path) -> None:
    async with world(tmp_path, CHOSEN) as one:
        await one.rig.submit("+237670000001", options={"media_url": "https://x/y.jpg", "kind": "a"})
        await one.rig.submit("+237670000002", "Привет", options={"kind": "b"})
        last = await one.rig.submit("+237670000003", options={"kind": "c"})
        await one.until(lambda: last.state is State.REJECTED)
        await one.until(lambda: one.rig.metrics.counted["final", "carrier", "delivered"] == 2)
        sent = {message.to: message.request for message in one.carrier.messages}
        assert sent["+237670000001"]["url"] == "https://x/y.jpg"
        assert (sent["+237670000002"]["kind"], sent["+237670000002"]["coding"]) == ("b", 2)
        assert len(sent) == 2


OWN_ID = (
    LINK.replace("id: id, code: code}}", 'id: {{own: "{{id}}.{{part}}"}}, code: code}}')
    .replace(
        "receipts: {{id: id, to: to, state: status, error: error, at: at}}",
        "receipts: {{id: ref, state: status}}",
    )
    .replace('callback_url: "{{callback_url}}"', 'callback_url: "{{callback_url}}?ref={{id}}.{{part}}"')
)


async def test_receipts_may_come_under_an_id_of_ours(tmp_path: Path) -> None:
    async with world(tmp_path, OWN_ID) as one:
        message = await one.rig.submit("+237670000001")
        await one.until(lambda: message.state is State.DELIVERED)
        assert message.parts[0].attempts[0].smsc_message_id == f"{message.id}.1"


async def test_a_failing_carrier_hands_over_to_another(tmp_path: Path) -> None:
    from tests.engine.rig import HandOperator, operator

    other = operator("other", price="0.5")
    async with world(tmp_path, others=(other,), make_other=HandOperator) as one:
        await one.rig.submit("+237670000912")
        hand = one.rig.operators["other"]
        await one.until(lambda: hand.written)
        hand.receipt("+237670000912", hand.accept(hand.written[0]))
        assert (await one.event("message.delivered"))["operator"] == "other"
