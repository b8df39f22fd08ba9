"""A configuration that uses every key of DESIGN section 5, to be loaded whole or with one thing changed."""

from pathlib import Path

import pytest

from adapters.config_yaml import ConfigErrors, load
from router.settings import Settings

ENVIRON = {
    "ADMIN_TOKEN": "admin-Zq1-token",
    "MTN_CM_PASSWORD": "mtn-Zq2",
    "ACME_TOKEN": "acme-Zq3-token",
    "ACME_HOOK_SECRET": "whsec_aG9vay1acTQ=",
    "TEXTDIGO_KEY": "key-Zq5",
    "TEXTDIGO_HOOK": "hook-Zq6",
    "TEXTIOPRO_TOKEN": "token-Zq7",
    "TEXIFY_KEY": "txf_Zq8",
    "SMSAPI_PASSWORD": "pass-Zq9",
    "FULLSMS_TOKEN": "20|Zq10",
    "EMPTY": "",
}

ROUTER = """\
http:
  listen: 127.0.0.1:8080            # internal API, events, operations, /metrics, console
  tls: {certificate: tls.crt, key: tls.key, client_ca: ca.crt}     # optional; client_ca = mutual TLS
  max_body: 4MiB
  admin_token: ${ADMIN_TOKEN}
gateways:
  listen: 127.0.0.1:8081
  enabled: [textdigo, textiopro, texify, smsapi, fullsms]
store: sqlite:///data/router.db
operators: operators/
routes: routes.yaml
accounts: accounts.yaml
webhooks: {allow: []}
limits: {queued: 10000000, in_memory: 100000, message_parts: 10, numbers: possible, mo_join: 10m}
retention: {messages: 30d, events: 7d, text: 7d}
log: {level: info, format: json}
"""

MTN = """\
operator: mtn-cm
channel: sms
protocol: smpp
link:
  host: smsc.example
  port: 2775
  system_id: acme
  password: ${MTN_CM_PASSWORD}
  system_type: ""
  mode: transceiver
  binds: 1
  window: 10
  tps: 0
  tls: false
  enquire_link: 30s
  response_timeout: 60s
  reconnect: {initial: 1s, max: 60s}
  address_range: ""
addressing:
  alphanumeric: {ton: 5, npi: 0}
  shortcode: {ton: 3, npi: 0}
  international: {ton: 1, npi: 1}
  destination: {ton: 1, npi: 1, plus: false}
text:
  alphabet: gsm7
  ucs2: 8
  long: udh8
  language_tables: []
receipts:
  request: final
  timeout: 72h
  id_in_response: auto
  id_in_receipt: auto
  query: false
on_unanswered: resend
retry: {initial: 5s, max: 10m, attempts: 20}
errors: {"0x0000000B": reject}
tlvs: {"0x1400": {from: dlt_entity_id}}
rates:
  - {prefix: "237", price: "0.0200"}
  - {prefix: "23767", price: "0.0150", network: "62401"}
rates_file: ../rates/mtn-cm.csv
currency: XAF
"""

ORANGE = """\
operator: orange-cm
link: {host: smsc.orange.example, port: 2775, system_id: acme, password: secret}
"""

BACKUP = """\
operator: backup
link: {host: "2001:db8::1", port: 2776, system_id: acme, password: file:backup.secret, tls: {verify: false}}
rates: [{prefix: "", price: "0.0900"}]
currency: EUR
"""

ROUTES = """\
currencies: {base: XAF, EUR: "655.957"}
plans:
  default:
    order: cost
    operators: [mtn-cm, {operator: backup, weight: 1, priority: 2}]
    attempts: 3
rules:
  - {match: {prefix: "23769", class: otp}, operators: [orange-cm, mtn-cm]}
  - {match: {sender: "+1*"}, refuse: sender_not_allowed}
  - {match: {prefix: "254"}, sender: "20880"}
"""

ACCOUNTS = """\
accounts:
  - name: acme
    status: active
    token: ${ACME_TOKEN}
    plan: default
    rate: 1000/s
    senders: [ACME]
    default_sender: ACME
    numbers: [{number: "+441111111111", country: GB, active: true}]
    country: UG
    time_zone: UTC
    currency: XAF
    prices:
      - {prefix: "237", price: "0.0250"}
      - {prefix: "237", price: "0.0200", class: marketing, channel: sms}
    channels: [{id: line-1, type: sms, name: Main, active: true, sender: ACME}]
    webhook: {url: "https://acme.example/hook", secret: ${ACME_HOOK_SECRET}, events: [final], batch: 100}
    inbound: [{to: "8080"}, {to: "+2376*", keyword: STOP}]
    gateways:
      textdigo:
        login: acme
        key: ${TEXTDIGO_KEY}
        webhook_secret: ${TEXTDIGO_HOOK}
        webhooks: {sms: "https://a.example/s", email: "https://a.example/e", whatsapp: "http://a.example/w"}
        rate: 600/m
        otp: {digits: 6, attempts: 5, life: 10m}
        file: 10MiB
      textiopro: {token: ${TEXTIOPRO_TOKEN}, profile: {first_name: A, last_name: B, email: a@b.example}, rate: 600/m}
      texify:
        keys: [{key: ${TEXIFY_KEY}, scopes: [send_sms, read_messages], expires: 2027-01-01}]
        low_balance: 100
        auto_top_up: {enabled: false, threshold: 50, amount: 100}
        tiers: [{id: tier_1, name: Starter, credits: 200, price: 10}]
        rate: 600/m
      smsapi: {username: acme, password: ${SMSAPI_PASSWORD}, rate: 60/m}
      fullsms: {token: ${FULLSMS_TOKEN}, minimum_balance: "5", short_links: true, otp: {active: 100, life: 10m}}
  - name: plain
"""

CARD = """\
prefix,mcc,mnc,price,currency,effective_from
23769,624,02,0.0180,XAF,
23769,624,02,0.0190,XAF,2027-01-01
23768,,,0.0001,EUR,2027-01-01T00:00:00+01:00
"""

FILES = {
    "router.yaml": ROUTER,
    "operators/mtn-cm.yaml": MTN,
    "operators/orange-cm.yaml": ORANGE,
    "operators/backup.yaml": BACKUP,
    "operators/backup.secret": "bac-Zq11\n",
    "routes.yaml": ROUTES,
    "accounts.yaml": ACCOUNTS,
    "rates/mtn-cm.csv": CARD,
    "tls.crt": "",
    "tls.key": "",
    "ca.crt": "",
}


class Folder:
    """The files, in a folder of their own."""

    def __init__(self, path: Path) -> None:
        self.path = path
        self.environ = dict(ENVIRON)
        self.files: dict[str, str | bytes | None] = dict(FILES)

    def replace(self, file: str, old: str, new: str) -> None:
        text = self.files[file]
        assert isinstance(text, str)
        assert text.count(old) == 1, f"{old!r} must stand once in {file}"
        self.files[file] = text.replace(old, new)

    def load(self) -> Settings:
        for name, content in self.files.items():
            path = self.path / name
            path.parent.mkdir(parents=True, exist_ok=True)
            if content is None:
                path.unlink(missing_ok=True)
            else:
                path.write_bytes(content.encode() if isinstance(content, str) else content)
        return load(self.path / "router.yaml", self.environ)

    def errors(self) -> list[str]:
        """Every error, the folder's own path left out."""
        with pytest.raises(ConfigErrors) as caught:
            self.load()
        return [str(error).replace(f"{self.path}/", "") for error in caught.value.errors]


@pytest.fixture
def folder(tmp_path: Path) -> Folder:
    return Folder(tmp_path)
