"""What the files of DESIGN section 5 turn into."""

from dataclasses import replace
from datetime import date
from decimal import Decimal
from hashlib import sha256
from ipaddress import ip_network

import pytest

from router.account import (
    Account,
    AccountChannel,
    InboundRule,
    OwnNumber,
    Price,
    RateLimit,
    TexifyKey,
    Token,
    Webhook,
)
from router.operator import Addressing, AddressKind, Operator, Rate, ReceiptRules, Reconnect, SmppLink, TextRules, Tls
from router.receipt import ReceiptState
from router.settings import (
    Choice,
    ExchangeRate,
    GatewaySettings,
    HlrLookup,
    HttpSettings,
    Limits,
    LogSettings,
    LookupSettings,
    Match,
    Plan,
    Retention,
    Rule,
    ServerTls,
    TableLookup,
)
from tests.config.conftest import FILES, Folder


def token(text: str) -> Token:
    return Token(sha256(text.encode()).digest())


def test_router(folder: Folder) -> None:
    settings = folder.load()
    here = folder.path
    assert settings.http == HttpSettings(
        tls=ServerTls(here / "tls.crt", here / "tls.key", here / "ca.crt"), admin_token=token("admin-Zq1-token")
    )
    assert settings.gateways == GatewaySettings(
        "127.0.0.1", 8081, ("textdigo", "textiopro", "texify", "smsapi", "fullsms")
    )
    assert settings.store == f"sqlite:///{here}/data/router.db"
    assert settings.webhook_networks == ()
    assert (settings.limits, settings.retention, settings.log) == (Limits(), Retention(), LogSettings())
    assert (settings.base_currency, settings.currencies) == ("XAF", {"EUR": Decimal("655.957"), "XAF": Decimal(1)})


def test_lookup(folder: Folder) -> None:
    assert folder.load().lookup is None
    written = """\
lookup:
  table: {file: ported.csv}
  hlr:
    url: "https://hlr.example/${TEXIFY_KEY}/%2B{number}?key=${TEXTDIGO_KEY}"
    headers: {Authorization: "Bearer ${TEXTIOPRO_TOKEN}", X-Key: "${TEXIFY_KEY}"}
    mcc: results.0.mcc
    mnc: results.0.mnc
    timeout: 250ms
    cache: 7d
    negative: 10m
    in_flight: 20
    countries: [CM, NG]
"""
    folder.replace("router.yaml", "log: {", f"{written}log: {{")
    folder.files["ported.csv"] = "not read here"
    here = folder.path
    settings = folder.load()
    assert settings.lookup == LookupSettings(
        TableLookup(here / "ported.csv", here / "data" / "ported.csv.table"),
        HlrLookup(
            "https://hlr.example/txf_Zq8/%2B{number}?key=key-Zq5",
            ("results", "0", "mcc"),
            ("results", "0", "mnc"),
            (("Authorization", "Bearer token-Zq7"), ("X-Key", "txf_Zq8")),
            0.25,
            7 * 86_400.0,
            600.0,
            20,
            ("CM", "NG"),
        ),
    )
    assert "Zq" not in repr(settings.lookup)
    folder.files["router.yaml"] = f'{FILES["router.yaml"]}lookup: {{hlr: {{url: "http://h/{{number}}", mcc: imsi}}}}\n'
    assert folder.load().lookup == LookupSettings(None, HlrLookup("http://h/{number}", ("imsi",)))


def test_operator_whose_values_are_the_defaults(folder: Folder) -> None:
    january = 1_798_761_600_000
    assert folder.load().operators["mtn-cm"] == Operator(
        "mtn-cm",
        "sms",
        "smpp",
        SmppLink("smsc.example", 2775, "acme", "mtn-Zq2"),
        "XAF",
        errors={11: "reject"},
        tlvs={0x1400: "dlt_entity_id"},
        rates=(
            Rate("237", Decimal("0.0200"), "XAF"),
            Rate("23767", Decimal("0.0150"), "XAF", ("624", "01")),
            Rate("23769", Decimal("0.0180"), "XAF", ("624", "02")),
            Rate("23769", Decimal("0.0190"), "XAF", ("624", "02"), january),
            Rate("23768", Decimal("0.0001"), "EUR", None, january - 3_600_000),
        ),
    )


def test_rates_of_networks_and_rates_that_end(folder: Folder) -> None:
    january, february = 1_798_761_600_000, 1_801_440_000_000
    folder.files["rates/mtn-cm.csv"] = """\
effective_to,mnc,mcc,price,effective_from,prefix
,01,624,1,,
,010,310, 2,,
2027-02-01,001,624,3,2027-01-01,
2027-02-01,01,624,4,,23767
2027-02-01,,,5,2027-01-01,
"""
    folder.replace(
        "operators/mtn-cm.yaml",
        '{prefix: "23767", price: "0.0150", network: "62401"}',
        '{price: 6, network: "62402", effective_from: 2027-01-01, effective_to: 2027-02-01T00:00:00Z}',
    )
    assert folder.load().operators["mtn-cm"].rates == (
        Rate("237", Decimal("0.0200"), "XAF"),
        Rate("", Decimal(6), "XAF", ("624", "02"), january, february),
        Rate("", Decimal(1), "XAF", ("624", "01")),
        Rate("", Decimal(2), "XAF", ("310", "010")),
        Rate("", Decimal(3), "XAF", ("624", "001"), january, february),
        Rate("23767", Decimal(4), "XAF", ("624", "01"), 0, february),
        Rate("", Decimal(5), "XAF", None, january, february),
    )


def test_exchange_rates_that_change(folder: Folder) -> None:
    folder.replace(
        "routes.yaml",
        '"655.957"',
        '[{rate: "660", from: 2027-02-01}, {rate: "655.957"}, {from: 2027-01-01, rate: 656.2}], USD: 600',
    )
    settings = folder.load()
    assert settings.currencies == {"EUR": Decimal("655.957"), "USD": Decimal(600), "XAF": Decimal(1)}
    assert settings.exchange_rates == (
        ExchangeRate("EUR", Decimal("656.2"), 1_798_761_600_000),
        ExchangeRate("EUR", Decimal("660"), 1_801_440_000_000),
    )


def test_operator_that_says_little(folder: Folder) -> None:
    assert folder.load().operators["orange-cm"] == Operator(
        "orange-cm", "sms", "smpp", SmppLink("smsc.orange.example", 2775, "acme", "secret"), "XAF"
    )


def test_operator_that_says_everything_otherwise(folder: Folder) -> None:
    folder.files["operators/orange-cm.yaml"] = """\
operator: orange-cm
channel: viber
link:
  host: 10.0.0.1
  port: 65535
  system_id: "123456789012345"
  password: 12345678
  system_type: SMPP
  mode: transmitter+receiver
  binds: 4
  window: 100
  tps: 0.5
  tls: {ca: ../ca.crt, verify: true, certificate: ../tls.crt, key: ../tls.key}
  enquire_link: 500ms
  response_timeout: 1.5m
  reconnect: {initial: 2s, max: 1h}
  address_range: "^237"
addressing:
  alphanumeric: {npi: 1}
  destination: {plus: yes}
text: {alphabet: gsm7-packed, ucs2: 0x18, long: payload, language_tables: [turkish, spanish, portuguese]}
receipts:
  {request: none, timeout: 1d, id_in_response: hex, id_in_receipt: as-is, query: true, text_only: true,
   words: {sent: accepted}}
on_unanswered: hold
retry: {attempts: 1}
cancel: true
errors: {0x400: retry, "1025": next, 88: next, 0x402: account, 20: throttle}
tlvs: {5121: {from: a}, "0x1402": {from: b}}
rates: [{prefix: 237, price: 1, currency: EUR, effective_from: 2027-01-01T00:00:00.5Z}]
"""
    operator = folder.load().operators["orange-cm"]
    here = folder.path / "operators"
    assert operator == Operator(
        "orange-cm",
        "viber",
        "smpp",
        SmppLink(
            "10.0.0.1",
            65535,
            "123456789012345",
            "12345678",
            "SMPP",
            "transmitter+receiver",
            4,
            100,
            0.5,
            Tls(here / "../ca.crt", True, here / "../tls.crt", here / "../tls.key"),
            0.5,
            90.0,
            Reconnect(2.0, 3600.0),
            "^237",
        ),
        "XAF",
        Addressing(alphanumeric=AddressKind(5, 1), destination=AddressKind(1, 1, True)),
        TextRules("gsm7-packed", 0x18, "payload", ("turkish", "spanish", "portuguese")),
        ReceiptRules("none", 86_400.0, "hex", "as-is", True, True, {"SENT": ReceiptState.ACCEPTED}),
        "hold",
        replace(operator.retry, initial=5.0, max=600.0, attempts=1),
        {0x400: "retry", 1025: "next", 88: "next", 0x402: "account", 20: "throttle"},
        {5121: "a", 0x1402: "b"},
        (Rate("237", Decimal("1"), "EUR", None, 1_798_761_600_500),),
        True,
    )


def test_secret_from_a_file_and_tls_switched_on(folder: Folder) -> None:
    backup = folder.load().operators["backup"].link
    assert isinstance(backup, SmppLink)
    assert (backup.password, backup.tls) == ("bac-Zq11", Tls(verify=False))
    folder.replace("operators/backup.yaml", "{verify: false}", "true")
    backup = folder.load().operators["backup"].link
    assert isinstance(backup, SmppLink)
    assert backup.tls == Tls()


def test_a_secret_from_a_folder_that_a_variable_names(folder: Folder) -> None:
    """As systemd has it: the folder of the credentials is known to the process alone."""
    folder.environ["CREDENTIALS_DIRECTORY"] = str(folder.path / "operators")
    folder.replace("operators/backup.yaml", "file:backup.secret", "file:${CREDENTIALS_DIRECTORY}/backup.secret")
    backup = folder.load().operators["backup"].link
    assert isinstance(backup, SmppLink)
    assert backup.password == "bac-Zq11"


def test_routes(folder: Folder) -> None:
    settings = folder.load()
    assert settings.plans == {"default": Plan("default", "cost", (Choice("mtn-cm"), Choice("backup", 1, 2)), 3)}
    assert settings.rules == (
        Rule(1, Match("23769", "otp"), operators=("orange-cm", "mtn-cm")),
        Rule(2, Match(sender="+1*"), refuse="sender_not_allowed"),
        Rule(3, Match("254"), sender="20880"),
    )


def test_accounts(folder: Folder) -> None:
    accounts = folder.load().accounts
    assert accounts["plain"] == Account("plain", None, "XAF", channels=(AccountChannel("sms", "sms", "SMS"),))
    minute = RateLimit(600.0, 60.0)
    assert accounts["acme"] == Account(
        "acme",
        token("acme-Zq3-token"),
        "XAF",
        "active",
        "default",
        RateLimit(1000.0, 1.0),
        ("ACME",),
        "ACME",
        (OwnNumber("+441111111111", "GB"),),
        "UG",
        "UTC",
        (Price("237", Decimal("0.0250")), Price("237", Decimal("0.0200"), "marketing", "sms")),
        (AccountChannel("line-1", "sms", "Main", True, "ACME"),),
        Webhook("https://acme.example/hook", b"hook-Zq4", ("final",), 100),
        (InboundRule("8080"), InboundRule("+2376*", "STOP")),
        "prepaid",
        {
            "textdigo": {
                "login": "acme",
                "key": "key-Zq5",
                "webhook_secret": b"hook-Zq6",
                "webhooks": {
                    "sms": "https://a.example/s",
                    "email": "https://a.example/e",
                    "whatsapp": "http://a.example/w",
                },
                "rate": minute,
                "otp": {"digits": 6, "attempts": 5, "life": 600.0},
                "file": 10 * 1024 * 1024,
            },
            "textiopro": {
                "token": "token-Zq7",
                "profile": {"first_name": "A", "last_name": "B", "email": "a@b.example"},
                "rate": minute,
            },
            "texify": {
                "keys": (TexifyKey("txf_Zq8", ("send_sms", "read_messages"), date(2027, 1, 1)),),
                "low_balance": 100,
                "auto_top_up": {"enabled": False, "threshold": 50, "amount": 100},
                "tiers": ({"id": "tier_1", "name": "Starter", "credits": 200, "price": Decimal("10")},),
                "rate": minute,
            },
            "smsapi": {"username": "acme", "password": "pass-Zq9", "rate": RateLimit(60.0, 60.0)},
            "fullsms": {
                "token": "20|Zq10",
                "minimum_balance": Decimal("5"),
                "short_links": True,
                "otp": {"active": 100, "life": 600.0},
            },
        },
    )


@pytest.mark.parametrize("wallet", ["prepaid", "postpaid", "off"])
def test_wallet_as_written(folder: Folder, wallet: str) -> None:
    folder.replace("accounts.yaml", "    status: active\n", f"    wallet: {wallet}\n")
    assert folder.load().accounts["acme"].wallet == wallet


@pytest.mark.parametrize("charge", ["accepted", "submitted", "delivered"])
def test_charge_as_written(folder: Folder, charge: str) -> None:
    assert folder.load().accounts["acme"].charge == "submitted"
    folder.replace("accounts.yaml", "    status: active\n", f"    charge: {charge}\n")
    assert folder.load().accounts["acme"].charge == charge


def test_token_given_as_its_digest(folder: Folder) -> None:
    folder.environ["ACME_TOKEN"] = "sha256:" + sha256(b"acme-Zq3-token").hexdigest().upper()
    assert folder.load().accounts["acme"].token == token("acme-Zq3-token")


def test_webhook_secret_as_its_bytes(folder: Folder) -> None:
    folder.environ["ACME_HOOK_SECRET"] = "p\u00e9ch\u00e9"
    webhook = folder.load().accounts["acme"].webhook
    assert webhook
    assert webhook.secret == "p\u00e9ch\u00e9".encode()


def test_a_plan_by_quality(folder: Folder) -> None:
    folder.replace("routes.yaml", "order: cost", "order: quality\n    quality_band: 0.05\n    max_wait: 90s")
    choices = (Choice("mtn-cm"), Choice("backup", 1, 2))
    assert folder.load().plans["default"] == Plan("default", "quality", choices, 3, 0.05, 90.0)


def test_what_may_be_left_out(folder: Folder) -> None:
    """Nothing of router.yaml, routes.yaml and accounts.yaml is required."""
    folder.files |= {"router.yaml": "", "routes.yaml": "# nothing yet\n", "accounts.yaml": ""}
    folder.files["operators/backup.yaml"] = None
    folder.files["rates/mtn-cm.csv"] = "price,prefix\n1,99\n"
    settings = folder.load()
    assert settings.http == HttpSettings()
    assert settings.gateways is None
    assert settings.store == f"sqlite:///{folder.path}/data/router.db"
    assert set(settings.operators) == {"mtn-cm", "orange-cm"}
    assert settings.plans == {"default": Plan("default")}
    assert (settings.rules, settings.accounts) == ((), {})
    assert (settings.base_currency, settings.currencies) == ("XAF", {"XAF": Decimal(1)})


def test_the_only_currency_named_is_the_base_of_all(folder: Folder) -> None:
    """Also of an operator whose file is read before the currency is met."""
    folder.replace("routes.yaml", 'currencies: {base: XAF, EUR: "655.957"}\n', "")
    folder.files["rates/mtn-cm.csv"] = "prefix,price\n99,1\n"
    folder.replace("operators/backup.yaml", "currency: EUR\n", "")
    settings = folder.load()
    assert settings.operators["backup"].currency == "XAF"
    assert settings.operators["backup"].rates == (Rate("", Decimal("0.0900"), "XAF"),)
    assert settings.operators["orange-cm"].currency == "XAF"


def test_no_currency_anywhere(folder: Folder) -> None:
    folder.files["routes.yaml"] = ""
    folder.files["accounts.yaml"] = "accounts: [{name: a}]"
    folder.files["operators/mtn-cm.yaml"] = None
    folder.replace("operators/backup.yaml", "currency: EUR\n", "")
    settings = folder.load()
    assert settings.base_currency == settings.accounts["a"].currency == "XXX"
    assert settings.operators["backup"].rates[0].currency == "XXX"


def test_absolute_store(folder: Folder) -> None:
    folder.replace("router.yaml", "sqlite:///data/router.db", "sqlite:////var/lib/router.db")
    assert folder.load().store == "sqlite:////var/lib/router.db"


def test_store_may_be_a_secret(folder: Folder) -> None:
    folder.environ["STORE"] = "sqlite:///x.db"
    folder.replace("router.yaml", "sqlite:///data/router.db", "${STORE}")
    assert folder.load().store == f"sqlite:///{folder.path}/x.db"


def test_gateways_without_an_address_are_off(folder: Folder) -> None:
    folder.replace("router.yaml", "  listen: 127.0.0.1:8081\n", "")
    assert folder.load().gateways is None


@pytest.mark.parametrize("listen", ["[::1]:8080", "localhost:8443", "0.0.0.0:1"])
def test_addresses_to_listen_on(folder: Folder, listen: str) -> None:
    folder.replace("router.yaml", "127.0.0.1:8080", f'"{listen}"')
    http = folder.load().http
    assert f"{http.host}:{http.port}" == listen.replace("[", "").replace("]", "")


def test_webhook_networks(folder: Folder) -> None:
    folder.replace("router.yaml", "allow: []", 'allow: [127.0.0.0/8, "fd00::/8", 10.1.2.3]')
    assert folder.load().webhook_networks == (
        ip_network("127.0.0.0/8"),
        ip_network("fd00::/8"),
        ip_network("10.1.2.3/32"),
    )


def test_aliases_stand_for_what_they_name(folder: Folder) -> None:
    folder.replace("routes.yaml", "operators: [orange-cm, mtn-cm]}", "operators: &direct [orange-cm, mtn-cm]}")
    folder.replace("routes.yaml", 'sender: "20880"', "operators: *direct")
    assert folder.load().rules[2].operators == ("orange-cm", "mtn-cm")


def test_byte_order_marks_and_windows_lines(folder: Folder) -> None:
    expected = folder.load()
    for name in ("router.yaml", "routes.yaml", "accounts.yaml", "rates/mtn-cm.csv", "operators/mtn-cm.yaml"):
        text = FILES[name]
        folder.files[name] = b"\xef\xbb\xbf" + text.replace("\n", "\r\n").encode()
    assert folder.load() == expected


def test_no_secret_in_a_repr(folder: Folder) -> None:
    assert "Zq" not in repr(folder.load())


def test_two_loads_are_equal(folder: Folder) -> None:
    """A reload keeps what did not change, so what did not change must compare equal."""
    assert folder.load() == folder.load()
