"""The pure pieces: addresses, pauses, signatures, and which events make a POST."""

import hashlib
import hmac
import json
from base64 import b64decode, b64encode
from ipaddress import ip_network

import pytest
from hypothesis import given
from hypothesis import strategies as st

from adapters.hooks.addresses import may_reach
from adapters.webhook.delivery import cut
from adapters.webhook.schedule import Schedule, pause
from adapters.webhook.signing import headers, join, sign
from router.event import EventType, LoggedEvent


@pytest.mark.parametrize(
    "address",
    [
        "0.0.0.0",
        "10.1.2.3",
        "100.64.0.1",  # CGNAT
        "127.0.0.1",
        "127.255.255.254",
        "169.254.169.254",  # link-local; clouds' metadata
        "172.16.0.1",
        "172.31.255.255",
        "192.168.0.1",
        "192.0.2.1",
        "198.18.0.1",
        "224.0.0.1",
        "239.255.255.255",
        "240.0.0.1",
        "255.255.255.255",
        "::",
        "::1",
        "::7f00:1",  # IPv4-compatible
        "::ffff:127.0.0.1",
        "::ffff:10.0.0.1",
        "::ffff:169.254.169.254",
        "64:ff9b::7f00:1",
        "64:ff9b::10.0.0.1",
        "64:ff9b:1::1",
        "2002:7f00:1::",
        "2002:c0a8:1::1",
        "2001:db8::1",
        "2001:0:c000:201::1",  # Teredo
        "fc00::1",
        "fd12:3456:789a::1",
        "fe80::1",
        "fe80::1%1",
        "fec0::1",
        "ff02::1",
    ],
)
def test_private_addresses_are_not_reached(address: str) -> None:
    assert not may_reach(address, ())
    assert not may_reach(address, [ip_network("203.0.113.0/24"), ip_network("fd00::/16")])


@pytest.mark.parametrize(
    "address",
    [
        "8.8.8.8",
        "172.15.255.255",
        "172.32.0.1",
        "100.128.0.1",
        "2606:4700::1111",
        "::ffff:8.8.8.8",
        "64:ff9b::808:808",
        "2002:808:808::1",
    ],
)
def test_public_addresses_are_reached(address: str) -> None:
    assert may_reach(address, ())


@pytest.mark.parametrize(
    ("address", "network"),
    [
        ("127.0.0.1", "127.0.0.0/8"),
        ("::ffff:127.0.0.1", "127.0.0.0/8"),
        ("::1", "::1/128"),
        ("fd00::5", "fd00::/8"),
        ("10.0.0.1", "0.0.0.0/0"),
    ],
)
def test_allowed_networks_are_reached(address: str, network: str) -> None:
    assert may_reach(address, [ip_network("198.51.100.0/24"), ip_network(network)])


SHORT = Schedule(initial=1, max=600, patience=72 * 3600, parked=3600)


@pytest.mark.parametrize(
    ("failures", "waited", "jitter", "seconds"),
    [
        (1, 0.0, 1.0, 1.0),
        (1, 0.0, 0.25, 0.25),
        (2, 1.0, 1.0, 2.0),
        (5, 30.0, 1.0, 16.0),
        (5, 30.0, 0.0, 0.0),
        (10, 600.0, 1.0, 512.0),
        (11, 1200.0, 1.0, 600.0),
        (100_000, 259_199.9, 0.5, 300.0),
        (100_000, 259_200.0, 0.5, 3600.0),
        (1, 1e9, 1.0, 1.0),  # it was off for days: first at growing pauses again
        (10, 1e9, 1.0, 512.0),
        (11, 1e9, 0.0, 3600.0),
    ],
)
def test_pauses(failures: int, waited: float, jitter: float, seconds: float) -> None:
    assert pause(SHORT, failures, waited, jitter) == seconds


def test_the_signature_is_that_of_the_convention() -> None:
    """The example that standardwebhooks.com's libraries share."""
    secret = b64decode("MfKQ9r8GKYqrTwjUPD8ILPZIo2LaLaSw")
    body = b'{"test": 2432232314}'
    signed = sign(secret, "msg_p5jXN8AQM9LWM0D4loKWxJek", "1614265330", body)
    assert signed == "v1,g0hM9SsE+OTPJTGt/tmIKtSyZlE3uFJELVlNIOLJ1OE="


def event(seq: int, type: EventType = EventType.DELIVERED) -> LoggedEvent:
    return LoggedEvent("acme", seq, type, 0, json.dumps({"seq": seq, "text": "é\u2028"}).encode())


def test_headers_can_be_checked_by_any_implementation_and_name_the_content() -> None:
    body = join([event(1), event(2)])
    assert [e["seq"] for e in json.loads(body)["events"]] == [1, 2]
    sent = headers(body, b"s3cret", 1_700_000_000_999)
    assert sent["webhook-timestamp"] == "1700000000"
    content = sent["webhook-id"].encode() + b"." + b"1700000000" + b"." + body
    assert (
        sent["webhook-signature"] == "v1," + b64encode(hmac.new(b"s3cret", content, hashlib.sha256).digest()).decode()
    )
    later = headers(body, b"s3cret", 1_700_000_060_000)
    assert later["webhook-id"] == sent["webhook-id"]
    assert later["webhook-signature"] != sent["webhook-signature"]
    assert headers(join([event(1)]), b"s3cret", 0)["webhook-id"] != sent["webhook-id"]
    assert json.loads(join([])) == {"events": []}


@given(
    types=st.lists(st.sampled_from(list(EventType)), max_size=40),
    wanted=st.frozensets(st.sampled_from(list(EventType))),
    size=st.integers(1, 5),
    limit=st.integers(1, 10),
)
@pytest.mark.deep
def test_cutting_a_log_into_posts_loses_nothing_and_keeps_order(
    types: list[EventType], wanted: frozenset[EventType], size: int, limit: int
) -> None:
    log = [event(seq, type) for seq, type in enumerate(types, 1)]
    cursor, sent = 0, []
    while cursor < len(log):
        read = log[cursor : cursor + limit]
        chosen, last = cut(read, wanted, size, cursor, None)
        assert len(chosen) <= size
        assert last > cursor
        # More has come since the POST failed: the next try carries the same.
        assert cut(log[cursor : cursor + limit + 7], wanted, size, cursor, last) == (chosen, last)
        sent += chosen
        cursor = last
    assert sent == [e for e in log if e.type in wanted]


def test_a_repeated_post_whose_events_retention_took_settles_nothing_it_has_not_seen() -> None:
    assert cut([event(8), event(9)], frozenset(EventType), 5, after=2, until=4) == ([], 2)
    assert cut([], frozenset(EventType), 5, after=2, until=4) == ([], 2)
