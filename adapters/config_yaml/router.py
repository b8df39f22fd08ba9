"""router.yaml, and from it everything else."""

import os
from collections.abc import Mapping
from ipaddress import ip_address
from pathlib import Path
from typing import Any

from adapters.config_yaml import words
from adapters.config_yaml.accounts import read_accounts
from adapters.config_yaml.currencies import Currencies
from adapters.config_yaml.errors import ConfigErrors, Refused
from adapters.config_yaml.files import Files
from adapters.config_yaml.lookup import lookup
from adapters.config_yaml.nodes import Source, Value
from adapters.config_yaml.operators import in_base_currency, read_operators
from adapters.config_yaml.routes import read_plans, read_quiet_hours, read_rules
from adapters.config_yaml.senders import read_senders
from adapters.config_yaml.shapes import as_it_is, attempt, listing, read_fields, record
from adapters.config_yaml.tracing import tracing
from adapters.config_yaml.values import Names, file, named_source, one_of, secret, secret_word, whole, word
from router.account import Account
from router.operator import Operator
from router.settings import (
    GatewaySettings,
    HttpSettings,
    Limits,
    LogSettings,
    Plan,
    QuietHours,
    Retention,
    Rule,
    SenderRule,
    ServerTls,
    Settings,
)

_STORE = "data/router.db"
GATEWAYS = ("textdigo", "textiopro", "texify", "smsapi", "fullsms")


def load(path: Path, environ: Mapping[str, str], files: Files | None = None) -> Settings:
    """Everything that router.yaml at `path` and the files it names say, checked (DESIGN section 5).

    `environ` gives the secrets of the form ${NAME}. `files` takes a copy of what is read, or is one to read from;
    secrets and certificates come from the disk in any case. Raises ConfigErrors with every error of every file.
    """
    source = Source(path, environ, [], files or Files(path.parent))
    try:
        settings = _read(source)
    except Refused:
        settings = None
    if settings is None or source.errors:
        raise ConfigErrors(sorted(set(source.errors)))
    return settings


def store_of(path: Path, environ: Mapping[str, str]) -> str:
    """The `store` of router.yaml at `path`, whatever else is wrong there or in other files: what has to be done to a
    database must not wait for that. Raises ConfigErrors."""
    source = Source(path, environ, [], Files(path.parent))
    try:
        present = {key.written: child for key, child in source.root().entries()}
        return _store(present["store"]) if "store" in present else _store_beside(source, _STORE)
    except Refused:
        raise ConfigErrors(sorted(set(source.errors))) from None


def _read(source: Source) -> Settings:
    root = source.root()
    given, _ = read_fields(root, {}, _SCHEMA)
    store = given.get("store", _store_beside(source, _STORE))
    present = {key.written: child for key, child in root.entries()}

    def other(key: str, default: str) -> tuple[Source, Value] | None:
        """The file that the key names and the value to blame for it; None where that is wrong."""
        return given.get(key) if key in present else (source.beside(default), root)

    operator_names, plan_names = Names("operator"), Names("plan")
    routes = _top(other("routes", "routes.yaml"), ("currencies", "plans", "rules", "quiet_hours"))
    currencies = _currencies(routes)
    operators = _operators(other("operators", "operators"), operator_names, currencies)
    plans = _plans(routes, plan_names, operator_names)
    rules = _rules(routes, plan_names, operator_names)
    quiet_hours = _quiet_hours(routes)
    senders = _senders(given.get("senders"), operator_names)
    accounts = _accounts(other("accounts", "accounts.yaml"), plan_names, currencies)
    if given.get("gateways"):
        _check_listening(given.get("http", HttpSettings()), given["gateways"], present["gateways"])
    return Settings(
        store=store,
        operators={name: in_base_currency(operator, currencies.base) for name, operator in operators.items()},
        accounts=accounts,
        plans=plans,
        rules=rules,
        base_currency=currencies.base,
        currencies=currencies.worth,
        exchange_rates=tuple(currencies.later),
        **{key: given[key] for key in ("http", "limits", "retention", "log", "tracing") if key in given},
        gateways=given.get("gateways"),
        webhook_networks=given.get("webhooks", ()),
        sender_rules=senders,
        quiet_hours=quiet_hours,
        lookup=attempt(lookup(Path(store.removeprefix("sqlite:///")).parent), given["lookup"])
        if "lookup" in given
        else None,
    )


Top = dict[str, Value]


def _top(named: tuple[Source, Value] | None, keys: tuple[str, ...]) -> Top | None:
    """The values of a file's top keys, None where it cannot be read."""
    if named is None:
        return None
    source, named_by = named
    fields = attempt(lambda _: read_fields(source.root(named_by), {}, dict.fromkeys(keys, as_it_is)), named_by)
    return fields[0] if fields else None


def _currencies(routes: Top | None) -> Currencies:
    currencies = Currencies()
    if routes is None:
        currencies.unreadable()
    elif "currencies" in routes:
        currencies.read(routes["currencies"])
    return currencies


def _operators(named: tuple[Source, Value] | None, names: Names, currencies: Currencies) -> dict[str, Operator]:
    operators = None
    if named:
        folder, named_by = named
        operators = attempt(lambda named_by: read_operators(folder, named_by, names, currencies), named_by)
    if operators is None:
        names.complete = False
    if names.complete:
        currencies.close()
    else:
        currencies.unreadable()
    return operators or {}


def _plans(routes: Top | None, names: Names, operators: Names) -> dict[str, Plan]:
    if routes is not None and "plans" not in routes:
        names.places["default"] = "the default"
        return {"default": Plan("default")}
    plans = attempt(lambda value: read_plans(value, names, operators), routes["plans"]) if routes else None
    if plans is None:
        names.complete = False
    return plans or {}


def _rules(routes: Top | None, plans: Names, operators: Names) -> tuple[Rule, ...]:
    if not routes or "rules" not in routes:
        return ()
    return attempt(lambda value: read_rules(value, plans, operators), routes["rules"]) or ()


def _quiet_hours(routes: Top | None) -> tuple[QuietHours, ...]:
    if not routes or "quiet_hours" not in routes:
        return ()
    return attempt(read_quiet_hours, routes["quiet_hours"]) or ()


def _senders(named: tuple[Source, Value] | None, operators: Names) -> tuple[SenderRule, ...]:
    if named is None:
        return ()
    source, named_by = named
    return attempt(lambda named_by: read_senders(source.root(named_by), operators), named_by) or ()


def _accounts(named: tuple[Source, Value] | None, plans: Names, currencies: Currencies) -> dict[str, Account]:
    top = _top(named, ("accounts",))
    if not top:
        return {}
    return attempt(lambda value: read_accounts(value, plans, currencies), top["accounts"]) or {}


# --- the values of router.yaml itself ---------------------------------------------------------------------------


def _store(value: Value) -> str:
    store = secret(value)
    if store.startswith("postgresql://"):
        value.fail("postgresql is not available in this version")
    path = store.removeprefix("sqlite:///")
    if path == store or not path:
        value.fail("must be sqlite:///PATH or postgresql://…")
    return _store_beside(value.source, path)


def _store_beside(source: Source, path: str) -> str:
    return f"sqlite:///{os.path.abspath(source.path.parent / path)}"


def _http(**given: Any) -> HttpSettings:
    if "listen" in given:
        given["host"], given["port"] = given.pop("listen")
    return HttpSettings(**given)


def _gateways(**given: Any) -> GatewaySettings | None:
    if "listen" not in given:
        return None
    host, port = given["listen"]
    return GatewaySettings(host, port, given.get("enabled", GATEWAYS))


def _allowed(**given: Any) -> Any:
    return given.get("allow", ())


def _check_listening(http: HttpSettings, gateways: GatewaySettings, value: Value) -> None:
    """Two servers cannot have one port on one address; `value` is what stands under gateways."""
    if http.port != gateways.port:
        return
    hosts = {_address(http.host), _address(gateways.host)}
    if len(hosts) == 1 or hosts & {"0.0.0.0", "::"}:
        for key, child in value.entries():
            if key.written == "listen":
                child.report(f"overlaps with http.listen {http.host}:{http.port}")


def _address(host: str) -> str:
    try:
        return str(ip_address("127.0.0.1" if host.lower() == "localhost" else host))
    except ValueError:
        return host.lower()


_SCHEMA = {
    "http": record(
        _http,
        {},
        {
            "listen": word(words.listen),
            "tls": record(ServerTls, {"certificate": file, "key": file}, {"client_ca": file}),
            "max_body": word(words.size),
            "admin_token": secret_word(words.token),
        },
    ),
    "gateways": record(
        _gateways, {}, {"listen": word(words.listen), "enabled": listing(one_of(GATEWAYS), distinct=True)}
    ),
    "store": _store,
    "lookup": as_it_is,
    "tracing": tracing,
    "operators": named_source,
    "routes": named_source,
    "accounts": named_source,
    "senders": named_source,
    "webhooks": record(_allowed, {}, {"allow": listing(word(words.ip_block))}),
    "limits": record(
        Limits,
        {},
        {
            "queued": whole(1),
            "in_memory": whole(1),
            "message_parts": whole(1, 255),
            "numbers": one_of(("possible", "valid")),
            "mo_join": word(words.duration),
        },
    ),
    "retention": record(
        Retention,
        {},
        {"messages": word(words.duration), "events": word(words.duration), "text": word(words.duration)},
    ),
    "log": record(
        LogSettings,
        {},
        {"level": one_of(("debug", "info", "warning", "error", "critical")), "format": one_of(("json", "console"))},
    ),
}
