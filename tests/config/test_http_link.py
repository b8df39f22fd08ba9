"""Operators that are HTTP carriers: what their files turn into, and what is refused, where and in which words."""

from contextlib import suppress
from pathlib import Path

import pytest
import yaml
from hypothesis import given
from hypothesis import strategies as st

from adapters.config_yaml import ConfigErrors, load
from router.http_calls import (
    Answer,
    BasicAuth,
    Batch,
    Callbacks,
    CancelCall,
    Challenge,
    Condition,
    Each,
    Field,
    Fits,
    HeaderAuth,
    HttpRequest,
    InboundShape,
    JsonList,
    JsonObject,
    Mapped,
    OAuth2,
    Pick,
    QueryAuth,
    ReceiptShape,
    Secret,
    Signature,
    Signed,
    StatusCall,
)
from router.operator import HttpLink, Operator, Reconnect, TextRules
from router.receipt import ReceiptState

EVERYTHING = """\
operator: carrier
channel: sms
protocol: http
link:
  request:
    - when: {options.template: present, encoding: [gsm7, ucs2]}
      method: PUT
      url: https://api.example:8443/v1/${PIECE}/{account}?a=b
      query: {v: "1", to: "{to|nobody}"}
      headers: {X-Sender: "{from}"}
      json: {to: "{to}", "{literally}": "{{x}}", n: 5, f: 1.5, b: true, none: null,
             list: [1, {$each: options.names, $item: "{item.first}"}]}
    - url: https://api.example:8443/v1/sms
      form: {to: "{to}", coding: "{coding}", ref: "{callback_url}", key: "${PIECE}"}
  values: {coding: {of: encoding, words: {gsm7: 0, ucs2: "8", binary: true}}}
  auth: {basic: {username: acme, password: ${SECRET}}}
  answer:
    success: {status: [2xx, 304], at: results.0.status, is: ["0", ok]}
    id: {header: X-Id}
    code: {regex: "code=(\\\\d+)"}
  codes: {21610: reject, "30001": throttle}
  status: {request: {method: GET, url: "https://api.example:8443/v1/{smsc_message_id}"}, state: a\\.b.c}
  cancel: {request: {method: DELETE, url: "https://api.example:8443/v1/{smsc_message_id}"}, success: {status: [204]}}
  window: 20
  tps: 50
  connect_timeout: 3s
  response_timeout: 30s
  keep_alive: 5s
  reconnect: {initial: 2s, max: 20s}
  tls: {verify: false}
  callbacks:
    public_url: https://us.example/sms/
    secret: {header: X-Token, value: ${SECRET}}
    hmac: {header: X-Sig, secret: ${SECRET}, algorithm: sha512, encoding: base64, prefix: "v1=",
           over: "{url}.{header.X-Time}:{body}{form}"}
    networks: [192.0.2.0/24]
    challenge: {token: hub.verify_token, secret: ${SECRET}, answer: hub.challenge}
    receipts:
      items: list.*
      when: {type: dlr, status: present}
      id: [id, "message.id"]
      to: to
      state: status
      states: {READ: ignore, "8": enroute}
      error: error
      at: at
    inbound: {items: mo.*, from: from, to: to, recipient: "8080", text: [text, caption], data: {hex: bin}, id: [no, id]}
    answer: OK
cancel: true
errors: {402: account}
receipts: {poll: 5m}
text: {alphabet: latin1, long: payload}
rates: [{prefix: "", price: "1"}]
"""


def read(folder: Path, file: str) -> Operator:
    (folder / "operators").mkdir(exist_ok=True)
    (folder / "operators" / "carrier.yaml").write_text(file)
    (folder / "router.yaml").write_text("")
    (folder / "accounts.yaml").write_text("accounts: []\n")
    (folder / "routes.yaml").write_text("currencies: {base: XAF}\n")
    return load(folder / "router.yaml", {"SECRET": "s3cret-Zq1", "PIECE": "piece-{Zq2}"}).operators["carrier"]


def errors(folder: Path, file: str) -> list[str]:
    with pytest.raises(ConfigErrors) as caught:
        read(folder, file)
    return [str(error).removeprefix(f"{folder}/operators/") for error in caught.value.errors]


def test_everything(tmp_path: Path) -> None:
    operator = read(tmp_path, EVERYTHING)
    assert operator.errors == {402: "account"}
    assert operator.text == TextRules(alphabet="latin1", long="payload")
    assert operator.receipts.poll == 300.0
    link = operator.link
    assert isinstance(link, HttpLink)
    base = "https://api.example:8443/v1/"
    assert link.requests == (
        HttpRequest(
            (base + "piece-{Zq2}/", Field("account"), "?a=b"),
            "PUT",
            (("v", ("1",)), ("to", (Field("to", "nobody"),))),
            (("X-Sender", (Field("from"),)),),
            JsonObject(
                (
                    ("to", (Field("to"),)),
                    ("{literally}", ("{x}",)),
                    ("n", 5),
                    ("f", 1.5),
                    ("b", True),
                    ("none", None),
                    ("list", JsonList((1, Each("options.names", (Field("item.first"),))))),
                )
            ),
            None,
            (Condition("options.template"), Condition("encoding", ("gsm7", "ucs2"))),
        ),
        HttpRequest(
            (base + "sms",),
            form=(
                ("to", (Field("to"),)),
                ("coding", (Field("coding"),)),
                ("ref", (Field("callback_url"),)),
                ("key", ("piece-{Zq2}",)),
            ),
        ),
    )
    assert (link.host, link.port, link.secure) == ("api.example", 8443, True)
    assert link.values == {"coding": Mapped("encoding", {"gsm7": 0, "ucs2": "8", "binary": True})}
    assert link.auth == BasicAuth("acme", "s3cret-Zq1")
    assert link.answer == Answer(
        ((200, 299), (304, 304)),
        Pick("json", ("results", "0", "status")),
        ("0", "ok"),
        Pick("header", word="X-Id"),
        None,
        Pick("regex", word=r"code=(\d+)"),
    )
    assert link.codes == {"21610": "reject", "30001": "throttle"}
    assert link.status == StatusCall(HttpRequest((base, Field("smsc_message_id")), "GET"), ReceiptShape(("a.b", "c")))
    assert link.cancel == CancelCall(HttpRequest((base, Field("smsc_message_id")), "DELETE"), Answer(((204, 204),)))
    assert (link.window, link.tps, link.connect_timeout, link.response_timeout) == (20, 50.0, 3.0, 30.0)
    assert (link.keep_alive, link.reconnect, link.tls.verify) == (5.0, Reconnect(2.0, 20.0), False)
    taken = link.callbacks
    assert taken == Callbacks(
        "https://us.example/sms",
        Secret("header", "s3cret-Zq1", "X-Token"),
        Signature(
            "X-Sig",
            b"s3cret-Zq1",
            "sha512",
            "base64",
            "v1=",
            (
                Signed("url"),
                Signed("text", "."),
                Signed("header", "X-Time"),
                Signed("text", ":"),
                Signed("body"),
                Signed("form"),
            ),
        ),
        taken.networks if taken else (),
        Challenge("hub.verify_token", "s3cret-Zq1", "hub.challenge"),
        ReceiptShape(
            ("status",),
            (("id",), ("message", "id")),
            ("list", "*"),
            (Fits(("type",), ("dlr",)), Fits(("status",))),
            {"read": None, "8": ReceiptState.ENROUTE},
            ("to",),
            ("error",),
            ("at",),
        ),
        InboundShape(
            ("from",), ("to",), "8080", (("text",), ("caption",)), ("bin",), "hex", ("mo", "*"), id=(("no",), ("id",))
        ),
        "OK",
    )
    assert {"s3cret-Zq1", "piece-{Zq2}"} <= set(link.secrets)
    assert "Zq1" not in repr(operator)
    assert "Zq2" not in repr(operator)


LEAST = """\
operator: carrier
protocol: http
link:
  request: {url: "http://api.example/send", query: {to: "{to}"}, method: GET}
receipts: {request: none}
rates: [{prefix: "", price: "1"}]
"""


def test_the_least(tmp_path: Path) -> None:
    operator = read(tmp_path, LEAST)
    assert operator.text.long == "payload"
    assert isinstance(operator.link, HttpLink)
    assert (operator.link.host, operator.link.port, operator.link.secure) == ("api.example", 80, False)
    assert operator.link.batch is None
    whatsapp = read(tmp_path, LEAST + "channel: whatsapp\n")
    assert whatsapp.text.long == "whole"


@pytest.mark.parametrize(
    ("written", "auth"),
    [
        ("none", None),
        ("{bearer: ${SECRET}}", HeaderAuth("Authorization", "Bearer s3cret-Zq1")),
        ("{header: {name: X-Key, value: App ${SECRET}}}", HeaderAuth("X-Key", "App s3cret-Zq1")),
        ("{query: {name: key, value: ${SECRET}}}", QueryAuth("key", "s3cret-Zq1")),
        (
            "{oauth2: {token_url: 'https://a.example/t', client_id: us, client_secret: ${SECRET}, scope: a b, "
            "audience: x, credentials: body}}",
            OAuth2("https://a.example/t", "us", "s3cret-Zq1", "a b", "x", "body"),
        ),
    ],
)
def test_authentication(tmp_path: Path, written: str, auth: object) -> None:
    link = read(tmp_path, LEAST.replace("receipts:", f"  auth: {written}\nreceipts:")).link
    assert isinstance(link, HttpLink)
    assert link.auth == auth
    assert "Zq1" not in repr(link)


def test_a_batch(tmp_path: Path) -> None:
    file = LEAST.replace("{to}", "{recipients}").replace(
        "receipts:", '  batch: {most: 100, wait: 5ms, results: results, to: number, separator: " "}\nreceipts:'
    )
    link = read(tmp_path, file).link
    assert isinstance(link, HttpLink)
    assert link.batch == Batch(100, 0.005, ("results",), ("number",), " ")


# what is replaced, by what (◀ ends the line of the error), the reason
CASES = [
    ('request: {url: "http://api.example/send"', 'x: {url: "http://a/"', "link.request is missing"),
    ("http://api.example/send", "ftp://api.example/send", "link.request.url: must begin with http:// or https://"),
    ("http://api.example/send", "http://{to}.example/send", "link.request.url: must begin with http:// or https://"),
    ("http://api.example/send", "http://api.example{to}", "link.request.url: must begin with http:// or https://"),
    ("http://api.example/send", "http://a:b@api.example/", "link.request.url: must not hold a user or a password"),
    ("http://api.example/send", "http://api.example/a b", "link.request.url: is not an http or https address"),
    ("http://api.example/send", "http://api.example/{to}/a b", "link.request.url: has a character that cannot stand"),
    ("{to}", "{too}", "link.request.query.to: unknown placeholder 'too', did you mean 'to'?"),
    ("{to}", "{options}", "link.request.query.to: unknown placeholder 'options'"),
    ("{to}", "{options.}", "link.request.query.to: unknown placeholder 'options.'"),
    ("{to}", "{item.x}", "link.request.query.to: unknown placeholder 'item.x'"),
    ("{to}", "{recipients}", "link.request.query.to: unknown placeholder 'recipients'"),
    ("{to}", "{smsc_message_id}", "link.request.query.to: unknown placeholder 'smsc_message_id'"),
    ("{to}", "{to", "link.request.query.to: a brace without its other"),
    ("{to}", "to}", "link.request.query.to: a brace without its other"),
    ("{to}", "{}", "link.request.query.to: unknown placeholder ''"),
    ("{to}", "${NOBODY}", "link.request.query.to: environment variable NOBODY is not set"),
    ("{to}", "{callback_url}", "link: the placeholder {callback_url} needs callbacks.public_url"),
    ("method: GET", "method: DELETE", "link.request.method: 'DELETE' is not one of GET, POST, PUT"),
    ("method: GET", "form: {a: b}, method: GET", "link.request: a GET has no body: use query"),
    ("method: GET", "form: {a: b}, json: {a: b}", "link.request: has a json or a form, not both"),
    ("method: GET", "json: text", "link.request.json: must be a mapping or a list, written as YAML"),
    ("method: GET", "json: {$each: options.x, $item: y}", "link.request.json: $each stands in a list"),
    ("method: GET", "json: {a: {$each: options.x, $item: y}}", "link.request.json.a: $each stands in a list"),
    ("method: GET", "json: [{$each: options.x}]", "link.request.json: needs $each and $item, and nothing else"),
    ("method: GET", "json: [{$each: messages, $item: y}]", "link.request.json.$each: messages are repeated in a batch"),
    ("method: GET", "json: [{$each: x, $item: y}]", "link.request.json.$each: unknown placeholder 'x'"),
    ("method: GET", "headers: {Host: x}", "link.request.headers: 'Host' is not the name of a header that can be set"),
    ("method: GET", "headers: {'X Y': x}", "link.request.headers: 'X Y' is not the name of a header"),
    ("method: GET", "when: {color: red}", "link.request.when: unknown placeholder 'color'"),
    ("  request: {", "  window: 0\n  request: {", "link.window: 0 is out of range (1 to 10000)"),
    ("  request: {", "  tls: true\n  request: {", "link: tls goes with an https address"),
    ("  request: {", "  auth: {basic: {username: a}}\n  request: {", "link.auth.basic.password is missing"),
    ("  request: {", "  auth: secret\n  request: {", "link.auth: must be a mapping of keys, not a single value"),
    ("  request: {", "  auth: {}\n  request: {", "link.auth: must be none or one of basic, bearer"),
    ("  request: {", "  auth: {bearer: é}\n  request: {", "link.auth.bearer: must be printable ASCII"),
    ("  request: {", "  answer: {id: {regex: '('}}\n  request: {", "link.answer.id.regex: is not a regular expression"),
    (
        "  request: {",
        "  answer: {id: {regex: '(a)(b)'}}\n  request: {",
        "link.answer.id.regex: must have at most one gr",
    ),
    ("  request: {", "  answer: {id: {}}\n  request: {", "link.answer.id: must be a way in the JSON"),
    ("  request: {", "  answer: {id: a..b}\n  request: {", "link.answer.id: must be the way to a value"),
    ("  request: {", "  answer: {success: {is: x}}\n  request: {", "link.answer.success: `is` needs `at`"),
    (
        "  request: {",
        "  answer: {success: {status: 99}}\n  request: {",
        "link.answer.success.status: must be an HTTP st",
    ),
    ("  request: {", "  codes: {a: drop}\n  request: {", "link.codes.a: 'drop' is not one of retry, next, reject"),
    (
        "  request: {",
        "  values: {to: {of: text, words: {}}}\n  request: {",
        "link.values: 'to' cannot be the name of a",
    ),
    ("  request: {", "  values: {a: {of: b, words: {}}}\n  request: {", "link.values.a.of: unknown placeholder 'b'"),
    (
        "  request: {",
        "  values: {a: {of: text, words: {b: '{to}'}}}\n  request: {",
        "link.values.a.words.b: must be pla",
    ),
    ("  request: {", "  batch: {most: 5}\n  request: {", "link: batch: a request needs `$each: messages` or"),
    ("{to}", '{recipients}{to}"}}\n  batch: {most: 5} #', "link: batch: {to} is one message's"),
    (
        "  request: {",
        "  callbacks: {receipts: {state: a, id: b}}\n  request: {",
        "link.callbacks: needs secret, hmac or",
    ),
    (
        "  request: {",
        "  callbacks: {secret: {path: ab}}\n  request: {",
        "link.callbacks: needs receipts, inbound or both",
    ),
    ("  request: {", "  callbacks: {secret: {path: a/b}}\n  request: {", "link.callbacks.secret: path must be letters"),
    (
        "  request: {",
        "  callbacks: {secret: {query: a}}\n  request: {",
        "link.callbacks.secret: must be {path: SECRET}",
    ),
    *[
        (
            "  request: {",
            f"  callbacks: {{hmac: {{header: X, secret: abcd, over: '{over}'}}, receipts: {{id: a, state: s}}}}\n"
            "  request: {",
            error,
        )
        for over, error in [
            ("{other}{body}", "link.callbacks.hmac.over: must be text with {url}, {form}, {body} and"),
            ("{body", "link.callbacks.hmac.over: must be text with"),
            ("{url}", "link.callbacks.hmac.over: has neither {body} nor {form}"),
            ("{url}{form}", "link.callbacks: hmac.over: {url} needs public_url"),
        ]
    ],
    (
        "  request: {",
        "  callbacks: {secret: {path: a}, receipts: {state: s}}\n  request: {",
        "link.callbacks.receipts: needs id, to or both, to find the message by",
    ),
    (
        "  request: {",
        "  callbacks: {secret: {path: a}, receipts: {id: i, state: s, states: {a: b}}}\n  request: {",
        "link.callbacks.receipts.states.a: 'b' is not one of enroute, accepted",
    ),
    ("receipts: {request: none}", "channel: sms", "no receipt could ever come: give link.callbacks.receipts"),
    ("receipts: {request: none}", "receipts: {poll: 5m}", "receipts.query and receipts.poll need link.status"),
    ("receipts: {", "cancel: true\nreceipts: {", "cancel: true and link.cancel, the request that does it, go together"),
    (
        "  request: {",
        "  cancel: {request: {url: 'http://a/', method: DELETE}}\n  request: {",
        "cancel: true and link.cancel, the request that does it, go together",
    ),
    (
        "  request: {",
        "  cancel: {request: {url: 'http://a/', method: DELETE, json: {a: b}}}\n  request: {",
        "link.cancel.request: a DELETE has no body: use query",
    ),
    (
        "  request: {",
        "  cancel: {request: {url: 'http://a/'}, success: {is: b}}\n  request: {",
        "link.cancel.success: `is` needs `at`, where the value stands",
    ),
    ("receipts: {", "tlvs: {}\nreceipts: {", "tlvs goes with protocol smpp"),
    ("receipts: {", "addressing: {}\nreceipts: {", "addressing goes with protocol smpp"),
    ("receipts: {", "text: {ucs2: 8}\nreceipts: {", "text: unknown key 'ucs2'"),
    ("receipts: {", "text: {long: udh8}\nreceipts: {", "link: text.long udh8 needs the placeholder {udh_hex}"),
    ("receipts: {", "text: {long: sar}\nreceipts: {", "link: text.long sar needs the placeholder {concat_reference}"),
    ("receipts: {", "text: {long: other}\nreceipts: {", "text.long: 'other' is not one of payload, whole"),
]


@pytest.mark.parametrize(("old", "new", "reason"), CASES, ids=[f"{one[1]}"[:40] for one in CASES])
def test_refusals(tmp_path: Path, old: str, new: str, reason: str) -> None:
    assert LEAST.count(old) == 1
    found = errors(tmp_path, LEAST.replace(old, new))
    said = [one.split(": ", 1)[1] for one in found]
    assert any(one.startswith(reason) for one in said), found
    assert all(one.startswith("carrier.yaml:") for one in found)


def test_only_the_last_request_takes_everything(tmp_path: Path) -> None:
    file = LEAST.replace(
        '  request: {url: "http://api.example/send", query: {to: "{to}"}, method: GET}',
        "  request: [{url: 'http://a.example/'}, {url: 'http://b.example/'}]",
    )
    assert errors(tmp_path, file) == [
        "carrier.yaml:4: link: request: only the last of several may be without `when`, for it takes all that is left"
    ]


def test_what_is_one_messages_does_not_stand_where_a_request_has_many(tmp_path: Path) -> None:
    file = LEAST.replace("{to}", "{recipients} {to}").replace("receipts:", "  batch: {most: 5}\nreceipts:")
    (error,) = errors(tmp_path, file)
    assert error == "carrier.yaml:4: link: batch: {to} is one message's, and stands where the request has many"


def test_a_reload_that_changes_the_pace_only_leaves_the_link(tmp_path: Path) -> None:
    one = read(tmp_path, EVERYTHING)
    assert read(tmp_path, EVERYTHING.replace("tps: 50", "tps: 60").replace("window: 20", "window: 9")).same_binds(one)
    assert not read(tmp_path, EVERYTHING.replace("keep_alive: 5s", "keep_alive: 6s")).same_binds(one)


KEYS = ["url", "json", "form", "query", "when", "$each", "$item", "a", "method", "headers", "basic", "id", "at", "is"]
TREES = st.recursive(
    st.text(max_size=8)
    | st.integers()
    | st.none()
    | st.booleans()
    | st.sampled_from(["{to}", "{", "messages", "options.a", "present", "http://a.example/", "{item}", "*"]),
    lambda inner: st.lists(inner, max_size=3) | st.dictionaries(st.sampled_from(KEYS), inner, max_size=4),
    max_leaves=12,
)


@pytest.mark.deep
@given(st.dictionaries(st.sampled_from(["request", "auth", "answer", "values", "status", "callbacks", "batch"]), TREES))
def test_nothing_breaks_it(tmp_path_factory: pytest.TempPathFactory, link: dict[str, object]) -> None:
    folder = tmp_path_factory.getbasetemp() / "fuzz"
    folder.mkdir(exist_ok=True)
    file = yaml.safe_dump({"operator": "carrier", "protocol": "http", "receipts": {"request": "none"}, "link": link})
    with suppress(ConfigErrors):
        read(folder, file)
