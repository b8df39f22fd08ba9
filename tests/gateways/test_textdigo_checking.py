"""Everything that is wrong with a request is found, and nothing else; no body breaks an operation."""

import asyncio
import json
from typing import Any

import pytest
from hypothesis import HealthCheck, given, settings
from hypothesis import strategies as st
from msgspec import ValidationError
from msgspec.json import Decoder

from adapters.gateways.textdigo import requests
from adapters.gateways.textdigo.checking import Invalid, read
from adapters.gateways.textdigo.errors import locale_of
from adapters.gateways.textdigo.words import of_problem
from tests.gateways.rig import GatewayRig
from tests.gateways.textdigo import AUTH, Client, body_of, chat, digo, mail

REQUESTS = [
    requests.SmsRequest,
    requests.BulkRequest,
    requests.CampaignRequest,
    requests.SpecRequest,
    requests.ImportRequest,
    requests.CustomerRequest,
    requests.SmsCodeRequest,
    requests.EmailVerifyRequest,
    requests.WhatsappTemplateRequest,
]

LEAVES = (
    st.none()
    | st.booleans()
    | st.integers(-3, 12)
    | st.floats(allow_nan=False, allow_infinity=False)
    | st.text(max_size=12)
    | st.sampled_from(
        ["ONCE", "SMS", "EMAIL", "MANUAL", "MARKETING", "x" * 2001, "00000000-0000-4000-8000-000000000000"]
    )
)
ANY = st.recursive(
    LEAVES,
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.text(max_size=6), inner, max_size=3),
    max_leaves=8,
)


def near(shape: Any) -> st.SearchStrategy[Any]:
    """Objects with fields of the shape, mostly."""
    names = st.sampled_from([*shape.__struct_fields__, "phoneNumber", "other"])
    lists = st.lists(st.dictionaries(st.sampled_from(["email", "phoneNumber", "parameters", "x"]), ANY, max_size=3))
    return st.dictionaries(names, ANY | lists, max_size=6)


@pytest.mark.parametrize("shape", REQUESTS)
@given(data=st.data())
@settings(max_examples=settings.default.max_examples * 2 // 5)
def test_problems_are_found_where_the_shape_refuses(shape: Any, data: st.DataObject) -> None:
    """TD-8: what decodes has none; what does not has at least one, each with a sentence in both languages."""
    body = json.dumps(data.draw(near(shape) | ANY)).encode()
    decoder = Decoder(shape)
    try:
        decoder.decode(body)
    except ValidationError:
        with pytest.raises(Invalid) as caught:
            read(decoder, body)
        for problem in caught.value.problems:
            assert problem.field or problem.code == "unknown"
            assert of_problem(problem, "en") != of_problem(problem, "fr")
            # The one thing that is not looked for by name would be called the whole body's format.
            assert (problem.field, problem.code) != ("body", "format")
    else:
        assert read(decoder, body) is not None


def test_all_of_many_are_not_told() -> None:
    """TD-8: an answer stays small, however much is wrong."""
    body = json.dumps({"contacts": [{"x": 1}] * 10_000}).encode()
    with pytest.raises(Invalid) as caught:
        read(Decoder(requests.ImportRequest), body)
    assert len(caught.value.problems) == 100


@pytest.mark.parametrize("given_locale", ["fr", "FR", " fr ", "en", "", "fr-FR", "x" * 1000])
def test_two_languages(given_locale: str) -> None:
    """TD-2: fr, or English."""

    class Request:
        headers = {"x-locale": given_locale}  # noqa: RUF012

    wanted = "fr" if given_locale.strip().lower() == "fr" else "en"
    assert locale_of(Request()) == wanted  # type: ignore[arg-type]


PATHS = [
    *("/sms/message", "/email/message", "/email/template/message", "/whatsapp-business/message"),
    *("/whatsapp-business/otp/message", "/whatsapp-business/template/message", "/api-campaign/send-sms", "/otp/sms"),
    *("/otp/whatsapp", "/otp/email", "/otp/sms/verify", "/otp/email/verify", "/integration/campaigns"),
    *("/integration/campaign-specs", "/integration/campaign-profiles", "/integration/tickets"),
    *("/integration/customers", "/integration/groups", "/issue"),
]
GOOD: dict[str, Any] = {
    "phoneNumber": "+237670000001",
    "email": "ann@shop.example",
    "subject": "Hi",
    "message": "Hello",
    "textMessage": "Hello",
    "contacts": ["+237670000001"],
    "otpCode": "123456",
    "whatsappBusinessPhoneNumberId": "1555",
    "templateId": "x",
    "name": "A",
    "type": "SMS",
    "canalType": "SMS",
    "config": {"message": "Hi"},
}


CHANGES = st.dictionaries(st.sampled_from([*GOOD, "other"]), ANY, max_size=3)
BODIES = st.builds(
    lambda names, change: {name: GOOD[name] for name in names} | change,
    st.sets(st.sampled_from(sorted(GOOD))),
    CHANGES,
)


@pytest.mark.deep
@given(asked=st.lists(st.tuples(st.sampled_from(PATHS), BODIES), min_size=30, max_size=60))
@settings(max_examples=15, suppress_health_check=list(HealthCheck))
def test_no_body_breaks_an_operation(
    tmp_path_factory: pytest.TempPathFactory, asked: list[tuple[str, dict[str, Any]]]
) -> None:
    """TD-7, XA-1: whatever comes, the answer is the API's, and never an error of ours."""

    async def ask() -> None:
        folder = tmp_path_factory.mktemp("fuzz")
        async with GatewayRig(folder, digo(), more=(mail(), chat())) as rig:
            for path, body in asked:
                async with rig.client.post(f"/api/v0{path}", json=body, headers={"Authorization": AUTH}) as response:
                    assert response.status < 500, (path, body, await response.text())
                    await body_of(response, response.status)

    asyncio.run(ask())


@pytest.mark.parametrize("text", ["\0", "\ud83d\ude00" * 900, "‮", "{{", "{{name}}", "a\r\nb", "%s{}{0}"])
async def test_odd_texts_arrive(tmp_path_factory: pytest.TempPathFactory, text: str) -> None:
    """TD-15, TD-33: whatever is text is sent as it is, or refused."""
    async with GatewayRig(tmp_path_factory.mktemp("odd"), digo()) as rig:
        acme = Client(rig)
        async with rig.client.post(
            "/api/v0/sms/message",
            json={"phoneNumber": "+237670000001", "message": text, "externalId": text[:255]},
            headers={"Authorization": AUTH},
        ) as response:
            answer = await response.json()
            assert response.status in (200, 422), answer
        if response.status == 200:
            assert answer["externalId"] == text[:255]
            assert (await acme.get(f"/message/sms/{answer['msgId']}"))["message"] == text
        for kind in ("groups", "tickets"):
            body = {"name": text} if kind == "groups" else {"canalType": "SMS", "description": text}
            await acme.post(f"/integration/{kind}", 201, **body)
