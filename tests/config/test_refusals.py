"""What is refused, where, and in which words. Every case expects its own errors and no others."""

import pytest
import yaml

from adapters.config_yaml import nodes
from router.operator import SmtpLink
from tests.config.conftest import Folder

R, M, N = "router.yaml", "operators/mtn-cm.yaml", "operators/orange-cm.yaml"
P, A, C = "routes.yaml", "accounts.yaml", "rates/mtn-cm.csv"


def hlr(**changes: str | None) -> str:
    """A provider with something changed or (None) left out, before what follows it."""
    keys = {"url": '"http://h/{number}"', "mcc": "network", **changes}
    return f"lookup: {{hlr: {{{', '.join(f'{key}: {value}' for key, value in keys.items() if value)}}}}}\nlog: {{"


# file, what is replaced, by what (◀ ends the line of the error), the reason
CASES = [
    # shapes
    (R, "retention:", "retentoin:", "unknown key 'retentoin', did you mean 'retention'?"),
    (R, "  max_body: 4MiB", "  body: 4MiB", "http: unknown key 'body', did you mean 'max_body'?"),
    (R, "max_body: 4MiB", "max_body: 4MiB\n  max_body: 5MiB ◀", "http: key 'max_body' is already given in line 4"),
    (R, "limits: {", "limits: [1]\n#", "limits: must be a mapping of keys, not a list"),
    (R, "log: {level: info, format: json}", "log: json", "log: must be a mapping of keys, not a single value"),
    (R, "log: {level: info, format: json}", "log:", "log: must be a mapping of keys, not a single value"),
    (R, "{allow: []}", "{allow: 10.0.0.0/8}", "webhooks.allow: must be a list, not a single value"),
    (R, "4MiB", "[4]", "http.max_body: must be text, not a list"),
    (R, "4MiB", "", "http.max_body: has no value: give text or leave the key out"),
    (R, "4MiB", "!!size 4MiB", "http.max_body: tags (!) are not supported"),
    (R, "4MiB", "!size 4MiB", "http.max_body: tags (!) are not supported"),
    (R, "log: {level", "<<: {} \nlog: {level", "merge keys (<<) are not supported"),
    (R, "log: {level", "[a]: 1\nlog: {level", "a key must be text"),
    (R, "log: {level", "---\nlog: {level", "is not YAML: but found another document"),
    (R, "log: {level: info, format: json}", "log: ]", "is not YAML: "),
    (R, "log: {level", "log: *anchor\n#", "is not YAML: found undefined alias"),
    (R, "log: {level", "log: \x07\n#", "is not YAML: a character that is not printable"),
    # router.yaml
    (R, "127.0.0.1:8080 ", "8080 ", "http.listen: '8080' is not an address such as 127.0.0.1:8080"),
    (R, "127.0.0.1:8080 ", "127.0.0.1:0 ", "http.listen: port 0 is out of range (1 to 65535)"),
    (R, "127.0.0.1:8080 ", "127.0.0.1:65536 ", "http.listen: port 65536 is out of range (1 to 65535)"),
    (R, "127.0.0.1:8081", "127.0.0.1:8080", "gateways.listen: overlaps with http.listen 127.0.0.1:8080"),
    (R, "127.0.0.1:8081", "localhost:8080", "gateways.listen: overlaps with http.listen 127.0.0.1:8080"),
    (R, "127.0.0.1:8081", "0.0.0.0:8080", "gateways.listen: overlaps with http.listen 127.0.0.1:8080"),
    (R, "127.0.0.1:8081", '"[::]:8080"', "gateways.listen: overlaps with http.listen 127.0.0.1:8080"),
    (R, "fullsms]", "fulsms]", "gateways.enabled: 'fulsms' is not one of textdigo, textiopro"),
    (R, "fullsms]", "smsapi]", "gateways.enabled: 'smsapi' is given twice"),
    (R, "key: tls.key", "key: lost.key", "http.tls.key: cannot read lost.key: No such file or directory"),
    (R, "certificate: tls.crt, ", "", "http.tls.certificate is missing"),
    (R, "4MiB", "4MB", "http.max_body: '4MB' is not a size such as 512KiB or 4MiB"),
    (R, "4MiB", "0MiB", "http.max_body: 0MiB must be more than nothing"),
    (R, "${ADMIN_TOKEN}", "${NOBODY}", "http.admin_token: environment variable NOBODY is not set"),
    (R, "${ADMIN_TOKEN}", "${EMPTY}", "http.admin_token: environment variable EMPTY is empty"),
    (R, "${ADMIN_TOKEN}", "x${ADMIN_TOKEN}", "http.admin_token: a reference must be ${NAME} and nothing else"),
    (R, "${ADMIN_TOKEN}", "sha256:12", "http.admin_token: sha256: must be followed by 64 hexadecimal digits"),
    (R, "${ADMIN_TOKEN}", "file:lost", "http.admin_token: cannot read lost: No such file or directory"),
    (R, "${ADMIN_TOKEN}", "file:operators", "http.admin_token: cannot read operators: Is a directory"),
    (R, "${ADMIN_TOKEN}", "file:tls.crt", "http.admin_token: must not be empty"),
    (R, "${ADMIN_TOKEN}", "file:${NOBODY}/a", "http.admin_token: environment variable NOBODY is not set"),
    (R, "${ADMIN_TOKEN}", "file:${EMPTY}/a", "http.admin_token: environment variable EMPTY is empty"),
    (R, "${ADMIN_TOKEN}", '"file:${x/a"', "http.admin_token: a reference must be ${NAME}"),
    (R, "${ADMIN_TOKEN}", "file:${ACME_TOKEN}/a", "http.admin_token: cannot read ${ACME_TOKEN}/a: No such file"),
    (R, "${ADMIN_TOKEN}", '"file:a\\0b"', "http.admin_token: cannot read "),
    (R, "${ADMIN_TOKEN}", '"a\\nb"', "http.admin_token: must be one line of text"),
    (R, "sqlite:///data/router.db", "postgresql://u:p@h/d", "store: postgresql is not available in this version"),
    (R, "sqlite:///data/router.db", "data/router.db", "store: must be sqlite:///PATH"),
    (R, "sqlite:///data/router.db", "sqlite:///", "store: must be sqlite:///PATH"),
    (R, "routes: routes.yaml", "routes: lost.yaml", "routes: cannot read lost.yaml: No such file or directory"),
    (R, "accounts: accounts.yaml", "accounts: lost.yaml", "accounts: cannot read lost.yaml: No such file"),
    (R, "operators: operators/", "operators: lost/", "operators: cannot read the folder lost: No such file"),
    (R, "operators: operators/", "operators: routes.yaml", "operators: cannot read the folder routes.yaml: Not a dir"),
    (R, "operators: operators/", "operators: rates", "operators: the folder rates has no operator"),
    (R, "operators: operators/", "operators: ${OPERATORS}", "operators: ${…} is for secrets only"),
    (R, "allow: []", "allow: [10.0.0.0/33]", "webhooks.allow: '10.0.0.0/33' is not a network such as 10.0.0.0/8"),
    (R, "allow: []", "allow: [10.0.0.1/8]", "webhooks.allow: '10.0.0.1/8' is not a network such as 10.0.0.0/8"),
    (R, "queued: 10000000", "queued: 0", "limits.queued: 0 is out of range (at least 1)"),
    (R, "queued: 10000000", 'queued: "5"', "limits.queued: must be a whole number, without quotes"),
    (R, "queued: 10000000", "queued: 010", "limits.queued: must be a whole number, without quotes"),
    (R, "queued: 10000000", "queued: 1.5", "limits.queued: must be a whole number, without quotes"),
    (R, "queued: 10000000", "queued: 99999999999999999", "limits.queued: 99999999999999999 is out of range"),
    (R, "message_parts: 10,", "message_parts: 256,", "limits.message_parts: 256 is out of range (1 to 255)"),
    (R, "numbers: possible", "numbers: all", "limits.numbers: 'all' is not one of possible, valid"),
    (R, "mo_join: 10m", "mo_join: 10", "limits.mo_join: '10' is not a duration such as 500ms, 30s, 10m, 72h or 7d"),
    (R, "events: 7d", "events: 0d", "retention.events: 0d must be longer than nothing"),
    (R, "events: 7d", "events: 999999d", "retention.events: 999999d must be longer than nothing and at most ten years"),
    (R, "level: info", "level: loud", "log.level: 'loud' is not one of debug, info"),
    (R, "log: {", "lookup:\nlog: {", "lookup: must be a mapping of keys, not a single value"),
    (R, "log: {", "lookup: {}\nlog: {", "lookup: must have a table, an hlr or both"),
    (R, "log: {", "lookup: {tables: {}}\nlog: {", "lookup: unknown key 'tables', did you mean 'table'?"),
    (R, "log: {", "lookup: {table: {}}\nlog: {", "lookup.table.file is missing"),
    (R, "log: {", "lookup: {table: {file: lost.csv}}\nlog: {", "lookup.table.file: cannot read lost.csv: No such file"),
    (R, "log: {", hlr(url=None), "lookup.hlr.url is missing"),
    (R, "log: {", hlr(mcc=None), "lookup.hlr.mcc is missing"),
    (R, "log: {", hlr(url='"ftp://h/{number}"'), "lookup.hlr.url: is not an http or https address"),
    (R, "log: {", hlr(url='"http://u:p@h/{number}"'), "lookup.hlr.url: must not hold a user or a password"),
    (R, "log: {", hlr(url='"http://{number}.h/"'), "lookup.hlr.url: must have {number} once, in its path or its query"),
    (R, "log: {", hlr(url='"http://h/{number}/{number}"'), "lookup.hlr.url: must have {number} once, in its path"),
    (R, "log: {", hlr(url='"http://h/{number}/{msisdn}"'), "lookup.hlr.url: must have {number} once, in its path"),
    (R, "log: {", hlr(url='"http://h/#{number}"'), "lookup.hlr.url: must have {number} once, in its path or its query"),
    (R, "log: {", hlr(url='"http://h/${NOBODY}/{number}"'), "lookup.hlr.url: environment variable NOBODY is not set"),
    (R, "log: {", hlr(mcc="a..b"), "lookup.hlr.mcc: must be the way to a value in the answer, such as result.mcc"),
    (R, "log: {", hlr(mnc='""'), "lookup.hlr.mnc: must not be empty"),
    (R, "log: {", hlr(timeout="11s"), "lookup.hlr.timeout: must be at most 10s: a message waits for it"),
    (R, "log: {", hlr(timeout="500"), "lookup.hlr.timeout: '500' is not a duration such as 500ms, 30s, 10m, 72h or 7d"),
    (R, "log: {", hlr(in_flight="0"), "lookup.hlr.in_flight: 0 is out of range (1 to 1000)"),
    (R, "log: {", hlr(countries="[]"), "lookup.hlr.countries: must have at least 1 item"),
    (R, "log: {", hlr(countries="[cm]"), "lookup.hlr.countries: 'cm' is not a country code such as CM"),
    (R, "log: {", hlr(countries="[CM, CM]"), "lookup.hlr.countries: 'CM' is given twice"),
    (R, "log: {", hlr(headers="{Host: x}"), "lookup.hlr.headers: 'Host' is not the name of a header that can be set"),
    (R, "log: {", hlr(headers='{"a b": x}'), "lookup.hlr.headers: 'a b' is not the name of a header that can be set"),
    (R, "log: {", hlr(headers="{A: é}"), "lookup.hlr.headers.A: must be printable ASCII"),
    (R, "log: {", hlr(headers='{A: "b\\r\\nC: d"}'), "lookup.hlr.headers.A: must be one line of text"),
    (R, "log: {", hlr(headers="{A: Bearer ${NOBODY}}"), "lookup.hlr.headers.A: environment variable NOBODY is not set"),
    (R, "log: {", hlr(headers='{A: "Bearer ${EMPTY}"}'), "lookup.hlr.headers.A: environment variable EMPTY is empty"),
    (R, "log: {", hlr(headers='{A: "Bearer ${x"}'), "lookup.hlr.headers.A: a reference must be ${NAME}"),
    # operators
    (M, "operator: mtn-cm", "operator: mtn cm", "operator: 'mtn cm' is not a name"),
    (N, "operator: orange-cm", "operator: backup", "operator: operator 'backup' is already defined in operators/backu"),
    (M, "channel: sms", "channel: fax", "channel: 'fax' is not one of sms, whatsapp, voice, mms, viber, email"),
    (M, "protocol: smpp", "protocol: ucp", "protocol: 'ucp' is not one of smpp, http, smtp"),
    (M, "  host: smsc.example\n", "", "link.host is missing"),
    (M, "smsc.example", "smpp://smsc.example", "link.host: 'smpp://smsc.example' is not a host name or an address"),
    (M, "port: 2775", "port: 70000", "link.port: 70000 is out of range (1 to 65535)"),
    (M, "port: 2775", "port: smpp", "link.port: must be a whole number, without quotes"),
    (M, "system_id: acme", "system_id: a234567890123456", "link.system_id: must have at most 15 characters"),
    (M, "system_id: acme", "system_id: ак", "link.system_id: has a character that SMPP cannot carry (Latin-1 only)"),
    (M, "${MTN_CM_PASSWORD}", "123456789", "link.password: must have at most 8 characters"),
    (M, "${MTN_CM_PASSWORD}", "${ACME_TOKEN}", "link.password: must have at most 8 characters"),
    (M, 'system_type: ""', "system_type: a234567890123", "link.system_type: must have at most 12 characters"),
    (M, 'address_range: ""', f"address_range: {'1' * 41}", "link.address_range: must have at most 40 characters"),
    (M, "mode: transceiver", "mode: both", "link.mode: 'both' is not one of transceiver, transmitter+receiver"),
    (M, "binds: 1", "binds: 0", "link.binds: 0 is out of range (1 to 1000)"),
    (M, "window: 10", "window: 0", "link.window: 0 is out of range (1 to 100000)"),
    (M, "tps: 0", "tps: -1", "link.tps: -1 is out of range (at least 0)"),
    (M, "tps: 0", "tps: .inf", "link.tps: must be a number, without quotes"),
    (M, "tls: false", "tls: maybe", "link.tls: must be true or false, without quotes"),
    (M, "tls: false", 'tls: "true"', "link.tls: must be true or false, without quotes"),
    (M, "tls: false", "tls: {certificate: ../tls.crt}", "link.tls: certificate and key go together"),
    (M, "tls: false", "tls: {ca: tls.crt}", "link.tls.ca: cannot read operators/tls.crt: No such file or directory"),
    (M, "initial: 1s, max: 60s", "initial: 61s, max: 60s", "link.reconnect: initial (61s) is longer than max (60s)"),
    (M, "{initial: 5s, max: 10m", "{initial: 1h, max: 10m", "retry: initial (3600s) is longer than max (600s)"),
    (M, "attempts: 20", "attempts: 0", "retry.attempts: 0 is out of range (at least 1)"),
    (M, "shortcode: {ton: 3", "shortcode: {ton: 256", "addressing.shortcode.ton: 256 is out of range (0 to 255)"),
    (M, "shortcode: {ton: 3", "shortcode: {plus: true", "addressing.shortcode: unknown key 'plus'"),
    (M, "alphabet: gsm7", "alphabet: gsm8", "text.alphabet: 'gsm8' is not one of gsm7, gsm7-packed, latin1, ascii"),
    (M, "ucs2: 8", "ucs2: 256", "text.ucs2: 256 is out of range (0 to 255)"),
    (M, "long: udh8", "long: udh", "text.long: 'udh' is not one of udh8, udh16, sar, payload"),
    (M, "language_tables: []", "language_tables: [french]", "text.language_tables: 'french' is not one of turkish"),
    (
        M,
        "alphabet: gsm7\n  ucs2: 8\n  long: udh8\n  language_tables: []",
        "alphabet: latin1\n  language_tables: [urdu]",
        "text: language_tables go with alphabet gsm7 or gsm7-packed, not with latin1",
    ),
    (M, "request: final", "request: some", "receipts.request: 'some' is not one of final, all, none"),
    (M, "id_in_receipt: auto", "id_in_receipt: octal", "receipts.id_in_receipt: 'octal' is not one of auto, as-is"),
    (M, "query: false", "query: 0", "receipts.query: must be true or false, without quotes"),
    (M, "on_unanswered: resend", "on_unanswered: drop", "on_unanswered: 'drop' is not one of resend, hold"),
    (M, '{"0x0000000B": reject}', '{"0x0000000B": fail}', "errors.0x0000000B: 'fail' is not one of retry, next, rej"),
    (M, '{"0x0000000B": reject}', "{ESME_RINVDSTADR: reject}", "errors: 'ESME_RINVDSTADR' must be a whole number"),
    (M, '{"0x0000000B": reject}', "{0x100000000: reject}", "errors: 0x100000000 is out of range (1 to 0xffffffff)"),
    (M, '{"0x0000000B": reject}', "{0: reject}", "errors: 0 is out of range (1 to 0xffffffff)"),
    (M, '{"0x0000000B": reject}', "{0xB: next, 11: next}", "errors: '11' is given twice"),
    (M, '"0x1400": {from', '"0x10000": {from', "tlvs: 0x10000 is out of range (1 to 0xffff)"),
    (M, "{from: dlt", "{to: 5, from: dlt", "tlvs.0x1400: unknown key 'to' (known: from)"),
    (M, 'price: "0.0200"', 'price: "-0.0200"', "rates.price: -0.0200 must not be negative"),
    (M, 'price: "0.0200"', "price: 1e3", "rates.price: '1e3' is not an amount such as 0.0200"),
    (M, 'price: "0.0200"', 'price: "NaN"', "rates.price: 'NaN' is not an amount such as 0.0200"),
    (M, ', price: "0.0200"}', "}", "rates.price is missing"),
    (M, 'prefix: "237"', 'prefix: "+237"', "rates.prefix: '+237' is not a prefix"),
    (M, 'prefix: "23767"', 'prefix: "237"', "prefix '237' is priced twice (first in operators/mtn-cm.yaml:40)"),
    (M, 'network: "62401"', 'network: "624"', "rates.network: '624' is not a network"),
    (M, "../rates/mtn-cm.csv", "../rates/lost.csv", "rates_file: cannot read rates/lost.csv: No such file or dir"),
    (M, "currency: XAF", "currency: xaf", "currency: 'xaf' is not a currency code such as XAF"),
    (M, "currency: XAF", "currency: USD", "currency: no exchange rate for currency USD in routes.yaml"),
    # rate cards
    (C, "price,currency", "cost,currency", "unknown column 'cost' (known: prefix, mcc, mnc, price, currency, effect"),
    (C, "price,currency", "prefix,currency", "column prefix is given twice"),
    (C, "prefix,mcc", "mcc,mcc", "column mcc is given twice"),
    (C, "prefix,mcc,mnc,price,currency,effective_from", "prefix,mcc", "column price is missing"),
    (C, "prefix,mcc,mnc,price,currency,effective_from", "mcc,price", "column prefix is missing"),
    (C, "prefix,mcc,mnc,price,currency,effective_from", "mnc,mcc", "column price is missing"),
    (C, "23769,624,02,0.0180", ",624,,0.0180", "give a prefix, or a network by its MCC and MNC"),
    (C, "23769,624,02,0.0180", ",,02,0.0180", "mcc, mnc: '' is not an MCC (three digits)"),
    (C, "23769,624,02,0.0180", ",624,2,0.0180", "mcc, mnc: '2' is not an MNC (two or three digits"),
    (C, "23769,624,02,0.0180", ",624,0002,0.0180", "mcc, mnc: '0002' is not an MNC (two or three digits"),
    (C, "23768,,,0.0001,EUR,2027-01-01T00:00:00+01:00", ",624,02,1,,\n,624,02,2,, ◀",
     "network 624-02 is priced twice (first in rates/mtn-cm.csv:4)"),
    (C, "23768,,,0.0001,EUR,2027-01-01T00:00:00+01:00", ",624,02,1,,2027-01-01\n,624,02,2,,2027-01-01T00:00:00Z ◀",
     "network 624-02 is priced twice with the same start (first in rates/mtn-cm.csv:4)"),
    (M, 'prefix: "23767", price: "0.0150", network: "62401"', 'price: "0.0150"', "rates: give a prefix, or a network"),
    (M, 'network: "62401"}', 'effective_to: soon}', "rates.effective_to: 'soon' is not a date or an RFC 3339 time"),
    (M, 'network: "62401"}', "effective_from: 2027-01-01, effective_to: 2027-01-01T00:00:00Z}",
     "rates: effective_to: must be later than effective_from"),
    (M, 'price: "0.0150", network: "62401"}', 'price: 1}\n  - {network: "62401", price: 1}\n  '
     '- {price: 2, network: "62401"} ◀', "network 624-01 is priced twice (first in operators/mtn-cm.yaml:42)"),
    (C, "0.0180,XAF,", "0.0180,XAF", "has 5 fields, the first line has 6"),
    (C, "23769,624,02,0.0180", "+23769,624,02,0.0180", "prefix: '+23769' is not a prefix"),
    (C, "0.0180", "-1", "price: -1 must not be negative"),
    (C, "0.0180", "", "price: '' is not an amount such as 0.0200"),
    (C, "02,0.0180", "2,0.0180", "mcc, mnc: '2' is not an MNC (two or three digits"),
    (C, "624,02,0.0180", ",02,0.0180", "mcc, mnc: '' is not an MCC (three digits)"),
    (C, "0.0180,XAF", "0.0180,USD", "currency: no exchange rate for currency USD"),
    (C, "0.0180,XAF", "0.0180,cfa", "currency: 'cfa' is not a currency code such as XAF"),
    (C, "0.0180,XAF,", "0.0180,XAF,2027-02-30", "effective_from: '2027-02-30' is not a time of the calendar"),
    (C, "0.0180,XAF,", "0.0180,XAF,2027-02-01T00:00:00", "effective_from: '2027-02-01T00:00:00' is not a date or an R"),
    (C, "23768,,,0.0001,EUR,2027-01-01T00:00:00+01:00", "23769,,,1,,", "prefix '23769' is priced twice (first in rate"),
    (C, "2027-01-01\n", '"2027-01-01\n', "is not CSV: "),
    # routes
    (P, '"655.957"', '"0"', "currencies.EUR: 0 must be more than zero"),
    (P, '"655.957"', "a lot", "currencies.EUR: 'a lot' is not an amount such as 0.0200"),
    (P, '"655.957"', "[]", "currencies.EUR: must have at least 1 item"),
    (P, '"655.957"', "{rate: 1}", "currencies.EUR: must be a list, not a mapping"),
    (P, '"655.957"', "[655.957]", "currencies.EUR: must be a mapping of keys, not a single value"),
    (P, '"655.957"', "[{rate: 0}]", "currencies.EUR.rate: 0 must be more than zero"),
    (P, '"655.957"', "[{from: 2027-01-01}]", "currencies.EUR.rate is missing"),
    (P, '"655.957"', "[{rate: 1, to: 2027-01-01}]", "currencies.EUR: unknown key 'to'"),
    (P, '"655.957"', "[{rate: 1, from: 2027-01-01}]", "currencies.EUR: needs one rate without from, which holds unt"),
    (P, '"655.957"', "[{rate: 1}, {rate: 2}]", "currencies.EUR: two rates begin at the same time"),
    (P, '"655.957"', "[{rate: 1}, {rate: 2, from: 2027-01-01}, {rate: 3, from: 2027-01-01T00:00:00Z}]",
     "currencies.EUR: two rates begin at the same time"),
    (P, '"655.957"', "[{rate: 1}, {rate: 2, from: 1 January}]", "currencies.EUR.from: '1 January' is not a date or an"),
    (P, "EUR: ", "euro: ", "currencies: 'euro' is not a currency code such as XAF"),
    (P, "base: XAF, ", "", "currencies: needs a base, such as base: XAF"),
    (P, "{base: XAF", "{XAF: 1, base: XAF", "currencies: XAF is the base and needs no exchange rate"),
    (P, 'currencies: {base: XAF, EUR: "655.957"}', "currencies: XAF", "currencies: must be a mapping of keys, not a s"),
    (P, "order: cost", "order: price", "plans.default.order: 'price' is not one of cost, priority, weighted, quality"),
    (P, "[mtn-cm, {operator", "[mtm-cm, {operator", "plans.default.operators: unknown operator 'mtm-cm', did you mean"),
    (P, "[mtn-cm, {operator", "[backup, {operator", "plans.default.operators: operator 'backup' is given twice"),
    (P, "operators: [mtn-cm, {operator: backup, weight: 1, priority: 2}]", "operators: []", "plans.default.operators:"),
    (P, "weight: 1", "weight: 0", "plans.default.operators.weight: 0 is out of range (at least 1)"),
    (P, "priority: 2", "priority: 0", "plans.default.operators.priority: 0 is out of range (at least 1)"),
    (P, "attempts: 3", "quality_band: 0.1", "plans.default.quality_band: goes with order: quality"),
    (P, "order: cost", "order: quality\n    ◀quality_band: 1.5",
     "plans.default.quality_band: 1.5 is out of range (0 to 1)"),
    (P, "attempts: 3", "max_wait: 900ms", "plans.default.max_wait: must be at least 1s"),
    (P, "attempts: 3", "max_wait: 30", "plans.default.max_wait:"),
    (P, "attempts: 3", "attempts: 0", "plans.default.attempts: 0 is out of range (at least 1)"),
    (P, "operators: [orange-cm, mtn-cm]}", "operators: [orange]}", "rules.operators: unknown operator 'orange', did y"),
    (P, "operators: [orange-cm, mtn-cm]}", "operators: []}", "rules.operators: must have at least 1 item"),
    (P, "operators: [orange-cm, mtn-cm]}", "plan: cheap}", "rules.plan: unknown plan 'cheap' (known: default)"),
    (P, "{prefix: \"254\"}, sender: \"20880\"", "{prefix: \"254\"}", "rules: a rule needs one of plan, operators, ref"),
    (P, "refuse: sender_not_allowed", "refuse: not allowed", "rules.refuse: 'not allowed' is not a code"),
    (P, "refuse: sender_not_allowed", "refuse: a, plan: default", "rules: a rule that refuses has no other effect"),
    (P, 'sender: "+1*"', 'sender: "+*1"', "rules.match.sender: '+*1' is not a sender or a pattern that ends in *"),
    (P, "class: otp", "class: spam", "rules.match.class: 'spam' is not one of otp, transactional, marketing"),
    (P, "{prefix: \"254\"}", "{number: \"254\"}", "rules.match: unknown key 'number'"),
    # accounts
    (A, "  - name: plain", "  - {}", "accounts.name is missing"),
    (A, "  - name: plain", "  - plain", "accounts: must be a mapping of keys, not a single value"),
    (A, "  - name: plain", "  - name: acme", "accounts.name: account 'acme' is already defined in accounts.yaml:2"),
    (A, "  - name: plain", "  - name: plain\n    token: acme-Zq3-token ◀", "accounts.token: this token is already giv"),
    (A, "status: active", "status: closed", "accounts.status: 'closed' is not one of active, suspended, cancelled"),
    (A, "plan: default", "plan: gold", "accounts.plan: unknown plan 'gold' (known: default)"),
    (A, "rate: 1000/s", "rate: 1000", "accounts.rate: '1000' is not a rate such as 100/s or 600/m"),
    (A, "rate: 1000/s", "rate: 0/s", "accounts.rate: 0/s must be more than nothing"),
    (A, '"+441111111111"', '"+44"', "accounts.numbers.number: '+44' is not a phone number in international form"),
    (A, '"+441111111111"', '"07700900123"', "accounts.numbers.number: '07700900123' is not a phone number"),
    (A, "country: GB", "country: UK", "accounts.numbers.country: 'UK' is not a country code such as CM"),
    (A, "country: UG", "country: Uganda", "accounts.country: 'Uganda' is not a country code such as CM"),
    (A, "time_zone: UTC", "time_zone: Mars/Olympus", "accounts.time_zone: 'Mars/Olympus' is not a time zone such as"),
    (A, "time_zone: UTC", "time_zone: ../../etc/passwd", "accounts.time_zone: '../../etc/passwd' is not a time zone"),
    (A, "currency: XAF", "currency: USD", "accounts.currency: no exchange rate for currency USD"),
    (A, 'price: "0.0250"', "price: free", "accounts.prices.price: 'free' is not an amount such as 0.0200"),
    (A, ", class: marketing, channel: sms", "", "accounts.prices: this price of one prefix, class and channel is alre"),
    (A, "type: sms", "type: pager", "accounts.channels.type: 'pager' is not one of sms, whatsapp"),
    (A, "https://acme.example/hook", "ftp://acme.example", "accounts.webhook.url: is not an http or https address"),
    (A, "https://acme.example/hook", "https://", "accounts.webhook.url: is not an http or https address"),
    (A, "https://acme.example/hook", "https://a:b", "accounts.webhook.url: is not an http or https address"),
    (A, "https://acme.example/hook", "https://u:p@a/", "accounts.webhook.url: must not hold a user or a password"),
    (A, "${ACME_HOOK_SECRET}", "whsec_%%", "accounts.webhook.secret: whsec_ must be followed by base64"),
    (A, ', secret: ${ACME_HOOK_SECRET}', "", "accounts.webhook.secret is missing"),
    (A, "events: [final]", "events: [done]", "accounts.webhook.events: 'done' is not one of final, submitted, receive"),
    (A, "events: [final]", "events: []", "accounts.webhook.events: must have at least 1 item"),
    (A, "batch: 100", "batch: 0", "accounts.webhook.batch: 0 is out of range (1 to 1000)"),
    (A, '{to: "8080"}', '{to: "80*80"}', "accounts.inbound.to: '80*80' is not a number or a pattern that ends in *"),
    (A, "keyword: STOP", "keyword: STOP NOW", "accounts.inbound.keyword: 'STOP NOW' is not a single word"),
    (A, "  - name: plain", "  - name: plain\n    charge: sent ◀", "accounts.charge: 'sent' is not one of accepted, s"),
    (A, "  - name: plain", "  - name: plain\n    wallet: maybe ◀", "accounts.wallet: 'maybe' is not one of prepaid, p"),
    (A, "digits: 6", "digits: 9", "accounts.gateways.textdigo.otp.digits: 9 is out of range (4 to 8)"),
    (A, "${TEXTDIGO_KEY}", "${NO_KEY}", "accounts.gateways.textdigo.key: environment variable NO_KEY is not set"),
    (A, "file: 10MiB", "file: big", "accounts.gateways.textdigo.file: 'big' is not a size"),
    (A, "[send_sms, ", "[send_mms,", "accounts.gateways.texify.keys.scopes: 'send_mms' is not one of send_sms, read_m"),
    (A, "2027-01-01", "01/01/2027", "accounts.gateways.texify.keys.expires: '01/01/2027' is not a date such as 2027-0"),
    (A, "2027-01-01", "2027-02-30", "accounts.gateways.texify.keys.expires: '2027-02-30' is not a day of the calendar"),
    (A, "low_balance: 100", "low_balance: -1", "accounts.gateways.texify.low_balance: -1 is out of range (at least 0)"),
    (A, 'minimum_balance: "5"', 'minimum_balance: "$5"', "accounts.gateways.fullsms.minimum_balance: '$5' is not an"),
    (A, "  - name: plain", "  - name: plain\n    gateways: {smsapi: {username: acme, password: x}} ◀",
     "accounts.gateways.smsapi.username: this username is already given in accounts.yaml:35"),
]  # fmt: skip


@pytest.mark.parametrize(("file", "old", "new", "reason"), CASES, ids=[f"{case[0]}-{case[2]}" for case in CASES])
def test_one_mistake_one_error(folder: Folder, file: str, old: str, new: str, reason: str) -> None:
    """At the line of the marker, or where the replacement begins."""
    text = str(folder.files[file])
    line = text[: text.index(old)].count("\n") + new.partition("◀")[0].count("\n") * ("◀" in new) + 1
    folder.replace(file, old, new.replace("◀", ""))
    errors = folder.errors()
    assert len(errors) == 1, errors
    assert errors[0].startswith(f"{file}:{line}: {reason}")


def test_every_error_of_every_file_in_order(folder: Folder) -> None:
    folder.replace("router.yaml", "4MiB", "4MB")
    folder.replace("router.yaml", "level: info", "level: loud")
    folder.replace("operators/mtn-cm.yaml", "port: 2775", "port: 0")
    folder.replace("operators/mtn-cm.yaml", "window: 10", "window: 0")
    folder.replace("operators/backup.yaml", "port: 2776, ", "")
    folder.replace("routes.yaml", "attempts: 3", "attempts: 0")
    folder.replace("routes.yaml", "[orange-cm, mtn-cm]", "[orange-cm, nobody]")
    folder.replace("accounts.yaml", "status: active", "status: closed")
    folder.replace("accounts.yaml", "plan: default", "plan: gold")
    folder.files["rates/mtn-cm.csv"] = "prefix,price\nx,y\n\n1,2\n1,2\n"
    assert folder.errors() == [
        "accounts.yaml:3: accounts.status: 'closed' is not one of active, suspended, cancelled",
        "accounts.yaml:5: accounts.plan: unknown plan 'gold' (known: default)",
        "operators/backup.yaml:2: link.port is missing",
        "operators/mtn-cm.yaml:6: link.port: 0 is out of range (1 to 65535)",
        "operators/mtn-cm.yaml:12: link.window: 0 is out of range (1 to 100000)",
        "rates/mtn-cm.csv:2: prefix: 'x' is not a prefix (up to 15 digits without +, \"\" for all)",
        "rates/mtn-cm.csv:2: price: 'y' is not an amount such as 0.0200",
        "rates/mtn-cm.csv:5: prefix '1' is priced twice (first in rates/mtn-cm.csv:4)",
        "router.yaml:4: http.max_body: '4MB' is not a size such as 512KiB or 4MiB",
        "router.yaml:16: log.level: 'loud' is not one of debug, info, warning, error, critical",
        "routes.yaml:6: plans.default.attempts: 0 is out of range (at least 1)",
        "routes.yaml:8: rules.operators: unknown operator 'nobody' (known: backup, mtn-cm, orange-cm)",
    ]


@pytest.mark.parametrize(
    ("broken", "expected"),
    [
        ("operators/mtn-cm.yaml", ["operators/mtn-cm.yaml:1: is not YAML: expected the node content, but found ':'"]),
        ("routes.yaml", ["routes.yaml:1: is not YAML: expected the node content, but found ':'"]),
        ("accounts.yaml", ["accounts.yaml:1: is not YAML: expected the node content, but found ':'"]),
        ("router.yaml", ["router.yaml:1: is not YAML: expected the node content, but found ':'"]),
    ],
)
def test_a_file_that_cannot_be_read_does_not_make_others_wrong(
    folder: Folder, broken: str, expected: list[str]
) -> None:
    """What it would have defined is not called unknown elsewhere."""
    folder.files[broken] = "[:"
    errors = folder.errors()
    assert [error.split(": is not YAML")[0] for error in errors] == [
        error.split(": is not YAML")[0] for error in expected
    ]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("routes.yaml", "  default:\n    order: cost", "  default:\n    order: cheap"),
        ("routes.yaml", '"655.957"', '"zero"'),
        ("operators/backup.yaml", "port: 2776", "port: none"),
        ("operators/backup.yaml", "operator: backup", "operator: no name"),
    ],
)
def test_what_is_defined_with_a_mistake_is_still_known(folder: Folder, file: str, old: str, new: str) -> None:
    folder.replace(file, old, new)
    assert len(folder.errors()) == 1


def test_missing_operator_name(folder: Folder) -> None:
    folder.replace("operators/backup.yaml", "operator: backup\n", "")
    assert folder.errors() == ["operators/backup.yaml:1: operator is missing"]


def test_missing_link(folder: Folder) -> None:
    folder.files["operators/orange-cm.yaml"] = "# no link\noperator: orange-cm\n"
    assert folder.errors() == ["operators/orange-cm.yaml:2: link is missing"]


def test_missing_files_where_router_yaml_does_not_name_them(folder: Folder) -> None:
    folder.files = {"router.yaml": "http: {}\n"}
    assert folder.errors() == [
        "router.yaml:1: cannot read accounts.yaml: No such file or directory",
        "router.yaml:1: cannot read routes.yaml: No such file or directory",
        "router.yaml:1: cannot read the folder operators: No such file or directory",
    ]


def test_no_router_yaml(folder: Folder) -> None:
    folder.files = {"router.yaml": None}
    assert folder.errors() == ["router.yaml:1: cannot read router.yaml: No such file or directory"]


def test_not_utf8(folder: Folder) -> None:
    folder.files["routes.yaml"] = b"plans:\n  default: {}\n# \xff\n"
    folder.files["rates/mtn-cm.csv"] = b"prefix,price\n1,2\n\xff,2\n"
    assert folder.errors() == ["rates/mtn-cm.csv:3: is not UTF-8", "routes.yaml:3: is not UTF-8"]


def test_an_account_without_a_plan_where_there_is_no_default(folder: Folder) -> None:
    folder.replace("routes.yaml", "  default:", "  gold:")
    folder.replace("accounts.yaml", "plan: default", "plan: gold")
    assert folder.errors() == ["accounts.yaml:37: accounts: plan is missing, and there is no plan 'default'"]


def test_several_currencies_without_a_table(folder: Folder) -> None:
    folder.replace("routes.yaml", 'currencies: {base: XAF, EUR: "655.957"}\n', "")
    folder.replace("accounts.yaml", "currency: XAF", "currency: USD")
    assert folder.errors() == [
        "accounts.yaml:12: accounts.currency: no exchange rate for currency USD in routes.yaml",
        "operators/mtn-cm.yaml:43: currency: currency XAF beside EUR of operators/backup.yaml:4: "
        "give the exchange rates as `currencies` in routes.yaml",
        "rates/mtn-cm.csv:2: currency: currency XAF beside EUR of operators/backup.yaml:4: "
        "give the exchange rates as `currencies` in routes.yaml",
        "rates/mtn-cm.csv:3: currency: currency XAF beside EUR of operators/backup.yaml:4: "
        "give the exchange rates as `currencies` in routes.yaml",
    ]


MAIL = """\
operator: mail
channel: email
protocol: smtp
link: {host: mail.example, port: 587, tls: starttls, username: u, password: secret-Zq11}
rates: [{prefix: "", price: "0.0001"}]
"""


@pytest.mark.parametrize(
    ("old", "new", "reason"),
    [
        ("tls: starttls", "tls: ssl", "4: link.tls: must be true, false or starttls"),
        ("tls: starttls", 'tls: "true"', "4: link.tls: must be true, false or starttls"),
        (
            "tls: starttls, ",
            "",
            "4: link: tls is missing: true or starttls, or false to send username and password in the clear",
        ),
        (", password: secret-Zq11", "", "4: link: username and password go together"),
        ("username: u, ", "", "4: link: username and password go together"),
        ("host: mail.example, ", "", "4: link.host is missing"),
        ("port: 587", "port: 0", "4: link.port: 0 is out of range (1 to 65535)"),
        ("port: 587", "port: 587, window: 5", "4: link: unknown key 'window' (known: "),
        (
            "tls: starttls",
            "tls: starttls, callback_secret: short",
            "4: link.callback_secret: must be at least 16 letters",
        ),
        (
            "tls: starttls",
            "tls: starttls, callback_secret: with/a/slash/and/more",
            "4: link.callback_secret: must be at least 16 letters",
        ),
        ("channel: email", "channel: sms", "1: protocol smtp goes with channel email"),
        ("channel: email\n", "", "1: protocol smtp goes with channel email"),
        ('prefix: "",', 'prefix: "237",', '1: rates of channel email have prefix ""'),
        ('prefix: "",', 'network: "62401",', '1: rates of channel email have prefix ""'),
        ("rates:", "text: {alphabet: latin1}\nrates:", "5: text: unknown key 'alphabet'"),
        ("rates:", "tlvs: {}\nrates:", "5: tlvs goes with protocol smpp"),
        ("rates:", "addressing: {}\nrates:", "5: addressing goes with protocol smpp"),
    ],
)
def test_an_smtp_operator_is_checked(folder: Folder, old: str, new: str, reason: str) -> None:
    assert old in MAIL
    folder.files["operators/mail.yaml"] = MAIL.replace(old, new)
    (error,) = folder.errors()
    assert error.startswith(f"operators/mail.yaml:{reason}")
    assert "secret-Zq11" not in error


@pytest.mark.parametrize("tls", ["true", "false", "starttls"])
def test_what_smtp_operators_may_have(folder: Folder, tls: str) -> None:
    folder.files["operators/mail.yaml"] = MAIL.replace("tls: starttls", f"tls: {tls}").replace(
        "}\n", ", callback_secret: 0123456789abcdef}\n", 1
    )
    operator = folder.load().operators["mail"]
    assert operator.link == SmtpLink(
        "mail.example", 587, {"true": True, "false": False}.get(tls, tls), "u", "secret-Zq11", "0123456789abcdef"
    )
    assert (operator.channel, operator.text.long) == ("email", "whole")
    assert "secret-Zq11" not in repr(operator)
    assert "0123456789abcdef" not in repr(operator)


def test_without_credentials_there_is_nothing_to_hide(folder: Folder) -> None:
    folder.files["operators/mail.yaml"] = MAIL.replace(", tls: starttls, username: u, password: secret-Zq11", "")
    assert folder.load().operators["mail"].link == SmtpLink("mail.example", 587)


def test_smpp_does_not_carry_email(folder: Folder) -> None:
    folder.replace("operators/mtn-cm.yaml", "channel: sms", "channel: email")
    assert "operators/mtn-cm.yaml:1: channel email goes with protocol smtp or http" in folder.errors()


def test_other_files_in_the_folder_of_operators_are_no_operators(folder: Folder) -> None:
    folder.files["operators/notes.txt"] = "x"
    folder.files["operators/.mtn-cm.yaml.swp"] = "x"
    folder.files["operators/.hidden.yaml"] = "["
    assert set(folder.load().operators) == {"mtn-cm", "orange-cm", "backup"}


def test_an_unknown_gateway(folder: Folder) -> None:
    folder.replace("accounts.yaml", "      smsapi:", "      smsapj:")
    assert folder.errors() == ["accounts.yaml:35: accounts.gateways: unknown key 'smsapj', did you mean 'smsapi'?"]


def test_a_prefix_priced_in_the_file_and_beside_it(folder: Folder) -> None:
    folder.replace("rates/mtn-cm.csv", "23768,,,0.0001,EUR,2027-01-01T00:00:00+01:00", "237,,,0.0001,,")
    assert folder.errors() == ["rates/mtn-cm.csv:4: prefix '237' is priced twice (first in operators/mtn-cm.yaml:40)"]
    folder.replace("rates/mtn-cm.csv", "237,,,0.0001,,", "23769,,,0.0001,,2027-01-01T00:00:00Z")
    assert folder.errors() == [
        "rates/mtn-cm.csv:4: prefix '23769' is priced twice with the same start (first in rates/mtn-cm.csv:3)"
    ]


def test_a_quote_left_open_is_found_where_it_opens(folder: Folder) -> None:
    folder.files["rates/mtn-cm.csv"] = 'prefix,price\n"1\n2",3\n4,"5\n6,7\n8,9\n'
    assert folder.errors() == [
        "rates/mtn-cm.csv:2: prefix: '1\\n2' is not a prefix (up to 15 digits without +, \"\" for all)",
        "rates/mtn-cm.csv:4: is not CSV: unexpected end of data",
    ]


SECRETS = ["admin-Zq1-token", "mtn-Zq2", "acme-Zq3-token", "aG9vay1acTQ", "key-Zq5", "token-Zq7", "txf_Zq8", "Zq10"]


@pytest.mark.parametrize(
    ("file", "old", "new"),
    [
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "mtn-Zq2-is-too-long"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "*mtn-Zq2"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "!mtn-Zq2"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "!mtn-Zq2!x y"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "&mtn-Zq2"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "%mtn-Zq2"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "@mtn-Zq2"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "[mtn-Zq2]"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "'mtn-Zq2"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", '"mtn-Zq2\\q"'),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "a${mtn-Zq2"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "ж-mtn-Zq2"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "a: mtn-Zq2"),
        ("operators/mtn-cm.yaml", "${MTN_CM_PASSWORD}", "|\n    mtn-Zq2\n    mtn-Zq2"),
        ("router.yaml", "${ADMIN_TOKEN}", "sha256:admin-Zq1-token"),
        ("router.yaml", "sqlite:///data/router.db", "postgresql://u:mtn-Zq2@h/d"),
        ("router.yaml", "sqlite:///data/router.db", "mysql://u:mtn-Zq2@h/d"),
        ("accounts.yaml", "${ACME_HOOK_SECRET}", '"whsec_%aG9vay1acTQ"'),
        ("accounts.yaml", "https://acme.example/hook", "https://u:mtn-Zq2@acme.example/hook"),
        ("accounts.yaml", "https://acme.example/hook", "https://acme.example:mtn-Zq2/hook"),
        ("accounts.yaml", "  - name: plain", "  - name: plain\n    token: acme-Zq3-token"),
        ("accounts.yaml", "  - name: plain", "  - name: plain\n    gateways: {fullsms: {token: 20|Zq10}}"),
    ],
)
@pytest.mark.parametrize("loader", [yaml.SafeLoader, nodes.LOADER])
def test_errors_do_not_show_secrets(
    folder: Folder, monkeypatch: pytest.MonkeyPatch, file: str, old: str, new: str, loader: type
) -> None:
    """Whether PyYAML came with libyaml or not."""
    monkeypatch.setattr(nodes, "LOADER", loader)
    folder.replace(file, old, new)
    try:
        shown = "\n".join(folder.errors())
    except pytest.fail.Exception:
        shown = repr(folder.load())  # not every odd secret is wrong
    assert not [secret for secret in SECRETS if secret in shown], shown


@pytest.mark.parametrize(
    ("row", "reason"),
    [
        ("1,,,1,,,2027-01-01", None),
        ("1,,,1,,2027-01-01,2027-01-02", None),
        ("1,,,1,,2027-01-01,2027-01-01", "effective_to: must be later than effective_from"),
        ("1,,,1,,2027-01-01,2026-12-31T23:59:59Z", "effective_to: must be later than effective_from"),
        ("1,,,1,,2027-01-01T01:00:00+01:00,2027-01-01T00:00:00Z", "effective_to: must be later than effective_from"),
        ("1,,,1,,,1970-01-01", "effective_to: must be later than effective_from"),
        ("1,,,1,,,never", "effective_to: 'never' is not a date or an RFC 3339 time such as 2027-01-01T00:00:00Z"),
        ("1,,,x,,2027-01-01,2026-01-01", "price: 'x' is not an amount such as 0.0200"),
    ],
)
def test_when_a_rate_ends(folder: Folder, row: str, reason: str | None) -> None:
    folder.files["rates/mtn-cm.csv"] = f"prefix,mcc,mnc,price,currency,effective_from,effective_to\n{row}\n"
    if reason is None:
        folder.load()
    else:
        assert folder.errors()[0] == f"rates/mtn-cm.csv:2: {reason}"


def test_a_card_of_networks_has_no_rates_for_everything(folder: Folder) -> None:
    folder.files["rates/mtn-cm.csv"] = "mcc,mnc,price\n624,01,1\n,,1\n624,,1\n"
    assert folder.errors() == [
        "rates/mtn-cm.csv:3: give a prefix, or a network by its MCC and MNC",
        "rates/mtn-cm.csv:4: give a prefix, or a network by its MCC and MNC",
    ]
