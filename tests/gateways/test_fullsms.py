"""FullSMS's account and sends by its contract, requirement by requirement."""

from collections.abc import AsyncIterator
from decimal import Decimal
from pathlib import Path
from typing import Any

import pytest
from hypothesis import given
from hypothesis import strategies as st

from router.account import OwnNumber, RateLimit
from router.engine.directory import Entry
from router.gateway.ids import UUID
from router.gateway.links import has_short_link
from router.message import State
from router.settings import Limits
from tests.gateways.fullsms import OTHER, TOKEN, Client, fullsms, invalid, number
from tests.gateways.rig import GatewayRig, account, body_of

pytestmark = pytest.mark.end_to_end

UNAUTHENTICATED = {"status_code": 403, "message": "Unauthenticated - Missing/Invalid API key"}
DENIED = {"status_code": 403, "message": "Access Denied"}
UNKNOWN_NUMBER = {"status_code": 403, "message": "Number invalid, inactive or unknown"}
NOT_APPROVED = {"status_code": 403, "message": "Sender ID is not approved"}
NO_TEMPLATE = {"status_code": 404, "status": "declined", "message": "Template not found or not valid"}
NO_LINKS = {
    "status_code": 403,
    "message": "Shortlinks are not allowed in your account. You may use templates without shortlinks.",
}
BAD_NUMBER = "Given number is invalid or could not receive messages"
NO_LIST = "List with this id could not be found"
NEITHER = {
    "message": "The message field is required when template id is not present.",
    "template_id": "The template id field is required when message is not present.",
}
LOW = {
    "status_code": 422,
    "status": "declined",
    "reason": "balance_low",
    "message": "Balance must be over $5 to create or schedule new campaigns or messages",
}


def acme(**settings: Any) -> Any:
    return account(
        "acme",
        fullsms(**settings),
        senders=("ACME", "Shop", "+4915112345678"),
        numbers=(OwnNumber("+441111111111", "GB"), OwnNumber("+442222222222", active=False)),
        time_zone="Africa/Douala",
    )


ACCOUNTS = (acme(), account("other", fullsms(OTHER)), account("closed", fullsms("closed"), status="suspended"))


@pytest.fixture
async def rig(tmp_path: Path) -> AsyncIterator[GatewayRig]:
    async with GatewayRig(tmp_path, *ACCOUNTS) as rig:
        yield rig


@pytest.fixture
def client(rig: GatewayRig) -> Client:
    return Client(rig)


async def written(rig: GatewayRig, count: int = 1) -> list[Any]:
    return [submission.message for submission in await rig.engine_rig.written("mtn", count)]


async def a_list(rig: GatewayRig, name: str, *entries: Entry, id: int = 0, word: str | None = None) -> int:
    group = await rig.directory.make_list("acme", name, id, word)
    await rig.directory.fill_list("acme", group.number, entries)
    return group.number


# --- who may ---------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    "headers",
    [
        {},
        {"Authorization": ""},
        {"Authorization": "Bearer"},
        {"Authorization": "Bearer   "},
        {"Authorization": f"Basic {TOKEN}"},
        {"Authorization": TOKEN},
        {"Authorization": f"Bearer {TOKEN}x"},
        {"Authorization": f"Bearer {TOKEN[:-1]}"},
    ],
)
@pytest.mark.parametrize(
    ("method", "path"),
    [
        ("GET", "/account/balance"),
        ("GET", "/account/numbers"),
        ("GET", "/account/lists"),
        ("GET", "/account/senderids"),
        ("GET", "/account/templates"),
        ("POST", "/messages/send/to_lists"),
        ("POST", "/messages/send/to_numbers"),
        ("POST", "/otp/create"),
        ("POST", "/otp/verify"),
        ("POST", "/otp/cancel"),
        ("GET", "/otp/search"),
    ],
)
async def test_every_operation_wants_a_token(rig: GatewayRig, method: str, path: str, headers: Any) -> None:
    """FS-1, FS-2, FS-16."""
    assert await Client(rig, None).call(method, path, 403, headers=headers) == UNAUTHENTICATED


async def test_the_scheme_in_any_case_and_a_slash_behind(rig: GatewayRig) -> None:
    """FS-1."""
    answer = await Client(rig, None).call("GET", "/account/balance/", headers={"Authorization": f"bearer  {TOKEN}"})
    assert answer == {"balance": 0}


async def test_a_suspended_account(rig: GatewayRig) -> None:
    """FS-3, FS-16."""
    assert await Client(rig, "closed").get("/account/balance", 403) == DENIED


async def test_unknown_paths_and_methods(rig: GatewayRig, client: Client) -> None:
    """XA-5."""
    for path in ("/account", "/account/nothing", "/messages", "/messages/send", "/otp/x"):
        assert await client.get(path, 404) == {"message": "Not Found", "status_code": 404}
    assert await client.call("POST", "/account/balance", 405) == {"message": "Method Not Allowed", "status_code": 405}
    assert client.headers["Allow"] == "GET, HEAD"


async def test_something_goes_wrong_here(rig: GatewayRig, client: Client, monkeypatch: Any) -> None:
    """FS-4, FS-16."""
    monkeypatch.setattr(type(rig.engine_rig.engine.wallets), "balance", lambda *_: 1 / 0)
    assert await client.get("/account/balance", 500) == {"status_code": 500, "message": "Internal Error"}


async def test_too_many_requests(tmp_path: Path) -> None:
    """FS-10, XA-6."""
    async with GatewayRig(tmp_path, acme(rate=RateLimit(2, 60))) as rig:
        client = Client(rig)
        await client.get("/account/balance")
        await client.get("/account/balance")
        answer = await client.get("/account/balance", 429)
        assert answer == {"message": "Too Many Requests", "code": 429, "status_code": 429}
        assert int(client.headers["Retry-After"]) == 60


# --- account ---------------------------------------------------------------------------------------------------


async def test_balance(tmp_path: Path) -> None:
    """FS-11."""
    rich = account("acme", fullsms(), wallet="prepaid")
    async with GatewayRig(tmp_path, rich) as rig:
        wallets = rig.engine_rig.engine.wallets
        await wallets.credit("acme", Decimal(100))
        async with rig.client.get("/account/balance", headers={"Authorization": f"Bearer {TOKEN}"}) as response:
            assert await response.text() == '{"balance":100}'
        await wallets.credit("acme", Decimal("-0.25"))
        assert await Client(rig).get("/account/balance") == {"balance": 99.75}


async def test_numbers(client: Client) -> None:
    """FS-12."""
    answer = await client.get("/account/numbers")
    assert answer == {"total_numbers": 1, "numbers": [{"number": "441111111111", "country": "GB"}]}


async def test_lists(rig: GatewayRig, client: Client) -> None:
    """FS-13."""
    assert await client.get("/account/lists") == {"total_lists": 0, "lists": []}
    await a_list(rig, "yourlistName", Entry("+237670000001"), Entry("+237670000002"), id=7)
    await rig.engine_rig.engine.opt_outs.unsubscribe("acme", "+237670000002")
    await a_list(rig, "others", word="JOIN", id=8)
    assert await client.get("/account/lists") == {
        "total_lists": 2,
        "lists": [
            {"list_id": 7, "name": "yourlistName", "subscribe_word": None, "subscribed_contacts": 1},
            {"list_id": 8, "name": "others", "subscribe_word": "JOIN", "subscribed_contacts": 0},
        ],
    }
    assert await Client(rig, OTHER).get("/account/lists") == {"total_lists": 0, "lists": []}


async def test_sender_ids(rig: GatewayRig, client: Client) -> None:
    """FS-14, XA-10."""
    assert await client.get("/account/senderids") == {"total_senderids": 2, "senderids": ["ACME", "Shop"]}
    assert await Client(rig, OTHER).get("/account/senderids") == {"total_senderids": 0, "senderids": []}


async def test_templates(rig: GatewayRig, client: Client) -> None:
    """FS-15."""
    await rig.directory.make_template("acme", "yourTemplateName", "Hello World", 7)
    assert await client.get("/account/templates") == {
        "total_templates": 1,
        "templates": [{"template_id": 7, "name": "yourTemplateName", "content": "Hello World"}],
    }
    assert (await Client(rig, OTHER).get("/account/templates"))["total_templates"] == 0


# --- to numbers ------------------------------------------------------------------------------------------------


async def test_to_numbers(rig: GatewayRig, client: Client) -> None:
    """FS-18, FS-22: what is invalid is told as it was given; duplicates are sent once."""
    answer = await client.to_numbers(number(1), f"+{number(2)}", "0670", number(1), "237 670-00-00-03")
    assert answer == {
        "status": "approved",
        "campaign_id": answer["campaign_id"],
        "total_sent": 3,
        "invalid": {"count": 1, "numbers": ["0670"]},
    }
    messages = await written(rig, 3)
    assert [(one.to, one.sender, one.text) for one in messages] == [
        (f"+{number(place)}", "ACME", "Hello") for place in (1, 2, 3)
    ]
    send = await rig.book.sends.find("acme", "fullsms", UUID.read(answer["campaign_id"]) or 0)
    assert send is not None
    assert send.count == 3


async def test_one_number(rig: GatewayRig, client: Client) -> None:
    """FS-18."""
    answer = await client.to_numbers(number(1))
    assert (answer["total_sent"], answer["invalid"]) == (1, {"count": 0, "numbers": []})


@pytest.mark.parametrize("count", [500, 501])
async def test_up_to_500(client: Client, count: int) -> None:
    """FS-18, FS-22."""
    if count == 500:
        assert (await client.to_numbers(*map(number, range(500))))["total_sent"] == 500
    else:
        answer = await client.to_numbers(*map(number, range(501)), status=422)
        assert answer == invalid({"to_numbers": "The to numbers must not have more than 500 items."})


async def test_no_valid_number(rig: GatewayRig, client: Client) -> None:
    """FS-7, FS-22, XA-1."""
    answer = await client.to_numbers("0670", "x", "0670", status=422)
    assert answer == invalid({f"to_numbers.{place}": BAD_NUMBER for place in range(3)})
    assert not rig.engine_rig.operators["mtn"].written


async def test_nobody_serves_the_number(tmp_path: Path) -> None:
    """FS-7, FS-22."""
    async with GatewayRig(tmp_path, acme(), prefix="237") as rig:
        client = Client(rig)
        answer = await client.to_numbers("447700900123", status=422)
        assert answer == invalid({"to_numbers.0": BAD_NUMBER})
        answer = await client.to_numbers("447700900123", number(1))
        assert answer["invalid"] == {"count": 1, "numbers": ["447700900123"]}


FIELDS: list[tuple[dict[str, Any], dict[str, str]]] = [
    ({"to_numbers": None}, {"to_numbers": "The to numbers field is required."}),
    ({"to_numbers": []}, {"to_numbers": "The to numbers field is required."}),
    ({"to_numbers": "2376700"}, {"to_numbers": "The to numbers must be an array."}),
    ({"to_numbers": ["237670000001", 5]}, {"to_numbers.1": "The to_numbers.1 must be a string."}),
    ({"message": 7}, {"message": "The message must be a string."}),
    ({"message": ["x"]}, {"message": "The message must be a string."}),
    ({"message": None}, NEITHER),
    ({"message": ""}, NEITHER),
    ({"from": 5}, {"from": "The from must be a string."}),
    ({"template_id": 1.5}, {"template_id": "The template id must be a string."}),
    ({"template_id": True}, {"template_id": "The template id must be a string."}),
    ({"send_at": 5}, {"send_at": "The send at must be a string."}),
    ({"message": 7, "from": 8, "to_numbers": {}}, {
        "to_numbers": "The to numbers must be an array.",
        "from": "The from must be a string.",
        "message": "The message must be a string.",
    }),
]  # fmt: skip


@pytest.mark.parametrize(("fields", "errors"), FIELDS)
async def test_fields_of_to_numbers(rig: GatewayRig, client: Client, fields: Any, errors: Any) -> None:
    """FS-5, FS-6, FS-7, FS-20."""
    body = {"to_numbers": [number(1)], "from": "ACME", "message": "Hello"} | fields
    answer = await client.post("/messages/send/to_numbers", body, 422)
    said = {name: text for name, (text,) in answer["errors"].items()}
    assert said == errors
    assert answer == invalid(errors)
    assert not rig.engine_rig.operators["mtn"].written


@pytest.mark.parametrize("body", [b"{", b"[]", b'"x"', b"\xff", b'{"to_numbers": ' + b"[" * 5000])
async def test_what_is_no_object(client: Client, body: bytes) -> None:
    """FS-5."""
    answer = await client.call("POST", "/messages/send/to_numbers", 422, data=body)
    assert answer["message"] == "422 Unprocessable Content"
    assert set(answer) == {"message", "errors", "status_code"}


async def test_unknown_fields_do_not_matter(client: Client) -> None:
    """FS-18."""
    await client.to_numbers(number(1), colour="blue")


# --- from ------------------------------------------------------------------------------------------------------


@pytest.mark.parametrize(
    ("sender", "sent_as"),
    [
        ("ACME", "ACME"),
        ("Shop", "Shop"),
        ("441111111111", "+441111111111"),
        ("+441111111111", "+441111111111"),
        ("4915112345678", "+4915112345678"),
    ],
)
async def test_from_what_is_the_accounts(rig: GatewayRig, client: Client, sender: str, sent_as: str) -> None:
    """FS-9, FS-18."""
    await client.to_numbers(number(1), **{"from": sender})
    assert (await written(rig))[0].sender == sent_as


@pytest.mark.parametrize(
    ("sender", "refused"),
    [
        (None, UNKNOWN_NUMBER),
        ("", UNKNOWN_NUMBER),
        ("442222222222", UNKNOWN_NUMBER),
        ("443333333333", UNKNOWN_NUMBER),
        ("+443333333333", UNKNOWN_NUMBER),
        ("12345", UNKNOWN_NUMBER),
        ("Nobody", NOT_APPROVED),
        ("acme", NOT_APPROVED),
        ("1234", NOT_APPROVED),
        ("1234567890123456", NOT_APPROVED),
        ("+44 1111111111", NOT_APPROVED),
    ],
)
async def test_from_what_is_not(rig: GatewayRig, client: Client, sender: Any, refused: Any) -> None:
    """FS-7, FS-9: on every operation that sends."""
    listed = await a_list(rig, "one", Entry("+237670000001"))
    assert await client.to_numbers(number(1), status=403, **{"from": sender}) == refused
    assert await client.to_lists(listed, status=403, **{"from": sender}) == refused
    assert await client.make_code(status=403, **{"from": sender}) == refused


async def test_any_sender_where_none_are_listed(rig: GatewayRig) -> None:
    """XA-10; also then a name has at most eleven characters."""
    client = Client(rig, OTHER)
    await client.to_numbers(number(1), **{"from": "Whoever"})
    await client.to_numbers(number(1), **{"from": "443333333333"})
    assert await client.to_numbers(number(1), status=403, **{"from": "TwelveLetter"}) == NOT_APPROVED
    assert await client.to_numbers(number(1), status=403, **{"from": "99999999999"}) == UNKNOWN_NUMBER
    assert await client.to_numbers(number(1), status=403, **{"from": ""}) == UNKNOWN_NUMBER


# --- texts and templates ---------------------------------------------------------------------------------------

LONG = [
    ("a" * 612, None),
    ("a" * 613, 612),
    ("€" * 306, None),
    ("€" * 307, 612),
    ("a" * 610 + "€", None),
    ("я" * 268, None),
    ("я" * 269, 268),
    ("a" * 267 + "я", None),
    ("a" * 268 + "я", 268),
    ("😀" * 134, None),
    ("😀" * 134 + "a", 268),
]


@pytest.mark.parametrize(("text", "most"), LONG)
async def test_how_long_a_message_may_be(rig: GatewayRig, client: Client, text: str, most: int | None) -> None:
    """FS-19: also what a template says."""
    template = (await rig.directory.make_template("acme", "long", text)).number
    listed = await a_list(rig, "one", Entry("+237670000001"))
    for fields in ({"message": text}, {"message": None, "template_id": template}):
        for send, to in ((client.to_numbers, number(1)), (client.to_lists, listed)):
            answer = await send(to, status=200 if most is None else 422, **fields)
            if most is not None:
                assert answer == invalid({"message": f"The message must not be greater than {most} characters."})


@pytest.mark.parametrize("form", [str, int])
async def test_a_template_in_place_of_a_message(rig: GatewayRig, client: Client, form: Any) -> None:
    """FS-18, FS-20; with both the template is used."""
    template = (await rig.directory.make_template("acme", "t", "From the {{ what }}template")).number
    await client.to_numbers(number(1), template_id=form(template))
    await client.to_numbers(number(2), message=None, template_id=form(template))
    assert [one.text for one in await written(rig, 2)] == ["From the template"] * 2


@pytest.mark.parametrize("id", ["999", 999, 0, -1, "x", "٣", "1" * 40, 2**62])
async def test_no_such_template(rig: GatewayRig, client: Client, id: Any) -> None:
    """FS-7, XA-3."""
    listed = await a_list(rig, "one", Entry("+237670000001"))
    assert await client.to_numbers(number(1), status=404, template_id=id) == NO_TEMPLATE
    assert await client.to_lists(listed, status=404, template_id=id) == NO_TEMPLATE


async def test_a_template_of_another_account(rig: GatewayRig, client: Client) -> None:
    """XA-3."""
    template = (await rig.directory.make_template("other", "t", "x")).number
    assert await client.to_numbers(number(1), status=404, template_id=template) == NO_TEMPLATE


async def test_a_template_that_says_nothing(rig: GatewayRig, client: Client) -> None:
    """FS-19."""
    template = (await rig.directory.make_template("acme", "t", "{{x}}")).number
    answer = await client.to_numbers(number(1), status=422, template_id=template)
    assert answer == invalid({"message": "The template leaves nothing to send."})


async def test_braces_in_a_message_are_braces(rig: GatewayRig, client: Client) -> None:
    """FS-18."""
    await client.to_numbers(number(1), message="{{x}}")
    assert (await written(rig))[0].text == "{{x}}"


async def test_short_links(tmp_path: Path) -> None:
    """FS-7: in texts and in templates, where the account may not send them."""
    async with GatewayRig(tmp_path, acme(short_links=False)) as rig:
        client = Client(rig)
        listed = await a_list(rig, "one", Entry("+237670000001"))
        template = (await rig.directory.make_template("acme", "t", "Go to https://bit.ly/3xyz")).number
        for fields in ({"message": "See bit.ly/abc"}, {"template_id": template}):
            assert await client.to_numbers(number(1), status=403, **fields) == NO_LINKS
            assert await client.to_lists(listed, status=403, **fields) == NO_LINKS
        await client.to_numbers(number(1), message="See https://example.org/abc")


async def test_short_links_where_they_are_allowed(rig: GatewayRig, client: Client) -> None:
    """FS-7."""
    await client.to_numbers(number(1), message="See bit.ly/abc")


@pytest.mark.parametrize(
    ("text", "has"),
    [
        ("https://bit.ly/3x", True),
        ("go:TinyURL.com/a", True),
        ("http://www.t.co/x", True),
        ("(goo.gl/x)", True),
        ("https://bit.ly:443/x", True),
        ("habit.ly/x", False),
        ("x@bit.ly/x", False),
        ("bit.lyrics/x", False),
        ("bit.ly is a service", False),
        ("https://example.org/bit.ly/x", False),
        ("we met at.co/x", False),
        ("", False),
    ],
)
def test_what_is_a_short_link(text: str, has: bool) -> None:
    """FS-7."""
    assert has_short_link(text) is has


@given(st.text(max_size=200))
def test_any_text_is_looked_through(text: str) -> None:
    """FS-7."""
    assert has_short_link(f"{text} bit.ly/a")


# --- times -----------------------------------------------------------------------------------------------------


async def test_numbers_later(rig: GatewayRig, client: Client) -> None:
    """FS-21: in the account's time zone, an hour ahead of UTC."""
    answer = await client.to_numbers(number(1), send_at="2026-01-01 03:00:00")
    send = await rig.book.sends.find("acme", "fullsms", UUID.read(answer["campaign_id"]) or 0)
    assert send is not None
    (message,) = await rig.book.sends.messages(send)
    assert (message.state, message.send_at) == (State.SCHEDULED, rig.engine_rig.clock.now() + 2 * 3_600_000)


@pytest.mark.parametrize(
    ("at", "said"),
    [
        ("2026-01-01 01:00:00", "The send at must be a date after now."),
        ("2025-12-31 23:59:59", "The send at must be a date after now."),
        ("2026-01-01T03:00:00", "The send at does not match the format Y-m-d H:i:s."),
        ("2026-01-01 03:00", "The send at does not match the format Y-m-d H:i:s."),
        ("2026-01-01 03:00:00Z", "The send at does not match the format Y-m-d H:i:s."),
        ("2026-02-30 03:00:00", "The send at does not match the format Y-m-d H:i:s."),
        ("2026-01-01 24:00:00", "The send at does not match the format Y-m-d H:i:s."),
        ("2026-1-1 3:00:00", "The send at does not match the format Y-m-d H:i:s."),
        ("0000-01-01 03:00:00", "The send at does not match the format Y-m-d H:i:s."),
        ("２026-01-01 03:00:00", "The send at does not match the format Y-m-d H:i:s."),
        ("tomorrow", "The send at does not match the format Y-m-d H:i:s."),
    ],
)
async def test_times_that_are_none(rig: GatewayRig, client: Client, at: str, said: str) -> None:
    """FS-21."""
    listed = await a_list(rig, "one", Entry("+237670000001"))
    assert await client.to_numbers(number(1), status=422, send_at=at) == invalid({"send_at": said})
    assert await client.to_lists(listed, status=422, send_at=at) == invalid({"send_at": said})


# --- to lists --------------------------------------------------------------------------------------------------


async def campaign_of(rig: GatewayRig, answer: Any, state: str = "done") -> Any:
    no = UUID.read(answer["campaign_id"]) or 0
    for _ in range(2000):
        campaign = await rig.campaigns.find("acme", "fullsms", no)
        if campaign.state == state:
            return campaign
        await rig.engine_rig.settle()
    raise AssertionError(campaign)


async def test_to_lists(rig: GatewayRig, client: Client) -> None:
    """FS-17: to whom is subscribed, once, with what is known of each."""
    one = await a_list(rig, "one", Entry("+237670000001", fields={"name": "Awa"}), Entry("+237670000002"))
    other = await a_list(rig, "other", Entry("+237670000002"), Entry("+237670000003", fields={"name": "Eto"}))
    await rig.engine_rig.engine.opt_outs.unsubscribe("acme", "+237670000003")
    template = (await rig.directory.make_template("acme", "t", "Hello {{name}}")).number
    answer = await client.to_lists(one, other, one, template_id=str(template))
    assert answer == {"status": "approved", "campaign_id": answer["campaign_id"]}
    campaign = await campaign_of(rig, answer)
    assert (campaign.accepted, campaign.refused) == (2, 0)
    messages = await written(rig, 2)
    assert [(message.to, message.text, message.sender) for message in messages] == [
        ("+237670000001", "Hello Awa", "ACME"),
        ("+237670000002", "Hello ", "ACME"),
    ]


async def test_who_would_get_too_long_a_text(rig: GatewayRig, client: Client) -> None:
    """FS-19: what is filled in counts."""
    fitting, long = Entry("+237670000001", fields={"x": "a" * 12}), Entry("+237670000002", fields={"x": "a" * 13})
    listed = await a_list(rig, "one", fitting, long)
    campaign = await campaign_of(rig, await client.to_lists(listed, message="b" * 600 + "{{x}}"))
    assert (campaign.accepted, campaign.refused) == (1, 1)
    assert (await written(rig))[0].to == "+237670000001"


async def test_lists_later(rig: GatewayRig, client: Client) -> None:
    """FS-17, FS-21."""
    listed = await a_list(rig, "one", Entry("+237670000001"))
    answer = await client.to_lists(listed, send_at="2026-01-01 01:00:10")
    await campaign_of(rig, answer, "scheduled")
    rig.move(9)
    await rig.engine_rig.settle()
    await campaign_of(rig, answer, "scheduled")
    rig.move(1)
    assert (await campaign_of(rig, answer)).accepted == 1


async def test_lists_with_nobody(rig: GatewayRig, client: Client) -> None:
    """FS-23."""
    answer = await client.to_lists(await a_list(rig, "empty"))
    assert (await campaign_of(rig, answer)).accepted == 0


async def test_unknown_lists(rig: GatewayRig, client: Client) -> None:
    """FS-7, FS-23, XA-3: one that is unknown fails the call."""
    listed = await a_list(rig, "one", Entry("+237670000001"))
    of_another = (await rig.directory.make_list("other", "one")).number
    answer = await client.to_lists(listed, 9999, of_another, 0, -1, 2**63 - 1, status=422)
    assert answer == invalid({f"to_list_ids.{place}": NO_LIST for place in range(1, 6)})
    await rig.engine_rig.settle()
    assert not rig.engine_rig.operators["mtn"].written


@pytest.mark.parametrize(
    ("ids", "errors"),
    [
        (None, {"to_list_ids": "The to list ids field is required."}),
        ([], {"to_list_ids": "The to list ids field is required."}),
        (7, {"to_list_ids": "The to list ids must be an array."}),
        (["7"], {"to_list_ids.0": "The to_list_ids.0 must be an integer."}),
        ([True, 1.5], {f"to_list_ids.{place}": f"The to_list_ids.{place} must be an integer." for place in (0, 1)}),
    ],
)
async def test_fields_of_to_lists(client: Client, ids: Any, errors: Any) -> None:
    """FS-5, FS-17."""
    body = {"to_list_ids": ids, "from": "ACME", "message": "Hello"}
    assert await client.post("/messages/send/to_lists", body, 422) == invalid(errors)


# --- money -----------------------------------------------------------------------------------------------------


@pytest.mark.parametrize("at", [None, "2027-01-01 00:00:00"])
async def test_the_balance_must_be_over_the_minimum(tmp_path: Path, at: str | None) -> None:
    """FS-7, FS-21: now, also for what is sent later."""
    poor = account("acme", fullsms(minimum_balance=Decimal(5)), wallet="prepaid")
    async with GatewayRig(tmp_path, poor) as rig:
        client = Client(rig)
        listed = await a_list(rig, "one", Entry("+237670000001"))
        wallets = rig.engine_rig.engine.wallets
        await wallets.credit("acme", Decimal(5))
        assert await client.to_numbers(number(1), status=422, send_at=at) == LOW
        assert await client.to_lists(listed, status=422, send_at=at) == LOW
        assert await client.make_code(status=422) == LOW
        assert wallets.balance("acme") == 5 * 10**9
        await wallets.credit("acme", Decimal("0.01"))
        await client.to_lists(listed, send_at=at)
        await client.to_numbers(number(1), send_at=at)


async def test_all_or_nothing(tmp_path: Path) -> None:
    """XA-1, XA-2: over the minimum, but not enough for all."""
    poor = account("acme", fullsms(minimum_balance=Decimal("0.01")), wallet="prepaid")
    async with GatewayRig(tmp_path, poor) as rig:
        await rig.engine_rig.engine.wallets.credit("acme", Decimal("0.05"))
        answer = await Client(rig).to_numbers(*map(number, range(3)), status=422)
        assert answer == LOW | {"message": LOW["message"].replace("$5", "$0.01")}
        assert rig.engine_rig.engine.wallets.balance("acme") == 50_000_000
        assert not rig.engine_rig.operators["mtn"].written
        await Client(rig).to_numbers(*map(number, range(2)))
        assert rig.engine_rig.engine.wallets.balance("acme") == 10_000_000


async def test_a_wallet_that_is_off_is_not_looked_at(tmp_path: Path) -> None:
    """FS-7."""
    async with GatewayRig(tmp_path, acme(minimum_balance=Decimal(5))) as rig:
        await Client(rig).to_numbers(number(1))


# --- the engine underneath -------------------------------------------------------------------------------------


async def test_it_is_the_engine_underneath(rig: GatewayRig, client: Client) -> None:
    """XA-7."""
    await client.to_numbers(number(1))
    (message,) = await written(rig)
    assert (message.origin, message.segments, str(message.price.amount)) == ("fullsms", 1, "0.02")
    await rig.deliver()
    assert message.state is State.DELIVERED


async def test_when_the_queue_is_full(tmp_path: Path) -> None:
    """XA-6."""
    async with GatewayRig(tmp_path, acme(), limits=Limits(queued=1)) as rig:
        client = Client(rig)
        answer = await client.to_numbers(number(1), number(2), status=503)
        assert set(answer) == {"message", "status_code"}
        assert "Retry-After" in client.headers


async def test_the_examples_of_the_document(rig: GatewayRig) -> None:
    """FS-1, FS-17, FS-18: headers and bodies as a client of the service sends them."""
    listed = await a_list(rig, "one", Entry("+972546461393"))
    headers = {"Authorization": f"Bearer {TOKEN}", "Content-Type": "application/json", "Accept": "application/json"}
    body = f'{{"to_list_ids": [{listed}], "from": "441111111111", "message": "Hello World"}}'
    async with rig.client.post("/messages/send/to_lists", data=body, headers=headers) as response:
        assert (await body_of(response))["status"] == "approved"
    body = '{"to_numbers": ["972546461393", "972546461394"], "from": "ACME", "message": "Hello World"}'
    async with rig.client.post("/messages/send/to_numbers", data=body, headers=headers) as response:
        assert (await body_of(response))["total_sent"] == 2
