"""Every call with what it answers: request in, status, code and body out, over a real socket."""

import base64
import json
from dataclasses import dataclass, field, replace
from hashlib import sha256
from typing import Any

import pytest

from adapters.http.problem import KINDS
from router.account import RateLimit
from router.engine.limits import Quota
from router.ports.store import StoreUnavailable
from router.refusal import Refusal
from tests.http.conftest import MAX_BODY
from tests.http.fakes import ADMIN_TOKEN, OTHER_TOKEN, SUSPENDED_TOKEN, TEXT, TOKEN

SUBMIT = {"to": "+237670000001", "from": "ACME", "text": TEXT}
ID = "01900000-0000-7000-8000-000000000001"
COST = {"amount": "0.0200", "currency": "XAF"}
UNKNOWN_ID = "01900000-0000-7000-8000-00000000ffff"


@dataclass
class Case:
    """`before` submits that many messages first; `shows` is a part of the answer's body."""

    name: str
    method: str
    path: str
    status: int
    body: Any = None
    raw: bytes | None = None
    token: str | None = TOKEN
    headers: dict[str, str] = field(default_factory=dict)
    code: str | None = None
    fields: list[str] | None = None
    shows: dict[str, Any] = field(default_factory=dict)
    sends: dict[str, str] = field(default_factory=dict)
    before: int = 0


def refused_submit(name: str, fields: list[str], **change: Any) -> Case:
    body = {key: value for key, value in (SUBMIT | change).items() if value is not ...}
    return Case(name, "POST", "/v1/messages", 422, body=body, code="invalid_request", fields=fields)


def deep(levels: int) -> Any:
    value: Any = 1
    for _ in range(levels):
        value = [value]
    return value


B64 = base64.b64encode(b"\x00\x01").decode()

SUBMITS = [
    Case("submit", "POST", "/v1/messages", 202, body=SUBMIT, shows={"id": ID, "state": "queued", "from": "ACME"}),
    Case("submit data", "POST", "/v1/messages", 202, body={"to": "+2371", "data": B64, "udh": B64}),
    Case("submit with every field", "POST", "/v1/messages", 202, body=SUBMIT | {
        "encoding": "ucs2", "reference": "r" * 255, "class": "otp", "channel": "voice", "expires_in": 60,
        "send_at": "2030-01-01T01:00:00+01:00", "receipts": "none", "plan": "p", "flash": True,
        "max_price": {"amount": "0.0200", "currency": "XAF"}, "options": {"dlt_entity_id": "1", "list": [1.5, None]},
    }, shows={"state": "scheduled", "class": "otp", "channel": "voice", "reference": "r" * 255}),
    Case("media type with a charset", "POST", "/v1/messages", 202, raw=json.dumps(SUBMIT).encode(),
         headers={"Content-Type": 'Application/JSON; charset="UTF-8"'}),
    refused_submit("neither text nor data", ["text"], text=...),
    refused_submit("text and data", ["text"], data=B64),
    refused_submit("udh with text", ["udh"], udh=B64),
    refused_submit("empty text", ["text"], text=""),
    refused_submit("empty data", ["data"], text=..., data=""),
    refused_submit("data not base64", ["data"], text=..., data="%%%"),
    refused_submit("no recipient", ["to"], to=...),
    refused_submit("recipient a number", ["to"], to=237670000001),
    refused_submit("recipient too long", ["to"], to="+" * 321),
    refused_submit("NUL in the sender", None, **{"from": "AC\0ME"}),
    refused_submit("NUL in the reference", None, reference="\0"),
    refused_submit("unknown field", ["txet"], txet="x"),
    refused_submit("unknown class", ["class"], **{"class": "spam"}),
    refused_submit("unknown channel", ["channel"], channel="pigeon"),
    refused_submit("unknown encoding", ["encoding"], encoding="binary"),
    refused_submit("reference too long", ["reference"], reference="r" * 256),
    refused_submit("expires at once", ["expires_in"], expires_in=0),
    refused_submit("time without a zone", ["send_at"], send_at="2030-01-01T01:00:00"),
    refused_submit("time as a number", ["send_at"], send_at=1893456000),
    refused_submit("price without currency", ["max_price.currency"], max_price={"amount": "1"}),
    refused_submit("price with more", ["max_price.x"], max_price={"amount": "1", "currency": "XAF", "x": 1}),
    refused_submit("price NaN", ["max_price.amount"], max_price={"amount": "NaN", "currency": "XAF"}),
    refused_submit("price infinite", ["max_price.amount"], max_price={"amount": "-Infinity", "currency": "XAF"}),
    refused_submit("price negative", ["max_price.amount"], max_price={"amount": "-0.01", "currency": "XAF"}),
    refused_submit("price absurd", ["max_price.amount"], max_price={"amount": "1e999999", "currency": "XAF"}),
    refused_submit("price of many digits", ["max_price.amount"],
                   max_price={"amount": "0." + "1" * 5000, "currency": "XAF"}),
    refused_submit("options not an object", ["options"], options=[1]),
    refused_submit("options too deep", ["options"], options={"a": deep(16)}),
    refused_submit("options too large", ["options"], options={"a": "x" * 17_000}),
    refused_submit("options with a huge integer", ["options"], options={"a": 2**63}),
    Case("body an array", "POST", "/v1/messages", 422, body=[SUBMIT], code="invalid_request"),
    Case("body null", "POST", "/v1/messages", 422, raw=b"null", code="invalid_request"),
    Case("no body", "POST", "/v1/messages", 400, raw=b"", code="invalid_json"),
    Case("body cut", "POST", "/v1/messages", 400, raw=b'{"to":"+237', code="invalid_json"),
    Case("body and more", "POST", "/v1/messages", 400, raw=b'{"to":"+1","text":"x"} x', code="invalid_json"),
    Case("not UTF-8", "POST", "/v1/messages", 400, raw=b'{"to":"\xff"}', code="invalid_json"),
    Case("half a surrogate pair", "POST", "/v1/messages", 400, raw=b'{"to":"+1","text":"\\ud800 x"}',
         code="invalid_json"),
    Case("nested without end", "POST", "/v1/messages", 400, raw=b'{"options":{"a":' + b"[" * 50_000,
         code="invalid_json"),
    Case("too large", "POST", "/v1/messages", 413, raw=b" " * (MAX_BODY + 1), code="payload_too_large"),
    Case("large, but not too large", "POST", "/v1/messages", 202,
         raw=json.dumps(SUBMIT).encode().ljust(MAX_BODY), shows={"id": ID}),
    Case("a form", "POST", "/v1/messages", 400, raw=b"to=1", code="invalid_json",
         headers={"Content-Type": "application/x-www-form-urlencoded"}),
    Case("JSON that says it is a form", "POST", "/v1/messages", 202, body=SUBMIT, shows={"id": ID},
         headers={"Content-Type": "application/x-www-form-urlencoded"}),
    Case("compressed", "POST", "/v1/messages", 415, raw=b"{}", code="unsupported_media_type",
         headers={"Content-Encoding": "gzip"}),
    Case("query where none is taken", "POST", "/v1/messages?dry_run=1", 422, body=SUBMIT, code="invalid_request"),
    Case("empty key", "POST", "/v1/messages", 422, body=SUBMIT, headers={"Idempotency-Key": ""},
         code="invalid_request", fields=["Idempotency-Key"]),
    Case("key too long", "POST", "/v1/messages", 422, body=SUBMIT, headers={"Idempotency-Key": "k" * 256},
         code="invalid_request", fields=["Idempotency-Key"]),
    Case("key not ASCII", "POST", "/v1/messages", 422, body=SUBMIT, headers={"Idempotency-Key": "clé"},
         code="invalid_request", fields=["Idempotency-Key"]),
    Case("longest key", "POST", "/v1/messages", 202, body=SUBMIT, headers={"Idempotency-Key": "k" * 255}),
]  # fmt: skip

BATCHES = [
    Case("batch", "POST", "/v1/batches", 202, body={"messages": [SUBMIT, SUBMIT]},
         shows={"accepted": 2, "refused": 0}),
    Case("batch of a thousand", "POST", "/v1/batches", 202, body={"messages": [{"to": "+1", "text": "x"}] * 1000},
         shows={"accepted": 1000}),
    Case("batch of nothing", "POST", "/v1/batches", 422, body={"messages": []}, code="invalid_request",
         fields=["messages"]),
    Case("batch too long", "POST", "/v1/batches", 422, body={"messages": [{"to": "+1", "text": "x"}] * 1001},
         code="invalid_request", fields=["messages"]),
    Case("batch not a list", "POST", "/v1/batches", 422, body={"messages": {}}, code="invalid_request",
         fields=["messages"]),
    Case("batch with more", "POST", "/v1/batches", 422, body={"messages": [SUBMIT], "x": 1}, code="invalid_request",
         fields=["x"]),
    Case("batch missing", "POST", "/v1/batches", 422, body={}, code="invalid_request", fields=["messages"]),
    Case("batch cut", "POST", "/v1/batches", 400, raw=b'{"messages":[{"to":1},{"to":]}', code="invalid_json"),
    Case("batch with a cut item", "POST", "/v1/batches", 400, raw=b'{"messages":[{"to":1},{"to":"\\ud800"}]}',
         code="invalid_json"),
    Case("batch not UTF-8", "POST", "/v1/batches", 400, raw=b'{"messages":[{"to":1},{"to":"\xff"}]}',
         code="invalid_json"),
    Case("batch nested without end", "POST", "/v1/batches", 400, raw=b'{"messages":[' + b"[" * 50_000,
         code="invalid_json"),
]  # fmt: skip

LOOK_UPS = [
    Case("message", "GET", f"/v1/messages/{ID}", 200, before=1, shows={"id": ID, "parts": [], "waiting_for": None}),
    Case("message, id in capitals", "GET", f"/v1/messages/{ID.upper()}".replace("/V1/MESSAGES", "/v1/messages"), 200,
         before=1, shows={"id": ID}),
    Case("no message", "GET", f"/v1/messages/{UNKNOWN_ID}", 404, code="not_found"),
    Case("id not a UUID", "GET", "/v1/messages/42", 404, code="not_found"),
    Case("id in braces", "GET", f"/v1/messages/%7B{ID}%7D", 404, before=1, code="not_found"),
    Case("id with a NUL", "GET", "/v1/messages/%00", 404, code="not_found"),
    Case("id not UTF-8", "GET", "/v1/messages/%ff%fe", 404, code="not_found"),
    Case("cancel", "DELETE", f"/v1/messages/{ID}", 200, before=1, shows={"id": ID, "state": "cancelled"}),
    Case("cancel nothing", "DELETE", f"/v1/messages/{UNKNOWN_ID}", 404, code="not_found"),
    Case("conversion too early", "POST", f"/v1/messages/{ID}/conversion", 409, body={}, before=1, code="not_submitted"),
    Case("conversion of nothing", "POST", f"/v1/messages/{UNKNOWN_ID}/conversion", 404, body={}, code="not_found"),
    Case("conversion, id not a UUID", "POST", "/v1/messages/42/conversion", 404, body={}, code="not_found"),
    Case("conversion without a body", "POST", f"/v1/messages/{ID}/conversion", 400, raw=b"", before=1,
         code="invalid_json"),
    Case("conversion, at not a time", "POST", f"/v1/messages/{ID}/conversion", 422, body={"at": "soon"}, before=1,
         code="invalid_request", fields=["at"]),
    Case("conversion, at without a zone", "POST", f"/v1/messages/{ID}/conversion", 422, before=1,
         body={"at": "2030-01-01T00:00:00"}, code="invalid_request", fields=["at"]),
    Case("conversion, unknown field", "POST", f"/v1/messages/{ID}/conversion", 422, body={"when": 1}, before=1,
         code="invalid_request", fields=["when"]),
    Case("conversion without a token", "POST", f"/v1/messages/{ID}/conversion", 401, body={}, token=None,
         code="unauthorized"),
    Case("list", "GET", "/v1/messages", 200, before=2, shows={"next": None}),
    Case("list of one kind", "GET", "/v1/messages?state=delivered", 200, before=2,
         shows={"messages": [], "next": None}),
    Case("list by a number with a bare plus", "GET", "/v1/messages?to=+237000000000", 200, before=1,
         shows={"messages": []}),
    Case("list, unknown state", "GET", "/v1/messages?state=lost", 422, code="invalid_request", fields=["state"]),
    Case("list, state null", "GET", "/v1/messages?state=null", 422, code="invalid_request", fields=["state"]),
    Case("list, limit 0", "GET", "/v1/messages?limit=0", 422, code="invalid_request", fields=["limit"]),
    Case("list, limit 1001", "GET", "/v1/messages?limit=1001", 422, code="invalid_request", fields=["limit"]),
    Case("list, limit a word", "GET", "/v1/messages?limit=all", 422, code="invalid_request", fields=["limit"]),
    Case("list, limit twice", "GET", "/v1/messages?limit=1&limit=2", 422, code="invalid_request"),
    Case("list, after a word", "GET", "/v1/messages?after=yesterday", 422, code="invalid_request", fields=["after"]),
    Case("list, after a number", "GET", "/v1/messages?after=2026", 422, code="invalid_request", fields=["after"]),
    Case("list, before null", "GET", "/v1/messages?before=null", 422, code="invalid_request", fields=["before"]),
    Case("list between two times", "GET", "/v1/messages?after=2026-01-01T00:00:00Z&before=2026-01-01T00:00:00%2B01:00",
         200, shows={"messages": []}),
    Case("list, before without a zone", "GET", "/v1/messages?before=2026-01-01T00:00:00", 422,
         code="invalid_request", fields=["before"]),
    Case("list, cursor", "GET", "/v1/messages?cursor=abc", 422, code="invalid_request", fields=["cursor"]),
    Case("list, unknown parameter", "GET", "/v1/messages?sort=asc", 422, code="invalid_request", fields=["sort"]),
    Case("list, NUL", "GET", "/v1/messages?reference=%00", 422, code="invalid_request", fields=["reference"]),
    Case("list, bytes", "GET", "/v1/messages?reference=%ff%fe%ed%a0%80", 200, shows={"messages": []}),
    Case("list, query on one", "GET", f"/v1/messages/{ID}?x=1", 422, before=1, code="invalid_request"),
]  # fmt: skip

EVENTS = [
    Case("no events", "GET", "/v1/events", 200, shows={"events": [], "next": 0}),
    Case("no events after", "GET", "/v1/events?after=7&limit=1000&wait=0", 200, shows={"events": [], "next": 7}),
    Case("events, limit 1001", "GET", "/v1/events?limit=1001", 422, code="invalid_request", fields=["limit"]),
    Case("events, after negative", "GET", "/v1/events?after=-1", 422, code="invalid_request", fields=["after"]),
    Case("events, after a word", "GET", "/v1/events?after=now", 422, code="invalid_request", fields=["after"]),
    Case("events, after too large", "GET", f"/v1/events?after={2**63}", 422, code="invalid_request", fields=["after"]),
    Case("events, wait too long", "GET", "/v1/events?wait=61", 422, code="invalid_request", fields=["wait"]),
    Case("events, wait NaN", "GET", "/v1/events?wait=nan", 422, code="invalid_request", fields=["wait"]),
    Case("stream, after a word", "GET", "/v1/events/stream?after=x", 422, code="invalid_request", fields=["after"]),
    Case("stream, bad last id", "GET", "/v1/events/stream", 422, headers={"Last-Event-ID": "x"},
         code="invalid_request", fields=["Last-Event-ID"]),
]  # fmt: skip

PREVIEWS = [
    Case("segment", "POST", "/v1/segment", 200, body={"text": "abc"}, shows={
        "encoding": "gsm7", "reason": None, "segments": 1, "units": 3, "units_per_segment": 160,
        "parts": [{"text": "abc", "units": 3}], "language": None,
    }),
    Case("segment nothing", "POST", "/v1/segment", 422, body={"text": ""}, code="invalid_request", fields=["text"]),
    Case("segment, unknown operator", "POST", "/v1/segment", 422, body={"text": "x", "operator": "zz"},
         code="invalid_request", fields=["operator"]),
    Case("segment, unknown field", "POST", "/v1/segment", 422, body={"text": "x", "cost": "1"},
         code="invalid_request", fields=["cost"]),
    Case("route", "POST", "/v1/route", 200, body={"to": "+237670000001", "from": "A", "class": "otp", "plan": "p",
         "at": "2026-01-01T00:00:00Z"}, shows={
        "operator": None, "network": {"mcc": "624", "mnc": "01", "name": None}, "plan": "p", "rule": None,
        "candidates": [{
            "operator": "mtn-cm", "prefix": "237", "cost": {"amount": "0.0200", "currency": "XAF"},
            "base_cost": {"amount": "0.0200", "currency": "XAF"}, "rank": 1, "usable": False, "reason": "paused",
        }],
    }),
    Case("route to nowhere", "POST", "/v1/route", 422, body={"to": "+1"}, code="unroutable", fields=["to"]),
    Case("route, wrong class", "POST", "/v1/route", 422, body={"to": "+1", "class": "x"}, code="invalid_request",
         fields=["class"]),
]  # fmt: skip

CONTROL = [
    Case("coverage", "GET", "/v1/coverage?country=CM&plan=p", 200, token=ADMIN_TOKEN, shows={
        "country": "CM", "plan": "p", "operators": [{
            "operator": "mtn-cm", "channel": "sms", "networks": [{
                "network": {"mcc": "624", "mnc": "01", "name": "MTN"}, "prefixes": 2,
                "cost": {"min": COST, "max": COST},
                "base_cost": {"min": COST, "max": COST},
            }],
        }],
    }),
    Case("coverage of nowhere", "GET", "/v1/coverage?country=cm", 422, token=ADMIN_TOKEN, code="invalid_request",
         fields=["country"]),
    Case("coverage of no country", "GET", "/v1/coverage", 422, token=ADMIN_TOKEN, code="invalid_request",
         fields=["country"]),
    Case("coverage for an account", "GET", "/v1/coverage?country=CM", 403, code="forbidden"),
    Case("operators", "GET", "/v1/operators", 200, token=ADMIN_TOKEN),
    Case("pause", "POST", "/v1/operators/mtn-cm/pause", 200, token=ADMIN_TOKEN, shows={"state": "paused"}),
    Case("resume", "POST", "/v1/operators/mtn-cm/resume", 200, token=ADMIN_TOKEN, shows={"state": "running"}),
    Case("drain", "POST", "/v1/operators/mtn-cm/drain", 200, token=ADMIN_TOKEN, shows={"state": "draining"}),
    *(
        Case(f"{verb} {what}", "POST", f"/v1/accounts/{name}/{verb}", status, body, token=token, **told)
        for verb, subscribed in (("unsubscribe", False), ("subscribe", True))
        for what, name, status, body, token, told in (
            ("a number", "acme", 200, {"number": "+237670000001"}, ADMIN_TOKEN,
             {"shows": {"account": "acme", "number": "+237670000001", "subscribed": subscribed}}),
            ("nobody", "zz", 404, {"number": "+237670000001"}, ADMIN_TOKEN, {"code": "not_found"}),
            ("no number", "acme", 422, {"number": "x"}, ADMIN_TOKEN, {"code": "invalid_number", "fields": ["number"]}),
            ("nothing", "acme", 422, {}, ADMIN_TOKEN, {"code": "invalid_request"}),
            ("too much", "acme", 422, {"number": "+237670000001", "x": 1}, ADMIN_TOKEN, {"code": "invalid_request"}),
            ("as an account", "acme", 403, {"number": "+237670000001"}, TOKEN, {"code": "forbidden"}),
            ("as nobody", "acme", 401, {"number": "+237670000001"}, None, {"code": "unauthorized"}),
        )
    ),
    Case("opted out", "GET", "/v1/accounts/acme/opt-outs", 200, token=ADMIN_TOKEN,
         shows={"account": "acme", "count": 0, "numbers": [], "next": None}),
    Case("opted out, a page", "GET", "/v1/accounts/acme/opt-outs?after=%2B1&limit=1000", 200, token=ADMIN_TOKEN),
    *(
        Case(f"opted out {what}", "GET", f"/v1/accounts/{name}", status, token=token, code=code)
        for what, name, status, token, code in (
            ("of nobody", "zz/opt-outs", 404, ADMIN_TOKEN, "not_found"),
            ("behind nothing", "acme/opt-outs?after=zz", 422, ADMIN_TOKEN, "invalid_request"),
            ("of no size", "acme/opt-outs?limit=0", 422, ADMIN_TOKEN, "invalid_request"),
            ("of any size", "acme/opt-outs?limit=1001", 422, ADMIN_TOKEN, "invalid_request"),
            ("as an account", "acme/opt-outs", 403, TOKEN, "forbidden"),
            ("as nobody", "acme/opt-outs", 401, None, "unauthorized"),
        )
    ),
    *(
        Case(f"credit {what}", "POST", f"/v1/accounts/{name}/credit", status, body, token=token, **told)
        for what, name, status, body, token, told in (
            ("an account", "acme", 200, {"amount": "100.00"}, ADMIN_TOKEN,
             {"shows": {"account": "acme", "balance": {"amount": "100.00", "currency": "XAF"}}}),
            ("less than nothing", "acme", 200, {"amount": "-0.000000001"}, ADMIN_TOKEN,
             {"shows": {"balance": {"amount": "-1E-9", "currency": "XAF"}}}),
            ("a number", "acme", 200, {"amount": 2.5}, ADMIN_TOKEN,
             {"shows": {"balance": {"amount": "2.50", "currency": "XAF"}}}),
            ("the most", "acme", 200, {"amount": "4e9"}, ADMIN_TOKEN,
             {"shows": {"balance": {"amount": "4000000000.00", "currency": "XAF"}}}),
            ("nobody", "zz", 404, {"amount": "1"}, ADMIN_TOKEN, {"code": "not_found"}),
            ("no wallet", "other", 422, {"amount": "1"}, ADMIN_TOKEN, {"code": "wallet_off"}),
            *(
                (f"{amount!r:.20}", "acme", 422, {"amount": amount}, ADMIN_TOKEN,
                 {"code": "invalid_request", "fields": ["amount"]})
                for amount in ("0", "-0.00", "0.0000000001", "1.00000000000000000000000000000000001", "4000000000.01",
                               "-4000000000.01", "1e999999", "1e-999999", "NaN", "-Infinity", "much", "", "9" * 5000,
                               None, True, [1])
            ),
            ("nothing", "acme", 422, {}, ADMIN_TOKEN, {"code": "invalid_request"}),
            ("too much", "acme", 422, {"amount": "1", "x": 1}, ADMIN_TOKEN, {"code": "invalid_request"}),
            ("as an account", "acme", 403, {"amount": "1"}, TOKEN, {"code": "forbidden"}),
            ("as nobody", "acme", 401, {"amount": "1"}, None, {"code": "unauthorized"}),
        )
    ),
    Case("wallet", "GET", "/v1/accounts/acme/wallet", 200, token=ADMIN_TOKEN,
         shows={"account": "acme", "balance": {"amount": "0.00", "currency": "XAF"}, "entries": [], "next": None}),
    Case("wallet, a page", "GET", "/v1/accounts/acme/wallet?before=7&limit=1000", 200, token=ADMIN_TOKEN),
    *(
        Case(f"wallet {what}", "GET", f"/v1/accounts/{name}", status, token=token, code=code)
        for what, name, status, token, code in (
            ("of nobody", "zz/wallet", 404, ADMIN_TOKEN, "not_found"),
            ("of who has none", "other/wallet", 422, ADMIN_TOKEN, "wallet_off"),
            ("before nothing", "acme/wallet?before=zz", 422, ADMIN_TOKEN, "invalid_request"),
            ("before the first", "acme/wallet?before=0", 422, ADMIN_TOKEN, "invalid_request"),
            ("behind all numbers", f"acme/wallet?before={2**63}", 422, ADMIN_TOKEN, "invalid_request"),
            ("of no size", "acme/wallet?limit=0", 422, ADMIN_TOKEN, "invalid_request"),
            ("of any size", "acme/wallet?limit=1001", 422, ADMIN_TOKEN, "invalid_request"),
            ("as an account", "acme/wallet", 403, TOKEN, "forbidden"),
            ("as nobody", "acme/wallet", 401, None, "unauthorized"),
        )
    ),
    *(
        Case(f"{what} of lists", "POST", f"/v1/accounts/{name}/lists", status, body, token=token, **told)
        for what, name, status, body, token, told in (
            ("one", "acme", 200, {"name": "Friends"}, ADMIN_TOKEN,
             {"shows": {"account": "acme", "name": "Friends", "subscribe_word": None}}),
            ("one with its id", "acme", 200, {"name": "Friends", "id": 42, "subscribe_word": "JOIN"}, ADMIN_TOKEN,
             {"shows": {"account": "acme", "id": 42, "name": "Friends", "subscribe_word": "JOIN"}}),
            ("an id as digits", "acme", 200, {"name": "Friends", "id": "42"}, ADMIN_TOKEN, {"shows": {"id": 42}}),
            ("a taken id", "acme", 409, {"name": "Friends", "id": "7"}, ADMIN_TOKEN,
             {"code": "number_taken", "fields": ["id"]}),
            ("nobody's", "zz", 404, {"name": "Friends"}, ADMIN_TOKEN, {"code": "not_found"}),
            *(
                (f"the id {id!r}", "acme", 422, {"name": "Friends", "id": id}, ADMIN_TOKEN,
                 {"code": "invalid_request", "fields": ["id"]})
                for id in (0, -1, "0", "-1", "", "7x", "\u0663", 2**53, str(2**53), "9" * 17, 1.5, True, [7])
            ),
            ("no name", "acme", 422, {"name": ""}, ADMIN_TOKEN, {"code": "invalid_request", "fields": ["name"]}),
            ("nothing", "acme", 422, {}, ADMIN_TOKEN, {"code": "invalid_request", "fields": ["name"]}),
            ("too much", "acme", 422, {"name": "a", "x": 1}, ADMIN_TOKEN, {"code": "invalid_request"}),
            ("an account's", "acme", 403, {"name": "Friends"}, TOKEN, {"code": "forbidden"}),
            ("a stranger's", "acme", 401, {"name": "Friends"}, None, {"code": "unauthorized"}),
        )
    ),
    *(
        Case(f"contacts {what}", "POST", f"/v1/accounts/{where}/contacts", status, body, token=token, **told)
        for what, where, status, body, token, told in (
            ("of a list", "acme/lists/7", 200,
             {"contacts": [{"number": "+237670000001", "fields": {"name": "Ada"}}, {"number": "237 670-000-001"}]},
             ADMIN_TOKEN, {"shows": {"account": "acme", "list": 7, "added": 1, "known": 1}}),
            *(
                (f"of the list {where}", where, 404, {"contacts": [{"number": "+237670000001"}]}, ADMIN_TOKEN,
                 {"code": "not_found"})
                for where in ("acme/lists/8", "acme/lists/0", "acme/lists/x", "acme/lists/%D9%A3", "other/lists/7",
                              "zz/lists/7", "acme/lists/99999999999999999999")
            ),
            *(
                (f"with {number!r}", "acme/lists/7", 422,
                 {"contacts": [{"number": "+237670000001"}, {"number": number}]}, ADMIN_TOKEN,
                 {"code": "invalid_number", "fields": ["contacts[1].number"]})
                for number in ("", "0670", "+999", "+", "abc", "+23767000000x")
            ),
            ("that are nobody", "acme/lists/7", 422, {"contacts": []}, ADMIN_TOKEN,
             {"code": "invalid_request", "fields": ["contacts"]}),
            ("with odd fields", "acme/lists/7", 422, {"contacts": [{"number": "+237670000001", "fields": {"a": 1}}]},
             ADMIN_TOKEN, {"code": "invalid_request"}),
            ("as an account", "acme/lists/7", 403, {"contacts": [{"number": "+237670000001"}]}, TOKEN,
             {"code": "forbidden"}),
        )
    ),
    *(
        Case(f"{what} of templates", "POST", f"/v1/accounts/{name}/templates", status, body, token=token, **told)
        for what, name, status, body, token, told in (
            ("one", "acme", 200, {"name": "Hi", "content": "Hi {{name}}", "id": "12"}, ADMIN_TOKEN,
             {"shows": {"account": "acme", "id": 12, "name": "Hi", "content": "Hi {{name}}"}}),
            ("a taken id", "acme", 409, {"name": "Hi", "content": "Hi", "id": 7}, ADMIN_TOKEN,
             {"code": "number_taken"}),
            ("nobody's", "zz", 404, {"name": "Hi", "content": "Hi"}, ADMIN_TOKEN, {"code": "not_found"}),
            ("no content", "acme", 422, {"name": "Hi", "content": ""}, ADMIN_TOKEN,
             {"code": "invalid_request", "fields": ["content"]}),
            ("an account's", "acme", 403, {"name": "Hi", "content": "Hi"}, TOKEN, {"code": "forbidden"}),
        )
    ),
    Case("pause nobody", "POST", "/v1/operators/zz/pause", 404, token=ADMIN_TOKEN, code="not_found"),
    Case("pause bytes", "POST", "/v1/operators/%ff/pause", 404, token=ADMIN_TOKEN, code="not_found"),
    Case("stop", "POST", "/v1/operators/mtn-cm/stop", 404, token=ADMIN_TOKEN, code="not_found"),
    Case("reload", "POST", "/v1/reload", 200, token=ADMIN_TOKEN, shows={"version": 3}),
    Case("reload with nothing to say", "POST", "/v1/reload", 200, token=ADMIN_TOKEN, body={},
         shows={"rolled_back_to": None, "not_kept": None}),
    Case("reload to a version", "POST", "/v1/reload", 200, token=ADMIN_TOKEN, body={"version": 2},
         shows={"rolled_back_to": 2}),
    Case("reload to an unknown version", "POST", "/v1/reload", 404, token=ADMIN_TOKEN, body={"version": 7},
         code="not_found", fields=["version"]),
    *(
        Case(f"reload to {version!r}", "POST", "/v1/reload", 422, token=ADMIN_TOKEN, body={"version": version},
             code="invalid_request", fields=["version"])
        for version in (0, -1, "2", 2.5, True, 2**31, 10**30, [2])
    ),
    Case("reload otherwise", "POST", "/v1/reload", 422, token=ADMIN_TOKEN, body={"to": 2}, code="invalid_request",
         fields=["to"]),
    Case("plan", "GET", "/v1/plan", 200, token=ADMIN_TOKEN, shows={"version": 3}),
    Case("no audit yet", "GET", "/v1/audit?after=3", 200, token=ADMIN_TOKEN, shows={"entries": [], "next": 3}),
    Case("audit of too much", "GET", "/v1/audit?limit=1001", 422, token=ADMIN_TOKEN, code="invalid_request"),
    Case("replay", "POST", "/v1/accounts/acme/replay", 200, body={}, token=ADMIN_TOKEN,
         shows={"account": "acme", "after": 0, "events": 0}),
    Case("replay from the start", "POST", "/v1/accounts/acme/replay", 200, body={"after": 0}, token=ADMIN_TOKEN),
    Case("replay what was not", "POST", "/v1/accounts/acme/replay", 422, body={"after": 1}, token=ADMIN_TOKEN,
         code="invalid_request", fields=["after"]),
    Case("replay of nobody", "POST", "/v1/accounts/zz/replay", 404, body={}, token=ADMIN_TOKEN, code="not_found"),
    Case("replay without a body", "POST", "/v1/accounts/acme/replay", 400, token=ADMIN_TOKEN, code="invalid_json"),
    Case("replay from nowhere", "POST", "/v1/accounts/acme/replay", 422, body={"after": -1}, token=ADMIN_TOKEN,
         code="invalid_request", fields=["after"]),
    Case("own replay", "POST", "/v1/events/replay", 200, body={"after": None}, shows={"account": "acme"}),
    Case("own replay as the admin", "POST", "/v1/events/replay", 401, body={}, token=ADMIN_TOKEN, code="unauthorized"),
    *(
        Case(f"{path} {name}", method, path, status, token=token, code=code)
        for method, path in (("GET", "/v1/operators"), ("POST", "/v1/operators/mtn-cm/pause"), ("POST", "/v1/reload"),
                             ("GET", "/v1/plan"), ("GET", "/v1/audit"), ("POST", "/v1/accounts/acme/replay"))
        for name, token, status, code in (
            ("without token", None, 401, "unauthorized"),
            ("with an unknown token", "zz", 401, "unauthorized"),
            ("as an account", TOKEN, 403, "forbidden"),
        )
    ),
]  # fmt: skip

ACCESS = [
    Case("no token", "POST", "/v1/messages", 401, body=SUBMIT, token=None, code="unauthorized",
         sends={"WWW-Authenticate": 'Bearer realm="carrier-router"'}),
    Case("unknown token", "GET", "/v1/messages", 401, token="zz", code="unauthorized"),
    Case("another scheme", "GET", "/v1/messages", 401, headers={"Authorization": f"Basic {TOKEN}"},
         code="unauthorized"),
    Case("scheme without token", "GET", "/v1/messages", 401, headers={"Authorization": "Bearer "},
         code="unauthorized"),
    Case("token not ASCII", "GET", "/v1/messages", 401, headers={"Authorization": "Bearer clé"},
         code="unauthorized"),
    Case("scheme in capitals", "GET", "/v1/messages", 200, headers={"Authorization": f"BEARER {TOKEN}"}),
    Case("suspended", "GET", "/v1/messages", 403, token=SUSPENDED_TOKEN, code="forbidden"),
    Case("admin is no account", "GET", "/v1/messages", 401, token=ADMIN_TOKEN, code="unauthorized"),
    Case("nowhere", "GET", "/v2/messages", 404, token=None, code="not_found"),
    Case("trailing slash", "GET", "/v1/messages/", 404, code="not_found"),
    Case("wrong method", "PUT", "/v1/messages", 405, code="method_not_allowed", sends={"Allow": "POST, GET, HEAD"}),
    Case("wrong method on a pattern", "POST", f"/v1/messages/{ID}", 405, code="method_not_allowed",
         sends={"Allow": "GET, DELETE, HEAD"}),
    Case("another method", "PATCH", "/v1/batches", 405, code="method_not_allowed", sends={"Allow": "POST"}),
    Case("preflight", "OPTIONS", "/v1/messages", 405, token=None, code="method_not_allowed"),
    Case("healthz", "GET", "/healthz", 200, token=None, shows={"status": "ok"}),
    Case("readyz", "GET", "/readyz", 200, token=None, shows={"status": "ready"}),
    Case("head", "HEAD", "/healthz", 200, token=None),
]  # fmt: skip

CASES = [*SUBMITS, *BATCHES, *LOOK_UPS, *EVENTS, *PREVIEWS, *CONTROL, *ACCESS]


@pytest.mark.parametrize("case", CASES, ids=lambda case: case.name)
async def test_case(case: Case, api) -> None:
    for _ in range(case.before):
        assert (await api.call("POST", "/v1/messages", SUBMIT)).status == 202
    await check(case, api)


AGAIN = [
    case
    for case in CASES
    if case.method == "POST"
    and case.path in ("/v1/messages", "/v1/batches", "/v1/segment", "/v1/route")
    # What does not come in one piece is aiohttp's.
    and len(case.raw or b"") < 10_000
]


@pytest.mark.parametrize("case", AGAIN, ids=lambda case: case.name)
async def test_case_under_a_head_that_came_before(case: Case, api) -> None:
    """It is answered past aiohttp, and the same."""
    await api.call(case.method, case.path, None, case.token, case.headers, b"no JSON")
    judged = api.judged()
    for _ in range(case.before):
        await api.call("POST", "/v1/messages", SUBMIT)
    await check(case, api)
    assert api.judged() == judged


async def check(case: Case, api) -> None:
    answer = await api.call(case.method, case.path, case.body, case.token, case.headers, case.raw)
    text = await answer.text()
    assert answer.status == case.status, text
    for name, value in case.sends.items():
        assert answer.headers[name] == value
    if case.method == "HEAD":
        assert text == ""
        return
    body = json.loads(text)
    if case.code is None:
        assert answer.content_type == "application/json"
    else:
        check_problem(answer, body, case.code, case.fields)
    for key, value in case.shows.items():
        assert body[key] == value


def check_problem(answer: Any, body: dict[str, Any], code: str, fields: list[str] | None = None) -> None:
    assert answer.content_type == "application/problem+json"
    assert set(body) == {"type", "title", "status", "detail", "code", "errors"}
    assert (body["code"], body["status"]) == (code, answer.status)
    assert body["title"]
    assert body["detail"]
    assert not body["detail"].endswith(".")
    if fields is not None:
        assert [one["field"] for one in body["errors"]] == fields
        assert all(one["code"] == code for one in body["errors"])


@pytest.mark.parametrize("code", KINDS)
async def test_every_refusal_of_a_submit_comes_out_as_its_problem(code: str, api) -> None:
    body = SUBMIT | {"reference": f"refuse:{code}"}
    answer = await api.call("POST", "/v1/messages", body)
    assert answer.status == KINDS[code].status
    check_problem(answer, await answer.json(content_type=None), code, ["to"])
    assert api.engine.metrics.refusals == [code]
    assert api.engine.metrics.accepts == []

    answer = await api.call("POST", "/v1/batches", {"messages": [SUBMIT, body]})
    assert answer.status == 202
    batch = await answer.json()
    assert (batch["accepted"], batch["refused"]) == (1, 1)
    assert batch["results"][1] == {
        "error": {"code": code, "detail": "as was asked for"},
        "to": SUBMIT["to"],
        "reference": body["reference"],
    }
    assert api.engine.metrics.refusals == [code, code]
    assert len(api.engine.metrics.accepts) == 1


@pytest.mark.parametrize("path", ["/v1/messages", "/v1/batches"])
@pytest.mark.parametrize(("seconds", "header"), [(0.01, "1"), (1, "1"), (12.2, "13"), (None, None)])
async def test_refused_whole_with_a_time_to_come_back(path: str, seconds: Any, header: Any, api) -> None:
    api.engine.intake.refuse_all = Refusal("queue_full", "the queue is full", retry_after=seconds)
    answer = await api.call("POST", path, {"messages": [SUBMIT]} if path.endswith("batches") else SUBMIT)
    check_problem(answer, await answer.json(content_type=None), "queue_full", [])
    assert answer.headers.get("Retry-After") == header
    assert api.engine.metrics.refusals == ["queue_full"]


@pytest.mark.parametrize(
    ("quota", "policy", "left"),
    [
        (Quota(600, 60.0, 600.0, 0.0), '"messages";q=600;w=60', '"messages";r=600;t=0'),
        (Quota(100, 1.0, 57.9, 0.421), '"messages";q=100;w=1', '"messages";r=57;t=1'),
        (Quota(100, 1.0, -1e-4, 1.0), '"messages";q=100;w=1', '"messages";r=0;t=1'),
        (Quota(1, 2.0, 0.0, 2.0), '"messages";q=1;w=2', '"messages";r=0;t=2'),
    ],
)
async def test_who_has_a_rate_is_told_what_is_left(quota: Quota, policy: str, left: str, api) -> None:
    def told(answer: Any) -> tuple[Any, Any]:
        return answer.headers.get("RateLimit-Policy"), answer.headers.get("RateLimit")

    assert told(await api.call("POST", "/v1/messages", SUBMIT)) == (None, None)
    api.engine.intake.quotas["other"] = quota
    for path, body in (("/v1/messages", SUBMIT), ("/v1/batches", {"messages": [SUBMIT]})):
        assert told(await api.call("POST", path, body)) == (None, None)
        assert told(await api.call("POST", path, body | {"nonsense": 1}, token=OTHER_TOKEN)) == (policy, left)
        api.engine.intake.refuse_all = Refusal("rate_limited", "slow down", retry_after=0.5)
        answer = await api.call("POST", path, body, token=OTHER_TOKEN)
        assert (answer.status, answer.headers["Retry-After"], told(answer)) == (429, "1", (policy, left))
        api.engine.intake.refuse_all = None
    assert told(await api.call("GET", "/v1/messages", token=OTHER_TOKEN)) == (None, None)
    assert told(await api.call("POST", "/v1/messages", SUBMIT, token="zz")) == (None, None)


async def test_a_success_of_who_has_a_rate_says_so(api, monkeypatch) -> None:
    account = replace(api.engine.account_of(TOKEN), rate=RateLimit(2, 1.0))
    api.engine.accounts[sha256(TOKEN.encode()).digest()] = account
    api.engine.intake.quotas["acme"] = Quota(2, 1.0, 1.0, 0.5)
    for path, body in (("/v1/messages", SUBMIT), ("/v1/batches", {"messages": [SUBMIT]})):
        answer = await api.call("POST", path, body, headers={"Idempotency-Key": path})
        assert (answer.status, answer.headers["RateLimit"]) == (202, '"messages";r=1;t=1')
        again = await api.call("POST", path, body, headers={"Idempotency-Key": path})
        assert (again.headers["Idempotency-Replayed"], again.headers["RateLimit"]) == ("true", '"messages";r=1;t=1')


async def test_every_control_action_is_on_record_with_what_came_of_it(api) -> None:
    acts = [
        ("POST", "/v1/operators/mtn-cm/pause", ADMIN_TOKEN, None, "operator.pause", "mtn-cm", "done"),
        ("POST", "/v1/operators/mtn-cm/drain", ADMIN_TOKEN, None, "operator.drain", "mtn-cm", "done"),
        ("POST", "/v1/operators/mtn-cm/resume", ADMIN_TOKEN, None, "operator.resume", "mtn-cm", "done"),
        ("POST", "/v1/operators/zz/pause", ADMIN_TOKEN, None, "operator.pause", "zz", "not_found"),
        ("POST", "/v1/reload", ADMIN_TOKEN, None, "plan.reload", None, "done"),
        ("POST", "/v1/accounts/acme/replay", ADMIN_TOKEN, {"after": 9}, "webhook.replay", "acme", "invalid_request"),
        ("POST", "/v1/events/replay", TOKEN, {}, "webhook.replay", "acme", "done"),
    ]
    for method, path, token, body, *_ in acts:
        await api.call(method, path, body, token=token)
    api.engine.control.errors = [("routes.yaml", 3, "wrong")]
    await api.call("POST", "/v1/reload", token=ADMIN_TOKEN)
    # What nobody was let in for, and what only looks, is none.
    await api.call("POST", "/v1/reload", token=TOKEN)
    await api.call("POST", "/v1/reload", token="zz")
    await api.call("GET", "/v1/operators", token=ADMIN_TOKEN)
    answer = await (await api.call("GET", "/v1/audit?after=1&limit=3", token=ADMIN_TOKEN)).json()
    assert ([entry["seq"] for entry in answer["entries"]], answer["next"]) == ([2, 3, 4], 4)
    answer = await (await api.call("GET", "/v1/audit", token=ADMIN_TOKEN)).json()
    shown = [(entry["who"], entry["action"], entry["subject"], entry["outcome"]) for entry in answer["entries"]]
    who = {ADMIN_TOKEN: "admin", TOKEN: "account:acme"}
    expected = [(who[token], *told) for _, _, token, _, *told in acts]
    assert shown == [*expected, ("admin", "plan.reload", None, "invalid_config")]
    assert {entry["time"] for entry in answer["entries"]} == {"2025-06-15T15:06:40.123000Z"}


async def test_what_breaks_is_on_record_too(api, capfd) -> None:
    def broken(name):
        raise RuntimeError("a bug")

    api.engine.control.pause = broken
    assert (await api.call("POST", "/v1/operators/mtn-cm/pause", token=ADMIN_TOKEN)).status == 500
    assert [entry.outcome for entry in api.engine.audit.entries] == ["internal_error"]


async def test_a_code_of_a_rule_is_passed_on(api) -> None:
    answer = await api.call("POST", "/v1/messages", SUBMIT | {"reference": "refuse:no_gambling"})
    assert answer.status == 422
    check_problem(answer, await answer.json(content_type=None), "no_gambling")


@pytest.mark.parametrize("error", [RuntimeError(f"{TEXT} {TOKEN}"), UnicodeEncodeError("gsm", TEXT, 0, 1, TEXT)])
async def test_an_unexpected_error_says_nothing_and_is_logged_without_its_words(error: Any, api, capfd) -> None:
    api.engine.intake.breaks = error
    answer = await api.call("POST", "/v1/messages", SUBMIT)
    body = await answer.json(content_type=None)
    assert answer.status == 500
    check_problem(answer, body, "internal_error", [])
    assert type(error).__name__ not in str(body)
    logged = capfd.readouterr().out
    assert type(error).__name__ in logged
    assert "POST /v1/messages" in logged
    assert TEXT not in logged


async def test_a_sick_store_is_a_503(api) -> None:
    api.engine.messages.broken = True
    answer = await api.call("GET", f"/v1/messages/{ID}")
    check_problem(answer, await answer.json(content_type=None), "store_unavailable")
    assert answer.headers["Retry-After"] == "1"
    assert StoreUnavailable.__name__ not in await answer.text()


async def test_not_ready_says_why(api) -> None:
    api.engine.sick = "the store cannot write"
    answer = await api.call("GET", "/readyz", token=None)
    body = await answer.json(content_type=None)
    check_problem(answer, body, "not_ready")
    assert body["detail"] == "the store cannot write"
    assert (await api.call("GET", "/healthz", token=None)).status == 200


async def test_metrics(api) -> None:
    answer = await api.call("GET", "/metrics", token=None)
    assert answer.headers["Content-Type"].startswith("text/plain; version=0.0.4")
    assert "carrier_router_plan_version" in await answer.text()


async def test_a_refused_reload_shows_every_error_with_its_place(api) -> None:
    api.engine.control.errors = [("routes.yaml", 3, "unknown operator"), ("accounts.yaml", 9, "unknown key")]
    answer = await api.call("POST", "/v1/reload", token=ADMIN_TOKEN)
    body = await answer.json(content_type=None)
    assert answer.status == 422
    check_problem(answer, body, "invalid_config")
    assert body["errors"] == [
        {"file": "routes.yaml", "line": 3, "detail": "unknown operator"},
        {"file": "accounts.yaml", "line": 9, "detail": "unknown key"},
    ]
